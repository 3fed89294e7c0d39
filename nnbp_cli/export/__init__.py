"""A trained network as a file for other programs: ONNX, or tensors with PyTorch's names.

weights -> the bytes of a format, with all that weights.npz knows of them -> file
"""

from nnbp_cli.export.formats import check_exportable, export

__all__ = ["check_exportable", "export"]

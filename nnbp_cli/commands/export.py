"""`nnbp export`: a trained network as a file for other programs."""

from pathlib import Path

import click

from nnbp_cli.commands.options import OutputFile


@click.command(name="export")
@click.argument("weights", type=click.Path(path_type=Path))
@click.argument("file", type=OutputFile())
def command(weights: Path, file: Path) -> None:
    """Write a network for other programs.

    WEIGHTS is a weights file or a run directory. The ending of FILE decides: .onnx is a model that every
    ONNX runtime runs, .safetensors has the tensors under PyTorch's names for an nn.Sequential. Inputs are
    floats from 0 to 1, an image a row. Both carry the architecture, the data set, its scaling and digest.

    \b
    nnbp export weights.npz model.onnx
    nnbp export runs/mnist-20260131-120000 model.safetensors
    """
    from nnbp_cli.models.export import check_exportable, export
    from nnbp_cli.models.weights import load
    from nnbp_cli.terminal.output import wrote

    check_exportable(file)
    learned = load(weights)
    export(learned, file)
    wrote(file, f"wrote {file}: {learned.network.title}")

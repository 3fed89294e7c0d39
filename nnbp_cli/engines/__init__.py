"""Who executes the steps of training. An engine knows the mathematics and nothing else: neither files nor
configs nor how long a run is.
"""

from nnbp_cli.engines.contract import Engine, Masks
from nnbp_cli.engines.numpy import NumpyEngine

__all__ = ["Engine", "Masks", "NumpyEngine"]

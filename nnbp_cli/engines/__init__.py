"""Who executes the steps of training. An engine knows the mathematics and nothing else: neither files nor
configs nor how long a run is.
"""

import numpy as np
import numpy.typing as npt

from nnbp_cli.engines.communicator import ALONE, Communicator
from nnbp_cli.engines.contract import Engine, Masks
from nnbp_cli.engines.numpy import NumpyEngine
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.system.reporter import Note

__all__ = ["ALONE", "Communicator", "Engine", "Masks", "NumpyEngine", "named", "prepare"]


def named(name: str) -> type[Engine]:
    """The engine with the name that a run's config has; "auto" stands in those of runs that knew but one."""
    if name != "compiled":
        return NumpyEngine
    try:
        from nnbp_cli.engines.compiled import CompiledEngine  # a third of a second to import
    except ImportError as error:
        why = "needs numba" if error.name == "numba" else f"cannot use numba ({error})"
        remedy = "pip install 'nnbp-cli[fast]', or train a new run with 'numpy'"
        raise NnbpError(f"training.engine: 'compiled' {why}; {remedy}") from None
    return CompiledEngine


def prepare(
    name: str,
    note: Note,
    dtype: npt.DTypeLike = np.float32,
    communicator: Communicator = ALONE,
) -> None:
    """Have the engine of that name ready, see `Engine.prepare`. Raises NnbpError where it cannot be had, and
    ConfigError where it is for one process.
    """
    if name == "compiled" and communicator.size > 1:
        why = "'compiled' adds up no gradients of several processes, and pays in small batches"
        raise ConfigError(f"training.engine: {why}; train with 'numpy', or without --mpi")
    named(name).prepare(note, dtype)

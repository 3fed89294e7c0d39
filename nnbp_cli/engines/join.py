"""The processes of an mpirun or srun, where there are any: without mpi4py nothing else asks for them."""

import atexit
import os
import signal

from nnbp_cli.engines.communicator import Communicator
from nnbp_cli.errors import NnbpError
from nnbp_cli.system import signals
from nnbp_cli.system.launcher import launched


def join(timeout: float) -> Communicator:
    """The processes that mpirun or srun has started together. One that waits for the others for more than
    `timeout` seconds raises NnbpError.

    Raises NnbpError where there is no MPI, or not the one that started them.
    """
    try:
        from nnbp_cli.engines.mpi import MPICommunicator
    except (ImportError, RuntimeError) as error:  # the second without a library of MPI
        if launched() > 1:  # on this machine: the others wait for all to begin, unless mpirun sees one killed
            atexit.register(os.kill, os.getpid(), signal.SIGKILL)
        reason = str(error).splitlines()[0]
        why = "needs mpi4py" if getattr(error, "name", None) == "mpi4py" else f"cannot use MPI ({reason})"
        raise NnbpError(f"--mpi: {why}; pip install 'nnbp-cli[mpi]'") from error
    signals.exit_immediately()
    return MPICommunicator(timeout)

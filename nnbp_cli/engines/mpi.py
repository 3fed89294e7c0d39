"""The processes of an mpirun or srun, by MPI: https://mpi4py.readthedocs.io. Nothing else imports mpi4py."""

import atexit
import os
import socket
from math import inf
from time import monotonic

import mpi4py
import numpy as np

from nnbp_cli.engines.communicator import Communicator
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.arrays import Array
from nnbp_cli.system import hardware
from nnbp_cli.system.launcher import launched

# At an error the others are in the middle of a sum, and MPI would wait for them when this process ends.
mpi4py.rc.finalize = False
mpi4py.rc.thread_level = "funneled"  # one thread alone calls it
from mpi4py import MPI  # noqa: E402

WORLD = MPI.COMM_WORLD
MAX_CPUS = 8192  # that Linux can have
NUMBERS_PER_SUM = 524_288  # 2 MB of float32


class MPICommunicator(Communicator):
    """A `Communicator` of all processes that were started together; see `join`."""

    def __init__(self, timeout: float) -> None:
        self.rank, self.size = WORLD.rank, WORLD.size
        name, version = MPI.get_vendor()
        library = " ".join([name, ".".join(map(str, version))])
        if self.size == 1 < launched():
            remedy = f"take the mpirun of the library that mpi4py uses, {library}"
            raise NnbpError(f"--mpi: of {launched()} processes each takes itself for the only one; {remedy}")
        self.made_with = {"ranks": f"{self.size} of {library}"}
        self._cores = _cores_of_each()
        self._timeout = timeout
        self._patience = inf  # at first: rank 0 may have to download what it broadcasts

    @property
    def cores(self) -> int:
        """As many as the one with the fewest has."""
        return self._cores

    def allreduce(self, array: Array) -> None:
        """By MPI_Iallreduce, a part after the other: each is in the cache for all that is done with it."""
        flat = array.reshape(-1)
        for k in range(0, flat.size, NUMBERS_PER_SUM):
            self._wait(WORLD.Iallreduce(MPI.IN_PLACE, flat[k : k + NUMBERS_PER_SUM]))

    def broadcast(self, array: Array) -> None:
        """By MPI_Ibcast."""
        self._wait(WORLD.Ibcast(array))
        self._patience = self._timeout

    def close(self) -> None:
        """By MPI_Finalize."""
        self._wait(WORLD.Ibarrier())
        MPI.Finalize()

    def _wait(self, request: MPI.Request) -> None:
        """Wait for the others in turns with whatever else wants this core, and hear signals meanwhile.

        A machine that is gone says nothing, and MPI would wait for it for ever.
        """
        deadline = monotonic() + self._patience
        while not request.Test():
            os.sched_yield()
            if monotonic() > deadline:
                atexit.register(WORLD.Abort, NnbpError.exit_status)  # or mpirun waits for that machine, too
                where = f"--mpi: rank {self.rank} on {socket.gethostname()}"
                remedy = "see whether all machines are up, and go on with --resume"
                raise NnbpError(f"{where}: heard nothing of the others for {self._timeout:g} s; {remedy}")


def _cores_of_each() -> int:
    """How many cores each process has for itself, where those of a machine share them or were given some of
    them; of the process with the fewest.
    """
    own, users = hardware.usable_cpus(), np.zeros(MAX_CPUS, np.int32)
    users[own] = 1
    here = WORLD.Split_type(MPI.COMM_TYPE_SHARED)
    here.Allreduce(MPI.IN_PLACE, users)
    here.Free()
    cores = np.array([max(1, round(float((1 / users[own]).sum()), 6))], np.float64)
    WORLD.Allreduce(MPI.IN_PLACE, cores, MPI.MIN)
    return int(cores[0])

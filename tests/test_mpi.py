"""Several processes that learn one network together end where one ends, in whatever way they are stopped."""

import json
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.command_line import Said
from tests.processes import started

pytest.importorskip("mpi4py", reason="the extra 'mpi' is not installed")
MPIRUN = Path(sysconfig.get_path("scripts")) / "mpirun"
pytestmark = pytest.mark.skipif(not MPIRUN.exists(), reason="no MPICH from the extra 'mpi'")

NNBP = (sys.executable, "-W", "error", "-m", "nnbp_cli")


def mpirun(ranks: int, *words: object) -> Said:
    """What so many processes say together."""
    with started(MPIRUN, "-n", ranks, *words) as process:
        out, err = process.communicate(timeout=300)
    return Said(process.returncode, out, err)


def train(ranks: int, *more: object) -> Said:
    return mpirun(ranks, *NNBP, "train", "--mpi", "-q", *more)


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_100_steps_in_float64_end_where_one_process_ends(ranks: int) -> None:
    said = mpirun(ranks, sys.executable, "-W", "error", "-m", "tests.together")
    made = json.loads(said.out)
    assert (made["size"], made["wrong"], said.err) == (ranks, [], "")
    assert max(made["found"].values()) < 1e-12
    assert min(made["found"].values()) > 0, "one process has trained alone"

"""Several processes that learn one network together end where one does, however they were stopped."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from nnbp_cli.system import hardware
from nnbp_cli.system.launcher import launched
from tests.by_the_clock import until
from tests.command_line import Said, nnbp
from tests.processes import started
from tests.ranks import MPIRUN, NNBP, TRAIN, mpirun, ranks_of, together, two_machines
from tests.small_run import results

pytest.importorskip("mpi4py", reason="the extra 'mpi' is not installed")
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not MPIRUN.exists(), reason="looks into /proc, and wants MPICH"
)

SETTINGS = ("--set", "network.layers.0.dropout=0.2", "--set", "training.batch_size=7")
SOON = 30  # seconds, on a busy machine; `python -m tests.torture ranks` wants 5


def train(ranks: int, out: str, *more: object) -> Said:
    return mpirun(ranks, *TRAIN, "small.toml", *SETTINGS, "--out", out, *more)


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_100_steps_in_float64_end_where_one_process_ends(ranks: int) -> None:
    said = mpirun(ranks, sys.executable, "-W", "error", "-m", "tests.together")
    made = json.loads(said.out)
    cores = max(1, hardware.available_cpus() // ranks)
    assert (made["size"], made["cores"], made["wrong"], said.err) == (ranks, cores, [], "")
    assert max(made["found"].values()) < 1e-12
    assert min(made["found"].values()) > 0, "each has trained alone"


def test_a_run_is_that_of_one_process_and_says_who_made_it(here: Path) -> None:
    said = train(2, "two")
    assert (said.status, said.err, len(said.out.splitlines())) == (0, "", 3)
    assert nnbp("train", "small.toml", *SETTINGS, "-q", "--out", "one").status == 0
    assert Path("two/config.toml").read_text() == Path("one/config.toml").read_text()
    one, two = (json.loads(Path(run, "summary.json").read_text()) for run in ("one", "two"))
    assert (two["test"]["accuracy"], two["kept_epoch"]) == (one["test"]["accuracy"], one["kept_epoch"])
    assert two["test"]["cost"] == pytest.approx(one["test"]["cost"], rel=1e-5)
    assert two["versions"].pop("ranks").startswith("2 of MPICH ")
    assert two["versions"] == one["versions"]
    said = nnbp("train", "--resume", "two", "--set", "training.epochs=4")
    assert "note: ranks was 2 of MPICH" in said.err
    assert "now 1: the weights may end with other last bits" in said.err


def test_of_processes_with_unequal_cores_the_one_with_the_fewest_counts(here: Path) -> None:
    line = (*TRAIN, "small.toml", "--set", "training.threads=64", "--out", "run")
    cores = sorted(os.sched_getaffinity(0))
    assert mpirun(1, *line, ":", "-n", 1, "taskset", "-c", cores[0], *line).status == 0
    assert json.loads(Path("run/summary.json").read_text())["versions"]["threads"] == "1"


def test_a_process_that_is_alone_is_told_so(here: Path) -> None:
    line = (*(word for word in TRAIN if word != "-q"), "small.toml", "--set", "training.epochs=1")
    assert mpirun(1, *line).err.startswith("note: --mpi, and one process alone; ")
    said = mpirun(2, *line)
    assert ", threads 2 ranks of 1\n" in said.err


@pytest.mark.parametrize(
    ("rank", "name", "status"),
    [(None, "SIGINT", 130), (1, "SIGTERM", 143), (2, "SIGKILL", 9)],
)
def test_stopped_in_any_way_it_goes_on_to_the_same_bits(
    here: Path, rank: int | None, name: str, status: int
) -> None:
    """mpirun passes a signal on to all; otherwise it comes to one process alone."""
    run = here / "run"
    log = run / "log.csv"
    endless = (*TRAIN, "small.toml", *SETTINGS, "--out", run, "--set", "training.epochs=100000")
    with together(run, MPIRUN, "-n", 3, *endless) as process:
        assert until(lambda: log.exists() and log.read_text().count("\n") > 3)
        pid = process.pid if rank is None else ranks_of(run)[rank]
        os.kill(pid, getattr(signal, name))
        out, err = process.communicate(timeout=SOON)
    assert (process.returncode, ranks_of(run)) == (status, {})
    if name != "SIGKILL":
        assert f"go on: mpirun -n 3 nnbp train --resume {run} --mpi" in out.splitlines()
        assert "Traceback" not in err
    epochs = ("--set", f"training.epochs={log.read_text().count(chr(10)) + 1}")
    assert mpirun(3, *TRAIN, "--resume", "run", *epochs).status == 0
    assert train(3, "whole", *epochs).status == 0
    assert results(Path("run")) == results(Path("whole"))


def test_a_link_that_is_down_ends_every_process_in_one_line(here: Path) -> None:
    run, more = here / "run", ("--set", "training.epochs=100000", "--mpi-timeout", 2)
    try:
        with (
            two_machines(here) as machines,
            together(run, *machines.start(*TRAIN, "small.toml", "--out", run, *more)) as process,
        ):
            assert until(lambda: (run / "checkpoint.npz").exists())
            machines.cut()
            assert until(lambda: not ranks_of(run), 2 + SOON)
            _, err = process.communicate(timeout=SOON)
    except OSError as error:
        pytest.skip(f"no network namespaces here: {error}")
    heard = "heard nothing of the others for 2 s; see whether all machines are up, and go on with --resume"
    assert re.fullmatch(f"--mpi: rank 0 on .*: {heard}", err.splitlines()[0])  # MPI has another to say
    epochs = Path("run/log.csv").read_text().count("\n") + 1
    assert mpirun(2, *TRAIN, "--resume", "run", "--set", f"training.epochs={epochs}").status == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("train small.toml", "mpirun or srun has started 2 processes, "),
        ("train small.toml --mpi --seeds 2", "'--mpi' is for one run; "),
        ("train small.toml --mpi --cluster tcp://a:1", "'--cluster' is for '--seeds'; "),
        ("train none.toml --mpi", "none.toml: no such file; "),
        ("train small.toml --mpi --set training.engine=compiled", "training.engine: 'compiled' adds up no "),
        ("train small.toml --mpi --set training.learning_rate=1e30", "training: diverged: not finite in "),
    ],
)
def test_what_is_wrong_is_one_line(here: Path, line: str, said: str) -> None:
    heard = mpirun(2, *NNBP, *line.split(), "-q")
    lines = heard.err.splitlines()
    assert heard.status == (1 if "diverged" in said else 2)
    assert all(said in each for each in lines)
    assert len(lines) == 1 or (set(map(lines.count, lines)) == {2} and "--mpi" not in line)


@pytest.mark.parametrize(
    ("variables", "count"),
    [
        ({"PMI_SIZE": "1"}, 1),
        ({"PMI_SIZE": "3", "OMPI_COMM_WORLD_SIZE": "x"}, 3),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, 2),
        ({"SLURM_STEP_NUM_TASKS": "4"}, 1),  # each may be a run of its own
        ({"SLURM_STEP_NUM_TASKS": "4", "PMIX_RANK": "0"}, 4),
    ],
)
def test_what_was_started_together_is_known_without_mpi(
    here: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], count: int
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert launched() == count
    said = nnbp("train", "small.toml", "-q", "--set", "training.epochs=1")
    assert (said.status, "has started" in said.err) == ((2, True) if count > 1 else (0, False))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PMI_SIZE", "2", "of 2 processes each takes itself for the only one; take the mpirun of "),
        ("MPI4PY_LIBMPI", "none.so", "cannot use MPI (cannot load MPI library); pip install 'nnbp-cli[mpi]'"),
    ],
)
def test_another_mpi_than_that_of_mpirun_and_none_are_one_line(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with started(*NNBP, "train", "small.toml", "--mpi") as process:
        _, err = process.communicate()
    assert (process.returncode, err.count("\n"), err[: 7 + len(said)]) == (1, 1, f"--mpi: {said}")


def test_one_that_cannot_begin_ends_the_others_which_wait_for_it(here: Path) -> None:
    line = (*TRAIN, "small.toml", "--out", "run")
    with started(MPIRUN, "-n", 1, *line, ":", "-n", 1, "-env", "MPI4PY_LIBMPI", "none.so", *line) as process:
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err.count("\n"), err[:24]) == (9, 1, "--mpi: cannot use MPI (c")


def test_without_mpi4py_it_says_what_to_type(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.delitem(sys.modules, "nnbp_cli.engines.mpi", raising=False)
    assert nnbp("train", "small.toml", "--mpi").err == "--mpi: needs mpi4py; pip install 'nnbp-cli[mpi]'\n"

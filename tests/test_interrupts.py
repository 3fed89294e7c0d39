"""Ctrl-C and SIGTERM: at once, or when it is safe, and never with a traceback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from nnbp_cli.system import signals
from tests.processes import started

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


def test_a_second_signal_stops_at_once_and_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signals.defer() as received:
        assert received() is None
        signal.raise_signal(signal.SIGTERM)
        assert received() == "SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_block_within_another_is_told_what_came_in_either() -> None:
    before = signal.getsignal(signal.SIGINT)
    for early in (True, False):
        with signals.defer() as outer:
            if early:
                signal.raise_signal(signal.SIGINT)
            with signals.defer() as inner:
                if not early:
                    signal.raise_signal(signal.SIGINT)
                assert inner() == "SIGINT"
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
            assert outer() == "SIGINT"
        assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals.defer() as received:
            signal.raise_signal(signal.SIGINT)
            assert received() is None
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def child(program: str, number: int) -> tuple[int, str]:
    """The status and the stderr of a program that gets a signal when it prints a line."""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    return process.returncode, err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_process_with_nothing_to_lose_ends_at_once_even_in_a_callback_from_c(
    number: int, status: int
) -> None:
    program = """
import ctypes, time
from nnbp_cli.system import signals
signals.exit_immediately()

@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
def callback(one, other):
    print(flush=True)
    time.sleep(20)
    return 0

numbers = (ctypes.c_int * 2)(2, 1)
ctypes.CDLL(None).qsort(numbers, 2, ctypes.sizeof(ctypes.c_int), callback)
"""
    assert child(program, number) == (status, "interrupted\n")


@pytest.mark.parametrize(
    ("module", "together", "ended"),
    [
        ("nnbp_cli.system.signals", 1, (-signal.SIGINT, "")),
        ("nnbp_cli.cli", 1, (130, "interrupted\n")),
        ("nnbp_cli.runs.run", 1, (130, "interrupted\n")),
        ("nnbp_cli.cli", 2, (-signal.SIGINT, "interrupted\n")),  # or mpirun waits until it has begun with MPI
    ],
)
def test_ctrl_c_while_the_program_is_being_imported_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, module: str, together: int, ended: tuple[int, str]
) -> None:
    monkeypatch.setenv("PMI_SIZE", str(together))
    program = f"""
import sys, time
class Slow:
    def find_spec(self, name, *_):
        if name == "{module}":
            print(flush=True)
            time.sleep(20)
sys.meta_path.insert(0, Slow())
sys.argv = ["nnbp", "train", "--config", "none.toml"]
from nnbp_cli.__main__ import main
main()
"""
    assert child(program, signal.SIGINT) == ended


def test_a_process_that_ends_is_not_held_up_by_a_signal() -> None:
    program = """
import atexit, time
from nnbp_cli import cli, __main__
cli.main = lambda: exit(3)
atexit.register(lambda: (print(flush=True), time.sleep(0.2)))
__main__.main()
"""
    assert child(program, signal.SIGINT) == (3, "")


PROGRAM = """
import os, sys
from nnbp_cli.system import signals
from nnbp_cli.terminal import output
print_result = output.print_result
output.print_result = lambda line: (os.write(2, b"prints\\n"), print_result(line))
signals.GRACE_SECONDS = float(sys.argv.pop(1))
from nnbp_cli.__main__ import main
main()
"""


TRAIN = "train --config small.toml -q --out run"


@contextmanager
def printing_into_a_full_pipe(
    grace: float, command: str = TRAIN
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A command whose result nobody reads, unless from the other end of its pipe."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for size in (1000, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * size)
    os.set_blocking(writer, True)
    line = [sys.executable, "-c", PROGRAM, str(grace), *command.split()]
    with subprocess.Popen(line, stdout=writer, stderr=subprocess.PIPE, text=True) as process:
        os.close(writer)
        try:
            yield process, reader
        finally:
            process.kill()
            os.close(reader)


ENDLESS = f"{TRAIN} --set training.epochs=100000"


@pytest.mark.parametrize(
    ("command", "event", "status"),
    [
        (TRAIN, "run/summary.json", 0),
        (TRAIN, "prints", 0),
        (ENDLESS, "run/log.csv", 143),
        ("init", "prints", 0),
    ],
)
def test_a_command_that_is_done_keeps_its_status_and_ends_though_nobody_reads_its_result(
    here: Path, command: str, event: str, status: int
) -> None:
    with printing_into_a_full_pipe(0.1, command) as (process, _):
        assert process.stderr
        if event == "prints":
            assert process.stderr.readline() == "prints\n"
        while event != "prints" and not (Path(event).exists() and Path(event).read_text().count("\n") > 1):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err.replace("prints\n", "")) == (status, "")
    assert Path("configs/mnist.toml" if command == "init" else "run/summary.json").exists()


def test_a_result_is_whole_for_whoever_reads_it_after_a_signal(here: Path) -> None:
    with printing_into_a_full_pipe(60) as (process, reader):
        assert process.stderr
        assert process.stderr.readline() == "prints\n"
        process.send_signal(signal.SIGTERM)
        said = b""
        while piece := os.read(reader, 10_000):
            said += piece
        assert (process.wait(), said.decode().splitlines()[-1]) == (0, "next: nnbp eval weights.npz")


@pytest.mark.usefixtures("each_engine")
def test_a_run_that_is_stopped_says_so_in_its_status_though_nobody_reads_its_answer(here: Path) -> None:
    with started(sys.executable, "-m", "nnbp_cli", *ENDLESS.replace(" -q", "").split()) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert any(line.startswith("epoch") for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        assert "Error" not in process.stderr.read()
        assert process.wait() == 143


def test_what_one_command_of_a_process_completed_is_nothing_to_the_next() -> None:
    program = "import signal\nfrom nnbp_cli.system import signals\nsignals.complete()\n"
    program += "signals.exit_immediately()\nprint(flush=True)\nsignal.pause()\n"
    assert child(program, signal.SIGTERM) == (143, "interrupted\n")

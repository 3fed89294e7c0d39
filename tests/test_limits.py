"""What is said, and what goes on, where a stream is closed or a process may have no more of something."""

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

from nnbp_cli import errors
from nnbp_cli.datasets import synthetic
from nnbp_cli.errors import NnbpError, shortage
from nnbp_cli.system import hardware
from tests.command_line import Said, nnbp
from tests.limits import NO_LIMIT, no_more_descriptors
from tests.small_run import results, train

pytestmark = pytest.mark.slow

DESCRIPTORS, THREADS = (f"nnbp: {errors.SHORTAGES[number]}\n" for number in (errno.EMFILE, errno.EAGAIN))


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """What a line of bash gives, in which `nnbp` is this one."""
    begun = f'nnbp() {{ {sys.executable} -m nnbp_cli "$@"; }}; {line}'
    command, tree = ["bash", "-c", begun], {"PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=os.environ | tree
    )


def without_threads(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What a process says that can start no thread and no process; a skip where no limit holds."""
    said = shell(shlex.join([sys.executable, "-m", "tests.limits", *arguments]))
    if said.returncode == NO_LIMIT:
        pytest.skip("the limit of processes does not hold here")
    return said


@pytest.fixture
def picture(here: Path) -> Path:
    images, _ = synthetic.draw(1, 1, "test")
    Image.fromarray(255 - images.reshape(28, 28)).resize((112, 112)).save("digit.png")
    return Path("digit.png")


# Streams


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-", "2>&-"])
def test_a_stream_that_is_closed_is_no_error(picture: Path, redirection: str) -> None:
    train("--out", "run", "-q")
    for line in ("predict run digit.png", "eval run --mistakes 3"):
        said = shell(f"nnbp {line} {redirection}")
        assert (said.returncode, said.stderr) == (0, "")
        assert bool(said.stdout) == (">&-" not in redirection.replace("2>&-", ""))


def test_no_file_gets_the_number_of_a_stream_that_is_closed(here: Path) -> None:
    Path("look.py").write_text(
        "import os\nfrom nnbp_cli.cli import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "with open('number', 'w') as file:\n"
        "    print(file.fileno(), *(os.get_inheritable(number) for number in range(3)), file=file)\n"
    )
    shell(f"{sys.executable} look.py <&- >&- 2>&-")
    number, *inheritable = Path("number").read_text().split()
    assert int(number) > 2
    assert inheritable == ["True"] * 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's device that is full")
def test_a_result_that_cannot_be_written_is_said(here: Path) -> None:
    train("--out", "run", "-q")
    message = "nnbp: cannot write the result: no space left on device; send stdout elsewhere\n"
    for line in ("eval run", "--help"):
        said = shell(f"nnbp {line} >/dev/full")
        assert (said.returncode, said.stderr) == (1, message)


# Limits


def test_a_shortage_is_told_apart_whatever_was_made_of_it() -> None:
    def wrapped(error: Exception) -> Exception:
        try:
            raise NnbpError("x: cannot be read; make it readable") from error
        except NnbpError as wrapping:
            return wrapping

    for number, words in errors.SHORTAGES.items():
        assert shortage(OSError(number, "")) == shortage(wrapped(OSError(number, "", "x"))) == words
    assert shortage(MemoryError()) == errors.SHORTAGES[errno.ENOMEM]
    for words, number in errors.SHORTAGES_BY_WORDS.items():
        for kind in (ImportError, RuntimeError, SystemError):
            assert shortage(wrapped(kind(f"it failed:\n\nlibx.so: {words}"))) == errors.SHORTAGES[number]
    for other in (OSError(errno.ENOSPC, ""), RuntimeError("no"), ImportError("no"), wrapped(ValueError())):
        assert shortage(other) is None


def test_no_more_descriptors_is_said(here: Path, picture: Path) -> None:
    train("--out", "run", "-q")
    nnbp("predict", "run", picture)  # imports what it needs
    for line in ("eval run", f"predict run {picture}", "train --config small.toml", "plot run"):
        with no_more_descriptors():
            said = nnbp(*line.split())
        assert said == Said(1, "", DESCRIPTORS), line


def test_a_run_without_threads_has_the_same_bits(here: Path) -> None:
    distorted = ("--set", "data.augment.shift=1", "--set", "training.threads=1")
    assert train("--out", "with", "-q", *distorted).status == 0
    said = without_threads("train", "--config", "small.toml", "--out", "without", "-q", *distorted)
    assert (said.returncode, said.stderr) == (0, "")
    assert results(Path("with")) == results(Path("without"))


@pytest.mark.skipif(hardware.available_cpus() < 2, reason="one core takes one thread")
def test_threads_that_cannot_be_had_are_not_waited_for(here: Path) -> None:
    said = without_threads("train", "--config", "small.toml", "-q", "--set", "training.threads=2")
    message = "training.threads: no 2 threads can be had; allow more (ulimit -u), or set it to 1\n"
    assert (said.returncode, said.stdout, said.stderr) == (1, "", message)


def test_without_threads_a_download_says_so(here: Path) -> None:
    said = without_threads("download", "--mirror", "http://127.0.0.1:9/")
    assert (said.returncode, said.stderr) == (1, THREADS)


def test_without_processes_a_reproduction_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nnbp_cli.config import DataConfig
    from nnbp_cli.reproduction import experiments
    from nnbp_cli.reproduction import reproduce as whole
    from nnbp_cli.reproduction.experiments import Experiment

    def none_left(*_: object) -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(whole, "DATA", DataConfig(name="synthetic", size=600, seed=1))
    monkeypatch.setattr(experiments, "load", lambda: [Experiment("small", "", here / "small.toml", (), ())])
    monkeypatch.setattr("subprocess._fork_exec", none_left)
    said = nnbp("reproduce", "--quiet")
    assert (said.status, said.err) == (1, THREADS)

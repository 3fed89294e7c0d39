"""Commands in surroundings that nobody chose: odd variables, folders that are not there, streams that are
closed, limits of all that a process may have.
"""

import fcntl
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from PIL import Image

from nnbp_cli.datasets import synthetic
from nnbp_cli.errors import NnbpError
from nnbp_cli.models import weights
from tests import limits
from tests.command_line import nnbp
from tests.small_run import CONFIG
from tests.torture.harness import Outcome
from tests.torture.scene import READERS

STATUSES = {0, 1, 2, 3, 130, 143}
LONGEST = 120  # seconds for a command, however slow the machine
NOWHERE = "http://127.0.0.1:9"  # where nobody answers; and nothing leaves this machine
STREAMS = ("stdin", "stdout", "stderr")
ENDINGS = {".png": b"IEND\xaeB`\x82", ".svg": b"</svg>", ".html": b"</html>"}
OF_MEMORY = "OpenBLAS error: Memory allocation"  # which ends the process by itself
ROOT = Path(__file__).parents[2]
MB = 1 << 20
ODD = "odd\udcff\x1b[2J"

# FOLDER is where the commands find what they read; they write into their current directory.
COMMANDS = tuple(
    tuple(line.split())
    for line in (
        "train --config FOLDER/small.toml --set training.epochs=1 --out out -q",
        "eval FOLDER/run --mistakes 3",
        "predict FOLDER/run FOLDER/digit.png",
        "plot FOLDER/run -o curves.png",
        "report FOLDER/run -o report.html",
        "train --config FOLDER/small.toml --set data.augment.shift=1 --set training.epochs=1 -q --json",
        "--help",
        "runs FOLDER",
        "export FOLDER/run network.safetensors",
        "import FOLDER/network.json -o book.npz",
        f"download --mirror {NOWHERE}",
        "eval FOLDER/run --json",
        "gradcheck --config FOLDER/small.toml",
        "init --list",
        "plot FOLDER/run --what weights -o weights.svg",
        "reproduce --list",
        "export FOLDER/run network.onnx",
        "predict FOLDER/run FOLDER/digit.png --json --save-input seen",
        "init demo",
        "--version",
        "train --help",
        "search FOLDER/search.toml --study study.journal -q",
    )
)


@dataclass(frozen=True)
class Environment:
    """What is odd: variables (None takes one away), and what a process does, in Python, before it becomes the
    program.

    `signals` may end the process: the limit itself sends them. `also` is what may be said in other words than
    ours, of a library that has run short of something.
    """

    name: str
    variables: Mapping[str, str | None] = field(default_factory=dict)
    before: str = ""
    start: str = "nnbp_cli"
    streams: Mapping[str, str] = field(default_factory=dict)
    signals: tuple[int, ...] = ()
    also: str | None = None


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Run so many commands, each in the next environment; `seed` is the command that is the first."""
    outcome = Outcome()
    furnish(folder)
    environments = list(_environments(folder))
    for number in range(min(tries, len(environments) * len(COMMANDS))):
        lap, k = divmod(number, len(environments))
        line = COMMANDS[(seed + k + lap) % len(COMMANDS)]
        here = folder / f"here-{number}"
        here.mkdir()
        said = f"{environments[k].name}: nnbp {' '.join(line)}"
        for problem in _problems(environments[k], line, folder, here):
            outcome.failures.append(f"{said}: {problem:.1000}")
        outcome.tries += 1
        shutil.rmtree(here, ignore_errors=True)
    return outcome


def furnish(folder: Path) -> None:
    """A config, a run, a picture and a network of the book's; and places that are not as they should be."""
    (folder / "small.toml").write_text(CONFIG)
    drawn = '[search.parameters]\n"training.learning_rate" = { min = 0.1, max = 0.2 }\n'
    (folder / "search.toml").write_text(f"{CONFIG}[search]\ntrials = 1\n{drawn}")
    book = {"sizes": [784, 10], "weights": [[[0.5] * 784] * 10], "biases": [[[0.0]] * 10]}
    (folder / "network.json").write_text(json.dumps(book | {"cost": "QuadraticCost"}))
    images, _ = synthetic.draw(1, 1, "test")
    Image.fromarray(255 - images.reshape(28, 28)).resize((112, 112)).save(folder / "digit.png")
    for name in ("closed", ODD):
        (folder / name).mkdir()
    (folder / "file").touch()
    places = ("--data-dir", folder / "data", "--out", folder / "run", "--weights", folder / "weights.npz")
    said = nnbp("train", "--config", folder / "small.toml", "-q", *places)
    if said.status:
        raise RuntimeError(said.err)
    (folder / "closed").chmod(0)


def surroundings(folder: Path) -> dict[str, str]:
    """The variables of a process that works in a furnished folder, and reaches nobody."""
    variables = {"PYTHONPATH": str(ROOT), "NNBP_DATA_DIR": str(folder / "data")}
    return variables | dict.fromkeys(("http_proxy", "https_proxy"), NOWHERE)


def arguments(line: tuple[str, ...], folder: Path) -> list[str]:
    """A line of COMMANDS, for a furnished folder."""
    return [each.replace("FOLDER", str(folder)) for each in line]


def _environments(folder: Path) -> Iterator[Environment]:
    streams = {
        "closed": ("stdout", "stderr", "stdin", "stdin stdout stderr", "stdout stderr"),
        "full": ("stdout", "stderr"),
        "broken": ("stdout", "stderr", "stdout stderr"),  # nobody reads it
        "to be read": ("stdout",),
        "terminal": ("stdout stderr",),  # of one column
    }
    for kind, places in streams.items():
        for names in places:
            yield Environment(f"{names}: {kind}", streams=dict.fromkeys(names.split(), kind))
    bounds = {
        **{f"{n} descriptors": (resource.RLIMIT_NOFILE, n) for n in (6, 8, 10, 12, 16, 64)},
        **{f"{n} MB": (resource.RLIMIT_AS, n * MB) for n in (60, 100, 150, 200, 250, 300, 400)},
        **{f"files of {n} bytes": (resource.RLIMIT_FSIZE, n) for n in (1000, 5000, 30_000)},
        **{f"a stack of {n} KB": (resource.RLIMIT_STACK, n << 10) for n in (64, 512, 2048)},
        "no core file": (resource.RLIMIT_CORE, 0),
        "no locked memory": (resource.RLIMIT_MEMLOCK, 0),
    }
    for name, (which, bound) in bounds.items():
        yield Environment(
            name,
            before=_limit(which, bound),
            # Python itself, or what was compiled, may need a larger stack.
            signals=(signal.SIGSEGV,) if which == resource.RLIMIT_STACK else (),
            also=OF_MEMORY if which == resource.RLIMIT_AS else None,
        )
    yield Environment(
        "a second", before=_limit(resource.RLIMIT_CPU, 1), signals=(signal.SIGXCPU, signal.SIGKILL)
    )
    yield Environment("no threads", start="tests.limits")
    yield Environment("nice", before="os.nice(19)")
    for mask in (0o777, 0o222, 0):
        yield Environment(f"umask {mask:o}", before=f"os.umask({mask})")
    yield Environment(
        "a current directory that is gone", before="os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')"
    )
    for name in (ODD, "closed"):
        yield Environment(f"in {name!r}", before=f"os.chdir({str(folder / name)!r})")
    for name, values in _variables(folder).items():
        for value in values:
            yield Environment(f"{name}={value}", {name: value})


def _variables(folder: Path) -> dict[str, tuple[str | None, ...]]:
    missing, file, closed = (str(folder / name) for name in ("missing", "file", "closed"))
    languages = ("C", "POSIX", "tr_TR.UTF-8", "ja_JP.eucJP", "nonsense", "")
    return {
        "HOME": (None, "", missing, file, closed, "/"),
        "TMPDIR": (missing, file, closed, ""),
        "XDG_CACHE_HOME": (file,),
        "MPLCONFIGDIR": (file, closed),
        "PATH": ("", None),
        "LANG": languages,
        "LC_ALL": languages,
        "LANGUAGE": ("tr",),
        "PYTHONIOENCODING": ("ascii", "latin-1", "utf-16", "ascii:strict", "cp037"),
        "PYTHONUTF8": ("0", "1"),
        "PYTHONWARNINGS": ("error", "always", "nonsense"),
        "PYTHONDONTWRITEBYTECODE": ("1",),
        "PYTHONOPTIMIZE": ("2",),
        "PYTHONHASHSEED": ("0", "1"),
        "PYTHONMALLOC": ("debug",),
        "PYTHONDEVMODE": ("1",),
        "PYTHONUNBUFFERED": ("1",),
        "PYTHONSAFEPATH": ("1",),
        "COLUMNS": ("0", "-1", "1", "many"),
        "LINES": ("0",),
        "TQDM_MININTERVAL": ("many",),
        "TERM": ("dumb", "nonsense", ""),
        "NO_COLOR": ("", "1"),
        "FORCE_COLOR": ("1",),
        "NNBP_DATA_DIR": ("", missing, file, closed, "relative", f"{folder}/\x1b[2J\udcff", "/dev/null"),
        "TZ": ("nonsense", "Asia/Kathmandu", "", ":/dev/zero"),
        "SOURCE_DATE_EPOCH": ("0", "never"),
        "OMP_NUM_THREADS": ("0", "-1", "many", "64"),
        "OPENBLAS_NUM_THREADS": ("0", "-1", "many", "64"),
        "OPENBLAS_CORETYPE": ("Nonsense",),
        "OPENBLAS_VERBOSE": ("0",),
        "MKL_NUM_THREADS": ("0",),
        "NPY_DISABLE_CPU_FEATURES": ("AVX512F",),
        "http_proxy": ("nonsense", "socks5://127.0.0.1:9", ""),
        "REQUESTS_CA_BUNDLE": (missing,),
    }


def _limit(which: int, bound: int) -> str:
    return f"resource.setrlimit({which}, ({bound}, {bound}))"


def _problems(environment: Environment, line: tuple[str, ...], folder: Path, here: Path) -> Iterator[str]:
    """What is not as it should be, when a command has run in an environment."""
    variables = {**os.environ, **surroundings(folder), **environment.variables}
    given = {name: value for name, value in variables.items() if value is not None}
    try:
        status, out, err = _ended(environment, arguments(line, folder), given, here)
    except subprocess.TimeoutExpired:
        yield f"not done after {LONGEST} s"
        return
    if status == limits.NO_LIMIT and environment.start == "tests.limits":
        return
    if status not in STATUSES and -status not in environment.signals:
        yield f"status {status}: {err}"
    if not environment.also or environment.also not in err:
        for word in ("Traceback", "unexpected error", "Warning", "Exception ignored", "Fatal Python error"):
            if word in err + out:
                yield f"said {err!r}"
        is_seen = "stderr" not in environment.streams and "download" not in line  # a line for each mirror
        if status in (1, 2) and is_seen and err.count("\n") != 1:
            yield f"status {status}, and said {err!r}"
    yield from unreadable(here)


def _ended(
    environment: Environment, given: list[str], variables: dict[str, str], here: Path
) -> tuple[int, str, str]:
    """The status of a command, and what it said."""
    closing = [
        f"os.close({k})" for k, name in enumerate(STREAMS) if environment.streams.get(name) == "closed"
    ]
    code = "; ".join(
        (
            "import os, resource, sys",
            environment.before or "pass",
            *closing,
            f"os.execv(sys.executable, [sys.executable, '-m', '{environment.start}', *sys.argv[1:]])",
        )
    )
    command = [sys.executable, "-I", "-S", "-c", code, *given]
    files = [here / f".{name}" for name in STREAMS]
    for path in files:
        path.touch()
    handles = [
        _stream(environment.streams.get(name, ""), path, os.O_RDONLY if name == "stdin" else os.O_WRONLY)
        for name, path in zip(STREAMS, files)
    ]
    try:
        stdin, stdout, stderr = handles
        status = subprocess.run(
            command, cwd=here, env=variables, stdin=stdin, stdout=stdout, stderr=stderr, timeout=LONGEST
        ).returncode
    finally:
        for handle in handles:
            os.close(handle)
    out, err = (path.read_bytes().decode(errors="replace") for path in files[1:])
    return status, out, err


def _stream(kind: str, path: Path, mode: int) -> int:
    """A descriptor of an odd kind, or one of a file."""
    match kind:
        case "full" if Path("/dev/full").exists():
            return os.open("/dev/full", os.O_WRONLY)
        case "broken":
            reading, writing = os.pipe()
            os.close(reading)
            return writing
        case "to be read":
            return os.open(os.devnull, os.O_RDONLY)
        case "terminal":
            ours, theirs = os.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 1, 0, 0))
            Thread(target=_drain, args=(ours, path)).start()
            return theirs
    return os.open(path, mode | os.O_CREAT | os.O_TRUNC)


def _drain(ours: int, into: Path) -> None:
    """Write what a terminal shows into a file, until no process has it."""
    with into.open("wb") as file, suppress(OSError):
        while shown := os.read(ours, 4096):
            file.write(shown)
    os.close(ours)


def unreadable(here: Path) -> Iterator[str]:
    """What a command has left in a folder and cannot be read as what it is."""
    for path in here.rglob("*"):
        try:
            if path.name in READERS:
                READERS[path.name](path.parent)
            elif path.name in ("weights.npz", "book.npz"):
                weights.load(path)
            elif path.suffix in ENDINGS and not path.read_bytes().rstrip().endswith(ENDINGS[path.suffix]):
                yield f"left half of {path.name}"
        except NnbpError as error:
            yield f"left what cannot be read: {error}"
        except PermissionError:  # as the mask says
            continue

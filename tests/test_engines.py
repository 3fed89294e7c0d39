"""The compiled engine takes the steps that numpy's takes; alone, it ends with the same bits."""

import json
import resource
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli.engines import NumpyEngine
from nnbp_cli.nn.activations import Activation, linear, override, relu, sigmoid, softmax, tanh
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import Cost, cross_entropy, log_likelihood, quadratic
from nnbp_cli.nn.optimizers import OPTIMIZERS, AdamW, Optimizer
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.system import signals
from nnbp_cli.training import loop
from nnbp_cli.training.batches import smoothed_targets
from tests.command_line import Said, nnbp
from tests.interruption import Interruption
from tests.networks import dense, started
from tests.small_run import results, train, without_numba

numba = pytest.importorskip("numba", reason="the extra 'fast' is not installed")
from nnbp_cli.engines import compiled, compiled_activations  # noqa: E402
from nnbp_cli.engines.compiled import CompiledEngine  # noqa: E402

INPUTS, CLASSES, BATCH, STEPS = 23, 5, 7, 100
OUTPUTS = [
    (quadratic, sigmoid),
    (quadratic, tanh),
    (quadratic, relu),
    (quadratic, linear),
    (quadratic, override(linear, {2: sigmoid})),
    (cross_entropy, sigmoid),
    (log_likelihood, softmax),
]
HIDDEN = [sigmoid, tanh, relu, linear, override(relu, {0: tanh, 15: sigmoid, 16: linear})]
PENALTIES = [Penalty(images=900), Penalty(l1=0.3, images=900), Penalty(l2=0.7, l1=0.2, images=900)]


@dataclass(frozen=True)
class Learning:
    """A network and how it learns."""

    sizes: list[int]
    hidden: Activation
    output: tuple[Cost, Activation]
    optimizer: Optimizer
    penalty: Penalty
    rate: float = 0.01
    dtype: type[np.floating] = np.float64

    def __str__(self) -> str:
        cost, output = self.output
        kind = type(self.optimizer).__name__ + " nesterov" * getattr(self.optimizer, "nesterov", False)
        return f"{self.sizes} {self.hidden.name} {output.name} {cost.name} {kind} {self.penalty}"

    def steps(self, kind: type, *chunks: int, first_bias: float | None = None) -> tuple[Array, Array, float]:
        """Theta, the optimizer's state and the last cost after chunks of so many steps, of which the last
        has a short batch."""
        cost, output = self.output
        network = dense(self.sizes, [self.hidden] * (len(self.sizes) - 2) + [output], cost)
        params = started(network, dtype=self.dtype)
        if first_bias is not None:
            params.layers[0][1][0] = first_bias
        slots = np.zeros((self.optimizer.rows, network.size), self.dtype)
        targets = smoothed_targets(CLASSES, 0.1, self.dtype)
        engine = kind(network, self.optimizer, self.penalty, targets, BATCH, params, slots)
        images, labels = drawn(sum(chunks) * BATCH - 2)
        done, end = 0, float("nan")
        for steps in chunks:
            part = slice(done * BATCH, (done + steps) * BATCH)
            rates = [self.rate / (1 + step % 3) for step in range(done, done + steps)]
            end = engine.advance(images[part], labels[part], rates, done + 1, None)
            done += steps
        return params.theta, slots, end


def drawn(n: int) -> tuple[Array, Array]:
    """Images of which one in three pixels is inked, and some are blank or black."""
    rng = np.random.default_rng(7)
    images = np.where(rng.random((n, INPUTS)) < 0.3, rng.integers(256, size=(n, INPUTS)), 0).astype(np.uint8)
    images[1], images[3] = 0, 255
    return images, rng.integers(CLASSES, size=n, dtype=np.uint8)


def combinations() -> list[Learning]:
    """Each optimizer with each penalty and depth, each output with each hidden activation and depth."""
    sizes = [
        [INPUTS, CLASSES],
        [INPUTS, 35, CLASSES],
        [INPUTS, 32, 17, CLASSES],
        [INPUTS, 18, 33, 20, CLASSES],
    ]
    some = [
        Learning(each, sigmoid, (cross_entropy, sigmoid), optimizer, penalty)
        for each in sizes
        for optimizer in OPTIMIZERS.values()
        for penalty in PENALTIES
    ]
    return some + [
        Learning(each, hidden, output, OPTIMIZERS["sgd"], PENALTIES[2])
        for each in sizes
        for output in OUTPUTS
        for hidden in HIDDEN
    ]


@pytest.mark.parametrize("learning", combinations(), ids=str)
def test_100_steps_in_float64_end_where_numpy_ends(learning: Learning) -> None:
    theta, slots, cost = learning.steps(CompiledEngine, 50, 50)
    expected_theta, expected_slots, expected_cost = learning.steps(NumpyEngine, 50, 50)
    np.testing.assert_allclose(theta, expected_theta, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slots, expected_slots, rtol=0, atol=1e-12)
    assert cost == pytest.approx(expected_cost, rel=1e-12)


LEARNING = Learning(
    [INPUTS, 35, 17, CLASSES], HIDDEN[4], (log_likelihood, softmax), AdamW(), PENALTIES[2], 0.01, np.float32
)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_bits_depend_on_no_chunk(optimizer: Optimizer) -> None:
    learning = replace(LEARNING, optimizer=optimizer)
    theta, slots, cost = learning.steps(CompiledEngine, 99)
    for chunks in ([99], [1, 60, 3, 35]):
        again, slots_again, cost_again = learning.steps(CompiledEngine, *chunks)
        assert (theta.tobytes(), slots.tobytes(), cost) == (
            again.tobytes(),
            slots_again.tobytes(),
            cost_again,
        )


def test_float32_stays_near_float64() -> None:
    learning = replace(LEARNING, optimizer=OPTIMIZERS["momentum"])
    (theta, _, cost), (exact, _, exact_cost) = (
        replace(learning, dtype=dtype).steps(CompiledEngine, 100) for dtype in (np.float32, np.float64)
    )
    np.testing.assert_allclose(theta, exact, atol=2e-5)
    assert cost == pytest.approx(exact_cost, rel=1e-5)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda each: each.name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_longer_finite_is_seen(dtype: type[np.floating], hidden: Activation, wrong: float) -> None:
    """A compiler that may assume that there is no NaN makes numbers of it again."""
    learning = replace(
        LEARNING, hidden=hidden, optimizer=OPTIMIZERS["sgd"], penalty=PENALTIES[0], dtype=dtype
    )
    with np.errstate(all="ignore"):
        ours, theirs = (learning.steps(kind, 1, first_bias=wrong) for kind in (CompiledEngine, NumpyEngine))
        assert np.array_equal(np.isnan(ours[0]), np.isnan(theirs[0]))
        assert np.isnan(ours[2]) == np.isnan(theirs[2])
        costs = (replace(learning, rate=1e30).steps(kind, 20)[2] for kind in (CompiledEngine, NumpyEngine))
        assert np.isfinite(next(costs)) == np.isfinite(next(costs))


@pytest.mark.parametrize("more", [[], ["--set", "data.augment.rotation=15", "--set", "data.augment.shift=2"]])
@pytest.mark.parametrize("after", [1, 7, 38])
def test_a_run_with_it_goes_on_to_the_same_bits(
    here: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], after: int
) -> None:
    monkeypatch.setattr(loop, "BATCHES_PER_CHUNK", 3)
    engine = ["-q", "--set", "training.engine=compiled", "--set", "training.optimizer=adam", *more]
    assert train("--out", "whole", *engine).status == 0
    with monkeypatch.context() as patched:
        patched.setattr(signals, "defer", Interruption(after).defer)
        assert train("--out", "run", *engine).status == 130
    assert nnbp("train", "--resume", "run", "-q").status == 0
    assert results(Path("run")) == results(Path("whole"))
    assert tomllib.loads(Path("run/config.toml").read_text())["training"]["engine"] == "compiled"
    assert json.loads(Path("run/summary.json").read_text())["versions"]["numba"] == numba.__version__
    train("--out", "numpy", "-q", "--set", "training.optimizer=adam", *more)
    assert "numba" not in json.loads(Path("numpy/summary.json").read_text())["versions"]
    assert results(Path("numpy")) != results(Path("whole"))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_gradcheck_holds_of_the_engine_that_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str
) -> None:
    settings = [f"training.optimizer={optimizer}", "training.l1=2.0", "network.layers.0.neurons=3"]
    settings.append('network.layers.0.override=[{neuron = 2, activation = "tanh"}]')
    line = ["gradcheck", "small.toml", *(part for each in settings for part in ("--set", each))]
    asked = [*line, "--engine", "compiled"]
    said = nnbp(*asked)
    assert said.status == 0, said
    assert said.out.splitlines()[0].endswith(
        "parameters, each moved by itself; 5 images, float64, engine compiled"
    )
    monkeypatch.setitem(compiled.ACTIVATIONS, "relu", compiled_activations.TANH)
    said = nnbp(*asked, "--json")
    assert (said.status, json.loads(said.out)["engine"]) == (3, "compiled")
    assert nnbp(*line).status == 0, "numpy's is another"
    refused = "--set training.engine=compiled: 'compiled' cannot do dropout, which layer 0 has; "
    assert nnbp(*asked, "--set", "network.layers.0.dropout=0.1").err == f"{refused}use 'numpy' or 'auto'\n"


def test_without_numba_it_says_what_to_type(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_numba(monkeypatch)
    remedy = "pip install 'nnbp-cli[fast]', or train a new run with 'numpy'"
    line = f"training.engine: 'compiled' needs numba; {remedy}"
    assert train("--out", "run", "--set", "training.engine=compiled") == Said(1, "", f"{line}\n")
    assert not Path("run").exists()
    assert train("-q").status == 0, "without that, it is not asked for"


IN_A_PROCESS = """
from nnbp_cli.engines import prepare
from tests.test_engines import *
prepare("compiled", print)
for hidden in HIDDEN:
    for optimizer in OPTIMIZERS.values():
        print(*replace(LEARNING, hidden=hidden, optimizer=optimizer).steps(CompiledEngine, 20)[0])
"""


@pytest.mark.slow
def test_what_is_loaded_rounds_as_what_was_compiled(tmp_path: Path) -> None:
    (note, *first), second = (said_by(IN_A_PROCESS, tmp_path / "cache") for _ in range(2))
    assert "compiling" in note
    assert first == second


SQUARE = """
import factor, square
from nnbp_cli.engines.code_cache import keep, told_of_compiling

keep(square.square, [square, factor])
with told_of_compiling(square.square, print, "compiling"):
    assert (square.square(3), square.square(0.5)) == (9 * factor.FACTOR, 0.25 * factor.FACTOR)
"""
NOT_KEPT = "note: what was compiled is not kept: "
FULL_DISK = 2000  # bytes that a file on it may have


def said_by(program: str, cache: Path, most_bytes: int = resource.RLIM_INFINITY) -> list[str]:
    """The lines that a program prints whose compiled code is kept in `cache`, on a disk that takes no larger
    files than `most_bytes`."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "NUMBA_CACHE_DIR": str(cache),
            "XDG_CACHE_HOME": str(cache.with_name("home")),
            "PYTHONPATH": f"{Path(__file__).parents[1]}:{cache.parent}",
            "PYTHONDONTWRITEBYTECODE": "1",  # of which Python 3.11 would leave the first bytes
        },
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Where the code of SQUARE will be kept."""
    square = "import numba\nfrom factor import FACTOR\nsquare = numba.njit(lambda x: x * x * FACTOR)\n"
    (tmp_path / "square.py").write_text(square)
    (tmp_path / "factor.py").write_text("FACTOR = 1")
    return tmp_path / "cache"


@pytest.mark.slow
def test_code_is_kept_for_each_state_of_what_it_is_made_of(cache: Path) -> None:
    with ThreadPoolExecutor() as pool:
        assert ["compiling"] in pool.map(lambda _: said_by(SQUARE, cache), range(2)), "two at once"
    for other in (
        "import os; os.environ['NUMBA_CPU_NAME'] = 'generic'\n",  # a processor, which has files of its own
        "import numba; numba.__version__ = 'another'\n",
    ):
        assert said_by(SQUARE, cache) == []
        assert said_by(other + SQUARE, cache) == ["compiling"]
        assert said_by(other + SQUARE, cache) == []
    cache.with_name("factor.py").write_text("FACTOR = 2")
    assert said_by(SQUARE, cache) == ["compiling"], "the source is another"


@pytest.mark.slow
def test_code_that_is_damaged_is_compiled_again(cache: Path) -> None:
    said_by(SQUARE, cache)
    files = list(cache.rglob("*.nbc"))
    assert len(files) == 2, "one for each type"
    whole = [file.read_bytes() for file in files]
    for where in (5, 70, 5000, -1):
        for file, content in zip(files, whole, strict=True):
            flipped = bytearray(content)
            flipped[where] ^= 16
            file.write_bytes(flipped)
        assert said_by(SQUARE, cache) == ["compiling"]
        assert said_by(SQUARE, cache) == []
    for file, content in zip(files, (b"", whole[1][:-100]), strict=True):
        file.write_bytes(content)
    assert said_by(SQUARE, cache) == ["compiling"]
    assert [file.read_bytes()[:32] for file in files] == [content[:32] for content in whole]


@pytest.mark.slow
def test_code_that_cannot_be_kept_is_said_to_be_compiled_again(cache: Path) -> None:
    said = said_by(SQUARE, cache, FULL_DISK)
    assert said[0] == "compiling"
    assert said[1].startswith(f"{NOT_KEPT}{cache}/")
    assert said[1].endswith(": cannot be written: file too large; choose another place")
    assert not [path for path in cache.rglob("*") if path.is_file()]
    assert said_by(SQUARE, cache) == ["compiling"]
    for file in list(cache.rglob("*.nbc")):
        file.unlink()
        file.mkdir()
    assert len(said_by(SQUARE, cache)) == 2
    cache.rename(cache.with_name("moved"))
    for unwritable in (cache, cache.with_name("__pycache__")):
        unwritable.touch()
    assert [said_by(SQUARE, cache) for _ in range(2)] == [["compiling"], []], "in the user's directory"
    shutil.rmtree(cache.with_name("home"))
    cache.with_name("home").touch()
    nowhere = [f"{NOT_KEPT}no folder for it can be written; let NUMBA_CACHE_DIR name one"]
    assert said_by(SQUARE, cache) == ["compiling", *nowhere]

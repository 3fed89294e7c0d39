"""`nnbp import`: networks that the book's network2.py saved."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnbp_cli.errors import NnbpError
from nnbp_cli.evaluation.saved import changed
from nnbp_cli.models import nielsen, weights
from nnbp_cli.nn.scaling import scaled
from tests import per_example
from tests.command_line import nnbp
from tests.datasets import blobs


def book_network_of(sizes: list[int]) -> tuple[list[Any], list[Any]]:
    """The weights and biases of the book's Network: columns, drawn as its default initializer does."""
    rng = np.random.default_rng(0)
    biases = [rng.standard_normal((y, 1)) for y in sizes[1:]]
    matrices = [rng.standard_normal((y, x)) / np.sqrt(x) for x, y in pairwise(sizes)]
    return matrices, biases


def saved(path: Path, sizes: list[int], cost: str = "CrossEntropyCost") -> dict[str, Any]:
    """Write what network2.py's save would."""
    Ws, bs = ([array.tolist() for array in arrays] for arrays in book_network_of(sizes))
    data = {"sizes": sizes, "weights": Ws, "biases": bs, "cost": cost}
    path.write_text(json.dumps(data))
    return data


@pytest.mark.parametrize(
    ("sizes", "cost", "ours"),
    [([784, 30, 10], "CrossEntropyCost", "cross-entropy"), ([784, 12, 9, 10], "QuadraticCost", "quadratic")],
)
def test_the_answers_are_those_of_the_book(here: Path, sizes: list[int], cost: str, ours: str) -> None:
    saved(Path("network.json"), sizes, cost)
    said = nnbp("import", "network.json", "-o", "book.npz")
    size = "-".join(map(str, sizes))
    assert (said.status, said.err) == (0, "")
    assert said.out == (
        f"wrote book.npz: {size}, cost {ours}; its first weights times 255/256\nnext: nnbp eval book.npz\n"
    )
    learned = weights.load(Path("book.npz"))
    images = np.random.default_rng(3).integers(0, 256, (50, 784), np.uint8)
    predictions = learned.network.predict(learned.params, scaled(images))
    for image, answer in zip(images, predictions):
        a = image[:, None] / 256  # as in the book's mnist.pkl.gz
        for W, b in zip(*book_network_of(sizes)):
            a = per_example.sigmoid(np.dot(W, a) + b)
        np.testing.assert_allclose(answer, a[:, 0], rtol=0, atol=1e-6)


def test_eval_wants_mnist_for_it_and_has_nothing_to_remark(here: Path) -> None:
    saved(Path("network.json"), [784, 30, 10])
    assert nnbp("import", "network.json").status == 0
    said = nnbp("eval", "weights.npz", "--data-dir", "empty")
    assert said.err == "empty/mnist: no MNIST files here; run 'nnbp download --data-dir empty'\n"
    learned = weights.load(Path("weights.npz"))
    assert changed(blobs(), learned) == "", "nobody knows what it was trained on"
    assert changed(replace(blobs(), name="mnist"), replace(learned, digest="another")) != ""


def changed_by(**values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data | values


SIZES = "sizes: expected a list of numbers of neurons, the inputs first"
BIASES = "biases: matrix 0: expected 30 lists of 1 numbers"
NONSENSE: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a list": (lambda data: [data], "expected sizes, weights, biases and cost"),
    "no cost": (lambda data: {key: data[key] for key in data if key != "cost"}, "expected sizes, weights"),
    "another cost": (changed_by(cost="SoftmaxCost"), "cost: expected QuadraticCost or CrossEntropyCost"),
    "a list as cost": (changed_by(cost=[]), "cost: expected QuadraticCost or CrossEntropyCost"),
    "sizes a number": (changed_by(sizes=784), SIZES),
    "half a neuron": (changed_by(sizes=[784, 30.5, 10]), SIZES),
    "a size of 0": (changed_by(sizes=[784, 0, 10]), SIZES),
    "infinitely many": (changed_by(sizes=[784, 1e999, 10]), "Infinity is no number"),
    "true neurons": (changed_by(sizes=[784, True, 10]), SIZES),
    "one size": (changed_by(sizes=[784]), SIZES),
    "for XOR": (changed_by(sizes=[2, 30, 1]), "expected 784 inputs and 10 outputs, got 2 and 1"),
    "another size": (changed_by(sizes=[784, 31, 10]), "weights: matrix 0: expected 31 lists of 784 numbers"),
    "a layer more": (changed_by(sizes=[784, 30, 9, 10]), "expected as many matrices as there are layers, 3"),
    "flat biases": (changed_by(biases=[[0.0] * 30, [0.0] * 10]), BIASES),
    "ragged": (
        lambda data: data | {"weights": [data["weights"][0], [*data["weights"][1][:9], [1.0]]]},
        "weights: matrix 1: expected 10 lists of 30 numbers",
    ),
    "text": (changed_by(biases=[[["0.5"]] * 30, [[0.5]] * 10]), BIASES),
    "true": (changed_by(biases=[[[True]] * 30, [[0.5]] * 10]), BIASES),
    "null": (changed_by(biases=[[[None]] * 30, [[0.5]] * 10]), BIASES),
    "NaN": (changed_by(biases=[[[float("nan")]] * 30, [[0.5]] * 10]), "NaN is no number"),
    "too large": (changed_by(biases=[[[1e39]] * 30, [[0.5]] * 10]), "is larger than a number of 32 bits"),
}
NO_JSON = {
    "nothing": (b"", "Expecting value"),
    "no JSON": (b"weights", "Expecting value"),
    "a pickle": (b"\x80\x03}q\x00", "not text"),
    "deep": (b"[" * 90_000, "nested too deeply"),
    "many lists": (b"[]," * 100_001, "more than 100,000 lists"),
    "many digits": (b'{"sizes": ' + b"9" * 5000 + b"}", "expected sizes, weights, biases and cost"),
}


@pytest.mark.parametrize("what", [*NONSENSE, *NO_JSON])
def test_nonsense_is_refused_in_a_line(here: Path, what: str) -> None:
    if what in NO_JSON:
        content, reason = NO_JSON[what]
    else:
        change, reason = NONSENSE[what]
        content = json.dumps(change(saved(Path("network.json"), [784, 30, 10]))).encode()
    Path("network.json").write_bytes(content)
    said = nnbp("import", "network.json")
    assert (said.status, said.out, said.err.count("\n")) == (1, "", 1)
    assert said.err.startswith("network.json: not a network that the book's network2.py saved: ")
    assert reason in said.err
    assert said.err.endswith("; name another file\n")
    assert not Path("weights.npz").exists()


def test_what_is_no_file_and_what_is_not_ours_is_refused_in_a_line(here: Path) -> None:
    assert nnbp("import", "none.json").err.startswith("none.json: no such file; ")
    assert nnbp("import", ".").err.startswith(".: cannot be read: is a directory; ")
    if Path("/dev/zero").exists():
        assert "larger than 32 MB" in nnbp("import", "/dev/zero").err
    saved(Path("network.json"), [784, 30, 10])
    Path("weights.npz").write_text("my thesis")
    assert nnbp("import", "network.json").err.endswith("nnbp wrote; name another file with -o\n")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(["sizes", "weights", "biases", "cost"]), ANYTHING, min_size=1))
def test_no_json_makes_a_traceback(tmp_path: Path, values: dict[str, Any]) -> None:
    file = tmp_path / "network.json"
    file.write_text(json.dumps(saved(file, [784, 2, 10]) | values))
    with pytest.raises(NnbpError, match=r"network\.json: not a network"):
        nielsen.load(file)

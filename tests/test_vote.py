"""The vote of several networks: what it says, who may take part, and every command that counts it."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnbp_cli.config import LayerConfig
from nnbp_cli.datasets import loading
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.errors import Diverged, NnbpError
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.evaluation.score import Score
from nnbp_cli.evaluation.vote import costs_of_outputs, vote
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.activations import ACTIVATIONS
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.report import network_section
from tests.command_line import nnbp
from tests.networks import convolutional, trained, voters
from tests.page import Elements, data_of
from tests.small_run import CONVOLUTIONAL, train

FIRST = LayerConfig(maps=4, kernel=3, pool=2, activation="relu", dropout=0.1)
MEMBERS = (convolutional((FIRST,), (19, 20)), convolutional((), (19, 20), seed=1),
           convolutional((FIRST, replace(FIRST, maps=3)), (19, 20), seed=2))  # fmt: skip


@pytest.fixture(scope="module")
def elected(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """A folder with three runs on the same digits, of which one has convolutions."""
    folder = tmp_path_factory.mktemp("elected")
    (folder / "cnn.toml").write_text(CONVOLUTIONAL)
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        dense = [
            "--set",
            'network.layers=[{neurons=12, activation="tanh"}, {neurons=10, activation="softmax"}]',
        ]
        said = nnbp("train", folder / "cnn.toml", "--out", folder / name, "--data-dir", drawn, "-q",
                    "--weights", folder / "w.npz", "--set", f"training.seed={seed}",
                    *([] if name == "b" else dense))  # fmt: skip
        assert said.status == 0, said.err
    return folder


@pytest.fixture
def runs(here: Path, elected: Path) -> list[str]:
    """The same in the current directory."""
    for name in "abc":
        shutil.copytree(elected / name, name)
    return ["a", "b", "c"]


def outputs_of(members: list[Weights], x: Array) -> list[Array]:
    return [each.network.predict(each.params, x) for each in members]


def test_the_outputs_are_the_mean_whatever_the_order_and_one_alone_is_itself() -> None:
    x = np.random.default_rng(0).random((50, 19 * 20), np.float32)
    each = outputs_of(list(MEMBERS), x)
    said = voters(*MEMBERS).predict(x, "")
    assert said.dtype == np.float32
    assert np.abs(said - np.mean(each, axis=0)).max() < 1e-6
    assert np.abs(said - each[0]).max() > 0.05, "they do not say the same"
    assert np.abs(said - voters(*MEMBERS[::-1]).predict(x, "")).max() < 1e-6
    np.testing.assert_array_equal(voters(MEMBERS[0]).predict(x, ""), each[0])


def test_a_member_that_says_nothing_finite_is_named() -> None:
    wild = replace(MEMBERS[1], params=MEMBERS[1].network.parameters())
    wild.params.theta[:] = 1e38
    with pytest.raises(Diverged, match=r"^1\.npz: diverged: the outputs are not finite, .* seen here; try"):
        voters(MEMBERS[0], wild).predict(np.ones((1, 380), np.float32), "here")


def changed(**changes: Any) -> Weights:
    """`trained()`, but of other parameters, and with what is given."""
    other = trained()
    other.params.theta[:] += 1
    return replace(other, **changes)


def with_output(**changes: Any) -> Weights:
    """Random weights with another output layer."""
    first, output = trained().config.layers
    config = replace(trained().config, cost="quadratic", layers=(first, replace(output, **changes)))
    empty = replace(trained(), config=config)
    return replace(empty, params=empty.network.parameters())


def of_shape(shape: tuple[int, int]) -> Weights:
    empty = replace(trained(), shape=shape)
    return replace(empty, params=empty.network.parameters())


OTHER_DATA = replace(trained().data, name="./letters")


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        (of_shape((2, 3)), "images of 3x2 and 2x3 have no mean; name networks that are alike in it"),
        (with_output(neurons=3), "4 and 3 classes have no mean; name networks that are alike in it"),
        (with_output(activation="linear"), "sigmoid and linear outputs have no mean; name networks that are"),
        (changed(data=OTHER_DATA, digest="its own"), "learned from ./digits and ./letters; name networks of"),
        (changed(data=OTHER_DATA, digest=""), "learned from ./digits and ./letters; name networks of one"),
        (trained(), "the same network, which would vote twice; name it once"),
    ],
)  # fmt: skip
def test_who_does_not_fit_is_named_with_whom(other: Weights, wrong: str) -> None:
    with pytest.raises(NnbpError) as refusal:
        voters(changed(), trained(), other)
    assert str(refusal.value).startswith(("0.npz, 2.npz: ", "1.npz, 2.npz: ")[wrong.startswith("the same")])
    assert wrong in str(refusal.value)


def test_two_names_that_nobody_knows_the_data_of_are_two_data_sets() -> None:
    with pytest.raises(NnbpError, match=r"^0\.npz, 1\.npz: learned from \./digits and \./letters; name"):
        voters(changed(digest=""), replace(trained(), data=OTHER_DATA, digest=""))


def test_what_is_no_reason_to_refuse() -> None:
    """The same data in another place; the book's networks, of which nobody knows the data; a data set that
    has changed, which is said.
    """
    assert voters(trained(), changed(data=OTHER_DATA)).note == ""
    assert voters(trained(), changed(digest="")).note == ""
    note = "note: 0.npz and 1.npz learned from different contents of ./digits"
    assert voters(trained(), changed(digest="its own")).note == note


NAIVE: dict[str, Callable[[Array, Array], Array]] = {
    "quadratic": lambda a, y: ((a - y) ** 2).sum(axis=1) / 2,
    "cross-entropy": lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=1),
    "log-likelihood": lambda a, y: -np.log((a * y).sum(axis=1)),
}


@pytest.mark.parametrize(("name", "output"), [(c, o) for c in COSTS for o in COSTS[c].outputs])
def test_the_cost_of_outputs_is_that_of_their_numbers_and_finite(name: str, output: str) -> None:
    z = np.random.default_rng(0).standard_normal((30, 7)).astype(np.float32)
    a, y = ACTIVATIONS[output].f(z), np.eye(7)[np.arange(30) % 7]
    expected = NAIVE[name](a.astype(np.float64), y)
    np.testing.assert_allclose(costs_of_outputs(COSTS[name], a, y), expected, rtol=1e-6)
    with np.errstate(all="raise"):
        surest = ACTIVATIONS[output].f(np.float32(60) * (2 * np.eye(7, dtype=np.float32) - 1))
        wrong = costs_of_outputs(COSTS[name], surest, np.eye(7)[::-1])
    assert np.isfinite(wrong).all()
    assert wrong[0] > 0.9, "and large"


def test_the_vote_is_scored_by_its_mean() -> None:
    """Two of four images by hand: one that the surer carries, and one that both take for a 1."""
    split = Split(np.zeros((4, 6), np.uint8), np.array([0, 1, 2, 3], np.uint8))
    said = [np.eye(4)[[0, 2, 1, 3]] * 0.9, np.eye(4)[[1, 1, 1, 3]] * [[0.5], [1.0], [1.0], [0.2]]]
    empty = Score(0.0, np.zeros((4, 4), np.int64))
    answers = [Predictions(split, (3, 2), empty, each.astype(np.float32), True) for each in said]
    pair = voters(changed(), trained())
    together = vote(pair, answers)
    assert together.predicted.tolist() == [0, 1, 1, 3]
    assert together.score.accuracy == 0.75
    mean = np.clip(together.outputs.astype(np.float64), 2**-25, 1 - 2**-25)
    assert together.score.cost == pytest.approx(NAIVE["cross-entropy"](mean, np.eye(4)).mean())
    assert vote(voters(trained()), answers[:1]) is answers[0]
    other = replace(answers[1], split=replace(split, labels=split.labels[::-1]))
    with pytest.raises(NnbpError, match=r"^0\.npz, 1\.npz: have different images to be scored on; score"):
        vote(pair, [answers[0], other])


def test_members_of_different_costs_are_scored_by_the_quadratic_one() -> None:
    assert voters(trained(), changed()).cost is COSTS["cross-entropy"]
    assert voters(trained(), with_output()).cost is COSTS["quadratic"]


def test_eval_prints_each_member_and_the_vote(runs: list[str], drawn: Path) -> None:
    answer = json.loads(nnbp("eval", *runs, "--json", "--mistakes", 2).out)
    assert answer["weights"] == runs
    for member in answer["members"]:
        alone = json.loads(nnbp("eval", member["weights"], "--json").out)
        assert {key: alone[key] for key in ("weights", "accuracy", "cost")} == {
            key: member[key] for key in ("weights", "accuracy", "cost")
        }
    assert "members" not in alone
    test = loading.load("synthetic", drawn, size=600).test
    mean = np.mean(outputs_of([weights.load(Path(run)) for run in runs], scaled(test.images)), axis=0)
    right = mean.argmax(axis=1) == test.labels
    assert answer["accuracy"] == pytest.approx(right.mean())
    assert answer["cost"] == pytest.approx(-np.log(mean[np.arange(len(mean)), test.labels]).mean(), rel=1e-5)
    assert np.trace(answer["confusion"]) == right.sum()
    assert [each["confidence"] for each in answer["mistakes"]] == pytest.approx(
        np.sort(mean.max(axis=1)[~right])[:-3:-1]
    )
    said = nnbp("eval", *runs)
    assert said.err == ""
    head, _, columns, *members, blank, score = said.out.splitlines()[:8]
    assert head == f"a vote of 3 networks on {len(test.labels)} test images of synthetic"
    assert columns.split() == ["member", "accuracy", "cost", "network"]
    assert [line.split()[0] for line in members] == runs
    assert members[1].endswith("784-3@12x12-4@12x12-10")
    assert (blank, score) == ("", f"accuracy {answer['accuracy']:.2%}, cost {answer['cost']:.4f}")


def test_a_folder_of_runs_says_that_they_are_in_it(runs: list[str]) -> None:
    said = "there are runs in .; name one, or several, which vote"
    assert nnbp("eval", ".").err == f"weights.npz: no such file; {said}\n"
    Path("runs").mkdir()
    for run in runs:
        Path(run).rename(Path("runs", run))
    for command in ("report", "plot"):
        said = "runs: no run, but there are runs in it; name one, or several\n"
        assert nnbp(command, "runs").err == said
        assert nnbp(command, "runs", "runs/a").err == f"left out: {said}"
    Path("runs/b").rename("runs/a/b")
    assert nnbp("plot", "runs/a").status == 0, "a run, whatever else is in it"


def test_predict_reads_by_the_mean(runs: list[str], drawn: Path) -> None:
    image = loading.load("synthetic", drawn, size=600).test.images[0].reshape(28, 28)
    Image.fromarray(255 - np.kron(image, np.ones((9, 9), np.uint8))).save("digit.png")

    def outputs(*networks: str) -> Array:
        (picture,) = json.loads(nnbp("predict", *networks, "digit.png", "--json").out)["pictures"]
        (digit,) = picture["digits"]
        return np.array(digit["outputs"])

    shutil.copy("c/weights.npz", "c.npz")
    together = outputs("a", "b", "c.npz")
    assert np.abs(together - np.mean([outputs(run) for run in runs], axis=0)).max() < 1e-6
    assert json.loads(nnbp("predict", "a", "b", "digit.png", "--json").out)["weights"] == ["a", "b"]
    for line, wrong in (
        (("a", "b"), "name the pictures, after the weights if any are named"),
        (("a", "pictures", "b"), "'b' is no picture; name all weights before the first one"),
        (("a", "digit.png", "b"), "'b' is no picture; name all weights before the first one"),
        (("a", "digit.png", "c.npz"), "'c.npz' is no picture; name all weights before the first one"),
    ):
        said = nnbp("predict", *line)
        assert (said.status, said.out) == (2, "")
        assert said.err == f"nnbp predict: {wrong}; see 'nnbp predict --help'\n"
    Path("pictures").mkdir()
    assert (
        nnbp("predict", "a", "pictures").err
        == "pictures: no pictures in this folder; name another, or files\n"
    )


@pytest.mark.parametrize("command", ["eval", "predict", "export"])
def test_each_command_refuses_who_may_not_vote(runs: list[str], command: str) -> None:
    shutil.copy("a/weights.npz", "copy.npz")
    weights.save(Path("small.npz"), MEMBERS[0])
    sick = weights.load(Path("b"))
    sick.params.layers[0][0][1, 2, 0, 0] = np.nan
    weights.save(Path("sick.npz"), sick)
    more = {"eval": [], "predict": ["digit.png"], "export": ["vote.onnx"]}[command]
    for other, wrong in (
        ("copy.npz", "a, copy.npz: the same network, which would vote twice; name it once"),
        ("small.npz", "b, small.npz: images of 28x28 and 19x20 have no mean; name networks that are alike"),
        ("sick.npz", "sick.npz: damaged or not an nnbp weights file: member 'layers.0.W' holds numbers that"),
    ):
        said = nnbp(command, "b", "a", other, *more)
        assert (said.status, said.out, said.err.count("\n")) == (1, "", 1)
        assert said.err.startswith(wrong)
    assert not Path("vote.onnx").exists()


def test_a_split_that_is_not_the_same_for_all_is_no_vote(runs: list[str]) -> None:
    line = ("--set", "data.train=200", "--set", "data.validation=300", "--set", "training.seed=9")
    assert train("--out", "d", "-q", *line).status == 0
    assert train("--out", "e", "-q").status == 0
    assert nnbp("eval", "d", "e").status == 0, "the test images are the same"
    said = nnbp("eval", "d", "e", "--split", "validation")
    assert (said.status, said.out) == (1, "")
    assert said.err == "d, e: have different images to be scored on; score each by itself\n"


def test_the_page_of_a_vote_is_about_the_mean_and_lists_who_votes(runs: list[str]) -> None:
    assert train("--out", "lost", "-q").status == 0
    Path("lost/weights.npz").unlink()
    said = nnbp("report", "--vote", *runs, "lost")
    assert (said.status, said.out) == (0, "wrote report.html\n")
    assert said.err.startswith("lost: no weights yet"), "who has none does not vote"
    page = Path("report.html").read_text()
    words = Elements(page).words
    assert re.findall(r">([^<]*)</h2>", page) == [
        "Figures", "Who votes", "Draw a digit", "How they learned", "Confusion", "Worst mistakes",
        "Calibration", "What the configs differ in", "How they were made",
    ]  # fmt: skip
    answer = json.loads(nnbp("eval", *runs, "--json").out)
    each = [f"{member['accuracy']:.2%}{member['cost']:.4f}" for member in answer["members"]]
    vote = f"{answer['accuracy']:.2%}{answer['cost']:.4f}"
    for row in (*(f"{run}{figures}" for run, figures in zip(runs, each)), f"the vote{vote}"):
        assert row in words
    assert (
        f"log-likelihood of the meanone alone{np.mean([m['accuracy'] for m in answer['members']]):.2%}"
        in words
    )
    assert "A vote of 3 networksa, b, c: the mean of their outputs" in words.replace("\n", "")
    cells = {cell: int(n) for cell, n in re.findall(r'data-cell="([\d,]+)" aria-label="[^"]*">(\d+)<', page)}
    assert cells == {
        f"{t},{s}": n for t, row in enumerate(answer["confusion"]) for s, n in enumerate(row) if n
    }
    assert len(data_of(page)["networks"]) == 3
    for run in runs:
        assert f"nnbp train --config {run}/config.toml" in words


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (("a",), "a: has nobody to vote with; name two runs or more that have ended"),
        (("a", "a"), "a: has nobody to vote with; name two runs or more that have ended"),
        (("a", "copy"), "a, copy: the same network, which would vote twice; name it once"),
    ],
)
def test_a_page_of_a_vote_has_two_voters_at_least(
    runs: list[str], line: tuple[str, ...], refused: str
) -> None:
    shutil.copytree("a", "copy")
    assert nnbp("report", "--vote", *line).err == f"{refused}\n"
    assert not Path("report.html").exists()


def test_all_networks_of_a_vote_count_for_the_size_of_the_page(
    runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = voters(*(weights.load(Path(run)) for run in runs)).size
    for limit, fits in ((size, True), (size - 1, False)):
        monkeypatch.setattr(network_section, "MAX_PAGE_PARAMETERS", limit)
        assert nnbp("report", "--vote", *runs).status == 0
        page = Path("report.html").read_text()
        assert ("networks" in data_of(page)) == fits
        assert (f"The 3 networks have {size:,} parameters, too many to put into a page." in page) != fits

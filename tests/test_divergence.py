"""A cost or an output that is not finite is a divergence, wherever it is seen: status 1, a line, no NaN."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nnbp_cli.config import TrainingConfig
from nnbp_cli.datasets.readers import idx
from nnbp_cli.errors import Diverged
from nnbp_cli.evaluation.score import Score, complete, evaluate
from nnbp_cli.models import weights
from nnbp_cli.models.export import export
from nnbp_cli.nn import costs, initializers
from nnbp_cli.nn.activations import linear
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.runs import checkpoint
from nnbp_cli.system import json_text
from nnbp_cli.training import loop
from nnbp_cli.wording import MISSING
from tests.command_line import Said, nnbp
from tests.datasets import blobs
from tests.networks import dense, trained, voters
from tests.small_run import CONFIG, train

TRAINING = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.5)
REMEDY = "; try a smaller learning_rate, or another initializer"


def assert_diverged(said: Said, where: str, seen: str) -> None:
    assert (said.status, said.out) == (1, "")
    last = said.err.splitlines()[-1]
    assert last.startswith(f"{where}: diverged: ")
    assert f"not finite, the largest numbers are in layer 1, seen {seen}" in last
    assert last.endswith(REMEDY)
    assert "nan" not in last


# One step with all images at a rate that leaves every parameter finite, and no output.
WILD = ["training.learning_rate=1e20", "training.batch_size=500", "training.l2=0.0", "training.epochs=1"]


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize(
    ("watch", "seen"),
    [
        ('["validation accuracy"]', "on the validation images after batch 1 of epoch 1"),
        ('["test cost", "validation cost"]', "on the validation images after batch 1 of epoch 1"),
        ('["training accuracy"]', "on the training images after batch 1 of epoch 1"),
        ("[]", "when the weights of epoch 1 were scored"),
    ],
)
def test_a_run_diverges_whatever_it_watches(here: Path, watch: str, seen: str) -> None:
    assert train("--out", "good", "-q").status == 0
    before = (here / "weights.npz").read_bytes()
    more = [*WILD, f"training.watch={watch}", "training.keep=last"]
    said = train("--out", "run", "--json", "-q", *(part for each in more for part in ("--set", each)))
    assert_diverged(said, "training", seen)
    assert (here / "weights.npz").read_bytes() == before
    assert not (here / "run" / "weights.npz").exists()


def test_a_run_whose_last_scores_alone_diverge_replaces_no_weights(here: Path) -> None:
    """The images that train are blank, so only the biases show. AdamW makes all of theta so large that they
    are still finite, and what the weights make of the ink on the test images is not.
    """
    (here / "mine").mkdir()
    labels = np.arange(60, dtype=np.uint8) % 10
    for stem, level in (("train", 0), ("t10k", 255)):
        images = np.full((60, 28, 28), level, np.uint8)
        idx.write(here / "mine" / f"{stem}-images-idx3-ubyte", images)
        idx.write(here / "mine" / f"{stem}-labels-idx1-ubyte", labels)
    (here / "small.toml").write_text(CONFIG.replace('"synthetic"\nsize = 600', '"./mine"'))
    one_layer = ["network.layers=[{neurons = 10, activation = 'softmax'}]", "network.initializer=large"]
    more = ["training.batch_size=50", "training.epochs=1", "training.l2=0.0", "training.optimizer=adamw"]
    settings = [part for each in [*one_layer, *more] for part in ("--set", each)]

    def run(out: str, decay: float) -> Said:
        return train("--out", out, "-q", *settings, "--set", f"training.weight_decay={decay}")

    assert run("tame", 1.0).status == 0
    before = (here / "weights.npz").read_bytes()
    said = run("wild", 2e38)
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("training: diverged: the outputs are not finite, ")
    assert said.err.endswith(f"seen when the weights of epoch 1 were scored{REMEDY}\n")
    assert (here / "weights.npz").read_bytes() == before
    assert not (here / "wild" / "weights.npz").exists()
    assert len((here / "wild" / "log.csv").read_text().splitlines()) == 2, "its one epoch was sound"
    assert np.isfinite(checkpoint.load(here / "wild" / "checkpoint.npz").state.params.theta).all()


@pytest.fixture
def wild(here: Path, trained_run: Path) -> Path:
    """A run whose weights are finite, though what comes out of the network is not."""
    shutil.copytree(trained_run, "run")
    learned = weights.load(here / "run")
    learned.params.theta[:] *= np.float32(1e25)
    weights.save(here / "run" / "weights.npz", learned)
    return here


@pytest.mark.parametrize(
    ("arguments", "where", "seen"),
    [
        ("eval run", "run", "on the test images"),
        ("eval run/weights.npz --split train --json", "run/weights.npz", "on the train images"),
        ("eval run --mistakes 3 --json", "run", "on the test images"),
        ("plot run --what confusion", "run", "on the test images"),
        ("plot run --what calibration -o c.svg", "run", "on the test images"),
        ("report run", "run", "on the test images"),
        ("export run model.onnx", "run", "on an image of ink alone"),
        ("export run model.safetensors", "run", "on an image of ink alone"),
    ],
)
def test_weights_that_diverge_are_no_result_of_any_command(
    wild: Path, arguments: str, where: str, seen: str
) -> None:
    before = {path.name for path in wild.iterdir()}
    assert_diverged(nnbp(*arguments.split()), where, seen)
    assert {path.name for path in wild.iterdir()} == before, "nothing was written"


def test_a_run_whose_weights_diverge_is_named_and_left_out_of_a_report_on_several(
    wild: Path, trained_run: Path
) -> None:
    said = nnbp("report", "run", trained_run)
    assert (said.status, said.out) == (0, "wrote report.html\n")
    assert said.err.startswith("left out: run: diverged: ")


def test_predict_says_nothing_that_a_diverged_network_says(wild: Path) -> None:
    picture = Image.new("L", (60, 60))
    ImageDraw.Draw(picture).line([(30, 8), (30, 50)], fill=255, width=6)
    picture.save("one.png")
    for more in ((), ("--json",), ("-q",)):
        said = nnbp("predict", "run", "one.png", "one.png", *more)
        assert said.status == 1
        assert said.out == ('{"weights": "run", "pictures": []}\n' if more == ("--json",) else "")
        lines = said.err.splitlines()
        assert len(lines) == 2
        assert all(line.startswith("run: diverged: the outputs are not finite, ") for line in lines)
        assert all(line.endswith(f"seen on one.png{REMEDY}") for line in lines)


@pytest.mark.parametrize(("size", "l2"), [(1e22, 0.0), (1e22, 1.0), (1e19, 1.0)])
def test_a_cost_that_is_not_finite_is_a_divergence_though_the_outputs_are(size: float, l2: float) -> None:
    network = dense([12, 5], [linear], costs.quadratic)
    params = network.parameters()
    params.weights[::2] = size  # squared, it is more than a float32 holds; outputs of it are not
    penalty = Penalty(l2=l2, images=120)
    said = r"^evaluation: diverged: the cost is not finite, .* layer 0, seen on these images; try a smaller"
    with np.errstate(all="ignore"), pytest.raises(Diverged, match=said):
        complete(evaluate(network, params, blobs().test, penalty))


def test_weights_as_large_as_can_be_are_exported_where_the_outputs_are_finite(tmp_path: Path) -> None:
    learned = trained()  # with an output layer of sigmoids
    learned.params.theta[:] *= np.float32(1e18)
    export(voters(learned), tmp_path / "model.safetensors")


def test_a_gradient_at_a_cost_that_is_not_finite_is_not_checked(here: Path) -> None:
    wild = ("--set", "training.l1=1e308", "--set", "network.initializer=large", "--json")
    for neurons in (3, 40):
        more = (*wild, "--set", f"network.layers.0.neurons={neurons}")
        said = "the cost at the initial weights is not finite; try another initializer, fewer layers or a"
        refused = f"small.toml: diverged: {said} weaker penalty\n"
        assert nnbp("gradcheck", "--config", "small.toml", *more) == Said(1, "", refused)


def test_an_optimizer_that_remembers_what_is_not_finite_is_named() -> None:
    network = dense([12, 5], [linear], costs.quadratic)
    state = loop.initial_state(network, initializers.default, replace(TRAINING, optimizer="momentum"))
    state.optimizer_state[0, 3] = np.inf
    with pytest.raises(Diverged, match=r"^training: diverged: what the optimizer remembers is not finite, "):
        loop.check_finite(state)


def test_a_layer_speed_that_is_not_finite_is_named() -> None:
    network = dense([12, 7, 5], [linear, linear], costs.quadratic)
    training = replace(TRAINING, watch=("layer speed",), keep="last")
    state = loop.initial_state(network, initializers.default, training)
    (_, _), (W, b) = state.params.layers
    W[:], b[:] = 0, 1e30  # so that no error goes back; squared, it is more than a float32 holds
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="diverged: layer speed 2 is not finite, "):
        list(loop.train(network, blobs(), training, state))


# What is undefined


def test_precision_of_what_is_never_said_is_undefined_and_recall_of_what_never_was() -> None:
    score = Score(0.5, np.array([[0, 0, 0], [2, 6, 0], [1, 0, 0]]))
    assert score.precision == [0.0, 1.0, None]
    assert score.recall == [None, 0.75, 0.0]


def test_what_is_undefined_is_a_dash_in_eval_and_in_the_report_and_null_in_json(here: Path) -> None:
    assert train("--out", "run", "-q", "--set", "training.learning_rate=1e-9").status == 0
    learned = weights.load(here / "run")
    learned.params.layers[-1][1][7] = -1e9  # it never says 7
    weights.save(here / "run" / "weights.npz", learned)
    scored = json.loads(nnbp("eval", "run", "--json").out)
    assert scored["precision"][7] is None
    assert scored["recall"][7] == 0.0
    *_, last = nnbp("eval", "run").out.splitlines()
    assert last.split()[8] == "-"
    assert nnbp("report", "run").status == 0
    foot = (here / "report.html").read_text(encoding="utf-8").partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert foot.count(f">{MISSING}<") == sum(each is None for each in scored["precision"])


def test_json_knows_no_number_that_is_not_finite() -> None:
    nan, infinite = float("nan"), float("inf")
    for value in (nan, infinite, [1, {"a": -infinite}], np.float64("nan")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            json_text.dumps(value)
    for text in ("NaN", "[1, Infinity]", '{"a": -Infinity}'):
        with pytest.raises(ValueError, match="is no number"):
            json_text.loads(text)
    finite = [json_text.finite(each) for each in (0.5, nan, infinite)]
    assert json_text.dumps(finite) == "[0.5, null, null]"

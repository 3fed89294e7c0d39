"""`nnbp report`: what is in the page, without a browser."""

import base64
import hashlib
import io
import json
import re
import shutil
import webbrowser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnbp_cli.datasets.dataset import Split
from nnbp_cli.datasets.readers import idx
from nnbp_cli.evaluation.calibration import calibration
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.evaluation.score import Score
from nnbp_cli.models import weights
from nnbp_cli.report import axes, charts, sprites
from nnbp_cli.report.markup import Markup, filled, script_data, tag
from nnbp_cli.report.mistakes import reliability, worst
from nnbp_cli.wording import MISSING, duration
from tests.command_line import nnbp
from tests.page import Elements, data_of, page_of
from tests.small_run import CONFIG, WATCH, train


@pytest.fixture
def run(here: Path, trained_run: Path) -> Path:
    """A run called as nobody should call one."""
    return shutil.copytree(trained_run, Path('a "run" <b>&amp;'))


def test_the_page_has_everything_and_escapes_it(run: Path) -> None:
    page = page_of(run)
    words = Elements(page).words
    assert not {"img", "iframe", "link", "base", "object", "form"} & set(re.findall(r"<(\w+)", page))
    assert f"<title>{run.name}" not in page
    assert re.findall(r">([^<]*)</h2>", page) == [
        "Figures", "Draw a digit", "How it learned", "Confusion", "Worst mistakes", "Calibration",
        "First weights", "How it was made",
    ]  # fmt: skip
    assert re.findall(r"<figcaption>([A-Z][^<]*)</figcaption>", page) == [
        "What the network sees", "Cost", "Accuracy, %", "Learning rate", "Speed of a layer, |delta|",
    ]  # fmt: skip
    summary = json.loads((run / "summary.json").read_text())
    for part in (
        run.name,
        f"{summary['test']['accuracy']:.2%}",
        summary["data"]["digest"],
        summary["versions"]["numpy"],
        "nnbp train --config 'a \"run\" <b>&amp;/config.toml'",
        "learning_rate = 0.1",
    ):
        assert part in words


def test_the_figures_of_a_run_are_those_of_its_summary_or_what_there_is_without_it(run: Path) -> None:
    def figures(page: str) -> dict[str, tuple[str, str]]:
        box = r'<div><dt>([^<]*)</dt><dd>([^<]*)</dd><dd class="remark">([^<]*)</dd>'
        return {name: (value, remark) for name, value, remark in re.findall(box, page)}

    page, told = page_of(run), json.loads((run / "summary.json").read_text())
    shown, test, kept = figures(page), told["test"], told["kept_epoch"]
    accuracy, wrong = test["accuracy"], round(120 * (1 - test["accuracy"]))
    assert re.fullmatch(r"[\d.]+% sure on average", shown.pop("calibration error")[1])
    assert shown == {
        "test accuracy": (f"{accuracy:.2%}", f"{wrong} of 120 wrong"),
        "test cost": (f"{test['cost']:.4f}", "log-likelihood and penalty"),
        "validation accuracy": (f"{told['validation']['accuracy']:.2%}", f"kept: epoch {kept}"),
        "parameters": ("9,550", "784-12-10"),
        "training": (duration(told["seconds"]["training"]), "3 epochs"),
    }
    assert f"The dotted line is epoch {kept}, whose weights were kept." in page
    (run / "summary.json").write_text(json.dumps(told | {"epochs_at_most": 9, "ended": "no better cost"}))
    assert figures(page_of(run))["training"][1] == "3 of 9 epochs, no better cost"
    for name in ("summary.json", "weights.npz"):
        (run / name).unlink()
    assert nnbp("report", run).status == 0
    page = Path("report.html").read_text()
    assert figures(page) == {"epochs so far": ("3", "of 3")}
    assert "The dotted line" not in page


def test_the_policy_admits_this_very_style_and_script_and_nothing_else(run: Path) -> None:
    page = page_of(run)
    before, _, _ = page.partition("<style")
    (policy,) = re.findall(r'Security-Policy" content="([^"]*)"', before)
    assert "<script" not in before
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    _, script = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    of_script, of_style = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)
    )
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{of_script}'; style-src 'sha256-{of_style}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    for name, value in ((name, value or "") for _, name, value in Elements(page).attributes):
        assert name not in ("style", "src", "srcset")
        assert not name.startswith("on")
        assert name != "href" or value.startswith("#")
    rules = re.sub(r"url\(data:image/png;base64,[\w+/=]+\)", "", style)
    assert not re.search(r"url|@import|//\w", rules + script.replace("// ", ""))


def test_no_text_in_the_data_ends_their_element_or_begins_another() -> None:
    """A name may get there: of a run, a data set, a class."""
    hostile = {"</script><script>window.x=1</script>": ["<!--<script>", "</SCRIPT >", "&lt;$data"]}
    parts = dict.fromkeys(("title", "policy", "version", "style", "headline", "navigation", "sections"), "")
    page = filled("page.html", **parts, data=script_data(hostile), script=Markup("start()")).text
    assert [name for name in re.findall(r"<(/?\w+)", page) if "script" in name] == ["script", "/script"] * 2
    assert data_of(page) == hostile


def test_the_network_in_the_page_is_the_one_that_was_kept(run: Path) -> None:
    network = data_of(page_of(run))["networks"][0]
    theta = np.frombuffer(base64.b64decode(network["theta"]), "<f4")
    assert np.array_equal(theta, weights.load(run).params.theta)
    assert [tuple(layer.values()) for layer in network["layers"]] == [(12, "relu", {}), (10, "softmax", {})]


def test_the_matrix_is_that_of_eval_and_its_digits_are_the_ones_it_counts(run: Path) -> None:
    page = page_of(run)
    confusion = json.loads(nnbp("eval", run, "--json").out)["confusion"]
    buttons = re.findall(r'data-cell="([\d,]+)" aria-label="[^"]*">(\d+)<', page)
    shown = {cell: int(count) for cell, count in buttons}
    assert shown == {f"{t},{s}": n for t, row in enumerate(confusion) for s, n in enumerate(row) if n}
    cells = data_of(page)["cells"]
    digits = {cell: len(found["images"]) for cell, found in cells.items()}
    assert digits == {cell: min(40, count) for cell, count in shown.items()}
    places = 0
    for found in cells.values():
        assert (found["first"], len(found["confidence"])) == (places, len(found["images"]))
        places += len(found["images"])


def test_the_surest_mistakes_come_first_and_the_least_sure_of_the_right_answers() -> None:
    """Seven images of a 0: taken for a 1 with 0.6, 0.9, 0.7, for a 2 with 0.8, recognized with the rest."""
    outputs = np.array([[0.1, 0.6, 0], [0, 0.9, 0.1], [0.3, 0.7, 0], [0.1, 0.1, 0.8],
                        [0.9, 0, 0.1], [0.5, 0.4, 0], [0.7, 0, 0]])  # fmt: skip
    split = Split(np.zeros((7, 4), np.uint8), np.zeros(7, np.uint8))
    score = Score(0.0, np.array([[3, 3, 1], [0, 0, 0], [0, 0, 0]]))
    given = Predictions(split, (2, 2), score, outputs, is_probability=True)
    assert given.worst_mistakes(3).tolist() == [1, 3, 2]
    cells = [(true, predicted, images.tolist()) for true, predicted, images in given.cells(2)]
    assert cells == [(0, 0, [5, 6]), (0, 1, [1, 2]), (0, 2, [3])]
    sheet, shown = worst(given) or pytest.fail("there are mistakes")
    assert sheet.shape == (4, 2, 2)
    assert "<b>1</b> 90.0%<span>is 0</span>" in shown.text
    assert worst(replace(given, outputs=np.eye(3)[split.labels])) is None
    for share, than in ((0.9, "less often than"), (0.2, "more often than"), (0.5, "as often as")):
        half = Score(0.0, np.array([[4, 4], [0, 0]]))
        alike = replace(given, outputs=np.full((7, 3), [share, 0, 0]), score=half)
        text = reliability(alike, calibration(alike.confidence, alike.correct)).text
        assert f"sure and right in 50.0%: it is right {than} it is sure. " in text


def test_without_test_images_the_page_says_so(run: Path, tmp_path: Path) -> None:
    learned = weights.load(run)
    elsewhere = replace(learned.data, name="mnist", size=None, seed=None)
    weights.save(run / "weights.npz", replace(learned, data=elsewhere))
    said = nnbp("report", run, "--data-dir", tmp_path / "none")
    assert said.status == 0
    assert said.err.startswith("without test images no confusion matrix, mistakes and calibration: ")
    page = Path("report.html").read_text()
    words = Elements(page).words
    test = json.loads((run / "summary.json").read_text())["test"]
    for part in (said.err.strip(), "Draw a digit", f"{test['accuracy']:.2%}", f"{test['cost']:.4f}"):
        assert part in words
    assert "Confusion</h2>" not in page
    assert "cells" not in data_of(page)
    assert nnbp("report", run, "--data-dir", tmp_path / "none", "-q").err == ""


def test_a_run_that_has_not_ended_shows_its_curves(run: Path) -> None:
    (run / "weights.npz").unlink()
    (run / "summary.json").unlink()
    said = nnbp("report", run)
    assert said.status == 0
    assert "no weights yet, only curves; 'nnbp train --resume" in said.err
    page = Path("report.html").read_text()
    assert "<figcaption>Cost</figcaption>" in page
    assert "Draw a digit" not in page


def test_a_run_that_watched_nothing_has_no_curves(here: Path) -> None:
    train("--out", "run", "-q", "--set", "training.watch=[]", "--set", "training.keep=last")
    assert "Nothing was watched" in page_of("run")


def test_several_runs_are_compared(run: Path) -> None:
    finish = ("--set", "training.finish={epochs=1, learning_rate=0.01}")
    rates = ("--set", "training.learning_rate=0.2", "--set", "training.l1=0.01")
    train("--out", "other/faster", "-q", *rates, *finish, "--set", "data.augment.shift=1")
    shutil.copytree("other/faster", "another/faster")
    page = page_of(run, "other/faster", "another/faster", run)
    words = Elements(page).words
    assert "3 runs compared" in words, "a run given twice is one"
    assert "training.learning_rate0.10.20.2" in words
    assert "training.l10.00.010.01" in words
    assert f"training.finish.epochs{MISSING}11training.finish.learning_rate{MISSING}0.010.01" in words
    assert f"data.augment.shift{MISSING}1.01.0" in words
    assert "training.batch_size" not in words
    legends = re.findall(r"</svg>([^<]*)</li>", page)
    assert {"other/faster, training", "another/faster, training"} <= set(legends)
    assert "The configs of these runs are the same." in page_of("other/faster", "another/faster")


def test_images_of_another_size_have_no_pad(here: Path) -> None:
    rng = np.random.default_rng(1)
    for part, count in (("train", 60), ("t10k", 30)):
        idx.write(here / f"{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 5, 7), np.uint8))
        idx.write(here / f"{part}-labels-idx1-ubyte.gz", np.arange(count, dtype=np.uint8) % 10)
    Path("small.toml").write_text(CONFIG.replace('"synthetic"\nsize = 600', '"."'))
    assert train("--out", "run", "-q").status == 0
    page = page_of("run")
    assert "The pad makes images of 28x28, and this network reads 5x7." in page
    assert "calc(var(--side)*5/7)" in page
    assert "Confusion</h2>" in page


def test_it_opens_the_page_when_asked(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)  # which says None: no browser
    assert (nnbp("report", run).err, opened) == ("", [])
    assert nnbp("report", run, "--open").err == "no browser was found; open report.html in one\n"
    assert opened == [Path("report.html").resolve().as_uri()]


def test_markup_escapes_what_is_not_markup() -> None:
    content = ("a < b", tag("b", '"&"'), Markup("<i></i>"))
    made = tag("p", *content, class_='"', data_x="<&", hidden=True, id=None)
    assert made.text == (
        '<p class="&quot;" data-x="&lt;&amp;" hidden>a &lt; b<b>&quot;&amp;&quot;</b><i></i></p>'
    )
    assert tag("a", x=1.0, y=2.126, z=12345678.0).text == '<a x="1" y="2.13" z="12345678"></a>'


def test_a_sheet_has_each_picture_in_its_place() -> None:
    W = np.linspace(-2, 2, 23 * 6, dtype=np.float32).reshape(23, 6)
    sheet = sprites.weights("w", W, (2, 3), largest=1.0)
    assert sheet.shape == (23, 2, 3)
    with Image.open(io.BytesIO(sheet.png)) as picture:  # which checks every checksum
        assert (picture.format, picture.mode) == ("PNG", "P")
        grid = np.asarray(picture.convert("RGBA"))
    assert grid.shape == (4, 60, 4)
    assert (grid[:2, :3] == sprites.DIVERGING[0]).all(), "the lowest are all blue"
    assert (grid[2:, 6:9] == sprites.DIVERGING[-1]).all(), "and the last, in the second line, all red"
    assert not grid[2:, 9:, 3].any(), "where none is, nothing"
    assert 'class="picture w x2 y1" role="img" aria-label="last"' in sheet.picture(22, "last").text
    assert [*sprites.sprite_css(23)][-1] == ".y1{background-position-y:calc(var(--tall)*-1)}\n"


def test_calibration_by_hand() -> None:
    """Three answers that are 95% sure, of which two are right, and one that is 30% sure and wrong."""
    confidence, right = np.array([0.95, 0.95, 0.95, 0.3]), np.array([True, True, False, False])
    bins = calibration(confidence, right)
    assert bins.counts.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 3]
    assert bins.accuracy[[2, 9]] == pytest.approx([0, 2 / 3])
    assert bins.error == pytest.approx((3 * (0.95 - 2 / 3) + 0.3) / 4)
    assert calibration(np.array([0.0, 1.0]), np.array([True, True])).counts[[0, 9]].tolist() == [1, 1]
    assert "3 answers, 95.0% sure on average, 66.67% right" in charts.reliability(bins).text


@pytest.mark.parametrize(
    ("axis", "ends", "ticks"),
    [
        (axes.linear([94.06, 98.9], 0, 1), (94, 99), (94, 95, 96, 97, 98, 99)),
        (axes.linear([0.167, 0.236], 0, 1), (0.16, 0.24), (0.16, 0.18, 0.2, 0.22, 0.24)),
        (axes.linear([5, 5], 0, 1), (4.4, 5.6), (4.4, 4.6, 4.8, 5, 5.2, 5.4, 5.6)),
        (axes.linear([0], 0, 1), (-1, 1), (-1, -0.5, 0, 0.5, 1)),
        (axes.integer([1, 4], 0, 1), (1, 4), (1, 2, 3, 4)),
        (axes.integer([1, 30], 0, 1), (1, 30), (1, 10, 20, 30)),
        (axes.integer([0, 2], 0, 1), (0, 2), (0, 1, 2)),
        (axes.integer([90, 100], 0, 1), (90, 100), (90, 92, 94, 96, 98, 100)),
        (axes.logarithmic([0.009, 1.7], 0, 1), (0.005, 2), (0.01, 0.1, 1)),
        (axes.logarithmic([0.3, 4], 0, 1), (0.2, 5), (0.2, 0.5, 1, 2, 5)),
        (axes.logarithmic([1, 100], 0, 1), (1, 100), (1, 2, 5, 10, 20, 50, 100)),
        (axes.logarithmic([3e-9, 1], 0, 1), (2e-9, 1), (1e-7, 1e-5, 1e-3, 0.1)),
    ],
)
def test_axes_end_at_round_numbers(
    axis: axes.Axis, ends: tuple[float, float], ticks: Sequence[float]
) -> None:
    assert (axis.low, axis.high) == pytest.approx(ends)
    assert axis.ticks == pytest.approx(ticks)
    assert (axis.at(axis.low), axis.at(axis.high)) == pytest.approx((0, 1))


def test_curves_of_any_number_are_drawn_or_left_out(here: Path) -> None:
    Path("odd").mkdir()
    Path("small.toml").rename("odd/config.toml")
    Path("odd/log.csv").write_text(
        "epoch,learning_rate,seconds,training_cost,validation_cost,layer_speed_1,layer_speed_2\n"
        "0,nan,0,1,0,0,1\n1,1e-300,1,1e99,0,0,1e-5\n2,0.5,1,-1e99,0,0,2e99\n1e9,0.25,1,3,0,0,1\n"
    )
    page = page_of("odd", "-q")
    assert not any("nan" in points for points in re.findall(r'points="([^"]*)"', page))
    assert "<figcaption>Speed of a layer, |delta|</figcaption>" in page
    Elements(page)


@pytest.mark.mnist
def test_a_run_of_thirty_epochs_is_a_small_page(here: Path, real_data: Path) -> None:
    """The book's 784-100-10: the page is under 3 MB, however many mistakes there are."""
    real = CONFIG.replace('"synthetic"\nsize = 600', '"mnist"\ntrain = 300\nvalidation = 300')
    Path("small.toml").write_text(real.replace("neurons = 12", "neurons = 100"))
    more = ["--set", "training.epochs=30", "--set", WATCH]
    assert train("--out", "run", "-q", "--data-dir", real_data, *more).status == 0
    assert len(page_of("run", "--data-dir", real_data)) < 3_000_000

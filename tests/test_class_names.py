"""Classes are called by their names wherever a network's answers are shown, and many of them can be read."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager
from PIL import Image

from nnbp_cli.datasets.dataset import Split
from nnbp_cli.evaluation.pictures import Prediction
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.evaluation.saved import EvaluationResult
from nnbp_cli.evaluation.score import Score
from nnbp_cli.models import weights
from nnbp_cli.plots import network
from nnbp_cli.report import mistakes, sprites
from nnbp_cli.terminal.evaluation import digit_lines, score_lines
from tests.command_line import nnbp
from tests.datasets import own_digits
from tests.small_run import replace

NAMES = ("zero", "one", "two <b>", "three", "four", "five", "six $x$", "seven", "eight", "nine of many names")


@pytest.fixture
def named(here: Path) -> Path:
    """A run on digits whose classes have names."""
    own = own_digits(here / "own")
    (own / "classes.txt").write_text("\n".join(NAMES) + "\n")
    replace(here / "small.toml", 'name = "synthetic"\nsize = 600', 'name = "own"\nvalidation = 30')
    assert nnbp("train", "small.toml", "--out", "run", "-q").status == 0
    return here / "run"


def test_names_are_shown_wherever_answers_are(named: Path) -> None:
    assert weights.load(named).class_names == NAMES
    scored = nnbp("eval", named, "--mistakes", 3).out
    rows = re.findall(r"^ *(\S.*?) +[\d.]+ .*[%-]$", scored, re.MULTILINE)
    assert [name for name in rows if name in NAMES] == list(NAMES)
    assert re.search(f"said ({'|'.join(map(re.escape, NAMES))}), [0-9.]+% sure", scored)
    plain = json.loads(nnbp("eval", named, "--mistakes", 3, "--json").out)
    worst = plain["mistakes"][0]
    assert plain["classes"] == list(NAMES)
    assert worst["classes"] == [NAMES[worst["true"]], NAMES[worst["predicted"]]]

    picture = np.full((60, 60), 255, np.uint8)
    picture[10:50, 28:33] = 0
    Image.fromarray(picture).save("one.png")
    read = json.loads(nnbp("predict", named, "one.png", "--json").out)["pictures"][0]["digits"][0]
    assert read["class"] == NAMES[read["predicted"]]
    said = nnbp("predict", named, "one.png", "-q").out
    assert said == f"one.png: {read['class']}\n"

    assert nnbp("report", named).status == 0
    page = Path("report.html").read_text()
    for name in NAMES:
        escaped = name.replace("<", "&lt;").replace(">", "&gt;")
        assert page.count(f'<th scope="row">{escaped}</th>') == 2, "of the matrix and of the pad"
    for what in ("confusion", "mistakes"):
        assert nnbp("plot", named, "--what", what, "-o", f"{what}.svg").status == 0
    assert {"zero", "six $x$", "nine of many\u2026"} <= {
        *re.findall(r">([^<>]+)</text>", Path("confusion.svg").read_text())
    }


def test_weights_and_data_that_call_classes_otherwise_are_said(named: Path) -> None:
    (named.parent / "own" / "classes.txt").write_text("\n".join(NAMES[::-1]))
    said = nnbp("eval", named)
    note = "is called 'nine of many names' where these weights know 'zero'; classes go by their order, "
    assert said.err == f"note: a class of {named.parent / 'own'} {note}whatever their names\n"
    file = named.parent / "own" / "classes.txt"
    expected = "expected the name of each class on a line, 256 at most, and 10 at least"
    for text, wrong in (
        ("just one", f"{expected}; it has 1"),
        ("\n".join("零一二三四五六七八九"), "not UTF-8 text; save it as UTF-8"),
        ("\n".join("abcdbefghi"), "two classes are called 'b'; give each a name of its own"),
    ):
        file.write_text(text, "gbk")
        assert nnbp("eval", named).err == f"{file}: {wrong}\n"


def test_names_and_numbers_are_different_names(named: Path) -> None:
    other = own_digits(named.parent / "other", training=120)
    note = f"note: a class of {other} is called '0' where these weights know 'zero'; "
    assert note in nnbp("eval", named, "--data", other).err
    more = ("--set", f"data.name={other}", "--set", "training.epochs=1")
    assert note in nnbp("train", "small.toml", "--out", "more", "--from", named, *more).err
    said = nnbp("eval", "more", "--data", named.parent / "own").err
    assert "is called 'zero' where these weights know '0'; " in said


def test_weights_that_lack_names_get_those_of_the_data(named: Path) -> None:
    learned = weights.load(named)
    weights.save(Path("old.npz"), weights.Weights(**{**vars(learned), "class_names": ()}))
    said = nnbp("eval", "old.npz", "--json")
    assert (json.loads(said.out)["classes"], said.err) == (list(NAMES), "")


def many(classes: int) -> Predictions:
    """Answers of which class 1 is the most often mistaken, for class 2, and the last one for that before."""
    labels = np.repeat(np.arange(classes, dtype=np.uint8), 8)
    outputs = np.eye(classes)[labels]
    outputs[8:14] = np.eye(classes)[2]
    outputs[-1] = np.eye(classes)[-2]
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, outputs.argmax(axis=1)), 1)
    images = np.zeros((len(labels), 6), np.uint8)
    return Predictions(Split(images, labels), (2, 3), Score(0.5, confusion), outputs, is_probability=True)


def test_of_many_classes_the_worst_are_shown() -> None:
    given = EvaluationResult("6-62", "own", "test", many(62))
    lines = list(score_lines(given))
    assert lines[4].split() == ["1", "8", "6", "25.0%", "100.0%"]
    assert lines[5].split() == ["61", "8", "1", "87.5%", "100.0%"]
    assert "and 42 more, with 0 wrong; --matrix shows all of them" in lines
    assert lines[-2:] == [
        "        6  1 taken for 2, 75.0% of its images",
        "        1  61 taken for 60, 12.5% of its images",
    ]
    assert max(map(len, lines)) < 80
    whole = list(score_lines(given, whole_matrix=True))
    assert len(whole) == 3 + 1 + 62 + 1 + 1
    assert len(list(score_lines(EvaluationResult("", "", "", many(20))))) == 3 + 1 + 20 + 1 + 1


@pytest.mark.parametrize(("classes", "order"), [(10, "0123456789"), (11, "9201345678")])
def test_the_outputs_for_a_digit_are_bars_and_of_more_than_ten_the_largest(
    monkeypatch: pytest.MonkeyPatch, classes: int, order: str
) -> None:
    monkeypatch.setattr("nnbp_cli.terminal.evaluation.shows", lambda *_: False)
    outputs = np.zeros(classes)
    outputs[[2, 9]] = 0.25, 0.75
    names = tuple(map(str, range(classes)))
    digit = Prediction(None, np.zeros((28, 28), np.uint8), outputs, names)  # type: ignore[arg-type]
    _, answer, *picture = digit_lines([digit], is_probability=True)
    assert answer == "9, 75.0% sure"
    bars = [bar for bar in (line[len("|") + 28 + len("|   ") :] for line in picture) if bar]
    assert "".join(bar.split()[0] for bar in bars) == order
    assert [bar for bar in bars if "#" in bar] == sorted(
        [f"  2   25.0% {6 * '#'}", f"  9   75.0% {18 * '#'}"], reverse=classes > 10
    )


@pytest.mark.parametrize(("classes", "shown"), [(62, 62), (256, 64)])
def test_pictures_of_many_classes_are_no_larger_than_a_screen(
    tmp_path: Path, classes: int, shown: int
) -> None:
    network.confusion(many(classes), tmp_path / "confusion.png")
    with Image.open(tmp_path / "confusion.png") as image:
        assert max(image.size) <= 2100
    page = mistakes.confusion(many(classes)).text
    assert page.count('<th scope="row">') == shown
    assert f">{classes - 1}</th>" in page, "one that was mistaken"
    assert ("Of 256 classes the 64 that" in page) == (classes == 256)
    _, places = mistakes.cells(many(classes))
    assert {"1,2", "1,1", f"{classes - 1},{classes - 2}"} <= {*places}
    assert len(places) == shown + 2


@pytest.mark.parametrize(("room", "digits"), [(40, 40), (22, 18), (7, 7), (6, 0)])
def test_all_cells_show_as_many_digits_as_a_sheet_has_room_for(
    monkeypatch: pytest.MonkeyPatch, room: int, digits: int
) -> None:
    """Of 8, 2, 6, 8, 8, 7 and 1 three each, or none at all."""
    monkeypatch.setattr(sprites, "MAX_SHEET_PIXELS", 6 * room)
    sheet, places = mistakes.cells(many(5))
    assert len(sheet) == sum(len(each["images"]) for each in places.values()) == digits


def test_a_letter_that_no_font_has_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a Chinese font, and without one: the letter is in STIX, which comes with matplotlib."""
    known, said = font_manager.fontManager, list[str]()
    stix = next(font for font in known.ttflist if font.fname.endswith("STIXGeneral.ttf"))
    named = dataclasses.replace(many(3), class_names=("\u1d8d", "一", "c"))
    network.confusion(named, tmp_path / "none.png", said.append)
    monkeypatch.setattr(known, "ttflist", [*known.ttflist, dataclasses.replace(stix, name="SimHei")])
    known._findfont_cached.cache_clear()  # type: ignore[attr-defined]
    network.confusion(named, tmp_path / "one.png", said.append)
    network.confusion(named, tmp_path / "text.svg", said.append)
    assert [re.findall("no font here has (.*), drawn", each) for each in said] == [["\u1d8d一"], ["一"]]


def test_names_that_begin_alike_head_columns_of_their_own() -> None:
    named = dataclasses.replace(many(10), class_names=tuple(f"class_{k}" for k in range(10)))
    assert list(score_lines(EvaluationResult("", "", "", named)))[4].split()[:2] == ["lass_0", "lass_1"]

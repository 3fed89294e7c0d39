"""`nnbp eval --mistakes`: the worst mistakes as text, and images as text at all."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli.datasets import loading
from nnbp_cli.evaluation import predictions as predictions
from nnbp_cli.evaluation.predictions import format_confidence
from nnbp_cli.models import weights
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.report.mistakes import worst
from nnbp_cli.terminal import pictures
from nnbp_cli.terminal.output import shows
from tests.command_line import nnbp

STAIRS = np.array([[255, 0, 0], [255, 255, 0], [255, 255, 255]], np.uint8)


def test_two_rows_of_pixels_are_a_line() -> None:
    assert pictures.image_lines(STAIRS, blocks=True) == ["█▄ ", "▀▀▀"]
    assert pictures.image_lines(STAIRS, blocks=False) == ["@= ", "==="], "grey is between"


def test_a_margin_that_no_picture_reaches_is_left_out() -> None:
    images = np.zeros((2, 9, 8), np.uint8)
    images[0, 3, 2], images[1, 7, 5] = 200, 100
    assert pictures.crop(images).shape == (2, 5, 4)
    assert pictures.crop(np.zeros_like(images)).shape == images.shape, "of nothing but margin nothing"


@pytest.mark.parametrize("shape", [(28, 28), (5, 4), (61, 173), (3, 800)])
def test_pictures_of_any_size_stand_side_by_side_in_80_columns(shape: tuple[int, int]) -> None:
    image = np.full(shape, 255, np.uint8)
    for blocks in (True, False):
        lines = list(pictures.side_by_side([["said", *pictures.image_lines(image, blocks=blocks)]] * 7))
        assert max(map(len, lines)) <= 80
        assert sum(line.count("said") for line in lines) == 7
    assert max(map(len, lines)) > 28, "as many as fit"


def test_the_answers_to_all_images_are_what_the_network_says(
    here: Path, drawn: Path, trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned, test = weights.load(trained_run), loading.load("synthetic", drawn, size=600).test
    monkeypatch.setattr(Network, "images_at_once", 50)
    given = predictions.predictions(learned, test)
    outputs = learned.network.predict(learned.params, scaled(test.images))
    np.testing.assert_allclose(given.outputs, outputs, rtol=1e-4, atol=1e-7)
    assert given.correct.sum() == given.score.confusion.trace()


def test_the_worst_mistakes_are_drawn_and_the_report_shows_the_same(
    here: Path, drawn: Path, trained_run: Path
) -> None:
    found = json.loads(nnbp("eval", trained_run, "--json", "--mistakes", 4).out)["mistakes"]
    test = loading.load("synthetic", drawn, size=600).test
    learned = weights.load(trained_run)
    assert [each["true"] for each in found] == [int(test.labels[each["image"]]) for each in found]
    for each in found:
        assert each["predicted"] == int(np.argmax(each["outputs"])) != each["true"]
        assert each["confidence"] == max(each["outputs"])
    confidence = [max(each["outputs"]) for each in found]
    assert confidence == sorted(confidence, reverse=True)
    shown = worst(predictions.predictions(learned, test))
    assert shown
    for place, each in enumerate(found):
        label = f"test image {each['image']}: a {each['true']}, taken for a {each['predicted']}"
        assert label in shown[1].text
        assert (
            f"said {each['predicted']}, {format_confidence(confidence[place], True)} sure"
            in nnbp("eval", trained_run, "--mistakes", place + 1).out
        )

    lines = nnbp("eval", trained_run, "--mistakes", 4).out.splitlines()
    assert nnbp("eval", trained_run).out.splitlines() == lines[: lines.index("", 3)], (
        "and the rest is as ever"
    )
    assert any("█" in line for line in lines)
    assert "mistakes" not in json.loads(nnbp("eval", trained_run, "--json").out)
    assert nnbp("eval", trained_run, "--mistakes", 0).status == 2


def test_where_stdout_takes_ascii_alone_they_are_drawn_in_ascii(here: Path, trained_run: Path) -> None:
    command = [sys.executable, "-m", "nnbp_cli", "eval", str(trained_run), "--mistakes", "3"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    out = subprocess.run(command, capture_output=True, check=True, env=environment).stdout.decode("ascii")
    assert "said " in out
    assert "@" in out
    ascii_only, windows = (io.TextIOWrapper(io.BytesIO(), encoding=each) for each in ("ascii", "cp1252"))
    assert not shows(ascii_only, pictures.BLOCKS)
    assert not shows(windows, pictures.BLOCKS)
    assert shows(io.TextIOWrapper(io.BytesIO(), encoding="cp437"), pictures.BLOCKS)

"""A run with convolutions in everything that shows a network: each command, the page, the figures."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnbp_cli.datasets import loading
from nnbp_cli.models import weights
from nnbp_cli.plots.network import FirstWeights
from tests.command_line import nnbp
from tests.page import Elements, data_of, page_of
from tests.small_run import CONVOLUTIONAL, replace

TITLE = "784-3@12x12-4@12x12-10"


@pytest.fixture(scope="module")
def convolutional_run(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    folder = tmp_path_factory.mktemp("convolutional")
    (folder / "cnn.toml").write_text(CONVOLUTIONAL)
    line = ("--out", folder / "run", "--data-dir", drawn, "--weights", folder / "w.npz", "-q")
    assert nnbp("train", folder / "cnn.toml", *line).status == 0
    return folder / "run"


@pytest.fixture
def run(here: Path, convolutional_run: Path) -> Path:
    return shutil.copytree(convolutional_run, Path("run"))


@pytest.mark.parametrize(
    "line",
    [
        ["eval", "run", "--mistakes", "2"],
        ["export", "run", "model.onnx"],
        ["export", "run", "model.safetensors"],
        ["predict", "run", "digit.png"],
        ["runs", "."],
        ["gradcheck", "--config", "run/config.toml"],
        *(["plot", "run", "--what", what] for what in ("curves", "confusion", "mistakes", "weights",
                                                       "calibration")),
    ],
    ids=" ".join,
)  # fmt: skip
def test_each_command_takes_a_run_with_convolutions(run: Path, drawn: Path, line: list[str]) -> None:
    image = loading.load("synthetic", drawn, size=600).test.images[0].reshape(28, 28)
    Image.fromarray(255 - np.kron(image, np.ones((9, 9), np.uint8))).save("digit.png")
    said = nnbp(*line)
    assert (said.status, said.err) == (0, "")
    if line[0] in ("eval", "export", "gradcheck"):
        assert TITLE in said.out


def test_the_page_says_what_its_layers_are_and_has_their_weights(run: Path) -> None:
    page = page_of(run)
    words = Elements(page).words
    assert f"{TITLE} (relu, tanh, softmax), log-likelihood cost, trained on 300 images of synthetic" in words
    assert "What a map of the first layer looks for, in each 5x5 pixels: ink on red" in words
    assert re.findall(r'aria-label="(weights of [^"]*)"', page) == [f"weights of map {k}" for k in range(3)]
    assert "--tall:calc(var(--side)*5/5)" in page
    network = data_of(page)["networks"][0]
    plain: dict[str, Any] = {"override": {}}
    assert network["layers"] == [
        plain | {"neurons": 432, "picture": [28, 28, 1], "pooled": [12, 12, 3], "kernel": 5, "pool": 2,
                 "padding": 0, "activation": "relu"},
        plain | {"neurons": 576, "picture": [12, 12, 3], "pooled": [12, 12, 4], "kernel": 3, "pool": 1,
                 "padding": 1, "activation": "tanh"},
        plain | {"neurons": 10, "activation": "softmax"},
    ]  # fmt: skip
    (canvas,) = re.findall(r'<canvas id="maps"[^>]*>', page)
    assert 'width="129" height="12"' in canvas
    assert "The 3 maps of the first layer" in canvas


def test_a_dense_network_has_no_maps_on_its_page(here: Path, trained_run: Path) -> None:
    assert 'id="maps"' not in page_of(trained_run)


def test_without_weights_a_page_says_what_is_known_of_the_layers(run: Path) -> None:
    def title() -> str:
        return Elements(page_of(run, "-q")).words.partition(" (relu, tanh, softmax)")[0].split("\n")[-1]

    (run / "weights.npz").unlink()
    own = ('name = "synthetic"', 'name = "./mine"', "size = 600\nseed = 1\n", "")
    replace(run / "config.toml", *own)
    assert title().endswith(TITLE), "as its summary says"
    (run / "summary.json").unlink()
    assert title().endswith("3 maps-4 maps-10")
    replace(run / "config.toml", 'name = "./mine"', 'name = "synthetic"')
    assert title().endswith(TITLE), "of images as they all are"


def test_compared_runs_differ_in_their_maps(run: Path) -> None:
    shutil.copytree(run, "other")
    config = Path("other/config.toml")
    config.write_text(config.read_text().replace("maps = 4", "maps = 6").replace("pool = 2", "pool = 3"))
    words = Elements(page_of(run, "other")).words
    assert "3 maps 5x5 pool 2 relu dropout 0.1, 4 maps 3x3 pool 1 same tanh, 10 softmax" in words
    assert "3 maps 5x5 pool 3 relu dropout 0.1, 6 maps 3x3 pool 1 same tanh, 10 softmax" in words


def test_the_first_weights_of_a_convolution_are_its_kernels(run: Path) -> None:
    learned = weights.load(run)
    first = FirstWeights.of(learned, 2)
    assert (first.shape, first.neurons) == ((5, 5), 3)
    np.testing.assert_array_equal(first.W.reshape(2, 5, 5, 1), learned.params.layers[0][0][:2])
    assert nnbp("plot", run, "--what", "weights", "-o", "w.svg").status == 0
    assert Path("w.svg").read_text().count("<image") == 3 + 1, "three maps, and the scale"

"""A convolution in a config: its keys, its mistakes, and a run of it from end to end."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli.config import LayerConfig, NetworkConfig, TrainingConfig, build, load
from nnbp_cli.config.build import too_large
from nnbp_cli.errors import ConfigError
from nnbp_cli.runs import checkpoint
from nnbp_cli.system import hardware
from tests.command_line import nnbp
from tests.small_run import CONVOLUTIONAL


@pytest.mark.parametrize(
    ("shape", "keys", "expected"),
    [
        ((28, 28), {"kernel": 13}, "kernel: layer 1 sees 12x12x20, kernel 13 does not fit"),
        (
            (28, 28),
            {"kernel": 12, "pool": 2},
            "kernel: layer 1 sees 12x12x20, kernel 12 with pool 2 does not",
        ),
        (
            (6, 20),
            {"kernel": 9, "pool": 2, "padding": "same"},
            "pool: layer 1 sees 1x8x20, pool 2 does not fit",
        ),
    ],
)
def test_a_kernel_and_its_pool_fit_into_what_a_layer_sees(
    shape: tuple[int, int], keys: dict[str, Any], expected: str
) -> None:
    layers = (
        LayerConfig(maps=20, kernel=5, pool=2, activation="relu"),
        LayerConfig(maps=40, activation="relu", **keys),
        LayerConfig(neurons=10, activation="softmax"),
    )
    with pytest.raises(ConfigError) as error:
        build(NetworkConfig(cost="log-likelihood", layers=layers), shape)
    assert str(error.value).startswith(f"network.layers.1.{expected}")
    assert str(error.value).endswith("; take a smaller one")


def test_of_too_many_maps_it_is_not_said_that_smaller_batches_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "total_memory", lambda: 24 * 2**30)
    layers = (
        LayerConfig(maps=10**9, kernel=3, activation="relu"),
        LayerConfig(neurons=10, activation="softmax"),
    )
    network = build(NetworkConfig(cost="log-likelihood", layers=layers), (28, 28))
    place, wrong = too_large(network, TrainingConfig(epochs=1, batch_size=10, learning_rate=0.1)) or ((), "")
    assert place == ("network", "layers")
    assert wrong.endswith("; take smaller layers")


def test_a_run_goes_on_to_the_same_bits_and_its_weights_say_the_same(here: Path) -> None:
    (here / "cnn.toml").write_text(CONVOLUTIONAL)
    assert nnbp("train", "cnn.toml", "-q", "--out", "whole").status == 0
    assert nnbp("train", "cnn.toml", "-q", "--out", "parts", "--set", "training.epochs=1").status == 0
    assert nnbp("train", "-q", "--resume", "parts", "--set", "training.epochs=2").status == 0
    whole, parts = (checkpoint.load(here / run / "checkpoint.npz").state for run in ("whole", "parts"))
    np.testing.assert_array_equal(whole.params.theta, parts.params.theta)
    told = nnbp("eval", "whole").out
    assert "784-3@12x12-4@12x12-10" in told
    assert nnbp("eval", "whole/weights.npz").out == told
    assert load(here / "whole" / "config.toml").network.layers[0].padding == "valid"


def test_weights_whose_kernels_do_not_fit_their_images_are_refused(here: Path) -> None:
    (here / "cnn.toml").write_text(CONVOLUTIONAL)
    nnbp("train", "cnn.toml", "-q", "--out", "run", "--set", "training.epochs=1")
    with np.load(here / "run" / "weights.npz") as members:
        arrays = dict(members)
    arrays["meta"] = np.array(str(arrays["meta"]).replace('"shape": [28, 28]', '"shape": [4, 196]'))
    np.savez(here / "odd.npz", **arrays)
    line = nnbp("eval", "odd.npz").err
    assert line.startswith("odd.npz: damaged or not an nnbp weights file: its 'meta' is not understood (")
    assert "layer 0 sees 4x196x1, kernel 5 with pool 2 does not fit" in line

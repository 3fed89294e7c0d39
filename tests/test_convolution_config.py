"""A convolution in a config: its keys, its mistakes, and a run of it from end to end."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli.config import LayerConfig, NetworkConfig, TrainingConfig, build, load
from nnbp_cli.config.build import too_large
from nnbp_cli.config.validation import validate
from nnbp_cli.errors import ConfigError
from nnbp_cli.runs import checkpoint
from nnbp_cli.system import hardware
from tests.command_line import nnbp

SMALL = """\
data = {name = "synthetic", size = 600, train = 300, validation = 100}
training = {epochs = 2, batch_size = 20, learning_rate = 0.1, optimizer = "momentum", threads = 1}

[network]
cost = "log-likelihood"
initializer = "he"
layers = [
    {maps = 3, kernel = 5, pool = 2, activation = "relu", dropout = 0.1},
    {maps = 4, kernel = 3, padding = "same", activation = "tanh"},
    {neurons = 10, activation = "softmax"},
]
"""


CONVOLUTION: dict[str, Any] = {"maps": 3, "kernel": 3, "activation": "relu"}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([{"activation": "relu"}], "layers.0.neurons: missing; expected an integer >= 1, or else maps"),
        ([CONVOLUTION | {"neurons": 3}], "layers.0.neurons: a layer has either neurons or maps; keep one"),
        ([CONVOLUTION | {"kernel": None}], "layers.0.kernel: missing; expected an integer >= 1"),
        ([CONVOLUTION | {"pool": 5}], "layers.0.pool: expected at most 4, got 5"),
        ([CONVOLUTION | {"padding": "full"}], "layers.0.padding: expected 'valid' or 'same', got 'full'"),
        (
            [CONVOLUTION | {"filters": 3}],
            "layers.0.filters: unknown key; did you mean network.layers.0.maps?",
        ),
        (
            [CONVOLUTION | {"stride": 2}],
            "layers.0.stride: unknown key; there are neurons, maps, kernel, pool, ",
        ),
        ([CONVOLUTION | {"override": [{"neuron": 0, "activation": "tanh"}]}], "only with neurons, not with"),
        ([{"neurons": 3, "activation": "relu", "kernel": 3}], "layers.0.kernel: means something only with"),
        ([{"neurons": 3, "activation": "relu"}, CONVOLUTION], "layers.1.maps: a convolution sees a picture"),
        ([CONVOLUTION, CONVOLUTION | {"activation": "softmax"}], "layers.1.activation: softmax is for"),
    ],
)
def test_what_is_wrong_with_a_convolution_is_named(layers: list[dict[str, Any]], expected: str) -> None:
    output = {"neurons": 10, "activation": "softmax"}
    plain = {
        "network": {"cost": "log-likelihood", "layers": [*layers, output]},
        "training": {"epochs": 1, "batch_size": 10, "learning_rate": 0.1},
    }
    with pytest.raises(ConfigError) as error:
        validate(plain, "x.toml")
    assert any(expected in line for line in str(error.value).splitlines()), error.value


def test_the_output_layer_is_no_convolution() -> None:
    plain = {
        "network": {"cost": "quadratic", "layers": [CONVOLUTION]},
        "training": {"epochs": 1, "batch_size": 10, "learning_rate": 0.1},
    }
    with pytest.raises(ConfigError, match="the output layer has a neuron for each class; give it neurons"):
        validate(plain, "x.toml")


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
    (here / "cnn.toml").write_text(SMALL)
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
    (here / "cnn.toml").write_text(SMALL)
    nnbp("train", "cnn.toml", "-q", "--out", "run", "--set", "training.epochs=1")
    with np.load(here / "run" / "weights.npz") as members:
        arrays = dict(members)
    arrays["meta"] = np.array(str(arrays["meta"]).replace('"shape": [28, 28]', '"shape": [4, 196]'))
    np.savez(here / "odd.npz", **arrays)
    line = nnbp("eval", "odd.npz").err
    assert line.startswith("odd.npz: damaged or not an nnbp weights file: its 'meta' is not understood (")
    assert "layer 0 sees 4x196x1, kernel 5 with pool 2 does not fit" in line

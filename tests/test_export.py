"""`nnbp export`: other programs give the same answers. benchmarks/exported.py asks PyTorch too."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from nnbp_cli.config import DataConfig, LayerConfig, NetworkConfig, OverrideConfig
from nnbp_cli.datasets import dataset
from nnbp_cli.models import export as formats
from nnbp_cli.models import onnx as onnx_model
from nnbp_cli.models import safetensors as tensors
from nnbp_cli.models import weights
from nnbp_cli.models.export import export
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.nn.scaling import scaled
from tests.command_line import nnbp
from tests.per_example import FUNCTIONS, softmax
from tests.small_run import train

PAIRS = [(cost, output) for cost in COSTS for output in COSTS[cost].outputs]
OVERRIDE = (
    OverrideConfig(neuron=3, activation="tanh"),
    OverrideConfig(neuron=0, activation="linear"),
    OverrideConfig(neuron=8, activation="tanh"),
)


def learned(cost: Any, output: Any, *, override: bool = False, seed: int = 0) -> Weights:
    """A network 784-12-9-10 with random weights, with every hidden activation there is."""
    layers = (
        LayerConfig(neurons=12, activation="relu", dropout=0.5, override=OVERRIDE if override else ()),
        LayerConfig(neurons=9, activation="tanh", override=OVERRIDE[1:] if override else ()),
        LayerConfig(neurons=10, activation=output, override=OVERRIDE[:1] if override else ()),
    )
    config = NetworkConfig(cost=cost, layers=layers)
    empty = Weights(config, None, DataConfig(), (28, 28), "abc", Penalty(images=5), 3)  # type: ignore[arg-type]
    params = empty.network.parameters()
    params.theta[:] = np.random.default_rng(seed).standard_normal(params.theta.size) / 5
    return replace(empty, params=params)


def run_onnx(path: Path, x: Array) -> Array:
    """What onnxruntime makes of a model."""
    session = onnxruntime.InferenceSession(path)
    (outputs,) = session.run(["outputs"], {"pixels": x})
    return np.asarray(outputs)


def assert_the_same(outputs: Array, ours: Array) -> None:
    assert outputs.shape == ours.shape
    np.testing.assert_allclose(outputs, ours, rtol=0, atol=1e-5)
    first, second = np.sort(ours, axis=1)[:, :-3:-1].T
    clear = first - second > 2e-5  # no rounding makes these another answer
    np.testing.assert_array_equal(outputs.argmax(axis=1)[clear], ours.argmax(axis=1)[clear])
    assert clear.mean() > 0.3  # where a ReLU says 0 for all classes, none is clear


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize(("cost", "output"), PAIRS)
def test_onnxruntime_gives_the_same_answers(tmp_path: Path, cost: str, output: str, override: bool) -> None:
    network = learned(cost, output, override=override)
    path = tmp_path / "model.onnx"
    export(network, path)
    for m in (1, 7, 300):  # the size of the batch is free
        x = np.random.default_rng(m).random((m, 784), np.float32)
        assert_the_same(run_onnx(path, x), network.network.predict(network.params, x))
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 13)]


@pytest.mark.mnist
@pytest.mark.parametrize(("cost", "output"), PAIRS)
def test_on_the_whole_real_test_set_too(here: Path, real_data: Path, cost: str, output: str) -> None:
    settings = {
        "data.name": "mnist",
        "data.train": 5000,
        "data.validation": 100,
        "network.cost": cost,
        "network.layers.1.activation": output,
        "training.learning_rate": 0.05,
    }
    small = (here / "small.toml").read_text().replace("size = 600\n", "")
    (here / "small.toml").write_text(small)
    changed = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    said = train("--data-dir", real_data, "-q", *changed)
    assert said.status == 0, said.err
    assert nnbp("export", "weights.npz", "model.onnx").status == 0
    network = weights.load(here / "weights.npz")
    x = scaled(dataset.load("mnist", real_data).test.images)
    outputs, ours = run_onnx(here / "model.onnx", x), network.network.predict(network.params, x)
    assert np.abs(outputs - ours).max() <= 1e-5
    assert_the_same(outputs, ours)


@pytest.mark.parametrize(("cost", "output"), PAIRS)
def test_the_tensors_are_those_of_pytorchs_linear(tmp_path: Path, cost: str, output: str) -> None:
    network = learned(cost, output)
    export(network, tmp_path / "model.safetensors")
    state = load_file(tmp_path / "model.safetensors")
    assert sorted(state) == ["0.bias", "0.weight", "2.bias", "2.weight", "4.bias", "4.weight"]
    x = np.random.default_rng(1).random(784)
    a = x[:, None]
    for name, activation in (("0", "relu"), ("2", "tanh"), ("4", output)):
        z = state[f"{name}.weight"].astype(np.float64) @ a + state[f"{name}.bias"][:, None]
        a = softmax(z) if activation == "softmax" else FUNCTIONS[activation][0](z)
    ours = network.network.predict(network.params, x[None].astype(np.float32))
    np.testing.assert_allclose(a[:, 0], ours[0], rtol=0, atol=1e-5)


def test_the_files_say_what_is_in_them(here: Path) -> None:
    train("--out", "run")
    for name in ("model.onnx", "model.SAFETENSORS"):
        said = nnbp("export", "run", name)
        assert (said.status, said.out, said.err) == (0, f"wrote {name}: 784-12-10\n", "")
    with safe_open("model.SAFETENSORS", "np") as file:
        of_tensors = dict(file.metadata())
    assert (
        of_tensors.pop("pytorch")
        == "nn.Sequential(nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 10), nn.Softmax(dim=1))"
    )
    model = onnx.load("model.onnx")
    assert {each.key: each.value for each in model.metadata_props} == of_tensors
    source = weights.load(here / "run")
    data = json.loads(of_tensors["data"])
    assert (data["name"], data["scaling"], data["digest"]) == ("synthetic", "byte / 255", source.digest)
    assert json.loads(of_tensors["network"])["layers"][0]["activation"] == "relu"
    assert of_tensors["program"].startswith("nnbp ")
    assert (of_tensors["shape"], of_tensors["epoch"]) == ("[28, 28]", str(source.epoch))
    assert "from 0, no ink, to 1" in model.doc_string
    (put,), (out,) = model.graph.input, model.graph.output
    sizes = [
        [each.dim_param or each.dim_value for each in one.type.tensor_type.shape.dim] for one in (put, out)
    ]
    assert (put.name, out.name, sizes) == ("pixels", "outputs", [["batch", 784], ["batch", 10]])

    mixed = learned("quadratic", "sigmoid", override=True)
    export(mixed, Path("mixed.safetensors"))
    with safe_open("mixed.safetensors", "np") as file:
        assert "pytorch" not in file.metadata(), "there is no such module"


@pytest.mark.parametrize("suffix", formats.FORMATS)
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setitem(sys.modules, formats.FORMATS[suffix].module, None)
    said = nnbp("export", "weights.npz", f"model{suffix}")
    assert said.status == 1
    assert said.err == f"nnbp export: needs {suffix[1:]}; pip install 'nnbp-cli[export]'\n"


def test_mistakes_are_a_line_and_leave_nothing_behind(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train("--out", "run")
    before = sorted(here.iterdir())
    assert nnbp("export", "run", "model.pt").err == (
        "model.pt: not a name for an export; name a .onnx or .safetensors file\n"
    )
    assert nnbp("export", "run", "model").status == 2
    assert nnbp("export", "none.npz", "model.onnx").err.startswith("none.npz: no such file; ")
    assert nnbp("export", "run", "no/folder/model.onnx").err.startswith(
        "no/folder/model.onnx: cannot be written"
    )
    monkeypatch.setattr(onnx_model, "MAX_PARAMETER_BYTES", 1000)
    assert nnbp("export", "run", "model.onnx").err == (
        "model.onnx: 9,550 parameters are more than an ONNX file holds; export it as .safetensors\n"
    )
    monkeypatch.undo()
    assert sorted(here.iterdir()) == before


def test_every_activation_has_its_counterpart() -> None:
    assert set(onnx_model.OPERATORS) == set(tensors.MODULES) == {"softmax", *FUNCTIONS}

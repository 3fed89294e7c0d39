"""`nnbp export`: other programs give the same answers. benchmarks/exported.py asks PyTorch too."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from safetensors import safe_open
from safetensors.numpy import load_file

from nnbp_cli.config import DataConfig, LayerConfig, NetworkConfig, OverrideConfig
from nnbp_cli.datasets import loading
from nnbp_cli.errors import NnbpError
from nnbp_cli.evaluation.predictions import predictions
from nnbp_cli.models import onnx as onnx_model
from nnbp_cli.models import weights
from nnbp_cli.models.export import OUTPUT, export
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.nn.scaling import scaled
from tests.command_line import nnbp
from tests.networks import convolutional, voters
from tests.small_run import CONVOLUTIONAL

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


@pytest.mark.mnist
def test_onnxruntime_says_the_same_of_all_test_images_as_a_trained_convolution(
    here: Path, real_data: Path
) -> None:
    Path("cnn.toml").write_text(CONVOLUTIONAL.replace('"synthetic", size = 600', '"mnist"'))
    more = ("--data-dir", real_data, "--set", "data.train=2000", "--set", "training.epochs=1")
    assert nnbp("train", "cnn.toml", "-q", "--out", "run", *more).status == 0
    assert nnbp("export", "run", "model.onnx").status == 0
    images = loading.load("mnist", real_data).test
    ours = predictions(weights.load(Path("run")), images, where="run", seen="on the test images").outputs
    assert ours.shape == (10_000, 10)
    assert_the_same(run_onnx(Path("model.onnx"), scaled(images.images, np.float32)), ours)


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize(("cost", "output"), PAIRS)
def test_other_programs_give_the_same_answers(tmp_path: Path, cost: str, output: str, override: bool) -> None:
    network = learned(cost, output, override=override)
    path = tmp_path / "model.onnx"
    export(voters(network), path)
    if not override:
        export(voters(network), tmp_path / "model.safetensors")
    for m in (1, 7, 300):  # the size of the batch is free
        x = np.random.default_rng(m).random((m, 784), np.float32)
        ours = network.network.predict(network.params, x)
        assert_the_same(run_onnx(path, x), ours)
        if not override:
            assert_the_same(run_safetensors(tmp_path / "model.safetensors", x), ours)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 13)]


def conv2d(channels: int, maps: int, kernel: int, padding: int = 0) -> Any:
    def convolve(a: Array, W: Array, b: Array) -> Any:
        assert W.shape == (maps, channels, kernel, kernel)
        a = np.pad(a, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
        windows = sliding_window_view(a, (kernel, kernel), axis=(2, 3))
        return np.einsum("mcrsij,kcij->mkrs", windows, W) + b[:, None, None]

    return convolve


def max_pool2d(side: int) -> Any:
    def pool(a: Array) -> Any:
        return sliding_window_view(a, (side, side), axis=(2, 3))[:, :, ::side, ::side].max(axis=(4, 5))

    return pool


# What PyTorch's modules compute, of pictures (m, channels, rows, columns), in numpy.
MODULES = SimpleNamespace(
    ModuleList=list,
    Sequential=lambda *modules: modules,
    Conv2d=conv2d,
    ZeroPad2d=lambda sides: lambda a: np.pad(a, [(0, 0), (0, 0), sides[2:], sides[:2]]),
    MaxPool2d=max_pool2d,
    Flatten=lambda: lambda a: a.reshape(len(a), -1),
    Linear=lambda inputs, neurons: lambda a, W, b: a @ W.reshape(neurons, inputs).T + b,
    Sigmoid=lambda: lambda a: 1 / (1 + np.exp(-a)),
    Tanh=lambda: np.tanh,
    Identity=lambda: lambda a: a,
    ReLU=lambda: lambda a: np.maximum(a, 0),
    Softmax=lambda dim: lambda a: np.exp(a) / np.exp(a).sum(axis=dim, keepdims=True),
)


def run_safetensors(path: Path, x: Array) -> Any:
    """What PyTorch would make of the tensors, by their names and the expression in the metadata: of a list of
    networks the mean.
    """
    state = load_file(path)
    made = eval(metadata_of(str(path))["pytorch"], {"nn": MODULES})
    networks = {f"{k}.": each for k, each in enumerate(made)} if isinstance(made, list) else {"": made}
    outputs = []
    for prefix, network in networks.items():
        a = x.astype(np.float64)
        for number, module in enumerate(network):
            names = (f"{prefix}{number}.weight", f"{prefix}{number}.bias")
            a = module(a, *(state.pop(name) for name in names)) if names[0] in state else module(a)
        outputs.append(a)
    assert state == {}
    return np.mean(outputs, axis=0)


FIRST = LayerConfig(maps=4, kernel=3, activation="relu")
PICTURES = [
    replace(FIRST, pool=pool, padding=padding, kernel=kernel)
    for pool in (1, 2, 3)
    for padding in ("valid", "same")
    for kernel in (1, 2, 3, 4)
]


@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("first", PICTURES, ids=lambda each: f"{each.padding}, {each.kernel}, {each.pool}")
def test_convolutions_give_the_same_answers_elsewhere(tmp_path: Path, first: LayerConfig, two: bool) -> None:
    """Of pictures that are not square, whose squares of neurons leave rests; with dropout in between."""
    second = replace(first, maps=5, pool=2, activation="tanh")
    convolutions = (replace(first, dropout=0.4), second) if two else (first,)
    network = convolutional(convolutions, (19, 20))
    x = np.random.default_rng(1).random((50, 19 * 20), np.float32) ** 4
    x *= np.linspace(0, 1, 50, dtype=np.float32)[:, None]
    ours = network.network.predict(network.params, x)
    assert np.ptp(ours, axis=0).max() > 0.05, "the images are told apart"
    for name in ("model.onnx", "model.safetensors"):
        export(voters(network), tmp_path / name)
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"), full_check=True)
    assert_the_same(run_onnx(tmp_path / "model.onnx", x), ours)
    assert_the_same(run_safetensors(tmp_path / "model.safetensors", x.reshape(50, 1, 19, 20)), ours)


@pytest.mark.parametrize("convolutions", [(FIRST,), ()], ids=["mixed", "dense"])
def test_a_vote_is_one_file_that_gives_the_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, convolutions: tuple[LayerConfig, ...]
) -> None:
    """Of networks with and without convolutions, in any order."""
    members = (convolutional((), (19, 20)), convolutional(convolutions, (19, 20), seed=1),
               convolutional(convolutions, (19, 20), hidden=8, seed=2))  # fmt: skip
    together, x = voters(*members), np.random.default_rng(1).random((50, 19 * 20), np.float32) ** 4
    for name in ("model.onnx", "model.safetensors"):
        export(together, tmp_path / name)
    model = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [each.name for each in model.graph.input] == ["pixels"]
    ours = together.predict(x, "")
    assert np.abs(ours - voters(members[1]).predict(x, "")).max() > 0.05, "they do not say the same"
    assert_the_same(run_onnx(tmp_path / "model.onnx", x), ours)
    given = x.reshape(50, 1, 19, 20) if convolutions else x
    assert_the_same(run_safetensors(tmp_path / "model.safetensors", given), ours)
    metadata = metadata_of(str(tmp_path / "model.safetensors"))
    sizes = [each["network"]["layers"][-2]["neurons"] for each in json.loads(metadata["members"])]
    assert sizes == [9, 9, 8]
    assert metadata["program"].startswith("nnbp ")
    assert {each.key: each.value for each in model.metadata_props} == {
        key: value for key, value in metadata.items() if key != "pytorch"
    }
    for name in ("model.onnx", "model.safetensors"):
        OUTPUT.check(tmp_path / name)  # it is its own work, and may be replaced
    monkeypatch.setattr(onnx_model, "MAX_PARAMETER_BYTES", 4 * together.size - 1)
    with pytest.raises(NnbpError, match=f"{together.size:,} parameters are more than an ONNX file holds"):
        export(together, tmp_path / "model.onnx")


def test_the_module_of_networks_that_are_alike_is_written_once(tmp_path: Path) -> None:
    together = voters(*(convolutional((FIRST,), (19, 20), seed=seed) for seed in range(3)))
    export(together, tmp_path / "vote.safetensors")
    assert metadata_of(str(tmp_path / "vote.safetensors"))["pytorch"].count("nn.Sequential") == 1
    x = np.random.default_rng(1).random((50, 19 * 20), np.float32)
    said = run_safetensors(tmp_path / "vote.safetensors", x.reshape(50, 1, 19, 20))
    assert_the_same(said, together.predict(x, ""))


def test_the_files_say_what_is_in_them(here: Path, trained_run: Path) -> None:
    for name in ("model.onnx", "model.SAFETENSORS"):
        said = nnbp("export", trained_run, name)
        assert (said.status, said.out, said.err) == (0, f"wrote {name}: 784-12-10\n", "")
    metadata = metadata_of("model.SAFETENSORS")
    assert metadata.pop("pytorch") == (
        "nn.Sequential(nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 10), nn.Softmax(dim=1))"
    )
    model = onnx.load("model.onnx")
    assert {each.key: each.value for each in model.metadata_props} == metadata
    source, data = weights.load(trained_run), json.loads(metadata["data"])
    assert (data["name"], data["scaling"], data["digest"]) == ("synthetic", "byte / 255", source.digest)
    assert json.loads(metadata["network"])["layers"][0]["activation"] == "relu"
    assert metadata["program"].startswith("nnbp ")
    assert (metadata["shape"], metadata["epoch"]) == ("[28, 28]", str(source.epoch))
    assert "from 0, no ink, to 1" in model.doc_string
    described = [
        (one.name, [each.dim_param or each.dim_value for each in one.type.tensor_type.shape.dim])
        for one in (*model.graph.input, *model.graph.output)
    ]
    assert described == [("pixels", ["batch", 784]), ("outputs", ["batch", 10])]
    export(voters(learned("quadratic", "sigmoid", override=True)), Path("mixed.safetensors"))
    assert "pytorch" not in metadata_of("mixed.safetensors"), "there is no such module"


def metadata_of(file: str) -> dict[str, str]:
    with safe_open(file, "np") as opened:
        return dict(opened.metadata())


@pytest.mark.parametrize(
    ("module", "line", "what"),
    [
        ("onnx.helper", "export weights.npz m.onnx", "onnx; pip install 'nnbp-cli[export]'"),
        (
            "safetensors.numpy",
            "export weights.npz m.safetensors",
            "safetensors; pip install 'nnbp-cli[export]'",
        ),
        ("matplotlib.figure", "plot RUN", "matplotlib; pip install 'nnbp-cli[plot]'"),
        ("PIL.Image", "predict RUN a.png b.png", "Pillow; pip install 'nnbp-cli[predict]'"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    here: Path, trained_run: Path, monkeypatch: pytest.MonkeyPatch, module: str, line: str, what: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    command, *more = line.replace("RUN", str(trained_run)).split()
    said = nnbp(command, *more)
    assert (said.status, said.err) == (1, f"nnbp {command}: needs {what}\n")


def test_mistakes_are_a_line_and_leave_nothing_behind(
    here: Path, trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_model, "MAX_PARAMETER_BYTES", 1000)
    for run, file, refusal in (
        (trained_run, "model.pt", "model.pt: not a name for an export; name a .onnx or .safetensors file\n"),
        (trained_run, "model", "model: not a name for an export; "),
        ("none.npz", "model.onnx", "none.npz: no such file; "),
        (trained_run, "no/folder/model.onnx", "no/folder/model.onnx: cannot be written"),
        (trained_run, "model.onnx", "model.onnx: 9,550 parameters are more than an ONNX file holds; export "
         "it as .safetensors\n"),
    ):  # fmt: skip
        assert nnbp("export", run, file).err.startswith(refusal)
    assert [path.name for path in here.iterdir()] == ["small.toml"]

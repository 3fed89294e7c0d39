"""Does a network that was exported answer as it does here? ONNX Runtime and PyTorch, on the whole test set.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.exported --data-dir data

A network for each pair of cost and output activation, one with dropout, one with neurons that have
activations of their own and two with convolutions are trained for an epoch and exported; then the votes of
those with the same kind of outputs. PyTorch gets the tensors with load_state_dict. For each is printed by how
much an output differs at most, and how many answers do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from benchmarks import data as images
from nnbp_cli.config import DataConfig, LayerConfig, NetworkConfig, OverrideConfig, TrainingConfig, build
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.models.ensemble import Ensemble, Member, ensemble
from nnbp_cli.models.export import export
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.initializers import default
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.training import loop

LARGEST = 1e-5  # difference of an output


def main() -> None:
    """Train, export and compare; status 1 where an output or an answer is another."""
    data = images.load(images.options(__doc__).parse_args().data_dir)
    x = scaled(data.test.images)
    print(f"{len(x):,} test images of {data.name}")
    print(f"{'network':70} {'program':12} {'largest difference':>18} {'other answers':>14}")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        trained = [Member(Path(described(config)), train(config, data)) for config in networks()]
        for voters in (*(Ensemble([member]) for member in trained), *votes(trained)):
            ours = voters.predict(x, "on the test images")
            name = str(voters.members[0].path) if len(voters.members) == 1 else title(voters)
            for program, outputs in others(voters, x, Path(folder)):
                difference = float(np.abs(outputs - ours).max())
                answers = int((outputs.argmax(axis=1) != ours.argmax(axis=1)).sum())
                wrong += difference > LARGEST or answers > 0
                print(f"{name:70} {program:12} {difference:18.2e} {answers:14}")
    raise SystemExit(wrong > 0)


def networks() -> Iterator[NetworkConfig]:
    """784-30-10 for every pair, with ReLU, tanh and sigmoid by turns in the hidden layer, and four others."""
    hidden = LayerConfig(neurons=30, activation="relu")
    others: Any = ("relu", "tanh", "sigmoid")
    pairs: Any = [(cost, output) for cost in COSTS for output in COSTS[cost].outputs]
    for k, (cost, output) in enumerate(pairs):
        layers = (replace(hidden, activation=others[k % 3]), LayerConfig(neurons=10, activation=output))
        yield NetworkConfig(cost=cost, layers=layers)
    output = LayerConfig(neurons=10, activation="softmax")
    yield NetworkConfig(cost="log-likelihood", layers=(replace(hidden, dropout=0.5), output))
    mixed = replace(hidden, override=(OverrideConfig(neuron=3, activation="tanh"),))
    yield NetworkConfig(cost="log-likelihood", layers=(mixed, output))
    first = LayerConfig(maps=8, kernel=5, pool=2, activation="relu", dropout=0.1)
    second = LayerConfig(maps=12, kernel=4, pool=3, padding="same", activation="tanh")
    yield NetworkConfig(cost="log-likelihood", layers=(first, hidden, output))
    yield NetworkConfig(cost="log-likelihood", layers=(first, second, hidden, output))


def train(config: NetworkConfig, data: Dataset) -> Weights:
    """The network after an epoch."""
    training = TrainingConfig(epochs=1, batch_size=10, learning_rate=0.05, keep="last", watch=())
    network = build(config, data.shape)
    state = loop.initial_state(network, default, training)
    for _ in loop.train(network, data, training, state):
        pass
    penalty = loop.penalty(training, data)
    return Weights(config, state.params, DataConfig(), data.shape, data.digest, penalty, 1)


def votes(trained: Sequence[Member]) -> Iterator[Ensemble]:
    """Networks with one kind of outputs, where there are several; PyTorch has no single neurons."""
    kinds: dict[str, list[Member]] = {}
    for member in trained:
        if not any(layer.override for layer in member.learned.config.layers):
            kinds.setdefault(member.learned.config.layers[-1].activation, []).append(member)
    yield from (ensemble(members) for members in kinds.values() if len(members) > 1)


def title(voters: Ensemble) -> str:
    """A vote in words."""
    layers = [learned.config.layers for _, learned in voters.members]
    maps = sum(first.maps is not None for first, *_ in layers)
    return f"{voters.title}, {layers[0][-1].activation}, {maps} with convolutions"


def others(voters: Ensemble, x: Array, folder: Path) -> Iterator[tuple[str, Array]]:
    """What other programs make of the files."""
    export(voters, folder / "model.onnx")
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    yield "ONNX Runtime", session.run(["outputs"], {"pixels": x})[0]

    export(voters, folder / "model.safetensors")
    with safe_open(folder / "model.safetensors", "pt") as file:
        described = file.metadata().get("pytorch")
    if described:
        module = eval(described, {"nn": nn})
        module.load_state_dict(load_file(folder / "model.safetensors"))
        pictures = any(learned.config.layers[0].maps for _, learned in voters.members)
        given = torch.from_numpy(x.reshape(len(x), 1, *voters.first.shape) if pictures else x)
        with torch.no_grad():
            modules = module if isinstance(module, nn.ModuleList) else [module]
            yield "PyTorch", torch.stack([each(given) for each in modules]).mean(dim=0).numpy()


def described(config: NetworkConfig) -> str:
    """Cost and activations of a network."""
    layers = []
    for layer in config.layers:
        dropout, mixed = " with dropout" * bool(layer.dropout), ", a neuron tanh" * bool(layer.override)
        maps = f"{layer.maps}@{layer.kernel}x{layer.kernel} " if layer.maps else ""
        layers.append(f"{maps}{layer.activation}{dropout}{mixed}")
    return f"{config.cost}: {', '.join(layers)}"


if __name__ == "__main__":
    main()

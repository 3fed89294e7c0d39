"""A step of a convolutional network beside PyTorch's and JAX's, and the matrix products that it takes.

    python -m benchmarks.convolution [--data-dir DIR] [--quick] [--only B100] [--batches 10 64]

Forward, backward and momentum on a batch that is there, of real images. The process is held to one core, and
all take turns. The products are those of nnbp's step, of as many rows at once. PyTorch runs eagerly with its
memory format "channels last", or as it is by default, whichever is faster; so does JAX, which compiles the
step, with the channels last or first.
"""

import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import data
from benchmarks.job import Array
from benchmarks.step import repeated
from benchmarks.timing import in_turns, ratios, rounded, spread
from nnbp_cli.config import LayerConfig, NetworkConfig, build
from nnbp_cli.engines import NumpyEngine
from nnbp_cli.nn.convolution import SQUARES, Convolution
from nnbp_cli.nn.initializers import he
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import Momentum
from nnbp_cli.nn.penalties import Penalty

RATE, MOMENTUM, DROPOUT = 0.01, 0.9, 0.5
BATCHES = (10, 64, 128)


@dataclass(frozen=True)
class Job:
    """A network of the book's chapter 6: maps of 5x5 kernels, each pooled by 2, and then hidden neurons."""

    name: str
    maps: tuple[int, ...]
    hidden: tuple[int, ...]
    dropout: float = 0.0

    def network(self) -> Network:
        """The network of nnbp."""
        layers = [LayerConfig(maps=maps, kernel=5, pool=2, activation="relu") for maps in self.maps]
        layers += [LayerConfig(neurons=n, activation="relu", dropout=self.dropout) for n in self.hidden]
        layers += [LayerConfig(neurons=10, activation="softmax")]
        return build(NetworkConfig(cost="log-likelihood", layers=tuple(layers)), (28, 28))

    @property
    def short(self) -> str:
        """Its letters."""
        return self.name.partition(":")[0]

    @property
    def flattened(self) -> int:
        """How many numbers the first hidden neurons see."""
        return self.network().layers[len(self.maps)].inputs


JOBS = [
    Job("A: conv 20, dense 100", (20,), (100,)),
    Job("B100: conv 20, conv 40, dense 100", (20, 40), (100,)),
    Job("B: conv 20, conv 40, dense 1000, 1000, dropout", (20, 40), (1000, 1000), DROPOUT),
]


def main(data_dir: Path, quick: bool, jobs: Sequence[Job], batches: Sequence[int]) -> None:
    """Print a row for each network and batch size."""
    split = data.load(data_dir).training
    heads = ("nnbp, ms", "page faults", "nnbp / its products", "PyTorch / nnbp", "JAX / nnbp")
    print("| network, batch |", " | ".join(heads), "|\n|---|" + "---|" * len(heads))
    for job in jobs:
        for batch in batches:
            images, labels = split.images[:batch], split.labels[:batch]
            works = {
                "nnbp": _nnbp(job, images, labels),
                "products": _products(job, batch),
                **_pytorch(job, images, labels),
                **_jax(job, images, labels),
            }
            times = 3 if quick else max(3, 100 // batch)
            seconds = in_turns(
                {name: repeated(work, times) for name, work in works.items()}, 5 if quick else 21
            )
            ours = seconds["nnbp"]
            fastest = [
                min((seconds[name] for name in seconds if name.startswith(peer)), key=median)
                for peer in ("PyTorch", "JAX")
            ]
            cells = [
                spread([1e3 * each / times for each in ours]),
                rounded(_page_faults(works["nnbp"], times)),
                spread(ratios(ours, seconds["products"])),
                *(spread(ratios(peer, ours)) for peer in fastest),
            ]
            print(f"| {job.name}; {batch} | {' | '.join(cells)} |", flush=True)


def _nnbp(job: Job, images: Array, labels: Array) -> Callable[[], object]:
    network = job.network()
    params = network.parameters()
    he.fill(network, params, np.random.default_rng(1))
    slots, targets = np.zeros((1, network.size), np.float32), np.eye(10, dtype=np.float32)
    engine = NumpyEngine(network, Momentum(MOMENTUM), Penalty(images=1), targets, len(labels), params, slots)
    masks = (lambda step: np.random.default_rng(step)) if network.random else None
    return lambda: engine.advance(images, labels, [RATE], 1, masks)


def _page_faults(work: Callable[[], object], times: int) -> float:
    """How often a step asks the system for memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    repeated(work, times)()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / times


def _products(job: Job, batch: int) -> Callable[[], object]:
    """The matrix products of a step: forward, the gradient, and but for the first layer the error."""
    rng = np.random.default_rng(1)

    def product(m: int, k: int, n: int, *, turned: bool = False) -> tuple[Array, Array]:
        left = (
            rng.standard_normal((k, m), np.float32).T if turned else rng.standard_normal((m, k), np.float32)
        )
        return left, rng.standard_normal((k, n), np.float32)

    factors: list[tuple[Array, Array]] = []
    for l, layer in enumerate(each for each in job.network().layers if each.shapes):
        neurons = layer.outputs[-1]
        if isinstance(layer, Convolution):
            m, pool = batch * prod(layer.outputs[:2]), layer.pool
            seen = layer.work // (prod(layer.outputs) * pool**2)
            patch = seen // layer.kernel * (layer.kernel + pool - 1)
            factors += [product(m, seen, pool * neurons) for _ in range(pool)]
            for start in range(0, m, SQUARES):
                some = min(SQUARES, m - start)
                factors += [product(neurons, some, seen, turned=True) for _ in range(pool**2)]
            error = product(m, pool**2 * neurons, patch)
        else:
            factors += [
                product(batch, layer.inputs, neurons),
                product(neurons, batch, layer.inputs, turned=True),
            ]
            error = product(batch, neurons, layer.inputs)
        factors += [error] if l else []

    def work() -> None:
        for left, right in factors:
            left @ right

    return work


def _pytorch(job: Job, images: Array, labels: Array) -> dict[str, Callable[[], object]]:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    made: dict[str, Callable[[], object]] = {}
    for name, layout in (("", torch.contiguous_format), (", channels last", torch.channels_last)):
        modules: list[nn.Module] = []
        for before, maps in zip((1, *job.maps), job.maps):
            modules += [nn.Conv2d(before, maps, 5), nn.MaxPool2d(2), nn.ReLU()]
        modules.append(nn.Flatten())
        for before, n in zip((job.flattened, *job.hidden), job.hidden):
            modules += [nn.Linear(before, n), nn.ReLU(), *([nn.Dropout(job.dropout)] if job.dropout else [])]
        model = nn.Sequential(*modules, nn.Linear(job.hidden[-1], 10)).to(memory_format=layout)
        optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
        x = torch.tensor(images).reshape(-1, 1, 28, 28).contiguous(memory_format=layout)
        y = torch.tensor(labels).long()

        def step(model: Any = model, optimizer: Any = optimizer, x: Any = x, y: Any = y) -> None:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x.float() / 255), y).backward()
            optimizer.step()

        made[f"PyTorch{name}"] = step
    return made


def _jax(job: Job, images: Array, labels: Array) -> dict[str, Callable[[], object]]:
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(1)
    sizes = [job.flattened, *job.hidden, 10]
    made: dict[str, Callable[[], object]] = {}
    for layout in ("NHWC", "NCHW"):
        last = layout == "NHWC"
        kernels = [
            (
                0.1 * rng.standard_normal((5, 5, before, maps) if last else (maps, before, 5, 5)),
                np.zeros(maps),
            )
            for before, maps in zip((1, *job.maps), job.maps)
        ]
        dense = [(rng.standard_normal((k, n)) * (2 / k) ** 0.5, np.zeros(n)) for k, n in pairwise(sizes)]
        windows = jax.tree.map(lambda w: jnp.asarray(w, jnp.float32), (kernels, dense))
        shape = (-1, 28, 28, 1) if last else (-1, 1, 28, 28)
        x, y = jnp.asarray(images.reshape(shape)), jnp.asarray(np.eye(10, dtype=np.float32)[labels])

        def cost(windows: Any, x: Any, y: Any, key: Any, last: bool = last, layout: str = layout) -> Any:
            a, kernel = x.astype(jnp.float32) / 255, "HWIO" if last else "OIHW"
            for W, b in windows[0]:
                z = jax.lax.conv_general_dilated(
                    a, W, (1, 1), "VALID", dimension_numbers=(layout, kernel, layout)
                )
                square = (1, 2, 2, 1) if last else (1, 1, 2, 2)
                z = jax.lax.reduce_window(z, -jnp.inf, jax.lax.max, square, square, "VALID")
                a = jax.nn.relu(z + (b if last else b[:, None, None]))
            a = a.reshape(len(a), -1)
            for W, b in windows[1][:-1]:
                a = jax.nn.relu(a @ W + b)
                if job.dropout:
                    key, mine = jax.random.split(key)
                    a = a * jax.random.bernoulli(mine, 1 - job.dropout, a.shape) / (1 - job.dropout)
            W, b = windows[1][-1]
            return -(y * jax.nn.log_softmax(a @ W + b)).sum() / len(a)

        def step(windows: Any, velocity: Any, x: Any, y: Any, key: Any, cost: Any = cost) -> Any:
            slopes = jax.grad(cost)(windows, x, y, key)
            velocity = jax.tree.map(lambda v, slope: MOMENTUM * v - RATE * slope, velocity, slopes)
            return jax.tree.map(jnp.add, windows, velocity), velocity

        compiled = jax.jit(step, donate_argnums=(0, 1))
        state = [windows, jax.tree.map(jnp.zeros_like, windows)]

        def work(state: list[Any] = state, compiled: Any = compiled, x: Any = x, y: Any = y) -> None:
            state[:] = jax.block_until_ready(compiled(*state, x, y, jax.random.key(1)))

        made[f"JAX {layout}"] = work
    return made


if __name__ == "__main__":
    parser = data.options(__doc__)
    parser.add_argument("--only", nargs="+", choices=[job.short for job in JOBS], metavar="NETWORK")
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES, metavar="IMAGES")
    arguments = parser.parse_args()
    chosen = [job for job in JOBS if not arguments.only or job.short in arguments.only]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with threadpool_limits(1), np.errstate(all="ignore"):
        main(arguments.data_dir, arguments.quick, chosen, arguments.batches)

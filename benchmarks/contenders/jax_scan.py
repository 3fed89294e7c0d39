"""JAX: an epoch is one call, a scan over its batches, which gathers the bytes of each as it comes to it.

Tried and slower: gathering the epoch beforehand, gathering floats, W as (inputs, neurons), unrolling the
scan, backpropagation by hand, a call for each step.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.job import Array, Arrays, Job, one_hot, order


class Contender:
    """See `benchmarks.job`."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        self.job, self.epoch = job, 0
        self.images, self.targets = jnp.asarray(arrays.images), jnp.asarray(one_hot(arrays.labels))
        self.validation = jnp.asarray(arrays.validation_images), jnp.asarray(arrays.validation_labels)
        windows = [(jnp.asarray(W), jnp.asarray(b)) for W, b in arrays.start]
        self.state = windows, jax.tree.map(jnp.zeros_like, windows if job.momentum else [])

    def train(self) -> None:
        """See `benchmarks.job`."""
        batches = order(self.job.images, self.epoch).reshape(-1, self.job.batch_size)
        self.state = jax.block_until_ready(_epoch(self.state, self.images, self.targets, batches, self.job))
        self.epoch += 1

    def accuracy(self) -> float:
        """See `benchmarks.job`."""
        return float(_accuracy(self.state[0], *self.validation, self.job))


def logits(windows: Any, x: Array, job: Job) -> Array:
    """z of the output layer."""
    f = jax.nn.sigmoid if job.hidden == "sigmoid" else jax.nn.relu
    for W, b in windows[:-1]:
        x = f(x @ W.T + b)
    W, b = windows[-1]
    return x @ W.T + b


def cost(windows: Any, x: Array, y: Array, job: Job) -> Array:
    """The batch's mean cost."""
    z = logits(windows, x, job)
    if job.hidden == "sigmoid":
        return (jnp.logaddexp(0, z) - y * z).sum() / len(x)
    return -(y * jax.nn.log_softmax(z)).sum() / len(x)


@partial(jax.jit, donate_argnums=0, static_argnames="job")
def _epoch(state: Any, images: Array, targets: Array, batches: Array, job: Job) -> Any:
    def step(state: Any, batch: Array) -> tuple[Any, None]:
        windows, velocity = state
        x = images[batch].astype(jnp.float32) / 255
        slopes = jax.grad(cost)(windows, x, targets[batch], job)
        if job.momentum:
            slopes = velocity = jax.tree.map(lambda v, slope: job.momentum * v + slope, velocity, slopes)
        windows = jax.tree.map(lambda window, slope: window - job.learning_rate * slope, windows, slopes)
        return (windows, velocity), None

    return jax.lax.scan(step, state, batches)[0]


@partial(jax.jit, static_argnames="job")
def _accuracy(windows: Any, images: Array, labels: Array, job: Job) -> Array:
    blocks = images.reshape(-1, 1000, images.shape[1]).astype(jnp.float32) / 255
    a = jax.lax.map(lambda x: logits(windows, x, job).argmax(1), blocks)
    return (a.ravel() == labels).mean()

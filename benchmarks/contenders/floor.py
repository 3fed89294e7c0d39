"""No contender but the floor: the matrix products of an epoch's steps and nothing else, as numpy has them.

Nothing is learned. Every result has its memory already, and everything is in the cache where it fits.
"""

from __future__ import annotations

from itertools import pairwise
from math import nan

import numpy as np

from benchmarks.job import Array, Arrays, Job
from nnbp_cli.nn.arrays import aligned_zeros


class Contender:
    """See `benchmarks.job`."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        self.job = job
        self.products = step_products(job.sizes, job.batch_size)

    def train(self) -> None:
        """See `benchmarks.job`."""
        for _ in range(self.job.steps):
            multiply(self.products)

    def accuracy(self) -> float:
        """See `benchmarks.job`."""
        return nan


Products = list[tuple[Array, Array, Array]]  # two factors, and where their product goes


def step_products(sizes: tuple[int, ...], m: int) -> Products:
    """Those of a step with m images: forward, BP4, and BP2 for all layers but the first."""
    forward = forward_products(sizes, m)
    backward: Products = []
    for l, (W, a, delta) in reversed(list(enumerate(forward))):  # as columns; delta is as large as z
        backward.append((delta, a.T, random(*W.shape)))  # BP4
        if l:
            backward.append((delta.T, W, random(*a.T.shape)))  # BP2
    return forward + backward


def forward_products(sizes: tuple[int, ...], m: int) -> Products:
    """Those of a forward pass of m images: W, a as columns, and z as columns, which is the fastest way."""
    return [(random(n, before), random(m, before).T, random(n, m)) for before, n in pairwise(sizes)]


def multiply(products: Products) -> None:
    """Do them all."""
    for left, right, out in products:
        np.matmul(left, right, out=out)


def random(*shape: int) -> Array:
    """Numbers as a network has them: none of them denormal, none of them large."""
    array = aligned_zeros(int(np.prod(shape)), np.float32).reshape(shape)
    array[...] = np.random.default_rng(1).normal(size=shape, scale=0.1)
    return array

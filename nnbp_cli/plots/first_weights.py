"""What the neurons of the first layer look for: their weights, as values for whoever draws them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array

NEURONS = 100  # shown of the first layer


@dataclass(frozen=True)
class FirstWeights:
    """The first of `neurons` rows of W, (shown, pixels), for images of `shape`. A weight of `largest` has the
    full colour: few are larger, and those would leave no colour for the others.
    """

    W: Array
    shape: tuple[int, int]
    neurons: int
    largest: float


def first_weights(learned: Weights, most: int = NEURONS) -> FirstWeights:
    """The weights of the first layer, of `most` neurons at most."""
    W = learned.params.layers[0][0]
    largest = float(np.quantile(np.abs(W[:most]), 0.995)) or 1.0
    return FirstWeights(W[:most], learned.shape, len(W), largest)

"""Calibration: accuracy by confidence, in bins, and the expected calibration error; Guo and others, 2017,
"On calibration of modern neural networks".
"""

from dataclasses import dataclass

import numpy as np

from nnbp_cli.nn.arrays import Array

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Predictions in bins of equal width by their confidence, 0 to 1: how many are in each bin, their mean
    confidence, and their accuracy; 0 of none. All are (bins,).
    """

    counts: Array
    confidence: Array
    accuracy: Array

    @property
    def edges(self) -> Array:
        """Where the bins begin and end, (bins + 1,)."""
        return np.arange(len(self.counts) + 1) / len(self.counts)

    @property
    def error(self) -> float:
        """The expected calibration error: |confidence - accuracy|, averaged over the predictions."""
        return float((self.counts * np.abs(self.confidence - self.accuracy)).sum() / self.counts.sum())


def calibration(confidence: Array, correct: Array) -> Calibration:
    """The calibration of predictions, from the confidence of each, 0 to 1, and whether it is correct."""
    inside = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # a bin holds its upper end
    counts = np.bincount(inside, minlength=BINS)

    def mean(values: Array) -> Array:
        sums: Array = np.bincount(inside, weights=values, minlength=BINS) / np.maximum(counts, 1)
        return sums

    return Calibration(counts, mean(confidence), mean(correct))

"""From the bytes of an image to the inputs of a network."""

import numpy as np
import numpy.typing as npt

from nnbp_cli.nn.arrays import Array

SCALING = "byte / 255"  # recorded with the weights, which are worth nothing without it


def scaled(images: Array, dtype: npt.DTypeLike = np.float32) -> Array:
    """uint8 images (m, pixels) as floats from 0, no ink, to 1."""
    return np.multiply(images, 1 / 255, dtype=dtype)

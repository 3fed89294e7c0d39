"""Where every random number comes from.

A generator is made anew from (seed, name, position), so that a change in what one draws does not move
another, and a run that is resumed at (epoch, batch) draws what it would have drawn.
"""

import zlib

import numpy as np


def generator(seed: int, name: str, *position: int) -> np.random.Generator:
    """The generator `name` at `position` (an epoch, a block, ...) of the run `seed`."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), *position])

"""Which engine "auto" is: what the compiled one knows, and where it pays. Known without importing numba."""

from collections.abc import Sequence

# By the names of a config: what of a layer, and which functions and rules. All else is numpy's alone.
COMPILED_LAYER_KEYS = {"neurons", "activation", "override"}
COMPILED_ACTIVATIONS = ("sigmoid", "tanh", "relu", "linear", "softmax")
COMPILED_COSTS = ("quadratic", "cross-entropy", "log-likelihood")
COMPILED_OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")

# Measured, see docs/compiled.md: in large batches BLAS multiplies three times as fast as the loops do, which
# leave out what is white; in batches of m it is m / (m + 15) as fast as that.
BLAS_SPEED = 3
HALF_SPEED_BATCH = 15
# Multiplications that BLAS does in about half a second: importing numba, its code and its end take 0.43.
LEAST_SAVED_WORK = 8_000_000_000


def compiled_pays(work: Sequence[int], ink: float, batch_size: int, images: int, threads: int) -> bool:
    """Whether a run ends sooner with the compiled engine, on its one core, than with numpy on `threads`.

    `work` is that of each layer, `ink` the share of the pixels that are not 0; `images` is how many the run
    learns from, each as often as it does.
    """
    first, others = work[0], 1.5 * sum(work[1:])  # three products, where the first layer takes two
    numpy = (first + others) * (1 + HALF_SPEED_BATCH / batch_size) / threads
    compiled = (first * ink + others) * BLAS_SPEED
    return images * (numpy - compiled) >= LEAST_SAVED_WORK

"""Divergence: numbers that are not finite, in the words of an error."""

import numpy as np

from nnbp_cli.errors import Diverged
from nnbp_cli.nn.parameters import Parameters


def diverged(where: str, params: Parameters, seen: str, what: str = "the cost is") -> Diverged:
    """What to say of a network whose numbers are not finite: in which of its layers, or else `what` and where
    the largest are; when or on what that was seen; and what to try.
    """
    non_finite = [
        f"the {'weights' if name == 'W' else 'biases'} of layer {layer}"
        for layer, name, window in params.named_parameters()
        if not np.isfinite(window).all()
    ]
    largest = max(params.named_parameters(), key=lambda each: float(np.abs(each[2]).max()))
    problem = (
        f"not finite in {', '.join(non_finite)}"
        if non_finite
        else f"{what} not finite, the largest numbers are in layer {largest[0]}"
    )
    remedy = "try a smaller learning_rate, or another initializer"
    return Diverged(f"{where}: diverged: {problem}, seen {seen}; {remedy}")

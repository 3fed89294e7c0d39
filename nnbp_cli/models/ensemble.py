"""An ensemble: trained networks that vote on an image by the mean of their outputs. One alone is itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnbp_cli.divergence import diverged
from nnbp_cli.errors import NnbpError
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import COSTS, Cost

# In what networks must be alike for a mean of their outputs to say something.
TRAITS: dict[str, Callable[[Weights], object]] = {
    "images of {} and {}": lambda learned: "x".join(map(str, learned.shape)),
    "{} and {} classes": lambda learned: learned.network.outputs,
    "{} and {} outputs": lambda learned: learned.network.layers[-1].activation.name,
}


class Member(NamedTuple):
    """A trained network, and where it was found."""

    path: Path
    learned: Weights


@dataclass(frozen=True)
class Ensemble:
    """Networks that fit each other, in the order they were named in."""

    members: Sequence[Member]

    @property
    def first(self) -> Weights:
        """One of them, for what is the same in all: images, classes, kind of outputs."""
        return self.members[0].learned

    @property
    def title(self) -> str:
        """What it is called: one network by its layers, several by their number."""
        number = len(self.members)
        return f"a vote of {number} networks" if number > 1 else self.first.network.title

    @property
    def size(self) -> int:
        """How many parameters they have together."""
        return sum(learned.network.size for _, learned in self.members)

    @property
    def note(self) -> str:
        """What to know of members for which one data set was not the same, as far as that is known."""
        for path, learned in self.members:
            if "" not in (learned.digest, self.first.digest) and learned.digest != self.first.digest:
                name = learned.data.name
                return f"note: {self.members[0].path} and {path} learned from different contents of {name}"
        return ""

    @property
    def cost(self) -> Cost:
        """The cost of its answers: that of its members, or where these differ the quadratic one, which then
        is defined for their outputs too.
        """
        names = {learned.config.cost for _, learned in self.members}
        return COSTS[names.pop() if len(names) == 1 else "quadratic"]

    def predict(self, x: Array, seen: str) -> Array:
        """The mean of the output activations, (m, outputs), for inputs x, (m, inputs).

        Raises Diverged, in the words of `seen`, where those of a member are not finite.
        """
        outputs = []
        for path, learned in self.members:
            with np.errstate(all="ignore"):
                outputs.append(learned.network.predict(learned.params, x))
            if not np.isfinite(outputs[-1]).all():
                raise diverged(str(path), learned.params, seen, "the outputs are")
        return average(outputs)


def load(paths: Sequence[Path]) -> Ensemble:
    """The ensemble of weights files or run directories. Raises NnbpError as `weights.load` and `ensemble`."""
    return ensemble([Member(path, weights.load(path)) for path in paths])


def ensemble(members: Sequence[Member]) -> Ensemble:
    """The ensemble of these networks. Raises NnbpError where two do not fit each other, or are the same."""
    for (path, learned), (other_path, other) in combinations(members, 2):
        both = f"{path}, {other_path}"
        for words, trait in TRAITS.items():
            if trait(learned) != trait(other):
                wrong = words.format(trait(learned), trait(other))
                raise NnbpError(f"{both}: {wrong} have no mean; name networks that are alike in it")
        if learned.data.name != other.data.name and (learned.digest != other.digest or not learned.digest):
            names = f"{learned.data.name} and {other.data.name}"
            raise NnbpError(f"{both}: learned from {names}; name networks of one data set")
        if learned.config == other.config and np.array_equal(learned.params.theta, other.params.theta):
            raise NnbpError(f"{both}: the same network, which would vote twice; name it once")
    return Ensemble(members)


def average(outputs: Sequence[Array]) -> Array:
    """The mean of the outputs of networks, (m, outputs) each; added up in float64, where no sum overflows."""
    return np.asarray(np.mean(outputs, axis=0, dtype=np.float64)).astype(outputs[0].dtype)

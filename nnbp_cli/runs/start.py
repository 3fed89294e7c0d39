"""Training that begins with weights that are there already, instead of drawn ones."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from nnbp_cli.config import NetworkConfig
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import NnbpError
from nnbp_cli.evaluation.saved import other_names
from nnbp_cli.models.weights import StartedFrom, Weights
from nnbp_cli.system.reporter import Note
from nnbp_cli.training.loop import TrainingState
from nnbp_cli.wording import counted, quoted


def start_from(
    path: Path, learned: Weights, network: NetworkConfig, data: Dataset, state: TrainingState, note: Note
) -> StartedFrom:
    """Put weights, which are those at `path`, into the state of a run that has yet to begin; what they are.
    `note` is told where their classes have other names than those of `data`.

    Raises NnbpError where they are of another architecture than `network`, and in what.
    """
    if learned.shape != data.shape:
        theirs, ours = ("x".join(map(str, shape)) for shape in (learned.shape, data.shape))
        raise NnbpError(f"{path}: reads images of {theirs}, and {data.name} has {ours}; take others")
    for difference in _differences(learned.config, network):
        raise NnbpError(f"{path}: of another architecture: {difference}; make the config as the weights are")
    if said := other_names(data, learned):
        note(said)
    state.params.theta[:] = state.best_theta[:] = learned.params.theta
    sha256 = hashlib.sha256(learned.params.theta.tobytes()).hexdigest()
    return StartedFrom(str(path.absolute()), sha256, learned.data.name, learned.epoch)


def _differences(theirs: NetworkConfig, ours: NetworkConfig) -> Iterator[str]:
    """In which layers weights have another place, or another meaning; dropout and cost give them neither."""
    if len(theirs.layers) != len(ours.layers):
        yield f"it has {counted(len(theirs.layers), 'layers')}, the config {len(ours.layers)}"
    for index, pair in enumerate(zip(theirs.layers, ours.layers)):
        there, here = map(asdict, pair)
        for key, value in there.items():
            if key != "dropout" and value != here[key]:
                values = (quoted(value), quoted(here[key]))
                yield "network.layers.{}.{} is {} there and {} in the config".format(index, key, *values)

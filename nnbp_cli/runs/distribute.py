"""What rank 0 has of a run, given to the other processes that train it, which need no file: text and arrays,
by broadcast.
"""

import os
from pathlib import Path

import numpy as np

from nnbp_cli.config import build
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.engines import Communicator
from nnbp_cli.nn.arrays import Array
from nnbp_cli.runs import checkpoint
from nnbp_cli.runs.active_run import ActiveRun, Clock
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.system import json_text

SPLITS = ("training", "validation", "test")


def send(run: ActiveRun) -> None:
    """From rank 0, config, state and data, to all who `receive` them."""
    if run.communicator.size > 1:
        plain = {
            "checkpoint": checkpoint.to_plain(run.checkpoint()),
            "scored": list(run.scored),
            "data": {name: value for name, value in vars(run.data).items() if name not in SPLITS},
            "images": [getattr(run.data, name).images.shape for name in SPLITS],
            "shifted": run.data.training.shifted_shape,
        }
        _broadcast_text(run.communicator, json_text.dumps(plain))
        _broadcast_arrays(run)


def receive(communicator: Communicator) -> ActiveRun:
    """The run that rank 0 sends, with no directory of its own."""
    plain = json_text.loads(_broadcast_text(communicator))
    saved = checkpoint.from_plain(plain["checkpoint"])
    splits = [Split(np.empty(shape, np.uint8), np.empty(shape[0], np.uint8)) for shape in plain["images"]]
    if plain["shifted"]:
        splits[0] = Split(splits[0].images, splits[0].labels, tuple(plain["shifted"]))
    data = Dataset(**plain["data"] | dict(zip(SPLITS, splits)) | {"shape": saved.shape})
    network = build(saved.config.network, saved.shape)
    nowhere = RunDirectory(Path(os.devnull))
    run = ActiveRun(
        saved.config, data, network, nowhere, None, Clock(), saved.state, plain["scored"], communicator
    )
    _broadcast_arrays(run)
    return run


def _broadcast_text(communicator: Communicator, text: str = "") -> str:
    content = np.frombuffer(text.encode(), np.uint8)
    length = np.array([len(content)])
    communicator.broadcast(length)
    if communicator.rank:
        content = np.empty(length[0], np.uint8)
    communicator.broadcast(content)
    return content.tobytes().decode()


def _broadcast_arrays(run: ActiveRun) -> None:
    arrays: list[Array] = [*checkpoint.arrays(run.state).values()]
    for name in SPLITS:
        split: Split = getattr(run.data, name)
        arrays += [split.images, split.labels]
    for array in arrays:
        run.communicator.broadcast(array)

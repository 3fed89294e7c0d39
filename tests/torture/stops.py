"""A run stopped at each place where it can be stopped, with every optimizer and every schedule, and dropout
and distorted images in all of them: taken up again it ends with the same bits.
"""

from contextlib import ExitStack
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np

from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.system import signals
from nnbp_cli.training import loop
from tests.command_line import Said, nnbp
from tests.interruption import Interruption
from tests.small_run import results
from tests.torture.harness import Outcome
from tests.torture.scene import write_config

SMALL = (
    "training.epochs=2",
    "training.batch_size=27",
    "data.augment.shift=1",
    "network.layers.0.dropout=0.2",
)
SCHEDULES = {
    "constant": (),
    "linear": ("training.schedule=linear",),
    "cosine": ("training.schedule=cosine", "training.warmup=0.2"),
    "step": ("training.schedule=step", "training.decay=0.5", "training.step_epochs=1"),
    "exponential": ("training.schedule=exponential", "training.decay=0.9"),
    "halving": ("training.schedule=halving", "training.halve_after=1"),
}
COMPILED = (
    "training.engine=compiled",
    "training.optimizer=adam",
    "training.schedule=cosine",
    "network.layers.0.dropout=0.0",
)
KINDS = {
    **{
        f"{optimizer}, {schedule}": (
            f"training.optimizer={optimizer}",
            "training.learning_rate=0.01",
            *settings,
        )
        for optimizer, (schedule, settings) in product(OPTIMIZERS, SCHEDULES.items())
    },
    "elastic distortion": ("data.augment.elastic=20", "training.batch_size=7"),
    "layer speeds": ('training.watch=["layer speed", "validation accuracy"]', "training.l1=0.1"),
    "nothing watched": ("training.keep=last", "training.watch=[]", "data.validation=0"),
    **({"compiled": COMPILED} if find_spec("numba") else {}),
    "patience": ("training.patience=1", "training.epochs=9", "training.learning_rate=2.0"),
}


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Stop so many times, or at all places there are, in an order drawn from `seed`; and then once more."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    config = write_config(folder)
    signal, wholes, places = Interruption(), {}, []
    with ExitStack() as stack:
        stack.enter_context(patch.object(signals, "defer", signal.defer))
        stack.enter_context(patch.object(loop, "BATCHES_PER_CHUNK", 1))
        for number, kind in enumerate(rng.permutation(list(KINDS))[:tries]):
            signal.stay_away()
            _begin(config, folder / f"whole-{number}", kind)
            wholes[kind] = results(folder / f"whole-{number}")
            places += [(kind, after) for after in range(signal.asked)]
        for k in rng.permutation(len(places))[:tries]:
            kind, after = places[k]
            run = folder / f"stop-{k}"
            signal.come(after)
            said = _begin(config, run, kind)
            if said.status:
                signal.come(int(rng.integers(12)))
                if _resume(run).status:
                    signal.stay_away()
                    _resume(run)
            outcome.tries += 1
            outcome.check(said.status in (0, 130), f"{kind}, stop {after}: {said.err}")
            other = [name for name, result in results(run).items() if result != wholes[kind][name]]
            outcome.check(not other, f"{kind}, stop {after}: other {', '.join(other)}")
    return outcome


def _begin(config: Path, run: Path, kind: str) -> Said:
    settings = [part for each in (*SMALL, *KINDS[kind]) for part in ("--set", each)]
    return nnbp("train", "--config", config, "--out", run, *settings, *_places(run))


def _resume(run: Path) -> Said:
    return nnbp("train", "--resume", run, *_places(run))


def _places(run: Path) -> list[object]:
    return ["-q", "--weights", run.parent / "weights.npz"]

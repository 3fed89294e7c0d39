"""What came out of a run, as plain values: summary.json, and what `nnbp train --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nnbp_cli.checkpoint import Checkpoint
from nnbp_cli.config import sizes
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.preparation import watches_test
from nnbp_cli.training import history
from nnbp_cli.weights import Weights

Scores = Mapping[str, Mapping[str, float] | None]


def summarized(
    left: Checkpoint,
    data: Dataset,
    learned: Weights,
    *,
    run: Path,
    weights: Path,
    stopped_by: str | None,
    scores: Scores,
    times_tested: int,
) -> dict[str, Any]:
    """The summary of a run that is where `left` says, with the weights `learned`.

    `scores` are those of the kept weights, by split; `stopped_by` is the name of a signal.
    """
    config, state = left.config, left.state
    return {
        "run": str(run),
        "weights": str(weights),
        "began": left.began,
        "network": sizes(config.network, data.inputs),
        "parameters": learned.network.size,
        "data": asdict(config.data) | {"digest": data.digest, "test": len(data.test.labels)},
        "seed": config.training.seed,
        "threads": config.training.threads,
        "versions": dict(left.made_with),
        "epochs": state.epoch,
        "epochs_at_most": config.training.epochs,
        "stopped_by": stopped_by,
        "ended": history.ended(state.history, config.training),
        "kept_epoch": learned.epoch,
        "kept": dict(history.best(state.history, config.training).scores) if state.epoch else {},
        **scores,
        "test_set_watched": watches_test(config),
        "times_tested": times_tested,
        "seconds": {
            "training": round(sum(epoch.seconds for epoch in state.history), 3),
            "total": round(left.seconds, 3),
            "total_cpu": round(left.cpu_seconds, 3),
        },
    }

"""A report on runs whose networks vote: who they are, and what their vote says to the test images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nnbp_cli.errors import NnbpError
from nnbp_cli.evaluation import vote as evaluation
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.models.ensemble import Ensemble, Member, ensemble
from nnbp_cli.models.weights import Weights
from nnbp_cli.report import overview
from nnbp_cli.report.markup import Markup, joined, tag
from nnbp_cli.report.overview import Figure
from nnbp_cli.report.run_data import RunData
from nnbp_cli.wording import duration, percent


@dataclass(frozen=True)
class Vote:
    """Runs with weights, the ensemble of their networks, and its predictions where there are test images."""

    runs: Sequence[RunData]
    ensemble: Ensemble
    predictions: Predictions | None

    @property
    def networks(self) -> dict[str, Weights]:
        """The network of each run, by its name."""
        return {run.name: learned for run, (_, learned) in zip(self.runs, self.ensemble.members)}


def vote(runs: Sequence[RunData]) -> Vote:
    """The vote of runs; those without weights have none. Raises NnbpError where fewer than two have, and as
    `ensemble` and `evaluation.vote`.
    """
    voting = [run for run in runs if run.learned]
    if len(voting) < 2:
        raise NnbpError(f"{runs[0].path}: has nobody to vote with; name two runs or more that have ended")
    voters = ensemble([Member(run.path, run.learned) for run in voting if run.learned])
    answers = [run.predictions for run in voting if run.predictions]
    return Vote(voting, voters, evaluation.vote(voters, answers) if len(answers) == len(voting) else None)


def measured(vote: Vote) -> Iterator[Figure]:
    """The figures of the vote."""
    if vote.predictions:
        yield from overview.tested(vote.predictions.score, f"{vote.ensemble.cost.name} of the mean")
        alone = [run.predictions.score.accuracy for run in vote.runs if run.predictions]
        spread = f"on average, {percent(min(alone))} to {percent(max(alone))}"
        yield Figure("one alone", percent(float(np.mean(alone))), spread)
        yield from overview.calibrated(vote.predictions)
    yield Figure("parameters", f"{vote.ensemble.size:,}", f"in {len(vote.runs)} networks")
    seconds = [run.summary.seconds.training for run in vote.runs if run.summary]
    if len(seconds) == len(vote.runs):
        yield Figure("training", duration(sum(seconds)), "one after the other")


def provenance(vote: Vote) -> Markup:
    """How each of the runs was made."""
    return joined(
        tag("details", tag("summary", f"{run.name}: {overview.headline(run)}"), overview.provenance(run))
        for run in vote.runs
    )

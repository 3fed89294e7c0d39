"""What a [search] says, as Optuna has it: distributions, and who draws from them, and who prunes."""

from collections.abc import Mapping

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from nnbp_cli import rng
from nnbp_cli.config import ParameterConfig, SearchConfig


def distributions(parameters: Mapping[str, ParameterConfig]) -> dict[str, BaseDistribution]:
    """From which the value of each key is drawn."""
    return {key: _distribution(parameter) for key, parameter in parameters.items()}


def _distribution(parameter: ParameterConfig) -> BaseDistribution:
    low, high, log = parameter.min, parameter.max, parameter.scale == "log"
    if low is None or high is None:
        return CategoricalDistribution(parameter.values or ())
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def sampler(search: SearchConfig, seed: int, number: int) -> BaseSampler:
    """Who draws the trial of this number."""
    own = int(rng.generator(seed, "search", number).integers(2**32))
    if search.sampler == "random":
        return RandomSampler(seed=own)
    # Those that still run count as bad, so that nobody draws the same.
    return TPESampler(seed=own, constant_liar=True)


def pruner(search: SearchConfig, epochs: int) -> BasePruner:
    """Who ends trials early, of so many epochs at most."""
    match search.pruner:
        case "asha":
            return SuccessiveHalvingPruner(min_resource=1, reduction_factor=4)
        case "hyperband":
            return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
        case "median":
            return MedianPruner()
    return NopPruner()

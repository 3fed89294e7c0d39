"""What a [search] says, as Optuna has it: distributions, and who draws from them, and who prunes."""

from collections.abc import Mapping

from nnbp_cli import rng
from nnbp_cli.config import ParameterConfig, SearchConfig
from nnbp_cli.search.optuna import optuna


def distributions(
    parameters: Mapping[str, ParameterConfig],
) -> dict[str, optuna.distributions.BaseDistribution]:
    """From which the value of each key is drawn."""
    return {key: _distribution(parameter) for key, parameter in parameters.items()}


def _distribution(parameter: ParameterConfig) -> optuna.distributions.BaseDistribution:
    low, high, log = parameter.min, parameter.max, parameter.scale == "log"
    if low is None or high is None:
        return optuna.distributions.CategoricalDistribution(parameter.values or ())
    if isinstance(low, int) and isinstance(high, int):
        return optuna.distributions.IntDistribution(low, high, log=log)
    return optuna.distributions.FloatDistribution(low, high, log=log)


def sampler(search: SearchConfig, seed: int, number: int) -> optuna.samplers.BaseSampler:
    """Who draws the trial of this number."""
    own = int(rng.generator(seed, "search", number).integers(2**32))
    if search.sampler == "random":
        return optuna.samplers.RandomSampler(seed=own)
    # Those that still run count as bad, so that nobody draws the same.
    return optuna.samplers.TPESampler(seed=own, constant_liar=True)


def pruner(search: SearchConfig, epochs: int) -> optuna.pruners.BasePruner:
    """Who ends trials early, of so many epochs at most."""
    match search.pruner:
        case "asha":
            return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=4)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
        case "median":
            return optuna.pruners.MedianPruner()
    return optuna.pruners.NopPruner()

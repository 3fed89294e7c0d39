"""Configs: what a run is, from a TOML or YAML file to a frozen, validated `Config`.

file -> formats -> plain values -> loading (--set) -> validation (schema, then rules) -> Config -> build
"""

from nnbp_cli.config.build import augmentation, build, learning_rate, load_data, needed_memory, optimizer
from nnbp_cli.config.formats import decided, to_toml
from nnbp_cli.config.loading import changed_keys, load, loads
from nnbp_cli.config.recorded_data import load_recorded, moved
from nnbp_cli.config.rules import not_compiled
from nnbp_cli.config.schema import (
    AugmentConfig,
    Config,
    DataConfig,
    FinishConfig,
    LayerConfig,
    NetworkConfig,
    OverrideConfig,
    ParameterConfig,
    SearchConfig,
    TrainingConfig,
)
from nnbp_cli.config.validation import check_against_data, data_from_plain, network_from_plain

__all__ = [
    "AugmentConfig",
    "Config",
    "DataConfig",
    "FinishConfig",
    "LayerConfig",
    "NetworkConfig",
    "OverrideConfig",
    "ParameterConfig",
    "SearchConfig",
    "TrainingConfig",
    "augmentation",
    "build",
    "changed_keys",
    "check_against_data",
    "data_from_plain",
    "decided",
    "learning_rate",
    "load",
    "load_data",
    "load_recorded",
    "loads",
    "moved",
    "needed_memory",
    "network_from_plain",
    "not_compiled",
    "optimizer",
    "to_toml",
]

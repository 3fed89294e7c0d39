"""Configs: what a run is, from a TOML or YAML file to a frozen, validated `Config`.

file -> reading -> plain values -> overrides -> validation (schema, then rules) -> Config
"""

from nnbp_cli.config.building import augmentation, build, learning_rate, load_data, optimizer
from nnbp_cli.config.loading import load, loads
from nnbp_cli.config.schema import (
    AugmentConfig,
    Config,
    DataConfig,
    LayerConfig,
    NetworkConfig,
    OverrideConfig,
    TrainingConfig,
)
from nnbp_cli.config.validation import check_against_data, data_from_plain, moved, network_from_plain
from nnbp_cli.config.writing import changed_keys, to_plain, to_toml

__all__ = [
    "AugmentConfig",
    "Config",
    "DataConfig",
    "LayerConfig",
    "NetworkConfig",
    "OverrideConfig",
    "TrainingConfig",
    "augmentation",
    "build",
    "changed_keys",
    "check_against_data",
    "data_from_plain",
    "learning_rate",
    "load",
    "load_data",
    "loads",
    "moved",
    "network_from_plain",
    "optimizer",
    "to_plain",
    "to_toml",
]

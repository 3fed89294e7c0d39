"""The configs that come with the program."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from nnbp_cli import config
from nnbp_cli.config import AugmentConfig, DataConfig, LayerConfig, NetworkConfig, TrainingConfig
from nnbp_cli.errors import ConfigError
from nnbp_cli.presets import SUFFIXES, description, shipped


def test_shipped_is_what_a_config_may_be(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        (tmp_path / f"x{suffix}").touch()
        with pytest.raises(ConfigError, match="is empty"):
            config.load(tmp_path / f"x{suffix}")


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_config_is_valid_and_says_what_it_is_for(name: str) -> None:
    loaded = config.load(shipped()[name])
    assert config.build(loaded.network, (28, 28)).layers
    assert 30 < len(description(shipped()[name])) <= 110


def test_the_showpiece_is_the_same_experiment_in_toml_and_yaml() -> None:
    assert config.load(shipped()["mnist"]) == config.load(shipped()["mnist.yaml"])


def test_the_showpiece_has_every_key_with_a_word_of_why() -> None:
    text = shipped()["mnist"].read_text(encoding="utf-8")
    explained = set(re.findall(r"^(?:# )?(\w+) = .*# \w", text, re.MULTILINE))
    tables = (DataConfig, AugmentConfig, NetworkConfig, LayerConfig, TrainingConfig)
    keys = {field.name for table in tables for field in fields(table)}
    assert explained == keys - {"layers", "augment", "as_given"}  # the last is for the program itself
    assert "\n# [data.augment]  " in text


def test_what_the_showpiece_shows_of_augmentation_can_be_used(tmp_path: Path) -> None:
    text = shipped()["mnist"].read_text(encoding="utf-8")
    before, table, rest = text.partition("# [data.augment]")
    shown, gap, rest = (table + rest).partition("\n\n")
    (tmp_path / "x.toml").write_text(before + re.sub("^# ", "", shown, flags=re.MULTILINE) + gap + rest)
    augment = config.load(tmp_path / "x.toml").data.augment
    assert augment == AugmentConfig(
        shift=1.0, rotation=15.0, scaling=0.15, shear=0.15, elastic=34.0, sigma=4.0, thickness=0.5
    )

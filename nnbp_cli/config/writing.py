"""A config back to text and plain values, from which it is read again, the same to the last bit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import tomli_w

from nnbp_cli.config.schema import Config, NetworkConfig


def to_toml(config: Config) -> str:
    """The config as TOML, with everything in it that is decided; what was left open is left out."""
    tables = asdict(config)
    return tomli_w.dumps({name: _decided(table) for name, table in tables.items()})


def changed_keys(before: Config, after: Config) -> list[str]:
    """The keys, as they are written after --set, whose values differ; of layers just network.layers."""
    old, new = asdict(before), asdict(after)
    return [f"{name}.{key}" for name in old for key in old[name] if old[name][key] != new[name][key]]


def to_plain(network: NetworkConfig) -> dict[str, Any]:
    """A network's description as plain values that JSON can hold."""
    return asdict(network)


def _decided(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _decided(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }

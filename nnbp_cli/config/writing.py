"""A config back to plain values and to TOML, from which it can be read again, the same to the last bit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import tomli_w

from nnbp_cli.config.schema import Config, NetworkConfig


def to_toml(config: Config) -> str:
    """The config as the text of a config file, everything that is decided written out."""
    return tomli_w.dumps(_without_none(asdict(config)))


def to_plain(network: NetworkConfig) -> dict[str, Any]:
    """A network's description as dicts, lists, text and numbers, as JSON has them."""
    plain: dict[str, Any] = _without_none(asdict(network))
    return plain


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(each) for key, each in value.items() if each is not None}
    if isinstance(value, tuple):
        return [_without_none(each) for each in value]
    return value

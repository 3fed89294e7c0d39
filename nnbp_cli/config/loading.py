"""From a config file and what the command line sets to a Config: read, override, validate."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nnbp_cli.config import overrides, rules
from nnbp_cli.config.reading import read
from nnbp_cli.config.schema import Config
from nnbp_cli.config.toml_text import parse_toml
from nnbp_cli.config.validation import validate
from nnbp_cli.errors import printable


def load(path: str | Path, settings: Iterable[str] = ()) -> Config:
    """The config in the TOML or YAML file `path`, with each KEY=VALUE of `settings` put in its place.

    Raises one ConfigError with a line for every mistake in either.
    """
    return _configured(read(Path(path)), printable(str(path)), settings)


def loads(text: str, where: str, settings: Iterable[str] = ()) -> Config:
    """The config in the TOML `text`, as `load` reads it from a file; `where` names the text."""
    return _configured(parse_toml(text, where), where, settings)


def _configured(plain: dict[str, Any], where: str, settings: Iterable[str]) -> Config:
    origins, mistakes = overrides.apply(settings, plain)
    rules.drop_inapplicable_keys(plain, {place for place, _ in origins})
    return validate(plain, where, origins, mistakes)

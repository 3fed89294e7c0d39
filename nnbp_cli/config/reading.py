"""A config file to plain values: tables as dicts, and nothing known yet of what they should hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnbp_cli.config.toml_text import parse_toml
from nnbp_cli.errors import ConfigError, cannot_read, printable
from nnbp_cli.wording import quoted

_LARGEST = 64 * 1024
_READ = "expected a .toml, .yaml or .yml file"


def _parse_yaml(text: str, where: str) -> Any:
    from nnbp_cli.config.yaml_text import parse_yaml  # with its library, which a TOML file need not wait for

    return parse_yaml(text, where)


PARSERS: dict[str, Callable[[str, str], Any]] = {
    ".toml": parse_toml,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
}


def read(path: Path) -> dict[str, Any]:
    """What the config file `path` says. Raises ConfigError for everything that a file can be instead, and
    NnbpError where the system does not give it.
    """
    where = printable(str(path))
    if path.is_dir():
        raise ConfigError(f"{where}: is a directory; {_READ}")
    parse = PARSERS.get(path.suffix.lower())
    if parse is None:
        raise ConfigError(f"{where}: is not a config file; {_READ}")
    plain = parse(_text(path, where), where)
    if plain is None or plain == {}:
        raise ConfigError(f"{where}: is empty; 'nnbp init' writes a config to start from")
    if not isinstance(plain, dict):
        raise ConfigError(f"{where}: expected the tables data, network and training, got {quoted(plain)}")
    return plain


def _text(path: Path, where: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)  # no more, or /dev/zero would never end
    except FileNotFoundError as error:
        raise ConfigError(f"{where}: no such file; {_READ}, as 'nnbp init' writes one") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    if len(content) > _LARGEST:
        raise ConfigError(f"{where}: larger than 64 KB; a config has a few hundred bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{where}: line {line}: not UTF-8 text; save the file as UTF-8") from error

"""A config file to plain values: tables as dicts, and nothing known yet of what they should hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnbp_cli.config.toml_text import parse_toml
from nnbp_cli.errors import ConfigError, printable
from nnbp_cli.system.files import read_bytes
from nnbp_cli.wording import quoted

_MAX_FILE_BYTES = 64 * 1024
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
    content = read_bytes(
        path,
        _MAX_FILE_BYTES,
        missing=ConfigError(f"{where}: no such file; {_READ}, as 'nnbp init' writes one"),
        too_large=ConfigError(f"{where}: larger than 64 KB; a config has a few hundred bytes"),
    )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{where}: line {line}: not UTF-8 text; save the file as UTF-8") from error

"""A config file to plain values, tables as dicts, and a config back to the text of a file."""

import os
import re
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tomli_w

from nnbp_cli import presets
from nnbp_cli.config.schema import MAX_DEPTH, Config
from nnbp_cli.errors import ConfigError
from nnbp_cli.system.files import read_bytes
from nnbp_cli.wording import quoted

_MAX_FILE_BYTES = 64 * 1024
_READ = "expected a .toml, .yaml or .yml file"

# Strings and comments, whose brackets and dots are text; then what opens, closes, deepens or separates.
# A string that never ends is taken to the end of its text: the parser will say so.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
    r"|[\[\]{}.,=\n]",
    re.DOTALL,
)

_IN_OTHER_WORDS = {
    "Cannot overwrite a value": "a key is given twice; keep one",
    "Cannot declare": "a table is given twice; keep one",
    "Cannot mutate immutable": "a table is given twice; keep one",
    "Invalid value": "not a TOML value; text is written in quotes",
}


def read(path: Path) -> dict[str, Any]:
    """What the config file `path` says. Raises ConfigError for everything that a file can be instead, and
    NnbpError where the system does not give it.
    """
    if path.is_dir():
        raise ConfigError(f"{path}: is a directory; {_READ}")
    if not os.path.lexists(path) and (remedy := presets.remedy(path)):
        raise ConfigError(f"{path}: no such file; {remedy}")
    match path.suffix.lower():
        case ".toml":
            plain = parse_toml(_text(path), str(path))
        case ".yaml" | ".yml":
            # Here, with its library, which a TOML file need not wait for.
            from nnbp_cli.config.yaml_text import parse_yaml

            plain = parse_yaml(_text(path), str(path))
        case _:
            raise ConfigError(f"{path}: is not a config file; {_READ}")
    if plain is None or plain == {}:
        raise ConfigError(f"{path}: is empty; 'nnbp init' writes a config to start from")
    if not isinstance(plain, dict):
        raise ConfigError(f"{path}: expected the tables data, network and training, got {quoted(plain)}")
    return plain


def _text(path: Path) -> str:
    content = read_bytes(
        path,
        _MAX_FILE_BYTES,
        missing=ConfigError(f"{path}: no such file; {_READ}, as 'nnbp init' writes one"),
        too_large=ConfigError(f"{path}: larger than 64 KB; a config has a few hundred bytes"),
    )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: line {line}: not UTF-8 text; save the file as UTF-8") from error


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables in `text`. Raises ConfigError, with the line and column where there is one."""
    if _depth(text) > MAX_DEPTH:
        raise ConfigError(f"{where}: nested more than {MAX_DEPTH} levels deep")
    try:
        # With a last line break, an error at the end of the last line still has a line.
        return tomllib.loads(text + "\n")
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: {_explained(str(error))}") from error
    except ValueError as error:  # Python reads no integer of more than 4,300 digits
        raise ConfigError(f"{where}: not TOML: an integer has too many digits") from error


def _depth(text: str) -> int:
    """How deep brackets and dotted keys go, counted without parsing."""
    depth = brackets = dots = 0
    for token in _TOKEN.findall(text):
        if token in "[{":
            brackets += 1
        elif token in "]}":
            brackets -= 1
        if token == ".":
            dots += 1
        elif len(token) == 1:
            dots = 0
        depth = max(depth, brackets + dots)
    return depth


def _explained(message: str) -> str:
    """The parser's "Something (at line 3, column 5)" as our "line 3, column 5: something"."""
    what, _, place = message.removesuffix(")").rpartition(" (at ")
    place = place.replace("end of document", "at the end")
    for theirs, ours in _IN_OTHER_WORDS.items():
        if what.startswith(theirs):
            return f"{place}: {ours}"
    return f"{place}: not TOML: {what[:1].lower()}{what[1:]}"


def to_toml(config: Config) -> str:
    """The config as TOML, with everything in it that is decided; what was left open is left out."""
    return tomli_w.dumps(decided(asdict(config)))


def decided(plain: Any) -> Any:
    """Plain values without those that were left open, None, in any of their tables."""
    match plain:
        case dict():
            return {key: decided(value) for key, value in plain.items() if value is not None}
        case list() | tuple():
            return [decided(value) for value in plain]
    return plain

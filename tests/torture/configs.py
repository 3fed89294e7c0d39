"""Config files that were damaged, or edited by someone in a hurry."""

import io
import re
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.presets import shipped
from tests.torture.damage import damaged
from tests.torture.harness import Outcome
from tests.torture.trials import Trials

SECONDS, MEMORY = 0.25, 32e6

TOKEN = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[\w.+-]+|\n *|\s+|#[^\n]*|[^\w\s]")
STRANGE = (
    "nan", "inf", "-0.1", "0", "1e400", "-1", "3.5", "010", "0x1f", "1_000", "1e-3", "5E5", "1" * 5000,
    "10000000000", "true", "no", "off", "~", "null", "1:30", "2001-01-01", "07:32:00", '""', '"3.0"',
    '"\\u0000"', '"\\ud800"', '"\x1b[2J"', "[]", "{}", "[[", "]]", "{", "}", "[", "]", "=", ":", ",", "- ",
    "? ", "| ", "> ", "&a ", "*a", "!!int ", "!!python/object/apply:os.system ", "%YAML 1.1\n---\n", "---\n",
    "...\n", "\t", "\r\n", "\0", "\ufeff", "\u2028", '"""', "'''", "lamda", "Epochs", "eta", "softmax",
    "linear", "synthetic", "[" * 60, "a." * 60 + "a = 1\n",
)  # fmt: skip


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Read so many configs, in TOML and in YAML.

    One that is accepted says all that its file says, read by another parser, and comes back the same from
    the TOML that a run keeps of it.
    """
    outcome = Outcome()
    trials = Trials(outcome, SECONDS, MEMORY)
    texts = _texts()
    words = sorted({token for text, _ in texts for token in TOKEN.findall(text)})
    with trials.watching():
        for number in range(tries):
            rng = Random(f"{seed} {number}")
            text, suffix = rng.choice(texts)
            how = rng.choice(MUTATIONS)
            content = how(text, words, rng)
            path = folder / f"mutated{suffix}"
            path.write_bytes(content)
            what = f"{suffix}, {how.__name__}, seed {seed}, number {number}"
            found = trials.of(lambda path=path: config.load(path), str(path), what)  # type: ignore[misc]
            if found and (problem := _difference(found, content, suffix)):
                outcome.failures.append(f"{what}: {problem}")
    return outcome


def _texts() -> list[tuple[str, str]]:
    """The shipped configs, each with its suffix; all those in TOML also in YAML."""
    texts = [(path.read_text(encoding="utf-8"), path.suffix) for path in shipped().values()]
    return texts + [(_yaml(tomllib.loads(text)), ".yaml") for text, suffix in texts if suffix == ".toml"]


def _yaml(plain: dict[str, Any]) -> str:
    text = io.StringIO()
    YAML(typ="safe", pure=True).dump(plain, text)
    return text.getvalue()


def _difference(found: Config, content: bytes, suffix: str) -> str | None:
    """What the file says and the config does not, or what it loses on its way to a run directory."""
    if config.loads(config.to_toml(found), "again") != found:
        return "another config came back from its TOML"
    text = content.decode("utf-8-sig")
    try:
        plain = tomllib.loads(text + "\n") if suffix == ".toml" else YAML(typ="safe", pure=True).load(text)
    except Exception as error:
        return f"another parser says {error}"
    return _lost(plain, asdict(found), "")


def _lost(said: Any, understood: Any, place: str) -> str | None:
    if said is None:  # YAML's way to leave a key out
        return None
    if isinstance(said, dict) and isinstance(understood, dict):
        parts = ((value, understood.get(key), f"{place}.{key}") for key, value in said.items())
    elif isinstance(said, list) and isinstance(understood, tuple) and len(said) == len(understood):
        parts = ((one, two, f"{place}.{k}") for k, (one, two) in enumerate(zip(said, understood)))
    else:
        same = said == understood and isinstance(said, bool) == isinstance(understood, bool)
        return None if same or str(said) == understood else f"{place}: {said!r} became {understood!r}"
    return next(filter(None, (_lost(*part) for part in parts)), None)


# What is done to a text, given all the words that there are


def _bytes(text: str, words: list[str], rng: Random) -> bytes:
    return damaged(text.encode(), rng)


def _tokens(text: str, words: list[str], rng: Random) -> bytes:
    tokens = TOKEN.findall(text)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(tokens))
        match rng.choice(("replace", "replace", "insert", "drop", "swap", "mistype")):
            case "replace":
                tokens[at] = rng.choice((rng.choice(words), rng.choice(STRANGE)))
            case "insert":
                tokens.insert(at, rng.choice((rng.choice(words), rng.choice(STRANGE))))
            case "drop":
                tokens[at] = ""
            case "swap":
                other = rng.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                k = rng.randrange(len(tokens[at]) + 1)
                tokens[at] = (
                    tokens[at][:k] + rng.choice("aZ09_-. \"'\\é") + tokens[at][k + rng.randrange(2) :]
                )
    return "".join(tokens).encode(errors="surrogatepass")


def _lines(text: str, words: list[str], rng: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        act: Callable[[str], str] = rng.choice(
            (lambda line: "", lambda line: line + line, lambda line: "  " + line, str.lstrip, str.rstrip)
        )
        lines[at] = rng.choice((act(lines[at]), lines[other]))
    return "".join(lines).encode()


MUTATIONS = (_bytes, _tokens, _tokens, _lines)

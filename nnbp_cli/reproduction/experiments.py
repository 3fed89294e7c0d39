"""The experiments of the book, as data: configs/book/experiments.toml has them, and what is due."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter

from nnbp_cli.errors import ConfigError
from nnbp_cli.presets import shipped_folder
from nnbp_cli.wording import did_you_mean, listed, quoted

_CLOSED = ConfigDict(extra="forbid")
MAX_MINUTES_UNNAMED = 5  # of a run; what takes longer is run only by its name


@dataclass(frozen=True)
class Figure:
    """One number of an experiment: of the score `of` the epoch to `take`, less that of the score `minus`.

    take: "best", "first" or "final" of the epochs trained; "start", before the first step; "perfect", the
    number of the first epoch at 100%; "scored", of the kept weights at the end. `book` is what the book
    has, as text; `band` the bounds, both included, for the median of the seeds.
    """

    __pydantic_config__ = _CLOSED

    take: Literal["best", "first", "final", "start", "perfect", "scored"]
    of: str
    book: str
    band: tuple[float, float] | None = None
    minus: str | None = None

    @property
    def name(self) -> str:
        """What it is, in words."""
        if self.take == "perfect":
            return f"first epoch at 100% {self.of.removesuffix(' accuracy')}"
        names = {"scored": self.of, "start": f"{self.of} at the start"}
        words = names.get(self.take, f"{self.take} {self.of}")
        return f"{words} minus {self.minus}" if self.minus else words


@dataclass(frozen=True)
class Experiment:
    """One experiment: a config file (None for a baseline without a network), with some keys set; and the
    minutes of one core that a run takes, where that is a minute or more.
    """

    __pydantic_config__ = _CLOSED

    id: str
    about: str
    config: Path | None
    settings: tuple[str, ...]
    figures: tuple[Figure, ...]
    minutes: int = 0

    @property
    def command(self) -> str:
        """The command that runs it once, where there is a network."""
        if not self.config:
            return f"nnbp reproduce {self.id}"
        options = "".join(f" --set {setting}" for setting in self.settings)
        return f"nnbp train --config configs/book/{self.config.name}{options}"

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {"experiment": self.id, "what": self.about, "command": self.command, "minutes": self.minutes}


def load() -> list[Experiment]:
    """All experiments, in the order of the book."""
    folder = shipped_folder() / "book"
    tables = tomllib.loads((folder / "experiments.toml").read_text(encoding="utf-8"))
    for name, table in tables.items():
        file = folder / f"{table.pop('config', name)}.toml"
        config = None if table.pop("baseline", False) else file
        table |= {"id": name, "config": config, "settings": table.pop("set", ())}
    return TypeAdapter(list[Experiment]).validate_python(list(tables.values()))


def select(names: Sequence[str], experiments: Sequence[Experiment]) -> list[Experiment]:
    """The experiments that `names` name, each by its id or by how ids begin ("ch1", "ch3-l2"); for none all
    but those that take more than MAX_MINUTES_UNNAMED.

    Raises ConfigError for a name that names nothing.
    """
    named = {experiment for name in names for experiment in _named(name, experiments)}
    if not names:
        return [experiment for experiment in experiments if experiment.minutes <= MAX_MINUTES_UNNAMED]
    return [experiment for experiment in experiments if experiment in named]


def _named(name: str, experiments: Sequence[Experiment]) -> list[Experiment]:
    by_id = {experiment.id: experiment for experiment in experiments}
    if name in by_id:
        return [by_id[name]]
    matching = [experiment for id, experiment in by_id.items() if id.startswith(f"{name}-")]
    if not matching:
        chapters = listed(dict.fromkeys(id.partition("-")[0] for id in by_id))
        hint = did_you_mean(name, by_id, f"name {chapters}, or one that --list shows")
        raise ConfigError(f"nnbp reproduce: no experiment is called {quoted(name)}; {hint}")
    return matching

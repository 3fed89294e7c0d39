"""YAML 1.2 to plain values, trusting nothing.

Values are built from the parser's events, one by one, so that a text that is too deep, too large or names a
Python object is refused before anything is made of it. ruamel's own load would make numbers, dates and None
of keys and values that are text here, and took 2.2 s to fail at 3,000 brackets.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError

from nnbp_cli.config.schema import MAX_DEPTH
from nnbp_cli.errors import ConfigError
from nnbp_cli.wording import has_surrogates, quoted

_MAX_VALUES = 10_000
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null")}


def parse_yaml(text: str, where: str) -> Any:
    """The one document in `text` as dicts, lists, text, numbers, booleans and None.

    Dates stay text. Raises ConfigError with the line for what is not YAML, and for what is but is not
    wanted here: tags, %YAML 1.1, a key given twice, more than 50 levels or 10,000 values.
    """
    try:
        return _Builder(text, where).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column, problem = mark.line, mark.column, error.problem
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n"), error.position - before.rfind("\n") - 1
        problem = error.reason
    problem = " ".join(str(problem).split())
    raise ConfigError(f"{where}: line {line + 1}, column {column + 1}: not YAML: {problem}")


class _Builder:
    """Reads events from left to right; `anchors` holds what aliases may stand for so far."""

    def __init__(self, text: str, where: str) -> None:
        self.yaml = YAML(typ="safe", pure=True)
        self.events = self.yaml.parse(text)
        self.where = where
        self.anchors: dict[str, Any] = {}
        self.values = 0

    def document(self) -> Any:
        next(self.events)  # the start of the stream
        start = next(self.events)
        if not isinstance(start, events.DocumentStartEvent):
            return None
        if start.version not in (None, (1, 2)):
            raise self.refused(start, "only YAML 1.2 is read, where no is text and 010 is 10; drop %YAML")
        value = self.value(next(self.events), depth=0)
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, events.StreamEndEvent):
            raise self.refused(after, "a second document starts here; one is read")
        return value

    def value(self, event: Any, depth: int) -> Any:
        self.admit(depth, event)
        value: Any
        match event:
            case events.AliasEvent(anchor=name):
                if name not in self.anchors:
                    raise self.refused(event, f"nothing before this is called {quoted(name)}; write it out")
                return self.copy(self.anchors[name], depth, event)
            case events.ScalarEvent():
                value = self.scalar(event)
            case events.SequenceStartEvent():
                value = [self.value(item, depth + 1) for item in self.until(events.SequenceEndEvent)]
            case _:
                value = self.mapping(depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def scalar(self, event: events.ScalarEvent) -> Any:
        tag = self.yaml.resolver.resolve(ScalarNode, event.value, event.implicit)
        with suppress(ValueError):  # it looks like a number: 0x_, or five thousand digits
            if str(tag) in _PLAIN:
                return self.yaml.constructor.construct_object(ScalarNode(tag, event.value))
        return event.value

    def mapping(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in self.until(events.MappingEndEvent):
            if not isinstance(event, events.ScalarEvent):
                raise self.refused(event, "a list, a table or an alias is no key; write text")
            if event.value in values:
                raise self.refused(event, f"key {quoted(event.value)} is given twice; keep one")
            self.admit(depth, event)
            values[event.value] = self.value(next(self.events), depth + 1)
        return values

    def until(self, end: type[events.Event]) -> Iterator[events.Event]:
        """Events up to the one that ends what has begun."""
        while not isinstance(event := next(self.events), end):
            yield event

    def copy(self, value: Any, depth: int, alias: events.Event) -> Any:
        """A copy of what an alias stands for, counted as if it were written out."""
        self.admit(depth, alias)
        if isinstance(value, list):
            return [self.copy(item, depth + 1, alias) for item in value]
        if isinstance(value, dict):
            return {key: self.copy(item, depth + 1, alias) for key, item in value.items()}
        return value

    def admit(self, depth: int, event: events.Event) -> None:
        """Count one more key or value, unless it is too deep, too many, tagged, or no text."""
        self.values += 1
        if depth > MAX_DEPTH:
            raise self.refused(event, f"nested more than {MAX_DEPTH} levels deep")
        if self.values > _MAX_VALUES:
            raise self.refused(event, f"more than {_MAX_VALUES:,} keys and values; a config has a few dozen")
        if tag := getattr(event, "tag", None):
            raise self.refused(event, f"tag {quoted(str(tag))} is not read; leave it out")
        if isinstance(event, events.ScalarEvent) and has_surrogates(event.value):
            raise self.refused(event, f"{quoted(event.value)} is not text; write whole characters")

    def refused(self, event: events.Event, why: str) -> ConfigError:
        return ConfigError(f"{self.where}: line {event.start_mark.line + 1}: {why}")

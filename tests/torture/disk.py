"""A model of a disk: what may be on it after a power cut, given what was done to its files before."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import PurePath
from typing import Any

from nnbp_cli.system.files import is_temporary

Event = tuple[str, str, Any]  # an operation, its path, and what else it takes; or "saved", and the path
FEW = 4  # changes of names that are not sure: up to so many, every choice of them is modelled
DAMAGES = ("lost", "torn", "zeros", "whole")


@dataclass(eq=False)
class Node:
    """What a name stands for: bytes as the system shows them, and those that are sure; or a directory."""

    content: bytes = b""
    sure: bytes = b""
    directory: bool = False

    def write(self, place: int, content: bytes) -> None:
        self.content = self.content[:place] + content + self.content[place + len(content) :]

    def after(self, damage: str) -> bytes:
        """The bytes that are left of it."""
        half = (len(self.sure) + len(self.content)) // 2
        zeros = self.sure + bytes(max(0, len(self.content) - len(self.sure)))
        return {"lost": self.sure, "torn": self.content[:half], "zeros": zeros, "whole": self.content}[damage]


# Names, and what each now stands for, if anything; a disk makes a change whole or not at all.
Change = Mapping[str, Node | None]


@dataclass(frozen=True)
class Saved:
    """What was said to be saved, and what has been given its name `since`."""

    node: Node
    content: bytes
    since: list[Node] = field(default_factory=list)

    def is_kept(self, node: Node | None, content: bytes) -> bool:
        """Whether that, or something newer, is what was found."""
        return content.startswith(self.content) if node is self.node else node in self.since


@dataclass(frozen=True)
class DiskState:
    """What may be found after a power cut `when` something had happened: the contents of all files by their
    paths, the directories, and what had been said to be saved that is not there.
    """

    when: str
    files: Mapping[str, bytes]
    directories: frozenset[str]
    missing: tuple[str, ...]


@dataclass
class Disk:
    """Names as the running system shows them, names that are sure, and the changes in between, in order."""

    names: dict[str, Node] = field(default_factory=dict)
    sure: dict[str, Node] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    saved: dict[str, Saved] = field(default_factory=dict)  # the last of each path

    def do(self, event: Event) -> None:
        operation, path, more = event
        match operation:
            case "open" if more != "r" and path not in self.names:
                self._change({path: Node()})
            case "write":
                self.names[path].write(more[0], base64.b64decode(more[1]))
            case "fsync" if self.names.get(path, Node(directory=True)).directory:
                self._sync_names(path)
            case "fsync":
                self.names[path].sure = self.names[path].content
            case "mkdir" if path not in self.names:
                self._change({path: Node(directory=True)})
            case "replace":
                if more in self.saved:
                    self.saved[more].since.append(self.names[path])
                self._change({path: None, more: self.names[path]})
            case "unlink" if path in self.names:
                self._change({path: None})
            case "saved":
                self.saved[path] = Saved(self.names[path], self.names[path].content)

    def states(self, when: str) -> Iterator[DiskState]:
        """Everything that may be found if the power is cut now."""
        for names in self._namings():
            unsure = [
                path
                for path, node in names.items()
                if node.content != node.sure and not is_temporary(PurePath(path))  # which nobody reads
            ]
            alike = ((damage,) * len(unsure) for damage in DAMAGES)
            for damage in product(DAMAGES, repeat=len(unsure)) if len(unsure) < 3 else alike:
                done = dict(zip(unsure, damage))
                plain = {path: node for path, node in names.items() if not node.directory}
                found = {path: node.after(done.get(path, "lost")) for path, node in plain.items()}
                missing = tuple(
                    path
                    for path, saved in self.saved.items()
                    if not saved.is_kept(names.get(path), found.get(path, b""))
                )
                yield DiskState(when, found, frozenset(names) - frozenset(plain), missing)

    def _change(self, change: Change) -> None:
        self.changes.append(change)
        _apply(self.names, change)

    def _sync_names(self, directory: str) -> None:
        unsure, self.changes = self.changes, []
        for change in unsure:
            if any(str(PurePath(path).parent) == directory for path in change):
                _apply(self.sure, change)
            else:
                self.changes.append(change)

    def _namings(self) -> Iterator[dict[str, Node]]:
        """Every choice of the changes that are not sure; of many, those from the first to any one."""
        n = len(self.changes)
        up_to = (tuple(k < last for k in range(n)) for last in range(n + 1))
        for chosen in product((True, False), repeat=n) if n <= FEW else up_to:
            names = dict(self.sure)
            for change, is_done in zip(self.changes, chosen):
                if is_done:
                    _apply(names, change)
            yield {path: node for path, node in names.items() if self._is_reached(path, names)}

    def _is_reached(self, path: str, names: Mapping[str, Node]) -> bool:
        """Whether all directories above a path are there, of those that were made."""
        return all(str(above) in names for above in PurePath(path).parents if str(above) in self.names)


def states(events: Iterable[Event]) -> Iterator[DiskState]:
    """Every state, each once, in which a power cut between two of the events may leave a disk."""
    disk = Disk()
    seen: set[Any] = set()
    for event in events:
        disk.do(event)
        for state in disk.states(f"after {event[0]} of {PurePath(event[1]).name}"):
            contents = (tuple(sorted(state.files.items())), state.directories, state.missing)
            if contents not in seen:
                seen.add(contents)
                yield state


def _apply(names: dict[str, Node], change: Change) -> None:
    for path, node in change.items():
        if node:
            names[path] = node
        else:
            names.pop(path, None)

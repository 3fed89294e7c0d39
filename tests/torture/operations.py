"""Every file operation of a process, seen before it happens: it may be counted, noted, or made to fail.

Python reaches the system through `os` and `io`. Others are put in their place, which say what they are about
to do to whoever watches, and then do it.
"""

import builtins
import fcntl
import io
import os
from collections.abc import Callable
from typing import Any

# Told the name of an operation, the path that it is about, and what else it takes: the mode, the new name, or
# the place and the bytes to be written there. May raise OSError to let it fail; may return how many of the
# bytes are to be written.
Watcher = Callable[[str, str, Any], int | None]

ABOUT_PATHS = ("mkdir", "unlink", "replace", "rename", "rmdir", "scandir", "listdir")


def watch(watcher: Watcher, under: str) -> None:
    """From now on in this process `watcher` is told of every operation on a path that begins with `under`."""
    paths: dict[int, str] = {}  # of the files that are open
    real = {name: getattr(os, name) for name in (*ABOUT_PATHS, "open", "close", "fsync")}
    flock = fcntl.flock

    def told(operation: str, path: Any, more: Any = None) -> int | None:
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        return watcher(operation, name, more) if name.startswith(under) else None

    def about_path(name: str) -> Callable[..., Any]:
        def operation(path: Any = ".", *more: Any, **options: Any) -> Any:
            if isinstance(path, str | bytes | os.PathLike):
                told(name, path, os.path.abspath(more[0]) if name in ("replace", "rename") else None)  # noqa: PTH100
            return real[name](path, *more, **options)

        return operation

    def open_handle(path: Any, *more: Any, **options: Any) -> int:
        told("open", path, "r")
        handle: int = real["open"](path, *more, **options)
        paths[handle] = os.fspath(path)
        return handle

    def about_handle(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def operation(handle: Any, *more: Any) -> Any:
            number = handle if isinstance(handle, int) else handle.fileno()
            if number in paths:
                told(name, paths[number])
            return act(number, *more)

        return operation

    class Watched(io.FileIO):
        """A file as the system has it, with no buffer."""

        def __init__(self, path: Any, mode: str, *more: Any) -> None:
            told("open", path, mode)
            super().__init__(path, mode, *more)
            paths[self.fileno()] = os.fspath(path)
            self.path = os.fspath(path)

        def readinto(self, buffer: Any) -> int | None:
            """Read, if the watcher lets it."""
            told("read", self.path)
            return super().readinto(buffer)

        def readall(self) -> bytes:
            """Read to the end, if the watcher lets it."""
            told("read", self.path)
            return super().readall()

        def write(self, content: Any) -> int:
            """Write what the watcher lets through."""
            size = told("write", self.path, (self.tell(), bytes(content)))
            return super().write(memoryview(content)[: size if size is not None else None])

        def close(self) -> None:
            """Close it, whatever the watcher says of it, as the system does."""
            if not self.closed:
                paths.pop(self.fileno(), None)
                try:
                    told("close", self.path)
                finally:
                    super().close()

    real_open: Any = io.open

    def open_file(
        file: Any, mode: str = "r", buffering: int = -1, *texts: Any, opener: Any = None, **options: Any
    ) -> Any:
        is_ours = isinstance(file, str | os.PathLike) and os.path.abspath(file).startswith(under)  # noqa: PTH100
        if opener or not is_ours:  # an opener goes through os.open
            return real_open(file, mode, buffering, *texts, opener=opener, **options)
        raw = Watched(file, mode.replace("b", "").replace("t", ""))
        binary = io.BufferedReader(raw) if mode[0] == "r" else io.BufferedWriter(raw)
        return binary if "b" in mode else io.TextIOWrapper(binary, *texts, **options)

    for name in ABOUT_PATHS:
        setattr(os, name, about_path(name))
    setattr(os, "open", open_handle)  # noqa: B010, mypy would compare the types
    setattr(io, "open", open_file)  # noqa: B010
    setattr(builtins, "open", open_file)  # noqa: B010
    os.fsync = about_handle("fsync", real["fsync"])
    os.close = about_handle("close", real["close"])
    fcntl.flock = about_handle("flock", flock)

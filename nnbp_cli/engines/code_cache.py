"""Compiled code, kept between processes where numba keeps it: in NUMBA_CACHE_DIR, or beside the source, or in
the user's cache directory. No state of these files makes a run fail: what cannot be read is compiled again,
and what cannot be written is not kept.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile


def keep(function: Any, sources: Sequence[ModuleType]) -> None:
    """Keep what numba makes of a function, which depends on the text of `sources`."""
    with suppress(RuntimeError):  # there is no place to
        function._cache = _CodeCache(function.py_func, sources)


@contextmanager
def told_of_compiling(tell: Callable[[], object]) -> Iterator[None]:
    """Within the block, `tell` is called before numba compiles anything."""

    class Listener(event.Listener):  # type: ignore[misc]
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                tell()
            self.told = True

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


class _CodeCache(FunctionCache):  # type: ignore[misc]
    """numba's cache with a file for each type of numbers and of processor, and with the sources' digest.

    numba has a list of such files, and trusts that nobody else changes it: of two processes that compile for
    different types, or on two machines that share a home, one may be given the code of the other.
    """

    def __init__(self, function: Any, sources: Sequence[ModuleType]) -> None:
        super().__init__(function)
        texts = [Path(source.__file__ or "").read_bytes() for source in sources]
        self.stamp = sha256(b"".join(texts)).hexdigest()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        self._choose_file(sig, target_context.codegen())
        with suppress(Exception):  # of a damaged file pickle may raise anything
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        self._choose_file(sig, data.codegen)
        with suppress(OSError):
            self._impl.locator.ensure_cache_path()
            self.flush()  # what is there may be damaged
            super().save_overload(sig, data)

    def _choose_file(self, sig: Any, codegen: Any) -> None:
        digest = sha256(repr((sig, codegen.magic_tuple())).encode()).hexdigest()
        name = f"{self._impl.filename_base}-{digest[:16]}"
        self._cache_file = IndexDataCacheFile(self.cache_path, name, self.stamp)

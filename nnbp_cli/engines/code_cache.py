"""Compiled code, kept between processes where numba keeps it: in NUMBA_CACHE_DIR, or beside the source, or in
the user's cache directory. No state of these files makes a run fail, or end otherwise: what is damaged, or is
of other sources or versions, is compiled again, and what cannot be written is not kept.

A digest guards against accidents alone. What is kept is pickle and machine code, so whoever may write in that
folder is trusted as much as whoever may change the program itself.
"""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import event
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from nnbp_cli.errors import NnbpError
from nnbp_cli.system import files
from nnbp_cli.system.reporter import Note

DIGEST_BYTES = sha256().digest_size


def keep(function: Any, sources: Sequence[ModuleType]) -> None:
    """Keep what numba makes of a function, which depends on the text of `sources`."""
    try:
        function._cache = _CodeCache(function.py_func, sources)
    except RuntimeError:
        function._cache.failure = "no folder for it can be written; let NUMBA_CACHE_DIR name one"


@contextmanager
def told_of_compiling(function: Any, note: Note, message: str) -> Iterator[None]:
    """Within the block, `note` is told the message before the function is compiled, and in the end why that
    could not be kept.
    """

    class Listener(event.Listener):  # type: ignore[misc]
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                note(message)
            self.told = True

        def on_end(self, event: Any) -> None:
            pass

    listener = Listener()
    with event.install_listener("numba:compile", listener):
        yield
    if listener.told and function._cache.failure:
        note(f"note: what was compiled is not kept: {function._cache.failure}")


class _CodeCache(FunctionCache):  # type: ignore[misc]
    """A file for each type of numbers and of processor: the digest of all that its code depends on, the code.

    numba itself has a list of such files, and trusts that nobody else changes it: of two processes that
    compile for different types, or on two machines that share a home, one may be given the code of the other.
    And it runs what it finds: a bit that fell over in it has changed results, and has crashed.
    """

    failure = ""

    def __init__(self, function: Any, sources: Sequence[ModuleType]) -> None:
        super().__init__(function)
        versions = f"{numba.__version__} {llvmlite.__version__} {np.__version__}"
        texts = [Path(source.__file__ or "").read_bytes() for source in sources]
        self.stamp = b"".join([versions.encode(), *texts])

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        target_context.refresh()
        with suppress(OSError):
            content = self._file(sig, target_context.codegen()).read_bytes()
            digest, code = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
            if digest == self._digest(code):
                return self._impl.rebuild(target_context, pickle.loads(code))
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        if not self._impl.check_cachable(data):
            return
        code = dumps(self._impl.reduce(data))
        try:
            files.write(self._file(sig, data.codegen), self._digest(code) + code)
        except NnbpError as error:
            self.failure = str(error)

    def _digest(self, code: bytes) -> bytes:
        return sha256(self.stamp + code).digest()

    def _file(self, sig: Any, codegen: Any) -> Path:
        digest = sha256(repr((sig, codegen.magic_tuple())).encode()).hexdigest()
        return Path(self.cache_path, f"{self._impl.filename_base}-{digest[:16]}.nbc")

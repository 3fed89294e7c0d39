"""What a command may write to: a free name, or a file that is its own work of the same kind.

The one rule of all outputs. It is looked at before any work is done, and once more when the file is about to
get its name. How its own work is recognized, each kind of output knows by itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.system import files
from nnbp_cli.wording import listed

SIGNED_BYTES = 1 << 16  # at the beginning of a file, and at its end, in which a signature is looked for


@dataclass(frozen=True)
class Output:
    """A kind of output: what it is called; by the ending of a file's name, whether an existing file is one
    that nnbp wrote; and what to do about one that is not. Several endings are several formats.
    """

    name: str
    is_own: Mapping[str, Callable[[Path], bool]]
    remedy: str = "name another file"

    def check(self, path: Path) -> None:
        """Raise ConfigError where the name does not fit, NnbpError where the file cannot be written."""
        tells_format = len(self.is_own) > 1 or not files.is_stream(path)
        if tells_format and path.suffix.lower() not in self.is_own:
            raise ConfigError(f"{path}: not a name for {self.name}; name a {listed(self.is_own)} file")
        files.check_writable(path)
        self.check_replaceable(path)

    def check_replaceable(self, path: Path) -> None:
        """Raise NnbpError where there is something else than a file of this kind; a `files.Check`."""
        if path.exists() and not files.is_stream(path) and not self.is_own[path.suffix.lower()](path):
            raise NnbpError(f"{path}: is there already, and not {self.name} that nnbp wrote; {self.remedy}")

    def write(self, path: Path, content: str | bytes) -> None:
        """Make `content` the file `path`, whole or not at all. Raises NnbpError as `check` does."""
        files.write(path, content, self.check_replaceable)


def signed(pattern: bytes) -> Callable[[Path], bool]:
    """Whether a file begins as `pattern` does, and has its rest near the beginning or near the end."""
    signature = re.compile(pattern, re.DOTALL)

    def is_signed(path: Path) -> bool:
        try:
            with path.open("rb") as file:
                beginning = file.read(SIGNED_BYTES)
                file.seek(max(file.tell(), path.stat().st_size - SIGNED_BYTES))
                return signature.match(beginning + file.read(SIGNED_BYTES)) is not None
        except OSError:  # what cannot be read is not known to be its own
            return False

    return is_signed

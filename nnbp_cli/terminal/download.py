"""What a person sees of a download: a bar per file on a terminal, plain lines elsewhere. All on stderr."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from nnbp_cli.datasets.catalog import File
from nnbp_cli.errors import printable
from nnbp_cli.terminal.output import log


class DownloadDisplay:
    """The progress of `datasets.download.fetch`; a context, which leaves no bar behind."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bars = sys.stderr.isatty() and not quiet
        self.bar: tqdm[Any] | None = None
        self.file: File | None = None

    def __enter__(self) -> DownloadDisplay:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def note(self, message: str) -> None:
        """See `download.Progress`."""
        if not self.quiet:
            log(message)

    def received(self, file: File, count: int) -> None:
        """See `download.Progress`."""
        if not self.bars:
            return
        if self.bar is None or self.file != file:
            self.close()
            self.file = file
            self.bar = tqdm(
                desc=printable(file.name),
                total=file.size,
                unit="B",
                unit_scale=True,
                leave=False,
                dynamic_ncols=True,
            )
        self.bar.update(count - self.bar.n)

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None

"""A published data set of four tiny files, and a client that has time or is in haste."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli.datasets import download
from nnbp_cli.datasets.catalog import NAMES, Entry, File
from nnbp_cli.datasets.transfer import Timeouts
from nnbp_cli.datasets.transfer_errors import without_password
from nnbp_cli.errors import NnbpError
from nnbp_cli.system.reporter import Reporter

BYTES = np.random.default_rng(5).bytes(9_000)
CONTENT = {
    f"{name}.gz": b"\x1f\x8b" + BYTES[:size]
    for name, size in zip(NAMES, (9_000, 300, 4_000, 70), strict=True)
}
FIRST = f"{NAMES[0]}.gz"


def published(name: str, content: Mapping[str, bytes]) -> Entry:
    """A data set of these files, as the catalog would have it, but without mirrors."""
    files = (File(file, len(body), hashlib.sha256(body).hexdigest()) for file, body in content.items())
    return Entry(name, "Tiny", "MIT", (), tuple(files))


TINY = published("tiny", CONTENT)
HASTE = Timeouts(  # for mirrors that fail; a good one may be held up as long by the machine
    connect=0.3,
    silence=0.4,
    answer=1.5,
    retries=1,
    retry_after=0.1,
    slow_seconds=0.5,
    slow_bytes=2_000,
    total=20,
)


class Watch(Reporter):
    """Everything that a download said."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.counts: list[tuple[str, int]] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def received(self, name: str, count: int, size: int) -> None:
        self.counts.append((name, count))


def fetch(data_dir: Path, *mirrors: str, entry: Entry = TINY, **options: Any) -> Path:
    return download.fetch(entry, data_dir, mirrors=mirrors, **options)


def refusals(data_dir: Path, *mirrors: str, **options: Any) -> list[str]:
    """What each mirror said when a download failed. Nothing is left on the disk."""
    with pytest.raises(NnbpError) as error:
        fetch(data_dir, *mirrors, **({"timeouts": HASTE} | options))
    first, *reasons, last = str(error.value).split("\n")
    folder = data_dir / "tiny"
    command = f"nnbp download tiny --data-dir {data_dir} --mirror URL"
    assert first == f"{folder}: no mirror gave '{FIRST}'; try again later, or run '{command}'"
    assert last == f"  by hand: put {', '.join(CONTENT)} of Tiny into {folder}"
    assert not folder.exists()
    urls = [f"  {without_password(url).rstrip('/')}/{FIRST}: " for url in mirrors]
    assert [reason[: len(url)] for reason, url in zip(reasons, urls, strict=True)] == urls
    return [reason[len(url) :] for reason, url in zip(reasons, urls, strict=True)]

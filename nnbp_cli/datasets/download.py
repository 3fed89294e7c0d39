"""Bringing a published data set here, from whichever mirror has it, every byte verified.

A body stays in memory until its size and its SHA-256 are right (the largest has 26 MB); only then is there
a file. So a download that dies leaves nothing behind, and no wrong byte ever gets a final name.
"""

import hashlib
import zlib
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic

from nnbp_cli.datasets import http_client
from nnbp_cli.datasets.catalog import Entry, File
from nnbp_cli.datasets.readers.idx import sniff
from nnbp_cli.datasets.sources import download_command
from nnbp_cli.datasets.transfer import DEFAULT_TIMEOUTS, Timeouts, receive
from nnbp_cli.datasets.transfer_errors import TransferError, without_password
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.system import files, locks
from nnbp_cli.system.reporter import SILENT, Reporter


def fetch(
    entry: Entry,
    data_dir: Path,
    *,
    mirrors: Sequence[str] = (),
    force: bool = False,
    reporter: Reporter = SILENT,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
) -> Path:
    """Bring the files of `entry` into `data_dir`/name, and return that folder.

    `mirrors` are asked before those of the catalog. A file that is there and right is left alone, unless
    `force`; one that is damaged is fetched again. Raises NnbpError, with what each mirror said, when none
    has a file; ConfigError for a mirror that is no URL, or one where a password may be taken for the host.
    A folder that was made and got no file is gone again.
    """
    for mirror in mirrors:
        shown = without_password(mirror)
        if not mirror.startswith(("http://", "https://")):
            raise ConfigError(f"--mirror: expected a URL with http:// or https://, got '{shown}'")
        if not http_client.is_clear(mirror):
            remedy = "write what is no letter or digit in its password as %XX"
            if "@" not in mirror:
                remedy = "name it as http://HOST:PORT/FOLDER"
            raise ConfigError(f"--mirror: '{shown}' does not say host and port clearly; {remedy}")
    folder = data_dir / entry.name
    deadline = monotonic() + timeouts.total
    queue = deque([*mirrors, *entry.mirrors])
    with locks.shared(folder), closing(reporter):
        for file in entry.files:
            path = folder / file.name
            if force or not _is_here(path, file, reporter):
                try:
                    content = _first_right(queue, file, reporter, timeouts, deadline)
                except TransferError as refusals:
                    raise _nowhere(entry, folder, file, refusals) from refusals
                files.write(path, content)
                reporter.note(f"{path}: {file.size:,} bytes from {without_password(queue[0])}")
    return folder


def _is_here(path: Path, file: File, reporter: Reporter) -> bool:
    try:
        with path.open("rb") as found:
            right = path.stat().st_size == file.size and _is_right(found.read(), file)
    except FileNotFoundError:
        return False
    except OSError:  # not readable is not right
        right = False
    reporter.note(f"{path}: already here" if right else f"{path}: damaged; fetching it again")
    return right


def _is_right(content: bytes, file: File) -> bool:
    return len(content) == file.size and hashlib.sha256(content).hexdigest() == file.sha256


def _first_right(
    queue: deque[str], file: File, reporter: Reporter, timeouts: Timeouts, deadline: float
) -> bytes:
    """The bytes of `file` from the first mirror in the queue that has them; those that fail go to its end.

    Raises TransferError, a line for each mirror, when none has them.
    """
    refusals = []
    for _ in range(len(queue)):
        url = f"{queue[0].rstrip('/')}/{file.name}"
        try:
            return _content(url, file, reporter, timeouts, deadline)
        except TransferError as error:
            refusals.append(f"{without_password(url)}: {error}")
            queue.rotate(-1)
            if len(refusals) < len(queue):
                reporter.note(f"{refusals[-1]}; trying {without_password(queue[0])}")
    raise TransferError(*refusals)


def _content(url: str, file: File, reporter: Reporter, timeouts: Timeouts, deadline: float) -> bytes:
    """The bytes of `file` from `url`. Raises TransferError when they are not right."""
    body = bytearray()
    max_bytes = file.size + file.size // 1000 + 100  # room for a server that packs what is packed
    reporter.received(file.name, 0, file.size)
    with closing(receive(url, timeouts, deadline)) as pieces:
        for piece in pieces:
            body += piece
            reporter.received(file.name, min(len(body), file.size), file.size)
            if len(body) > max_bytes:
                break
    for content in (bytes(body), _unpacked(body, file.size)):
        if _is_right(content, file):
            return content
    what = "wrong bytes: the checksum does not hold"
    if len(body) > max_bytes:
        what = f"more than the {file.size:,} bytes that are due"
    elif len(body) != file.size:
        what = f"{len(body):,} bytes where {file.size:,} are due"
    kind = sniff(bytes(body[:1000]))
    raise TransferError(f"{what}; it seems to be {kind}" if kind else what)


def _unpacked(body: bytearray, size: int) -> bytes:
    """What a server packed on the way (Content-Encoding: gzip), cut soon after `size` bytes; or nothing."""
    try:
        return zlib.decompressobj(wbits=31).decompress(body, size + 1)
    except zlib.error:
        return b""


def _nowhere(entry: Entry, folder: Path, file: File, refusals: TransferError) -> NnbpError:
    names = ", ".join(file.name for file in entry.files)
    return NnbpError(
        f"{folder}: no mirror gave '{file.name}'; "
        f"try again later, or run '{download_command(entry.name, folder.parent)} --mirror URL'",
        *(f"  {refusal}" for refusal in refusals.args),
        f"  by hand: put {names} of {entry.title} into {folder}",
    )

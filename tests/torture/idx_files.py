"""Data sets of which one file was damaged, or forged by someone who knows the format."""

import gzip
import hashlib
import pickle
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np

from nnbp_cli.datasets import catalog, loading
from nnbp_cli.datasets.catalog import NAMES
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.datasets.readers import idx
from nnbp_cli.nn.arrays import Bytes
from tests.tiny import published
from tests.torture.damage import damaged
from tests.torture.harness import Outcome
from tests.torture.trials import Trials

SECONDS, MEMORY = 0.05, 64e6

FOLDERS = ("plain", "gzipped", "published")


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Read so many data sets: of files as they are, gzipped, or published with a checksum.

    What is read is what the files say when they are read in the plainest way; where there is a checksum, and
    gzip has one too, that is what was there before.
    """
    outcome = Outcome()
    trials = Trials(outcome, SECONDS, MEMORY)
    plain = _sound()
    right = _digest(plain.values())
    packed = {f"{name}.gz": _packed(content) for name, content in plain.items()}
    with patch.dict(catalog.CATALOG, {"published": published("published", packed)}), trials.watching():
        for place in FOLDERS:
            (folder / place).mkdir()
            for file, content in (plain if place == "plain" else packed).items():
                (folder / place / file).write_bytes(content)
        for number in range(tries):
            rng = Random(f"{seed} {number}")
            place, name = rng.choice(FOLDERS), rng.choice(NAMES)
            suffix = "" if place == "plain" else ".gz"
            path = folder / place / f"{name}{suffix}"
            sound = path.read_bytes()
            harm = rng.choice((_damaged, _damaged, *FORGERIES))
            path.write_bytes(harm(sound, plain[name], rng))
            what = f"{place}, {harm.__name__}, seed {seed}, number {number}"
            found = trials.of(lambda place=place: _load(place, folder), str(folder / place), what)  # type: ignore[misc]
            if found:
                kept = place == "published" or (place == "gzipped" and harm is _damaged)
                files = (_unpacked(folder / place / f"{name}{suffix}") for name in NAMES)
                expected = right if kept else _digest(files)
                outcome.check(found.digest == expected, f"{what}: was read as something else")
            path.write_bytes(sound)
    return outcome


def _sound() -> dict[str, bytes]:
    """Four small files, unpacked, by name."""
    rng = np.random.default_rng(0)

    def images(n: int) -> Bytes:
        return (rng.integers(0, 256, (n, 28, 28)) * (rng.random((n, 28, 28)) < 0.2)).astype(np.uint8)

    arrays = (images(13), np.arange(13, dtype=np.uint8) % 10, images(7), np.arange(7, dtype=np.uint8))
    return {name: idx.header(array.shape) + array.tobytes() for name, array in zip(NAMES, arrays)}


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _load(place: str, folder: Path) -> Dataset:
    return loading.load(place if place == "published" else str(folder / place), folder)


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def _digest(contents: Any) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()


# What is done to the file, given as it is and unpacked


def _damaged(sound: bytes, plain: bytes, rng: Random) -> bytes:
    return damaged(sound, rng)


def damaged_before_it_was_packed(sound: bytes, plain: bytes, rng: Random) -> bytes:
    return _packed(damaged(plain, rng))


def other_header(sound: bytes, plain: bytes, rng: Random) -> bytes:
    """Another type, another number of dimensions, other sizes."""
    length = 4 + 4 * plain[3]
    sizes = [int.from_bytes(plain[k : k + 4], "big") for k in range(4, length, 4)]
    numbers = (0, 1, 27, 29, 255, 256, 60_000, 2**31 - 1, 2**31, 2**32 - 1)
    sizes[rng.randrange(len(sizes))] = rng.choice(numbers)
    magic = rng.choice((plain[:4], plain[:4], bytes([0, 0, rng.randrange(256), rng.randrange(256)])))
    header = magic + b"".join(size.to_bytes(4, "big") for size in sizes)
    return _as_before(sound, header + plain[length:])


def other_sizes(sound: bytes, plain: bytes, rng: Random) -> bytes:
    """A sound array that does not fit the others, or does."""
    shapes = ((13, 28, 28), (12, 28, 28), (13, 29, 28), (13, 28, 0), (0, 28, 28), (1, 1, 1), (13, 28, 28, 1))
    shape = rng.choice((*shapes, (13,), (7,), (0,), ()))
    values = np.full(shape, rng.choice((0, 1, 9, 10, 37, 255)), np.uint8)
    return _as_before(sound, idx.header(shape) + values.tobytes())


def another_kind_of_file(sound: bytes, plain: bytes, rng: Random) -> bytes:
    head = rng.choice(
        (
            b"<!DOCTYPE html><title>Log in</title>", b"\xef\xbb\xbf{}", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n",
            b"version https://git-lfs", pickle.dumps([1, 2]), b"\x1f\x8b", b"BZh9", b"", sound,
        )
    )  # fmt: skip
    return rng.choice((bytes, _packed))(head + bytes(rng.choice((0, 3, 100))))


def bomb(sound: bytes, plain: bytes, rng: Random) -> bytes:
    return _bomb(rng.choice((b"", idx.header((13, 28, 28)), idx.header((13,)), idx.header((2**32 - 1,) * 3))))


def packed_otherwise(sound: bytes, plain: bytes, rng: Random) -> bytes:
    """Twice, in two parts, with a name in the header, by another method."""
    half = len(plain) // 2
    named = b"\x1f\x8b\x08\x08\0\0\0\0\0\xffmy file\0" + _packed(plain)[10:]
    parts = _packed(plain[:half]) + _packed(plain[half:])
    return rng.choice(
        (_packed(sound), parts, named, zlib.compress(plain), sound + sound, _packed(b"") + sound)
    )


def _as_before(sound: bytes, content: bytes) -> bytes:
    return _packed(content) if sound.startswith(b"\x1f\x8b") else content


@cache
def _bomb(header: bytes) -> bytes:
    return _packed(header + bytes(30_000_000))


FORGERIES: tuple[Callable[[bytes, bytes, Random], bytes], ...] = (
    damaged_before_it_was_packed,
    other_header,
    other_sizes,
    another_kind_of_file,
    bomb,
    packed_otherwise,
)

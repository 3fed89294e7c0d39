"""Weights files and checkpoints as someone might forge them who knows the format.

Each function makes an archive of the .npy files of a sound one.
"""

import bz2
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

import numpy as np

from tests.torture.damage import damaged
from tests.torture.zips import Member, archive

Contents = dict[str, bytes]


@dataclass(frozen=True)
class Forgery:
    """An archive and what must come of it: `harmless` may be read as what it says; else it is refused."""

    content: bytes
    harmless: bool = False


def members(content: bytes) -> Contents:
    """The .npy files in an archive, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


# Forgeries of members


def _npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=True)
    return file.getvalue()


def _zipped(contents: Contents, *more: Member) -> bytes:
    return archive([*(Member(name.encode(), content) for name, content in contents.items()), *more])


def _one(contents: Contents, rng: Random) -> tuple[str, Any]:
    """The name of a member that is not the meta, and its array."""
    name = rng.choice([name for name in contents if name != "meta.npy"])
    return name, np.load(io.BytesIO(contents[name]))


def missing(contents: Contents, rng: Random) -> Forgery:
    gone = rng.choice(list(contents))
    return Forgery(_zipped({name: content for name, content in contents.items() if name != gone}))


def given_twice(contents: Contents, rng: Random) -> Forgery:
    name = rng.choice(list(contents))
    other = rng.choice((name, name.removesuffix(".npy"))).encode()
    return Forgery(_zipped(contents, Member(other, rng.choice((contents[name], b"")))))


def renamed(contents: Contents, rng: Random) -> Forgery:
    old = rng.choice(list(contents))
    names = ("", "/", f"../{old}", f"/{old}", f"x/{old}", old.upper(), f"{old}.npy", f"{old}\0", "a" * 60_000)
    new = rng.choice((*names, "\x1b[2J.npy", "two\nlines.npy", "layers.9.W.npy", old.replace("0", "00")))
    if new == old:
        return missing(contents, rng)
    content = _zipped({new if name == old else name: content for name, content in contents.items()})
    return Forgery(content, harmless="\0" in new)  # zipfile reads a name as far as that


def one_more(contents: Contents, rng: Random) -> Forgery:
    name = rng.choice(("extra.npy", "layers.7.W.npy", "layers.0.W.npy.npy", "folder/", "é.npy", "meta.json"))
    return Forgery(_zipped(contents | {name: rng.choice((b"", _npy(np.zeros(3)), rng.randbytes(50)))}))


def another_array(contents: Contents, rng: Random) -> Forgery:
    name, array = _one(contents, rng)
    others = (
        array.astype(rng.choice(("f2", ">f4", "f8", "i4", "u1", "?", "c8", "S3", "U2", "M8[s]"))),
        array[..., None],
        array[None],
        array.ravel()[:-1],
        np.zeros(0, np.float32),
        np.float32(1),
        np.asfortranarray(np.atleast_2d(array).repeat(2, axis=0)),
        np.array([{}, None]),
        np.zeros(2, [("x", "f4"), ("y", "O")]),
    )
    return Forgery(_zipped(contents | {name: _npy(rng.choice(others))}))


def not_finite(contents: Contents, rng: Random) -> Forgery:
    name, array = _one(contents, rng)
    array.flat[rng.randrange(array.size)] = rng.choice((np.nan, np.inf, -np.inf))
    return Forgery(_zipped(contents | {name: _npy(array)}))


def other_numbers(contents: Contents, rng: Random) -> Forgery:
    name, array = _one(contents, rng)
    array.flat[rng.randrange(array.size)] = rng.choice((0, -0.0, 1e-45, 3.4e38, -1))
    return Forgery(_zipped(contents | {name: _npy(array)}), harmless=True)


def torn_member(contents: Contents, rng: Random) -> Forgery:
    """Damaged before it was zipped, so that its checksum holds."""
    name = rng.choice(list(contents))
    content = damaged(contents[name], rng)
    return Forgery(_zipped(contents | {name: content}), harmless=True)


def header_of_the_devil(contents: Contents, rng: Random) -> Forgery:
    name, _ = _one(contents, rng)
    shape = rng.choice(
        ("(1000000000000,)", "(99999999999999999999,)", "(" + "1, " * 9000 + ")", "(-1,)", "()")
    )
    text = rng.choice(
        (
            f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}",
            "{'descr': '|O', 'fortran_order': False, 'shape': (5,), }",
            "__import__('os').abort()",
            "(" * 60_000,
            "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1" * 60_000 + "x), }",
        )
    ).encode()
    version = rng.choice((b"\1\0", b"\2\0", b"\3\0", b"\xff\xff"))
    length = rng.choice((len(text).to_bytes(2, "little"), (2**31 - 1).to_bytes(4, "little")))
    return Forgery(_zipped(contents | {name: b"\x93NUMPY" + version + length + text + b"\n" + bytes(80)}))


# Forgeries of the archive

BOMB_BYTES = 50_000_000


@cache
def _bombs() -> tuple[int, dict[int, bytes]]:
    """The checksum of so many zeros, and what they are packed into by each method."""
    zeros = bytes(BOMB_BYTES)
    # As zipfile writes it, but with a dictionary of 4 GiB.
    packed = b"\x09\x04\x05\0\x5d\xff\xff\xff\xff" + lzma.compress(zeros, lzma.FORMAT_ALONE, preset=0)[13:]
    return zlib.crc32(zeros), {
        zipfile.ZIP_DEFLATED: zlib.compress(zeros, wbits=-15),
        zipfile.ZIP_BZIP2: bz2.compress(zeros),
        zipfile.ZIP_LZMA: packed,
    }


def _with(contents: Contents, rng: Random, **lies: Any) -> Forgery:
    """One of the members described as `lies` say."""
    chosen = rng.choice(list(contents))
    members = []
    for name, content in contents.items():
        truth = Member(name.encode(), content)
        members.append(replace(truth, **lies) if name == chosen else truth)
    return Forgery(archive(members))


def bomb(contents: Contents, rng: Random) -> Forgery:
    crc, packed = _bombs()
    method, content = rng.choice(list(packed.items()))
    size = rng.choice((BOMB_BYTES, 120, 2**32 - 2))
    return _with(contents, rng, method=method, content=content, crc=crc, size=size)


SIZES = (0, 1, 100, 2**20, 2**28, 2**31 - 1, 2**32 - 2, 2**32 - 1)
LIES: tuple[dict[str, Sequence[int]], ...] = (
    {"packed": SIZES},
    {"size": SIZES},
    {"packed": SIZES, "size": SIZES},
    {"at": (1, 60, 10**6, 2**31, 2**32 - 2, 2**32 - 1)},
    {"flags": (0x1, 0x20, 0x40, 0x41, 0x2001)},  # encrypted
    {"method": (1, 6, 9, 93, 99, 65535)},
    {"crc": range(2**32)},
)


def lies(contents: Contents, rng: Random) -> Forgery:
    return _with(contents, rng, **{key: rng.choice(values) for key, values in rng.choice(LIES).items()})


def overlapping(contents: Contents, rng: Random) -> Forgery:
    """Two names, one place."""
    return Forgery(_zipped(contents, Member(b"extra.npy", b"", at=0)))


def crowd(contents: Contents, rng: Random) -> Forgery:
    names = (f"{number}.npy".encode() for number in range(rng.choice((30, 300))))
    return Forgery(_zipped(contents, *(Member(name, b"") for name in names)))


# Forgeries of the meta

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 7, 1.5, -0.5, 1e308, 2**31, 2**63, 10**12 + 1, 2**100, 10**5000,
    float("nan"), float("inf"), "", "x", "mnist", "synthetic", "sigmoid", "\ud800", "\x1b[2J\n", "a" * 5000,
    [], {}, [1], [[]], {"": 0}, [0] * 2000,
)  # fmt: skip


def _with_meta(contents: Contents, text: str, harmless: bool = True) -> Forgery:
    points = np.array([ord(each) for each in text] or [0], "<u4")  # numpy takes no surrogates in its strings
    header = f"{{'descr': '<U{len(points)}', 'fortran_order': False, 'shape': (), }}"
    padded = header + " " * (-(len(header) + 11) % 64) + "\n"
    npy = b"\x93NUMPY\x01\0" + len(padded).to_bytes(2, "little") + padded.encode() + points.tobytes()
    return Forgery(_zipped(contents | {"meta.npy": npy}), harmless)


def _meta(contents: Contents) -> str:
    return str(np.load(io.BytesIO(contents["meta.npy"])))


def other_values(contents: Contents, rng: Random) -> Forgery:
    """A value of the meta, or a key, becomes another one, or is gone."""
    meta: Any = json.loads(_meta(contents))
    for _ in range(rng.choice((1, 1, 1, 2))):
        edit(meta, HOSTILE, rng)
        if not meta:
            break
    return _with_meta(contents, dumped(meta))


def edit(plain: Any, values: Sequence[Any], rng: Random) -> None:
    """Put one of `values` for a value somewhere in what JSON can hold, or another key, or take one away."""
    above: Any = plain
    while True:
        keys = list(above) if isinstance(above, dict) else range(len(above))
        key = rng.choice(list(keys))
        if not above[key] or not isinstance(above[key], dict | list) or rng.random() < 0.2:
            break
        above = above[key]
    match rng.choice(("another", "another", "gone", "other key")):
        case "another":
            above[key] = rng.choice(values)
        case "gone":
            del above[key]
        case _ if isinstance(above, dict):
            above[rng.choice(("x", "", *keys))] = above.pop(key)


def other_text(contents: Contents, rng: Random) -> Forgery:
    """The meta damaged as a text."""
    mangled = damaged(_meta(contents).encode("latin-1"), rng).decode("latin-1")
    return _with_meta(contents, mangled)


def no_json(contents: Contents, rng: Random) -> Forgery:
    deep = "[" * rng.choice((1000, 20_000))
    texts = (deep, '{"a":' * 20_000, "", "null", "[]", "3", '"x"', "NaN", '{"format": 1}', '{"format": 1.0}')
    return _with_meta(contents, rng.choice((*texts, '{"format": 2}', '{"format": true}', "\x00")), False)


def no_text(contents: Contents, rng: Random) -> Forgery:
    numbers = np.frombuffer(rng.randbytes(40), "<U10")
    arrays: tuple[Any, ...] = (b"{}", 3, ["{}"], numbers, np.array("{}", ">U2"), np.array({}, object))
    array = rng.choice(arrays)
    header = b"\x93NUMPY\x01\0\x76\0" + b"{'descr': '<U10', 'fortran_order': False, 'shape': (), }".ljust(117)
    npy = header + b"\n" + rng.randbytes(40) if array is numbers else _npy(array)
    return Forgery(_zipped(contents | {"meta.npy": npy}))


def dumped(meta: Any) -> str:
    """As JSON, where Python writes it."""
    try:
        return json.dumps(meta)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "1" * 5000


FORGERIES: tuple[Callable[[Contents, Random], Forgery], ...] = (
    missing, given_twice, renamed, one_more, another_array, not_finite, other_numbers, torn_member,
    header_of_the_devil, bomb, lies, lies, lies, lies, overlapping, crowd, other_values, other_values,
    other_text, no_json, no_text,
)  # fmt: skip

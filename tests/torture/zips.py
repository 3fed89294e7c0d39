"""Zip archives put together byte by byte, so that they can lie where a library would not."""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A member as the archive describes it. What is None is told as it is.

    `content` is what stands in the file, `packed` and `size` are how long it is said to be there and when it
    is unpacked, `at` is where its header is said to be.
    """

    name: bytes
    content: bytes
    method: int = 0
    flags: int = 0
    crc: int | None = None
    packed: int | None = None
    size: int | None = None
    at: int | None = None


def archive(members: Iterable[Member], comment: bytes = b"") -> bytes:
    """The bytes of an archive of `members`, one after the other, with its directory at the end."""
    body, directory, count = b"", b"", 0
    for each in members:
        length = len(each.content)
        crc = zlib.crc32(each.content) if each.crc is None else each.crc
        packed = length if each.packed is None else each.packed
        size = length if each.size is None else each.size
        facts = struct.pack(
            "<HHHHHIIIHH", 20, each.flags, each.method, 0, 33, crc, packed, size, len(each.name), 0
        )
        at = len(body) if each.at is None else each.at
        directory += b"PK\x01\x02\x14\0" + facts + struct.pack("<HHHII", 0, 0, 0, 0, at) + each.name
        body += b"PK\x03\x04" + facts + each.name + each.content
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), len(comment))
    return body + directory + b"PK\x05\x06" + end + comment

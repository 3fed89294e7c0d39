"""What happens to bytes on the way: flipped, torn, cut, mixed up, with others in between."""

from collections.abc import Callable
from random import Random

Damage = Callable[[bytes, Random], bytes]


def damaged(content: bytes, rng: Random) -> bytes:
    """`content` after one to three mishaps."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        content = rng.choice(MISHAPS)(content, rng)
    return content


def _flipped(content: bytes, rng: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8)) if content else 0):
        changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwritten(content: bytes, rng: Random) -> bytes:
    start, end = _stretch(content, rng)
    fill = rng.choice((b"\0", b"\xff", b" ", rng.randbytes(1)))
    return content[:start] + rng.choice((fill * (end - start), rng.randbytes(end - start))) + content[end:]


def _cut(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _left_out(content: bytes, rng: Random) -> bytes:
    start, end = _stretch(content, rng)
    return content[:start] + content[end:]


def _repeated(content: bytes, rng: Random) -> bytes:
    start, end = _stretch(content, rng)
    return content[:end] + content[start:]


def _inserted(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.randbytes(rng.choice((1, 2, 4, 30))) + content[at:]


def _preceded(content: bytes, rng: Random) -> bytes:
    return rng.choice((b"\n", b"#!/bin/sh\n", content[:1], rng.randbytes(1), rng.randbytes(40))) + content


def _followed(content: bytes, rng: Random) -> bytes:
    return content + rng.choice((b"\0", b"\n", b"\0" * 512, rng.randbytes(1), content[-22:], content))


def _swapped(content: bytes, rng: Random) -> bytes:
    a, b, c = sorted(rng.randrange(len(content) + 1) for _ in range(3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def _renumbered(content: bytes, rng: Random) -> bytes:
    """Four bytes in a row become a number that programs stumble over."""
    at = rng.randrange(len(content) + 1)
    number = rng.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, len(content), rng.getrandbits(32)))
    return content[:at] + number.to_bytes(4, rng.choice(("little", "big"))) + content[at + 4 :]


def _stretch(content: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randrange(len(content) + 1)
    return start, min(len(content), start + rng.choice((1, 2, 8, 64, 512)))


MISHAPS: tuple[Damage, ...] = (
    _flipped, _flipped, _overwritten, _cut, _left_out, _repeated, _inserted, _preceded, _followed, _swapped,
    _renumbered,
)  # fmt: skip

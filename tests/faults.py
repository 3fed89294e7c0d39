"""What a mirror may do instead of answering as it should."""

from __future__ import annotations

import gzip
import socket
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import PurePosixPath

from tests.mirror import Fault, Handler

MIB = 1 << 20


def says(status: int, **headers: str) -> Fault:
    return lambda handler, _: handler.answer(b"no", status, **headers)


def first_says(times: int, status: int, **headers: str) -> Fault:
    """So many answers with `status`, then the right one."""
    left = iter(range(times))

    def fault(handler: Handler, body: bytes) -> None:
        if next(left, None) is None:
            handler.answer(body)
        else:
            handler.answer(b"no", status, **headers)

    return fault


def login_page(handler: Handler, body: bytes) -> None:
    handler.answer(b"<!DOCTYPE html><title>Welcome to the hotel</title>" + b" " * 200)


def wrong_bytes(handler: Handler, body: bytes) -> None:
    handler.answer(body[:-20] + bytes([body[-20] ^ 1]) + body[-19:])


def cut_short(handler: Handler, body: bytes) -> None:
    handler.head()
    handler.wfile.write(body[: len(body) // 2])


def broken_off(handler: Handler, body: bytes) -> None:
    handler.head(Content_Length=str(len(body)))
    handler.wfile.write(body[: len(body) // 2])


def endless(handler: Handler, body: bytes) -> None:
    handler.head()
    while not handler.server.stopping.is_set():
        handler.wfile.write(bytes(100_000))


def silent(handler: Handler, body: bytes) -> None:
    handler.server.stopping.wait(20)


def silent_halfway(handler: Handler, body: bytes) -> None:
    handler.head(Content_Length=str(len(body)))
    handler.wfile.write(body[: len(body) // 2])
    handler.server.stopping.wait(20)


def dripping_body(handler: Handler, body: bytes) -> None:
    handler.head(Content_Length=str(len(body)))
    handler.drip(body, every=0.05)


def dripping_header(handler: Handler, body: bytes) -> None:
    handler.drip(b"HTTP/1.0 200 OK\r\nX: " + bytes(10_000), every=0.05)


def slow_but_honest(handler: Handler, body: bytes) -> None:
    """About 20 KB/s."""
    handler.head(Content_Length=str(len(body)))
    for start in range(0, len(body), 1000):
        handler.wfile.write(body[start : start + 1000])
        handler.server.stopping.wait(0.05)


def chunked(handler: Handler, body: bytes) -> None:
    handler.protocol_version = "HTTP/1.1"
    handler.head(Transfer_Encoding="chunked", Connection="close")
    for start in range(0, len(body), 700):
        piece = body[start : start + 700]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")
    handler.close_connection = True


def called_gzip(handler: Handler, body: bytes) -> None:
    """The file as it is, whose own packing is declared as that of the transfer."""
    handler.answer(body, Content_Encoding="gzip")


def packed_again(handler: Handler, body: bytes) -> None:
    """The file packed once more for the transfer."""
    handler.answer(gzip.compress(body), Content_Encoding="gzip")


def huge(status: int, **headers: str) -> Fault:
    """An answer whose body nobody should read: it never ends."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.head(status, **headers)
        while not handler.server.stopping.is_set():
            handler.wfile.write(bytes(100_000))

    return fault


def plain_bomb(status: int, size: int, **headers: str) -> Fault:
    """So many zeros."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.head(status, Content_Length=str(size), **headers)
        for _ in range(0, size, MIB):
            handler.wfile.write(bytes(MIB))

    return fault


def packed_bomb(status: int, size: int, **headers: str) -> Fault:
    """So many zeros, said to be packed for the transfer."""
    return lambda handler, _: handler.answer(_zeros(size), status, Content_Encoding="gzip", **headers)


@cache
def _zeros(size: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(0, size, MIB)) + packer.flush()


def once(fault: Fault) -> Fault:
    """That fault, and from then on the right answer."""
    left = iter((fault,))
    return lambda handler, body: next(left, Handler.answer)(handler, body)


def location(text: str, status: int = 302) -> Fault:
    return lambda handler, _: handler.answer(b"", status, Location=text)


def elsewhere(url: str) -> Fault:
    return lambda handler, _: handler.answer(b"", 302, Location=f"{url}/{PurePosixPath(handler.path).name}")


def another_file(handler: Handler, body: bytes) -> None:
    handler.answer(next(other for other in handler.server.content.values() if other != body))


def nothing(handler: Handler, body: bytes) -> None:
    """The connection is closed without a word."""


def reset(handler: Handler, body: bytes) -> None:
    handler.head(Content_Length=str(len(body)))
    handler.wfile.write(body[:1000])
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def body_is(change: Callable[[bytes], bytes], **headers: str) -> Fault:
    """The changed body, with a length that is right for it."""
    return lambda handler, body: handler.answer(change(body), 200, **headers)


def with_headers(**headers: str) -> Fault:
    """The right body under these headers and no others."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.head(200, **headers)
        handler.wfile.write(body)

    return fault


def raw(answer: bytes) -> Fault:
    """These bytes in place of HTTP; BODY stands for the right ones."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.wfile.write(answer.replace(b"BODY", body))

    return fault


def without_end(piece: bytes) -> Fault:
    """The same bytes again and again, from the first one on."""

    def fault(handler: Handler, body: bytes) -> None:
        while not handler.server.stopping.is_set():
            handler.wfile.write(piece * 100)

    return fault


def chunks(rest: bytes) -> Fault:
    """HTTP/1.1 with a first honest chunk, and then this."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.head(Transfer_Encoding="chunked", Connection="close")
        handler.wfile.write(b"5\r\n" + body[:5] + b"\r\n" + rest)
        handler.close_connection = True

    return fault

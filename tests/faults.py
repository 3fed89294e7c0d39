"""What a mirror may do instead of answering as it should."""

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


def elsewhere(url: str) -> Fault:
    return lambda handler, _: handler.answer(b"", 302, Location=f"{url}/{PurePosixPath(handler.path).name}")


def once(fault: Fault) -> Fault:
    """That fault for the first that a mirror is asked, and from then on the right answer."""
    return lambda handler, body: (fault if len(handler.server.asked) == 1 else Handler.answer)(handler, body)


def body_is(change: Callable[[bytes], bytes], **headers: str) -> Fault:
    """The changed body, with a length that is right for it."""
    return lambda handler, body: handler.answer(change(body), 200, **headers)


def with_headers(share: float = 1, wait: float = 0, **headers: str) -> Fault:
    """A share of the right body under these headers and no others, and then so many seconds of silence."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.head(200, **{name: value.format(len(body)) for name, value in headers.items()})
        handler.wfile.write(body[: int(share * len(body))])
        handler.server.stopping.wait(wait)

    return fault


def raw(answer: bytes) -> Fault:
    """These bytes in place of HTTP; BODY stands for the right ones."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.wfile.write(answer.replace(b"BODY", body))

    return fault


def without_end(piece: bytes, status: int | None = None, **headers: str) -> Fault:
    """The same bytes again and again, from the first one on, or after a head with a status."""

    def fault(handler: Handler, body: bytes) -> None:
        if status:
            handler.head(status, **headers)
        while not handler.server.stopping.is_set():
            handler.wfile.write(piece * (100_000 // len(piece)))

    return fault


def chunks(rest: bytes | None = None) -> Fault:
    """HTTP/1.1 with a first honest chunk, and then this, or another one and the end."""

    def fault(handler: Handler, body: bytes) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.head(Transfer_Encoding="chunked", Connection="close")
        honest = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) - 5, body[5:])
        handler.wfile.write(b"5\r\n" + body[:5] + b"\r\n" + (honest if rest is None else rest))
        handler.close_connection = True

    return fault


def wrong_bytes(handler: Handler, body: bytes) -> None:
    handler.answer(body[:-20] + bytes([body[-20] ^ 1]) + body[-19:])


def silent(handler: Handler, body: bytes) -> None:
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


def reset(handler: Handler, body: bytes) -> None:
    handler.head(Content_Length=str(len(body)))
    handler.wfile.write(body[:1000])
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


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

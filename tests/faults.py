"""Every way in which a mirror can fail that has a name here, and what is to be said of it."""

from __future__ import annotations

import gzip
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tests.mirror import Fault, Handler, mirror

Content = Mapping[str, bytes]


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


# Where a mirror is said to be


@dataclass(frozen=True)
class Kind:
    """A mirror of some kind, at a URL for as long as the context of `at` lasts.

    `said` is a pattern of what is to be said of it; None where all goes well in the end.
    """

    name: str
    at: Callable[[Content], AbstractContextManager[str]]
    said: str | None

    def __str__(self) -> str:
        return self.name


NOWHERE = "mirror.example"  # has no address, by what `without_dns` does


def without_dns(look_up: Callable[..., Any]) -> Callable[..., Any]:
    """`look_up`, a socket.getaddrinfo, that finds all but NOWHERE."""

    def found(host: str, *more: Any, **options: Any) -> Any:
        if host == NOWHERE:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *more, **options)

    return found


@contextmanager
def closed_port(content: Content) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    yield url


@contextmanager
def deaf_port(content: Content) -> Iterator[str]:
    """Where no connection is ever made: the queue of those who wait is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for client in waiting:
            client.close()


def silent_port(scheme: str) -> Callable[[Content], AbstractContextManager[str]]:
    """Where connections are made, and nothing comes."""

    @contextmanager
    def at(content: Content) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield f"{scheme}://127.0.0.1:{server.getsockname()[1]}"

    return at


@contextmanager
def loop(content: Content) -> Iterator[str]:
    with mirror(content) as server:
        server.fault = elsewhere(server.url)
        yield server.url


def _server(fault: Fault, scheme: str = "http") -> Callable[[Content], AbstractContextManager[str]]:
    @contextmanager
    def at(content: Content) -> Iterator[str]:
        with mirror(content, fault) as server:
            yield server.url.replace("http", scheme, 1)

    return at


def _url(url: str) -> Callable[[Content], AbstractContextManager[str]]:
    @contextmanager
    def at(content: Content) -> Iterator[str]:
        yield url

    return at


BROKEN = "the connection broke off"
SILENT = "silent for 0.4 s"

STATUSES = {
    204: "204 No Content", 206: "206 Partial Content", 302: "302 Found", 304: "304 Not Modified",
    400: "400 Bad Request", 401: "401 Unauthorized", 403: "403 Forbidden", 404: "404 Not Found",
    410: "410 Gone",
    429: "429 Too Many Requests", 499: "status 499", 500: "500 Internal Server Error", 502: "502 Bad Gateway",
    503: "503 Service Unavailable", 504: "504 Gateway Timeout", 999: "status 999",
}  # fmt: skip

SERVED: dict[str, tuple[Fault, str | None]] = {
    **{f"status {status}": (says(status), said) for status, said in STATUSES.items()},
    "busy once": (first_says(1, 503), None),
    "busy, come back in six hours": (says(503, Retry_After="21600"), "503 Service Unavailable"),
    "busy, come back in 2099": (
        says(503, Retry_After="Wed, 21 Oct 2099 07:28:00 GMT"),
        "503 Service Unavailable",
    ),
    "busy, come back soon": (says(503, Retry_After="soon"), ".*soon.*"),
    "busy, come back before now": (says(503, Retry_After="-5"), ".*-5.*"),
    "redirection to a closed door": (elsewhere("http://127.0.0.1:9"), "connection refused"),
    "redirection to a file": (elsewhere("file:///etc"), ".*file:///etc.*"),
    "redirection to nonsense": (elsewhere("http://["), ".+"),
    "redirection to a name that is none": (elsewhere(f"http://{NOWHERE}"), "its name cannot be looked up.*"),
    "login page": (login_page, "250 bytes where 9,002 are due; it seems to be an HTML page"),
    "wrong bytes": (wrong_bytes, "wrong bytes: the checksum does not hold"),
    "another file": (another_file, r"\d+ bytes where 9,002 are due"),
    "no bytes": (body_is(lambda body: b""), "0 bytes where 9,002 are due"),
    "one byte more": (body_is(lambda body: body + b"x"), "9,003 bytes where 9,002 are due"),
    "twice the bytes": (body_is(lambda body: body + body), "more than the 9,002 bytes that are due"),
    "backwards": (body_is(lambda body: body[::-1]), "wrong bytes: the checksum does not hold"),
    "cut short": (cut_short, "4,501 bytes where 9,002 are due"),
    "broken off": (broken_off, BROKEN),
    "reset": (reset, f"connection reset by peer|{BROKEN}"),
    "nothing": (nothing, BROKEN),
    "endless": (endless, "more than the 9,002 bytes that are due"),
    "silent": (silent, SILENT),
    "silent half way": (silent_halfway, SILENT),
    "a body that drips": (dripping_body, r"too slow: \d\d? bytes in 0.5 s"),
    "a header that drips": (dripping_header, "no answer within 1 s"),
    "slow but honest": (slow_but_honest, None),
    "no HTTP": (raw(b"220 mail.example ESMTP\r\n"), BROKEN),
    "noise": (raw(bytes(range(256)) * 4), BROKEN),
    "no head": (raw(b"BODY"), BROKEN),
    "another HTTP": (raw(b"HTTP/2 200 OK\r\n\r\nBODY"), BROKEN),
    "a status that is none": (raw(b"HTTP/1.0 2000 OK\r\n\r\nBODY"), BROKEN),
    "a status in colour": (raw(b"HTTP/1.0 404 \x1b[31mGone\r\n\r\n"), "404 Not Found"),
    "a status without end": (without_end(b"HTTP/1.0 200 OK "), BROKEN),
    "headers without end": (raw(b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 9_000), BROKEN),
    "a header without end": (raw(b"HTTP/1.0 200 OK\r\nX: " + b"y" * 200_000), BROKEN),
    "wait a little": (raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.0 200 OK\r\n\r\nBODY"), None),
    "wait for ever": (without_end(b"HTTP/1.1 100 Continue\r\n\r\n"), "no answer within 1 s"),
    "no head but a line": (raw(b"HTTP/1.0 200\r\n\r\nBODY"), None),
    "a length too large": (with_headers(Content_Length="9003"), BROKEN),
    "a length too small": (with_headers(Content_Length="9001"), "9,001 bytes where 9,002 are due"),
    "a length below zero": (with_headers(Content_Length="-1"), None),
    "a length in words": (with_headers(Content_Length="many"), None),
    "in pieces": (chunked, None),
    "in pieces that are none": (chunks(b"no length\r\n"), BROKEN),
    "in pieces, one below zero": (chunks(b"-5\r\nabc\r\n"), BROKEN),
    "in pieces, one of the largest": (chunks(b"f" * 16 + b"\r\nabc"), BROKEN),
    "in pieces, the last of which is missing": (chunks(b"5\r\nab"), BROKEN),
    "in pieces, too few": (chunks(b"0\r\n\r\n"), "5 bytes where 9,002 are due"),
    "called gzip": (called_gzip, None),
    "called br": (body_is(bytes, Content_Encoding="br"), None),
    "packed again": (packed_again, None),
    "packed again and torn": (
        body_is(lambda body: gzip.compress(body)[:-9], Content_Encoding="gzip"),
        "[0-9,]+ bytes where 9,002 are due",
    ),
    "a bomb": (
        body_is(lambda body: gzip.compress(bytes(8_000_000)), Content_Encoding="gzip"),
        "[0-9,]+ bytes where 9,002 are due",
    ),
    "unpacked": (
        body_is(lambda body: body[2:], Content_Type="application/gzip"),
        "9,000 bytes where 9,002 are due",
    ),
}

FAULTS: tuple[Kind, ...] = (
    *(Kind(name, _server(fault), said) for name, (fault, said) in SERVED.items()),
    Kind("redirection in a circle", loop, ".*redirects.*"),
    Kind("no TLS", _server(says(200), scheme="https"), r"no secure connection \([a-z ]+\)"),
    Kind("silence", silent_port("http"), SILENT),
    Kind("silence where TLS is due", silent_port("https"), SILENT),
    Kind(
        "a name that is none",
        _url(f"http://{NOWHERE}/mnist/"),
        r"its name cannot be looked up \(no network\?\)",
    ),
    Kind("a name with nothing in it", _url("http://a..b/"), ".+"),
    Kind("no name", _url("http:///mnist"), ".+"),
    Kind("an address that is none", _url("http://[::1"), ".+"),
    Kind("a port that is none", _url("http://127.0.0.1:99999"), ".+"),
    Kind("a closed port", closed_port, "connection refused"),
    Kind("a deaf port", deaf_port, "no connection within 0.3 s"),
)

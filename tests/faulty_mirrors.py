"""Every kind of mirror that fails, and what is to be said of it."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from tests import faults
from tests.faults import MIB
from tests.mirror import Fault, mirror

Content = Mapping[str, bytes]


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
        server.fault = faults.elsewhere(server.url)
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
    204: "204 No Content", 206: "206 Partial Content", 300: "300 Multiple Choices",
    302: "302 Found, without a word where to", 304: "304 Not Modified",
    400: "400 Bad Request", 401: "401 Unauthorized", 403: "403 Forbidden", 404: "404 Not Found",
    410: "410 Gone",
    429: "429 Too Many Requests", 499: "status 499", 500: "500 Internal Server Error", 502: "502 Bad Gateway",
    503: "503 Service Unavailable", 504: "504 Gateway Timeout", 999: "status 999",
}  # fmt: skip

SERVED: dict[str, tuple[Fault, str | None]] = {
    **{f"status {status}": (faults.says(status), said) for status, said in STATUSES.items()},
    "busy once": (faults.first_says(1, 503), None),
    "busy, come back in six hours": (faults.says(503, Retry_After="21600"), "503 Service Unavailable"),
    "busy, come back in 2099": (
        faults.says(503, Retry_After="Wed, 21 Oct 2099 07:28:00 GMT"),
        "503 Service Unavailable",
    ),
    "busy, come back soon": (faults.says(503, Retry_After="soon"), ".*soon.*"),
    "busy, come back before now": (faults.says(503, Retry_After="-5"), ".*-5.*"),
    "busy, come back in colour": (faults.says(503, Retry_After="\x1b[31m"), r".*\\x1b\[31m.*"),
    "busy once, at length": (faults.once(faults.huge(503)), None),
    "busy, at length": (faults.huge(503), "503 Service Unavailable"),
    "a refusal at length": (faults.huge(404), "404 Not Found"),
    "a refusal that is a bomb": (faults.packed_bomb(500, 64 * MIB), "500 Internal Server Error"),
    "redirection to a closed door": (faults.elsewhere("http://127.0.0.1:9"), "connection refused"),
    "redirection at length": (faults.huge(302, Location="http://127.0.0.1:9"), "connection refused"),
    "redirection that is a bomb": (
        faults.packed_bomb(302, 64 * MIB, Location="http://127.0.0.1:9"),
        "connection refused",
    ),
    "redirection to itself": (faults.location("#here"), "more than 10 redirects"),
    "redirection nowhere": (faults.location(""), "302 Found, without a word where to"),
    "redirection to a file": (faults.elsewhere("file:///etc"), "redirects to 'file:///etc/.*', which is .*"),
    "redirection to a name alone": (faults.location("https:"), "redirects to 'https:', which is .*"),
    "redirection to no port": (
        faults.location("http://127.0.0.1:many"),
        "redirects to 'http://127.0.0.1:many', which is .*",
    ),
    "redirection in colour": (faults.location("ftp://\x1b[31m"), r"redirects to 'ftp://\\x1b\[31m', .*"),
    "redirection very far": (
        faults.location("http://" + "a" * 60_000),
        "redirects to an address of 60,007 characters",
    ),
    "redirection to a lengthy name": (faults.location("http://" + "a" * 1_900), ".+"),
    "redirection to a password": (
        faults.location("ftp://me:secret@host"),
        r"redirects to 'ftp://\*\*\*@host', which is not a URL with http:// or https://",
    ),
    "redirection to nonsense": (faults.elsewhere("http://["), r"redirects to 'http://\[/.*', which is .*"),
    "redirection to a name that is none": (
        faults.elsewhere(f"http://{NOWHERE}"),
        "its name cannot be looked up.*",
    ),
    "login page": (faults.login_page, "250 bytes where 9,002 are due; it seems to be an HTML page"),
    "wrong bytes": (faults.wrong_bytes, "wrong bytes: the checksum does not hold"),
    "another file": (faults.another_file, r"\d+ bytes where 9,002 are due"),
    "no bytes": (faults.body_is(lambda body: b""), "0 bytes where 9,002 are due"),
    "one byte more": (faults.body_is(lambda body: body + b"x"), "9,003 bytes where 9,002 are due"),
    "twice the bytes": (faults.body_is(lambda body: body + body), "more than the 9,002 bytes that are due"),
    "backwards": (faults.body_is(lambda body: body[::-1]), "wrong bytes: the checksum does not hold"),
    "cut short": (faults.cut_short, "4,501 bytes where 9,002 are due"),
    "broken off": (faults.broken_off, BROKEN),
    "reset": (faults.reset, f"connection reset by peer|{BROKEN}"),
    "nothing": (faults.nothing, BROKEN),
    "endless": (faults.endless, "more than the 9,002 bytes that are due"),
    "silent": (faults.silent, SILENT),
    "silent half way": (faults.silent_halfway, SILENT),
    "a body that drips": (faults.dripping_body, r"too slow: \d\d? bytes in 0.5 s"),
    "a header that drips": (faults.dripping_header, "no answer within 1.5 s"),
    "slow but honest": (faults.slow_but_honest, None),
    "no HTTP": (faults.raw(b"220 mail.example ESMTP\r\n"), BROKEN),
    "noise": (faults.raw(bytes(range(256)) * 4), BROKEN),
    "no head": (faults.raw(b"BODY"), BROKEN),
    "another HTTP": (faults.raw(b"HTTP/2 200 OK\r\n\r\nBODY"), BROKEN),
    "a status that is none": (faults.raw(b"HTTP/1.0 2000 OK\r\n\r\nBODY"), BROKEN),
    "a status in colour": (faults.raw(b"HTTP/1.0 404 \x1b[31mGone\r\n\r\n"), "404 Not Found"),
    "a status without end": (faults.without_end(b"HTTP/1.0 200 OK "), BROKEN),
    "headers without end": (faults.raw(b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 9_000), BROKEN),
    "a header without end": (faults.raw(b"HTTP/1.0 200 OK\r\nX: " + b"y" * 200_000), BROKEN),
    "wait a little": (
        faults.raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.0 200 OK\r\n\r\nBODY"),
        None,
    ),
    "wait for ever": (faults.without_end(b"HTTP/1.1 100 Continue\r\n\r\n"), "no answer within 1.5 s"),
    "no head but a line": (faults.raw(b"HTTP/1.0 200\r\n\r\nBODY"), None),
    "a length too large": (faults.with_headers(Content_Length="9003"), BROKEN),
    "a length too small": (faults.with_headers(Content_Length="9001"), "9,001 bytes where 9,002 are due"),
    "a length below zero": (faults.with_headers(Content_Length="-1"), None),
    "a length in words": (faults.with_headers(Content_Length="many"), None),
    "in pieces": (faults.chunked, None),
    "in pieces that are none": (faults.chunks(b"no length\r\n"), BROKEN),
    "in pieces, one below zero": (faults.chunks(b"-5\r\nabc\r\n"), BROKEN),
    "in pieces, one of the largest": (faults.chunks(b"f" * 16 + b"\r\nabc"), BROKEN),
    "in pieces, the last of which is missing": (faults.chunks(b"5\r\nab"), BROKEN),
    "in pieces, too few": (faults.chunks(b"0\r\n\r\n"), "5 bytes where 9,002 are due"),
    "called gzip": (faults.called_gzip, None),
    "called br": (faults.body_is(bytes, Content_Encoding="br"), None),
    "packed again": (faults.packed_again, None),
    "packed again and torn": (
        faults.body_is(lambda body: gzip.compress(body)[:-9], Content_Encoding="gzip"),
        "[0-9,]+ bytes where 9,002 are due",
    ),
    "a bomb": (
        faults.body_is(lambda body: gzip.compress(bytes(8_000_000)), Content_Encoding="gzip"),
        "[0-9,]+ bytes where 9,002 are due",
    ),
    "unpacked": (
        faults.body_is(lambda body: body[2:], Content_Type="application/gzip"),
        "9,000 bytes where 9,002 are due",
    ),
}

FAULTS: tuple[Kind, ...] = (
    *(Kind(name, _server(fault), said) for name, (fault, said) in SERVED.items()),
    Kind("redirection in a circle", loop, "more than 10 redirects"),
    Kind("no TLS", _server(faults.says(200), scheme="https"), r"no secure connection \([a-z ]+\)"),
    Kind("silence", silent_port("http"), SILENT),
    Kind("silence where TLS is due", silent_port("https"), SILENT),
    Kind(
        "a name that is none",
        _url(f"http://{NOWHERE}/mnist/"),
        r"its name cannot be looked up \(no network\?\)",
    ),
    Kind("a name with nothing in it", _url("http://a..b/"), ".+"),
    Kind("a closed port", closed_port, "connection refused"),
    Kind("a deaf port", deaf_port, "no connection within 0.3 s"),
)

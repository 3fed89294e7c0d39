"""Every kind of mirror that fails, and what is to be said of it."""

import gzip
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests import faults
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


@contextmanager
def _silent_port(scheme: str, content: Content) -> Iterator[str]:
    """Where connections are made, and nothing comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"{scheme}://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def _loop(content: Content) -> Iterator[str]:
    with mirror(content) as server:
        server.fault = faults.elsewhere(server.url)
        yield server.url


@contextmanager
def _served(fault: Fault, content: Content, scheme: str = "http") -> Iterator[str]:
    with mirror(content, fault) as server:
        yield server.url.replace("http", scheme, 1)


BROKEN = "the connection broke off"
SILENT = "silent for 0.4 s"
WRONG = "wrong bytes: the checksum does not hold"

STATUSES = {
    204: "204 No Content", 206: "206 Partial Content", 300: "300 Multiple Choices",
    302: "302 Found, without a word where to", 304: "304 Not Modified",
    403: "403 Forbidden", 404: "404 Not Found",
    429: "429 Too Many Requests", 499: "status 499", 503: "503 Service Unavailable", 999: "status 999",
}  # fmt: skip

RETRY_AFTER = {
    "21600": "503 Service Unavailable",
    "Wed, 21 Oct 2099 07:28:00 GMT": "503 Service Unavailable",
    "soon": ".*soon.*",
    "-5": ".*-5.*",
    "\x1b[31m": r".*\\x1b\[31m.*",
}

LOCATIONS = {
    "": "302 Found, without a word where to",
    "#here": "more than 10 redirects",
    "http://" + "a" * 60_000: "redirects to an address of 60,007 characters",
    "http://" + "a" * 1_900: ".+",
    f"http://{NOWHERE}": r"its name cannot be looked up \(no network\?\)",
    **{
        to: f"redirects to '{re.escape(shown)}', which is not a URL with http:// or https://"
        for to, shown in {
            **{text: text for text in ("file:///etc", "https:", "http://127.0.0.1:many", "http://[/")},
            "ftp://\x1b[31m": r"ftp://\x1b[31m",
            "ftp://me:secret@host": "ftp://***@host",
        }.items()
    },
}

RAW = {
    b"": BROKEN,
    b"220 mail.example ESMTP\r\n": BROKEN,
    b"BODY": BROKEN,
    b"HTTP/2 200 OK\r\n\r\nBODY": BROKEN,
    b"HTTP/1.0 2000 OK\r\n\r\nBODY": BROKEN,
    b"HTTP/1.0 200\r\n\r\nBODY": None,
    b"HTTP/1.0 404 \x1b[31mGone\r\n\r\n": "404 Not Found",
    b"HTTP/1.0 200 OK\r\n" + b"X: y\r\n" * 9_000: BROKEN,
    b"HTTP/1.0 200 OK\r\nX: " + b"y" * 200_000: BROKEN,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.0 200 OK\r\n\r\nBODY": None,
}

CHUNKS = {
    None: None,
    b"no length\r\n": BROKEN,
    b"-5\r\nabc\r\n": BROKEN,
    b"f" * 16 + b"\r\nabc": BROKEN,
    b"5\r\nab": BROKEN,
    b"0\r\n\r\n": "5 bytes where 9,002 are due",
}

LENGTHS = {"9003": BROKEN, "9001": "9,001 bytes where 9,002 are due", "-1": None, "many": None}

BODIES: dict[str, tuple[Callable[[bytes], bytes], str | None]] = {
    "login page": (
        lambda _: b"<!DOCTYPE html><title>Welcome to the hotel</title>" + b" " * 200,
        "250 bytes where 9,002 are due; it seems to be an HTML page",
    ),
    "no bytes": (lambda body: b"", "0 bytes where 9,002 are due"),
    "one byte more": (lambda body: body + b"x", "9,003 bytes where 9,002 are due"),
    "twice the bytes": (lambda body: body + body, "more than the 9,002 bytes that are due"),
    "backwards": (lambda body: body[::-1], WRONG),
}

GZIPPED: dict[str, tuple[Callable[[bytes], bytes], str | None]] = {
    "called gzip": (bytes, None),  # the file as it is, whose own packing is declared as that of the transfer
    "packed again": (gzip.compress, None),
    "packed again and torn": (lambda body: gzip.compress(body)[:-9], "[0-9,]+ bytes where 9,002 are due"),
    "a bomb": (lambda body: gzip.compress(bytes(8_000_000)), "[0-9,]+ bytes where 9,002 are due"),
}

SERVED: dict[str, tuple[Fault, str | None]] = {
    **{f"status {status}": (faults.says(status), said) for status, said in STATUSES.items()},
    **{
        f"busy until {time!r}": (faults.says(503, Retry_After=time), said)
        for time, said in RETRY_AFTER.items()
    },
    **{
        f"redirection to {to[:30]!r}": (faults.says(302, Location=to), said) for to, said in LOCATIONS.items()
    },
    **{f"{answer[:30]!r}, {len(answer)} bytes": (faults.raw(answer), said) for answer, said in RAW.items()},
    **{f"in chunks, then {rest!r}": (faults.chunks(rest), said) for rest, said in CHUNKS.items()},
    **{f"a length of {n}": (faults.with_headers(Content_Length=n), said) for n, said in LENGTHS.items()},
    **{name: (faults.body_is(change), said) for name, (change, said) in BODIES.items()},
    **{
        name: (faults.body_is(change, Content_Encoding="gzip"), said)
        for name, (change, said) in GZIPPED.items()
    },
    "called br": (faults.body_is(bytes, Content_Encoding="br"), None),
    "busy once, at length": (faults.once(faults.without_end(b"\0", 503)), None),
    "busy, at length": (faults.without_end(b"\0", 503), "503 Service Unavailable"),
    "a refusal at length": (faults.without_end(b"\0", 404), "404 Not Found"),
    "redirection at length": (
        faults.without_end(b"\0", 302, Location="http://127.0.0.1:9"),
        "connection refused",
    ),
    "wrong bytes": (faults.wrong_bytes, WRONG),
    "cut short": (faults.with_headers(0.5), "4,501 bytes where 9,002 are due"),
    "broken off": (faults.with_headers(0.5, Content_Length="{}"), BROKEN),
    "reset": (faults.reset, f"connection reset by peer|{BROKEN}"),
    "endless": (faults.without_end(b"\0", 200), "more than the 9,002 bytes that are due"),
    "silent": (faults.silent, SILENT),
    "silent half way": (faults.with_headers(0.5, wait=20, Content_Length="{}"), SILENT),
    "a body that drips": (faults.dripping_body, r"too slow: \d\d? bytes in 0.5 s"),
    "a header that drips": (faults.dripping_header, "no answer within 1.5 s"),
    "slow but honest": (faults.slow_but_honest, None),
    "a status without end": (faults.without_end(b"HTTP/1.0 200 OK "), BROKEN),
    "wait for ever": (faults.without_end(b"HTTP/1.1 100 Continue\r\n\r\n"), "no answer within 1.5 s"),
}

FAULTS: tuple[Kind, ...] = (
    *(Kind(name, partial(_served, fault), said) for name, (fault, said) in SERVED.items()),
    Kind("redirection in a circle", _loop, "more than 10 redirects"),
    Kind("no TLS", partial(_served, faults.silent, scheme="https"), r"no secure connection \([a-z ]+\)"),
    Kind("silence", partial(_silent_port, "http"), SILENT),
    Kind("silence where TLS is due", partial(_silent_port, "https"), SILENT),
    Kind("a name with nothing in it", lambda content: nullcontext("http://a..b/"), ".+"),
    Kind("a closed port", closed_port, "connection refused"),
    Kind("a deaf port", deaf_port, "no connection within 0.3 s"),
)

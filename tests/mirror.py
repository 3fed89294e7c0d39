"""A web server on this machine that serves files and, asked to, misbehaves in every way a mirror can."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from threading import Event, Thread
from typing import Any

Fault = Callable[["Handler", bytes], None]


class Mirror(ThreadingHTTPServer):
    """`asked` lists the names that were asked for; `fault` answers instead of the right bytes."""

    daemon_threads = False  # closing the server waits for its threads

    def __init__(self, content: Mapping[str, bytes], fault: Fault | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.fault = content, fault
        self.asked: list[str] = []
        self.stopping = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is no error here."""


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        name = PurePosixPath(self.path).name
        self.server.asked.append(name)
        if self.path != f"/data/{name}" or name not in self.server.content:
            self.send_error(404)
        elif self.server.fault:
            self.server.fault(self, self.server.content[name])
        else:
            self.answer(self.server.content[name])

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.head(status, Content_Length=str(len(body)), **headers)
        self.wfile.write(body)

    def head(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def drip(self, body: bytes, every: float) -> None:
        """Send `body` a byte at a time, `every` so many seconds, until someone has had enough."""
        for byte in body:
            self.wfile.write(bytes([byte]))
            if self.server.stopping.wait(every):
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def mirror(content: Mapping[str, bytes], fault: Fault | None = None) -> Iterator[Mirror]:
    with Mirror(content, fault) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


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

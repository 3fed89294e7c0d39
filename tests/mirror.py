"""A web server on this machine that serves files and, asked to, misbehaves."""

from __future__ import annotations

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

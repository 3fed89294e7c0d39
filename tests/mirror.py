"""A web server on this machine that serves files and, asked to, misbehaves."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

Fault = Callable[["Handler", bytes], None]

CERTIFICATE = Path(__file__).with_name("loopback.pem")


class Mirror(ThreadingHTTPServer):
    """`asked` lists the names that were asked for; `fault` answers instead of the right bytes."""

    daemon_threads = False  # closing the server waits for its threads

    def __init__(self, content: Mapping[str, bytes], fault: Fault | None, scheme: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = scheme
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            # Shaking hands is left to the thread of the request.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.content, self.fault = content, fault
        self.asked: list[str] = []
        self.stopping = Event()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/data"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is no error here."""


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        path = urlsplit(self.path).path  # a proxy is asked for a whole URL
        name = PurePosixPath(path).name
        self.server.asked.append(name)
        if path != f"/data/{name}" or name not in self.server.content:
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
def mirror(
    content: Mapping[str, bytes], fault: Fault | None = None, scheme: str = "http"
) -> Iterator[Mirror]:
    with Mirror(content, fault, scheme) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()

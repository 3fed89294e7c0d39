"""The bytes at one URL, as they come, from a server that may do anything.

A server can hold its client up in many places: the look-up of its name, the handshake, a header sent letter
by letter, a body that drips. A socket's time-out sees silence only. So the request is made on a thread of
its own, and whoever wants the bytes waits for that thread by the clock, and leaves it when it takes too long.
"""

from collections.abc import Generator
from dataclasses import dataclass
from http import HTTPStatus
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic

from nnbp_cli.datasets import http_client
from nnbp_cli.datasets.transfer_errors import TransferError, explain, named_status

BYTES_PER_READ = 1 << 12  # small enough for a slow line to show that it moves


@dataclass(frozen=True)
class Timeouts:
    """How long a server may take, in seconds. A slow line is fine, as long as it is honest."""

    connect: float = 5.0
    silence: float = 15.0  # without a single byte
    answer: float = 60.0  # until the answer begins, with all retries
    retries: int = 2
    retry_after: float = 15.0  # what a server may ask for with Retry-After; it gets no more
    slow_seconds: float = 30.0  # in which at least ...
    slow_bytes: int = 30 * 1024  # ... this much must come
    total: float = 3600.0  # for a whole data set


DEFAULT_TIMEOUTS = Timeouts()

Arrivals = SimpleQueue[bytes | TransferError | None]  # b"" first, when the answer begins; None at the end


def receive(url: str, timeouts: Timeouts, deadline: float) -> Generator[bytes, None, None]:
    """The body at `url`, piece by piece, as it is on the wire: no Content-Encoding is undone.

    `deadline` is in seconds of time.monotonic(). Raises TransferError when the server refuses, breaks off
    or takes longer than `timeouts` or `deadline` allow.
    """
    arrivals: Arrivals = SimpleQueue()
    abandoned = Event()
    Thread(target=_request, args=(url, timeouts, arrivals, abandoned), daemon=True).start()
    count, until = None, monotonic() + timeouts.answer  # the bytes of this span of time, and its end
    try:
        while True:
            try:
                arrival = arrivals.get(timeout=max(0.0, min(until, deadline) - monotonic()))
            except Empty:
                if monotonic() >= deadline:
                    raise TransferError("stopped, since the time is up") from None
                if count is None:
                    raise TransferError(f"no answer within {timeouts.answer:g} s") from None
                if count < timeouts.slow_bytes:
                    raise TransferError(f"too slow: {count:,} bytes in {timeouts.slow_seconds:g} s") from None
                count, until = 0, monotonic() + timeouts.slow_seconds
                continue
            if arrival is None:
                return
            if isinstance(arrival, TransferError):
                raise arrival
            if count is None:
                count, until = 0, monotonic() + timeouts.slow_seconds
            else:
                count += len(arrival)
                yield arrival
    finally:
        abandoned.set()


def _request(url: str, timeouts: Timeouts, arrivals: Arrivals, abandoned: Event) -> None:
    try:
        with (
            http_client.session(timeouts.retries, timeouts.retry_after) as session,
            http_client.get(session, url, timeout=(timeouts.connect, timeouts.silence)) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise TransferError(named_status(response.status_code))
            arrivals.put(b"")
            # Whatever has come, where urllib3 knows how (2.2); otherwise a piece when it is full.
            read = getattr(response.raw, "read1", response.raw.read)
            while not abandoned.is_set() and (piece := read(BYTES_PER_READ, decode_content=False)):
                arrivals.put(piece)
            arrivals.put(None)
    except TransferError as error:
        arrivals.put(error)
    except Exception as error:  # any at all, or whoever waits would wait in vain
        arrivals.put(TransferError(explain(error, connect=timeouts.connect, silence=timeouts.silence)))

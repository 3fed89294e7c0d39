"""The answer to a GET: where it is sent on to, who is told a password, whom it trusts and when it asks again.

requests would do most of it by itself. But it reads the bodies of redirects, which may be of any size, takes
passwords from .netrc, follows from https:// to http://, and does not know OpenSSL's SSL_CERT_FILE.
"""

import os
import ssl
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import get_environ_proxies, select_proxy
from urllib3.util import Retry, parse_url

from nnbp_cli.datasets.transfer_errors import (
    TransferError,
    named_status,
    proxy_variable,
    trusting_variable,
    without_password,
)
from nnbp_cli.errors import printable, reason

REDIRECTS = (301, 302, 303, 307, 308)
MAX_REDIRECTS = 10
MAX_LOCATION = 2000  # characters
PORTS = {"http": 80, "https": 443}


class _Session(requests.Session):
    """It follows no redirect: requests reads and unpacks all of its body first, even if told not to go."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No answer is a redirect."""


def session(retries: int, retry_after: float) -> requests.Session:
    """What `get` asks through. A server that is busy is asked again, so often; it may want to be left alone
    for `retry_after` seconds, and gets no more.
    """

    class BoundedRetry(Retry):
        def increment(self, *args: Any, **options: Any) -> Self:
            # Before it asks again urllib3 would read all of a refusal's body.
            if response := options.get("response"):
                response.close()
            return super().increment(*args, **options)

        def get_retry_after(self, response: Any) -> float | None:
            seconds = super().get_retry_after(response)
            return seconds and min(seconds, retry_after)

    made = _Session()
    made.headers["Accept-Encoding"] = "identity"  # the files are packed already
    made.verify = os.environ.get("SSL_CERT_FILE") or True  # requests sees to its own two before that
    retry = BoundedRetry(
        total=retries,
        connect=min(1, retries),  # a name server that is away is slow to say so
        status_forcelist=(429, 500, 502, 503, 504),
        backoff_factor=0.5,
        raise_on_status=False,
    )
    for scheme in PORTS:
        made.mount(f"{scheme}://", HTTPAdapter(max_retries=retry))
    return made


def get(session: requests.Session, url: str, timeout: tuple[float, float]) -> requests.Response:
    """The answer at the end of the redirects from `url` on; their bodies are not read.

    The user and the password in `url` go no further than its own scheme, host and port. `timeout` is how many
    seconds there are for a connection, and for a byte. Raises TransferError, and what requests raises.
    """
    parts = urlsplit(url)
    user = [unquote(part or "").encode() for part in (parts.username, parts.password)]
    credentials = HTTPBasicAuth(*user) if any(user) else _anonymous
    for _ in range(1 + MAX_REDIRECTS):
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        _check_proxy(bare)
        if parts.scheme == "https":
            _check_trusted()
        response = session.get(bare, auth=credentials, timeout=timeout, stream=True)
        if response.status_code not in REDIRECTS:
            return response
        response.close()
        target = _target(bare, response)
        if _origin(target) != _origin(parts):
            credentials = _anonymous
        parts = target
    raise TransferError(f"more than {MAX_REDIRECTS} redirects")


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The credentials of nobody. Where there are none requests would look for some in .netrc."""
    return request


def is_clear(url: str) -> bool:
    """Whether `url` says its host and port so that no part of a password can be taken for them."""
    try:
        parts = urlsplit(url)
        _, host, _ = _origin(parts)
    except (KeyError, ValueError):
        return False
    beyond = parts._replace(scheme="", netloc="").geturl()
    return bool(host) and not ("@" in parts.netloc and "@" in beyond)


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    """Scheme, host and port. Raises KeyError for a scheme of others, ValueError for a port that is none."""
    return parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme]


def _target(url: str, response: requests.Response) -> SplitResult:
    """Where a redirect sends us from `url`. Raises TransferError where we do not go."""
    location = response.headers.get("Location")
    if not location:
        raise TransferError(f"{named_status(response.status_code)}, without a word where to")
    if len(location) > MAX_LOCATION:
        raise TransferError(f"redirects to an address of {len(location):,} characters")
    location = location.encode("latin-1").decode("utf-8", "replace")
    try:
        target = urlsplit(urljoin(url, location))
        _, host, _ = _origin(target)
    except (KeyError, ValueError):
        host = None
    if not host:
        shown = printable(without_password(location))[:100]
        raise TransferError(f"redirects to '{shown}', which is not a URL with http:// or https://")
    if target.scheme == "http" and url.startswith("https:"):
        raise TransferError("redirects from https:// to http://, which is not safe")
    return target


def _check_proxy(url: str) -> None:
    """Raise TransferError where the proxy for `url` is none: urllib3 would quote it, with its password."""
    proxy = select_proxy(url, get_environ_proxies(url))
    if not proxy:
        return
    try:
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        host = urlsplit(proxy).hostname and parse_url(proxy).host
    except ValueError:
        host = None
    if not host:
        variable = proxy_variable(urlsplit(url).scheme)
        raise TransferError(f"the proxy{variable} is not a URL with a host and a port")


def _check_trusted() -> None:
    """Raise TransferError where a variable names certificates to trust that cannot be read."""
    name = trusting_variable()
    if name is None:
        return
    path = os.environ[name]
    where = {"capath": path} if Path(path).is_dir() else {"cafile": path}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**where)
    except ssl.SSLError:
        raise TransferError(f"{name}: '{printable(path)}' holds no certificates") from None
    except OSError as error:
        raise TransferError(f"{name}: '{printable(path)}' cannot be read: {reason(error)}") from None

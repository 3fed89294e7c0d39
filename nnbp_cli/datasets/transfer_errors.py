"""Why a server did not deliver, in a few words; and nothing secret in them."""

from __future__ import annotations

import os
import re
import socket
import ssl
from http import HTTPStatus

import urllib3.exceptions
from urllib3 import HTTPConnectionPool

from nnbp_cli.errors import printable

LONGEST = 200  # characters, where the words are not ours
# OpenSSL's numbers for an issuer that nobody vouches for, as opposed to a wrong date or a wrong name.
UNKNOWN_ISSUER = (2, 18, 19, 20, 21)


class TransferError(Exception):
    """A server did not deliver; why, in a few words."""


def without_password(url: str) -> str:
    """`url` as it may be printed: with *** for the user and the password in it.

    A password with a / in it, which should have been quoted, is taken for a part of the path everywhere
    else, but here.
    """
    return re.sub(r"^((?:[^/?#@]*//)?+)(?:[^/?#]*|([^/?#:]*:).*)@", r"\1\2***@", url, flags=re.DOTALL)


def status(code: int) -> str:
    """What an answer with another status than 200 says."""
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"status {code}"


def explained(error: BaseException, *, connect: float, silence: float) -> str:
    """What happened, without the names of classes; `error` wraps it several times over.

    `connect` and `silence` are how many seconds there were for a connection, and for a byte.
    """
    chain = [error]
    while cause := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(cause)
    what = _what(chain, connect, silence)
    for link in chain:
        if isinstance(link, urllib3.exceptions.MaxRetryError) and isinstance(
            link.reason, urllib3.exceptions.ProxyError
        ):
            return f"{_proxy(link.pool)}: {what}"
    return what


def proxy_variable(scheme: str) -> str:
    """The variable that names the proxy for `scheme`, in brackets; nothing where none does."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((f" ({name})" for name in names if os.environ.get(name)), "")


def _what(chain: list[BaseException], connect: float, silence: float) -> str:
    root = chain[-1]
    if isinstance(root, socket.gaierror):
        return "its name cannot be looked up (no network?)"
    if isinstance(root, ssl.SSLCertVerificationError):
        what = f"its certificate is not trusted ({root.verify_message.rstrip('.')})"
        hint = "; REQUESTS_CA_BUNDLE can name a file of those to trust"
        return what + hint if root.verify_code in UNKNOWN_ISSUER else what
    if isinstance(root, ssl.SSLError) and root.reason:
        return f"no secure connection ({root.reason.replace('_', ' ').lower()})"
    if isinstance(root, OSError) and root.strerror:
        return root.strerror.lower()
    for link in chain:
        if isinstance(link, urllib3.exceptions.ReadTimeoutError):
            return f"silent for {silence:g} s"
        if isinstance(link, urllib3.exceptions.ConnectTimeoutError):
            return f"no connection within {connect:g} s"
        if isinstance(link, urllib3.exceptions.ProtocolError):
            return "the connection broke off"
    return printable(" ".join(str(root).split()))[:LONGEST] or type(root).__name__


def _proxy(pool: object) -> str:
    if not isinstance(pool, HTTPConnectionPool) or not pool.proxy:
        return "the proxy"
    return f"the proxy {pool.proxy.host}:{pool.proxy.port}{proxy_variable(pool.scheme or '')}"

"""Why a server did not deliver, in a few words; and nothing secret in them."""

import os
import re
import socket
import ssl
from http import HTTPStatus

import requests
from urllib3 import HTTPConnectionPool, exceptions
from urllib3.util import Url

from nnbp_cli.errors import printable

MAX_QUOTED = 200  # characters, where the words are not ours
# OpenSSL's numbers for an issuer that nobody vouches for, as opposed to a wrong date or a wrong name.
UNKNOWN_ISSUER = (2, 18, 19, 20, 21)
ABOUT_SCHEMES = (requests.exceptions.InvalidSchema, exceptions.URLSchemeUnknown)  # of a proxy
# Who may name the file or the folder of certificates to trust, the first that does: to requests, to curl, to
# OpenSSL.
TRUSTING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class TransferError(Exception):
    """A server did not deliver; why, in a few words."""


def without_password(url: str) -> str:
    """`url` as it may be printed: with *** for the user and the password in it.

    A / in them, which should have been quoted, begins the path everywhere else, but not here: whatever may
    be a part of them is hidden, up to the last @.
    """
    return re.sub(r"^((?:[^/?#@]*//)?+)(?:[^/?#]*@.*|[^/?#]*|([^:]*:).*)@", r"\1\2***@", url, flags=re.DOTALL)


def named_status(code: int) -> str:
    """An HTTP status with its name, where it has one."""
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"status {code}"


def explain(error: BaseException, *, connect: float, silence: float) -> str:
    """What happened, without the names of classes; `error` wraps it several times over.

    `connect` and `silence` are how many seconds there were for a connection, and for a byte.
    """
    chain = [error]
    while cause := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(cause)
    what = _what(chain, connect, silence)
    for link in chain:
        match link:
            case exceptions.MaxRetryError(
                reason=exceptions.ProxyError(), pool=HTTPConnectionPool(proxy=Url() as proxy, scheme=scheme)
            ):
                return f"the proxy {proxy.host}:{proxy.port}{proxy_variable(scheme or '')}: {what}"
    return what


def proxy_variable(scheme: str) -> str:
    """The variable that names the proxy for `scheme`, in brackets; nothing where none does."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((f" ({name})" for name in names if os.environ.get(name)), "")


def trusting_variable() -> str | None:
    """The variable that names the certificates to trust, if any does."""
    return next(filter(os.environ.get, TRUSTING), None)


def _what(chain: list[BaseException], connect: float, silence: float) -> str:
    root = chain[-1]
    match root:
        case socket.gaierror():
            return "its name cannot be looked up (no network?)"
        case ssl.SSLCertVerificationError():
            what = f"its certificate is not trusted ({root.verify_message.rstrip('.')})"
            return f"{what}; {_whom_to_trust()}" if root.verify_code in UNKNOWN_ISSUER else what
        case ssl.SSLError() if root.reason:
            return f"no secure connection ({root.reason.replace('_', ' ').lower()})"
        case OSError() if root.strerror:
            return root.strerror.lower()
    for link in chain:
        match link:
            case exceptions.ReadTimeoutError():
                return f"silent for {silence:g} s"
            case exceptions.ConnectTimeoutError():
                return f"no connection within {connect:g} s"
            case exceptions.ProtocolError():
                return "the connection broke off"
    if isinstance(root, ValueError) and not isinstance(root, ABOUT_SCHEMES):
        # Its words quote the address, and with it what may be a password.
        return "its address does not say host and port clearly"
    return printable(" ".join(str(root).split()))[:MAX_QUOTED] or type(root).__name__


def _whom_to_trust() -> str:
    name = trusting_variable()
    if name is None:
        return f"{TRUSTING[0]} can name a file of those to trust"
    return f"those to trust are in '{printable(os.environ[name])}', as {name} says; add its issuer's there"

"""What a request for a file takes with it, whom it trusts, where it may be sent and what it may cost."""

import base64
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
import pytest

from nnbp_cli.datasets.transfer import receive
from nnbp_cli.datasets.transfer_errors import TransferError, without_password
from nnbp_cli.errors import ConfigError
from tests import faults
from tests.faults import MIB
from tests.faulty_mirrors import closed_port
from tests.mirror import CERTIFICATE, Fault, Handler, mirror
from tests.peak_memory import measured, output_with_peak
from tests.tiny import CONTENT, FIRST, HASTE, Watch, fetch, refusals

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle")


@pytest.fixture(autouse=True)
def _an_environment_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *map(str.upper, VARIABLES), "SSL_CERT_FILE", "NETRC"):
        monkeypatch.delenv(name, raising=False)


def refusal(data_dir: Path, url: str) -> str:
    """Why there is nothing to be had at `url`."""
    (said,) = refusals(data_dir, url)
    return said


# What it costs


@measured
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.packed_bomb(302, 128 * MIB, Location="http://127.0.0.1:9"), id="packed redirect"),
        pytest.param(faults.plain_bomb(302, 128 * MIB, Location="http://127.0.0.1:9"), id="plain redirect"),
        pytest.param(faults.packed_bomb(500, 128 * MIB), id="packed error"),
        pytest.param(faults.plain_bomb(404, 128 * MIB), id="plain error"),
        pytest.param(faults.plain_bomb(503, 128 * MIB, Retry_After="0"), id="plain error, tried again"),
    ],
)
def test_the_body_of_what_is_no_file_takes_no_memory(fault: Fault) -> None:
    program = """
import sys, time
from nnbp_cli.datasets.transfer import Timeouts, receive
from nnbp_cli.datasets.transfer_errors import TransferError
before = peak()
try:
    list(receive(sys.argv[1], Timeouts(retries=1), time.monotonic() + 60))
except TransferError:
    print(peak() - before)
"""
    with mirror({"file": b""}, fault) as server:
        (taken,) = output_with_peak(program, f"{server.url}/file")
        assert server.asked
    assert int(taken) < 20 * MIB


# Where it may be sent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_ten_redirects_are_followed_and_no_more(tmp_path: Path, status: int) -> None:
    def fault(handler: Handler, body: bytes) -> None:
        if next(times, None) is None:
            handler.answer(body)
        else:  # relative, to the same name
            handler.answer(b"", status, Location="?again")

    with mirror(CONTENT, fault) as server:
        times = iter(range(11))
        assert refusal(tmp_path, server.url) == "more than 10 redirects"
        server.asked.clear()
        times = iter(range(10))
        fetch(tmp_path, server.url)
        assert server.asked == [FIRST] * 10 + list(CONTENT)


def test_a_redirect_may_lead_from_http_to_https_but_not_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with mirror(CONTENT) as plain, mirror(CONTENT, scheme="https") as safe:
        plain.fault = faults.elsewhere(safe.url)
        fetch(tmp_path / "up", plain.url)
        plain.fault, safe.fault = None, faults.elsewhere(plain.url)
        plain.asked.clear()
        said = refusal(tmp_path / "down", safe.url)
        assert said == "redirects from https:// to http://, which is not safe"
        assert not plain.asked


# What it takes with it


@contextmanager
def told(location: str | None = None) -> Iterator[tuple[str, list[str | None]]]:
    """host:port of a mirror, and who its clients said they were; it sends them to `location` once, if any."""
    names: list[str | None] = []

    def fault(handler: Handler, body: bytes) -> None:
        said = handler.headers.get("Authorization")
        names.append(said and base64.b64decode(said.removeprefix("Basic ")).decode())
        if location and len(names) == 1:
            handler.answer(b"", 302, Location=location)
        else:
            handler.answer(body)

    with mirror(CONTENT, fault) as server:
        yield server.url.removeprefix("http://"), names


def test_the_user_and_the_password_of_a_mirror_are_sent_to_it(tmp_path: Path) -> None:
    with told() as (there, names):
        fetch(tmp_path / "both", f"http://me:p%40ss%C3%A9@{there}")
        fetch(tmp_path / "user", f"http://token@{there}")
        fetch(tmp_path / "none", f"http://{there}")
    assert names == ["me:p@ssé"] * 4 + ["token:"] * 4 + [None] * 4


def test_they_follow_a_redirect_to_the_same_server_and_to_no_other(tmp_path: Path) -> None:
    with told(f"/data/{FIRST}") as (there, names):
        fetch(tmp_path / "same", f"http://me:secret@{there}")
    assert names == ["me:secret"] * 5
    with mirror(CONTENT) as sign, told(f"{sign.url}/{FIRST}") as (there, names):
        sign.fault = faults.elsewhere(f"http://{there}")
        fetch(tmp_path / "there and back", f"http://me:secret@{there}")
    assert names == ["me:secret", None, *["me:secret"] * 3]
    with told() as (other, others), told(f"http://you:{'x' * 9}@{other}/{FIRST}") as (there, _):
        fetch(tmp_path / "given by a server", f"http://me:secret@{there}")
    assert others == [None]


def test_no_netrc_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with told() as (other, others), told(f"http://{other}/{FIRST}") as (there, names):
        fetch(tmp_path, f"http://{there}")
    assert {*others, *names} == {None}


# What is said of it


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host/path", "http://host/path"),
        ("http://me:secret@host:80/path", "http://***@host:80/path"),
        ("https://token@host/path", "https://***@host/path"),
        ("http://me:s@cret@host/path", "http://***@host/path"),
        ("http://me:s/cr?e#t@host/path", "http://me:***@host/path"),
        ("http://me:s\ncret@host/path", "http://***@host/path"),
        ("http://me:s@cr/et@host/path", "http://***@host/path"),
        ("http://here/me:secret@host/path", "http://here/me:***@host/path"),
        ("https://host/name@1.0/path", "https://host/name@1.0/path"),
        ("http://host/@path", "http://host/@path"),
        ("http://me:secret@[::1", "http://***@[::1"),
        ("me:secret@host", "***@host"),
        ("ftp://me:secret@host", "ftp://***@host"),
        ("", ""),
    ],
)
def test_a_url_is_printed_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_the_password_of_a_mirror_is_never_printed(tmp_path: Path) -> None:
    notes = Watch()
    with mirror({}) as empty, mirror(CONTENT) as good:
        ill, well = (server.url.replace("http://", "http://me:secret@") for server in (empty, good))
        fetch(tmp_path, ill, well, reporter=notes)
        shown = [url.replace("me:secret", "***") for url in (ill, well)]
        first, *others = notes.notes
        assert first == f"{shown[0]}/{FIRST}: 404 Not Found; trying {shown[1]}"
        assert [note.rpartition(" from ")[2] for note in others] == [shown[1]] * 4
        assert refusal(tmp_path / "error", ill) == "404 Not Found"
    for url, seen in (("ftp://me:secret@host", "ftp://***@host"), ("/srv/mnist", "/srv/mnist")):
        with pytest.raises(ConfigError, match=f"got '{re.escape(seen)}'$"):
            fetch(tmp_path, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:{}@[::1",
        "http://me:{}@:99999",
        *(f"http://me:{{}}{sign}{{}}@127.0.0.1:9" for sign in ("/", "?", "#", "[", "]", "@/", "@?", "\\[")),
        "http://me:{}[{}]@127.0.0.1:9",
        *("http://", "http://:80", "http://host:port", "https://host:99999", "http:///mnist", "http://[::1"),
    ],
)
def test_what_is_not_clearly_a_host_is_a_mistake_of_usage_and_no_password_is_printed(
    tmp_path: Path, url: str
) -> None:
    remedy = "name it as http://HOST:PORT/FOLDER"
    if "{}" in url:
        remedy = "write what is no letter or digit in its password as %XX"
    url = url.replace("{}", "hunter2")
    with pytest.raises(ConfigError) as refused:
        fetch(tmp_path, url)
    said = f"--mirror: '{without_password(url)}' does not say host and port clearly; {remedy}"
    assert str(refused.value) == said
    assert "hunter2" not in said
    assert not list(tmp_path.iterdir())
    with pytest.raises(TransferError, match=r"^its address does not say host and port clearly$"):
        list(receive(url, HASTE, time.monotonic() + 20))


# Whom it trusts


def test_a_certificate_that_nobody_vouches_for_names_what_to_set(tmp_path: Path) -> None:
    remedy = "REQUESTS_CA_BUNDLE can name a file of those to trust"
    with mirror(CONTENT, scheme="https") as safe:
        said = refusal(tmp_path, safe.url)
        assert re.fullmatch(rf"its certificate is not trusted \(self.signed certificate\); {remedy}", said)
        assert not safe.asked


def test_a_certificate_for_another_name_is_not_a_question_of_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with mirror(CONTENT, scheme="https") as safe:
        said = refusal(tmp_path, safe.url.replace("127.0.0.1", "localhost"))
    assert re.fullmatch(r"its certificate is not trusted \(.*localhost.*\)", said)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_to_trust_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))  # of OpenSSL, after those of requests
    monkeypatch.setenv(name, str(CERTIFICATE))
    with mirror(CONTENT, scheme="https") as safe:
        fetch(tmp_path / "well", safe.url)
        others = certifi.where()
        monkeypatch.setenv(name, others)
        remedy = f"; those to trust are in '{others}', as {name} says; add its issuer's there"
        assert refusal(tmp_path, safe.url).endswith(remedy)
    (tmp_path / "empty").touch()
    for path, said in (
        (tmp_path / "empty", "holds no certificates"),
        (tmp_path / "none", "cannot be read: no such file or directory"),
    ):
        monkeypatch.setenv(name, str(path))
        assert refusal(tmp_path, "https://127.0.0.1:9") == f"{name}: '{path}' {said}"
        assert refusal(tmp_path, "http://127.0.0.1:9") == "connection refused"


# Through whom it goes


def test_a_proxy_of_the_environment_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mirror(CONTENT) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/data"))
        fetch(tmp_path, "http://mirror.example/data")
        assert proxy.asked == list(CONTENT)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", ["{}_PROXY", "{}_proxy", "ALL_PROXY"])
def test_a_dead_proxy_is_named_and_not_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, name: str
) -> None:
    name = name.format(scheme if name.islower() else scheme.upper())
    with closed_port(CONTENT) as url:
        proxy = url.removeprefix("http://")
        monkeypatch.setenv(name, f"http://me:secret@{proxy}")
        said = refusal(tmp_path, f"{scheme}://mirror.example")
        assert said == f"the proxy {proxy} ({name}): connection refused"


def test_a_proxy_that_refuses_is_told_apart_from_a_mirror_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mirror(CONTENT) as proxy:  # which knows no CONNECT
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/data"))
        address = "{}:{}".format(*proxy.server_address)
        said = refusal(tmp_path, "https://mirror.example")
        assert re.fullmatch(rf"the proxy {address} \(https_proxy\): .*501.*", said)


NO_PROXY = "the proxy (HTTP_PROXY) is not a URL with a host and a port"


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://me:secret@[::1", NO_PROXY),
        ("http://me:secret@", NO_PROXY),
        ("http://me:secret@host:99999", NO_PROXY),
        ("me:se/cret@host:1", NO_PROXY),
        ("http://me:se[cret@host:1", NO_PROXY),
        ("ftp://me:secret@host:1", "Proxy URL had unsupported scheme ftp"),
    ],
)
def test_a_proxy_that_is_none_is_a_line_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, said: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    found = refusal(tmp_path, "http://mirror.example")
    assert found.startswith(said)
    assert "secret" not in found

"""Downloads from mirrors that are honest, slow, broken or hostile: right files or none, and a clear word."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from nnbp_cli.datasets.catalog import CATALOG, NAMES, Entry
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.system import locks
from tests import faults
from tests.by_the_clock import by_the_clock
from tests.command_line import nnbp
from tests.faulty_mirrors import FAULTS, NOWHERE, Kind, closed_port, deaf_port, without_dns
from tests.mirror import mirror
from tests.tiny import CONTENT, FIRST, HASTE, TINY, Watch, fetch


@pytest.fixture(autouse=True)
def _no_proxy_and_no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", without_dns(socket.getaddrinfo))


def is_all_there(folder: Path) -> bool:
    """All four files, right, and nothing beside them."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


def refusals(data_dir: Path, *mirrors: str, **options: Any) -> list[str]:
    """What each mirror said when a download failed. Nothing is left on the disk."""
    with pytest.raises(NnbpError) as error:
        fetch(data_dir, *mirrors, **({"timeouts": HASTE} | options))
    first, *reasons, last = str(error.value).split("\n")
    folder = data_dir / "tiny"
    command = f"nnbp download tiny --data-dir {data_dir} --mirror URL"
    assert first == f"{folder}: no mirror gave '{FIRST}'; try again later, or run '{command}'"
    assert last == f"  by hand: put {', '.join(CONTENT)} of Tiny into {folder}"
    assert not folder.exists()
    urls = [f"  {url.rstrip('/')}/{FIRST}: " for url in mirrors]
    assert [reason[: len(url)] for reason, url in zip(reasons, urls, strict=True)] == urls
    return [reason[len(url) :] for reason, url in zip(reasons, urls, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAULTS, ids=str)
@by_the_clock
def test_a_fault_leads_to_the_next_mirror_and_a_clear_word_or_does_no_harm(
    tmp_path: Path, kind: Kind
) -> None:
    start = time.monotonic()
    with kind.at(CONTENT) as bad, mirror(CONTENT) as good:
        if kind.said is None:
            assert is_all_there(fetch(tmp_path, bad, timeouts=HASTE))
        else:
            (reason,) = refusals(tmp_path, bad)
            assert re.fullmatch(kind.said, reason)
            assert is_all_there(fetch(tmp_path, bad, good.url, timeouts=HASTE))
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_data_set_is_fetched(tmp_path: Path, slash: str) -> None:
    watch = Watch()
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path / "new" / "data", good.url + slash, reporter=watch)
        assert folder == tmp_path / "new" / "data" / "tiny"
        assert is_all_there(folder)
        assert good.asked == list(CONTENT)
    for file in TINY.files:
        counts = [count for name, count in watch.counts if name == file.name]
        assert (counts[0], counts[-1]) == (0, file.size)
        assert counts == sorted(set(counts))
    assert watch.notes[0] == f"{folder}/{FIRST}: 9,002 bytes from {good.url}{slash}"
    assert len(watch.notes) == 4


def test_what_is_here_and_right_is_not_fetched_again_unless_forced(tmp_path: Path) -> None:
    watch = Watch()
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
        good.asked.clear()
        fetch(tmp_path, good.url, reporter=watch)
        assert not good.asked
        assert watch.notes == [f"{folder}/{name}: already here" for name in CONTENT]
        fetch(tmp_path, good.url, force=True)
        assert good.asked == list(CONTENT)


@pytest.mark.parametrize(
    "damage", [b"", CONTENT[FIRST][:-1], CONTENT[FIRST][:-1] + b"?", CONTENT[FIRST] + b"?"]
)
def test_what_is_damaged_is_fetched_again_and_said(tmp_path: Path, damage: bytes) -> None:
    watch = Watch()
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
        (folder / FIRST).write_bytes(damage)
        good.asked.clear()
        fetch(tmp_path, good.url, reporter=watch)
        assert good.asked == [FIRST]
        assert is_all_there(folder)
    assert watch.notes[0] == f"{folder}/{FIRST}: damaged; fetching it again"


def test_what_is_missing_alone_is_fetched(tmp_path: Path) -> None:
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
        (folder / FIRST).unlink()
        good.asked.clear()
        fetch(tmp_path, good.url)
        assert good.asked == [FIRST]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, status: int) -> None:
    with mirror(CONTENT, faults.first_says(1, status)) as busy:
        assert is_all_there(fetch(tmp_path, busy.url))
        assert busy.asked[:2] == [FIRST, FIRST]


@by_the_clock
def test_retry_after_is_respected(tmp_path: Path) -> None:
    fault = faults.first_says(1, 503, Retry_After="1")
    with mirror(CONTENT, fault) as busy:
        start = time.monotonic()
        assert is_all_there(fetch(tmp_path, busy.url))
        assert 1 <= time.monotonic() - start < 3


@by_the_clock
def test_an_honest_slow_line_finishes(tmp_path: Path) -> None:
    """It takes longer than any of the limits on its parts, but is fast enough in each of them."""
    with mirror(CONTENT, faults.slow_but_honest) as slow:
        timeouts = replace(HASTE, silence=0.3, slow_seconds=0.2, slow_bytes=500, answer=0.3)
        assert is_all_there(fetch(tmp_path, slow.url, timeouts=timeouts))


@by_the_clock
def test_all_has_to_end_by_the_deadline(tmp_path: Path) -> None:
    start = time.monotonic()
    with mirror(CONTENT, faults.slow_but_honest) as slow:
        assert refusals(tmp_path, slow.url, timeouts=replace(HASTE, total=0.3)) == [
            "stopped, since the time is up"
        ]
    assert time.monotonic() - start < 1


@by_the_clock
def test_what_came_before_the_deadline_is_kept(tmp_path: Path) -> None:
    entry = replace(TINY, files=TINY.files[1:2] + TINY.files[:1])
    with mirror(CONTENT, faults.slow_but_honest) as slow, pytest.raises(NnbpError, match="no mirror gave"):
        fetch(tmp_path, slow.url, entry=entry, timeouts=replace(HASTE, total=0.3))
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == [TINY.files[1].name]


def test_a_redirection_is_followed(tmp_path: Path) -> None:
    with mirror(CONTENT) as good, mirror(CONTENT, faults.elsewhere(good.url)) as sign:
        assert is_all_there(fetch(tmp_path, sign.url))
        assert good.asked == sign.asked == list(CONTENT)


@by_the_clock
def test_every_mirror_is_named_with_its_reason(tmp_path: Path) -> None:
    watch = Watch()
    with mirror({}) as empty, closed_port({}) as closed, deaf_port({}) as deaf:
        mirrors = (f"http://{NOWHERE}/mnist/", closed, deaf, empty.url)
        reasons = refusals(tmp_path, *mirrors, reporter=watch, timeouts=replace(HASTE, retries=0))
        assert reasons == [
            "its name cannot be looked up (no network?)",
            "connection refused",
            "no connection within 0.3 s",
            "404 Not Found",
        ]
    assert watch.notes == [
        f"{url.rstrip('/')}/{FIRST}: {reason}; trying {then}"
        for url, reason, then in zip(mirrors, reasons, mirrors[1:], strict=False)
    ]


def test_the_users_mirrors_come_before_the_catalogs_and_who_fails_goes_last(tmp_path: Path) -> None:
    with mirror({}) as empty, mirror(CONTENT) as good, mirror(CONTENT) as published:
        entry = replace(TINY, mirrors=(published.url,))
        fetch(tmp_path, empty.url, good.url, entry=entry)
        assert empty.asked == [FIRST]
        assert good.asked == list(CONTENT)
        assert not published.asked


def test_the_catalogs_mirrors_come_after_the_users(tmp_path: Path) -> None:
    with mirror({}) as empty, mirror(CONTENT) as published:
        fetch(tmp_path, empty.url, entry=replace(TINY, mirrors=(published.url,)))
        assert published.asked == list(CONTENT)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://example.org/", "/srv/mnist"])
def test_a_mirror_that_is_no_url_is_a_mistake_of_usage(tmp_path: Path, url: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^--mirror: expected a URL with http:// or https://, got '{url}'$"
    ):
        fetch(tmp_path, url)


@pytest.mark.parametrize(
    "url", ["http://", "http://:80", "http://host:port", "https://host:99999", "http:///mnist", "http://[::1"]
)
def test_a_mirror_without_host_and_port_is_a_mistake_of_usage(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as error:
        fetch(tmp_path, url)
    assert str(error.value) == (
        f"--mirror: '{url}' does not say host and port clearly; name it as http://HOST:PORT/FOLDER"
    )


def test_a_download_that_failed_takes_away_the_folders_it_made_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with mirror({}) as empty, mirror({FIRST: CONTENT[FIRST]}) as half:
        with pytest.raises(NnbpError, match="no mirror gave"):
            fetch(tmp_path / "data" / "new", empty.url)
        assert not list((tmp_path / "data").iterdir())
        (tmp_path / "data" / "tiny").mkdir()
        with pytest.raises(NnbpError, match="no mirror gave"):
            fetch(tmp_path / "data", empty.url)
        assert not list((tmp_path / "data" / "tiny").iterdir())
        with pytest.raises(NnbpError, match="no mirror gave"):
            fetch(tmp_path / "half", half.url)
    assert [path.name for path in (tmp_path / "half" / "tiny").iterdir()] == [FIRST]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_download_that_failed_leaves_the_folder_it_made_to_another_that_is_at_work(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "tiny"
    with ExitStack() as failing:
        failing.enter_context(locks.shared(folder))
        with locks.shared(folder):
            failing.close()
            assert folder.is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_download_whose_folder_is_taken_away_as_it_begins_makes_it_again(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    found: list[bool] = []

    def work() -> None:
        with locks.shared(folder):
            found.append(folder.is_dir())

    folder.mkdir()
    beginning = Thread(target=work)
    with locks.alone(folder, NnbpError()):
        beginning.start()
        time.sleep(0.1)  # by then it waits for the lock, or the test shows nothing
        folder.rmdir()
    beginning.join()
    assert found == [True]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_downloads_that_fail_beside_each_other_take_no_folder_from_one_that_works(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    problems: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(200):
                with locks.shared(folder):
                    (folder / name).touch()
                    (folder / name).unlink()
        except BaseException as error:
            problems.append(error)

    threads = [Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_a_file_that_failed_leaves_the_old_one(tmp_path: Path) -> None:
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
    with mirror(CONTENT, faults.wrong_bytes) as bad, pytest.raises(NnbpError, match="wrong bytes"):
        fetch(tmp_path, bad.url, force=True)
    assert is_all_there(folder)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "tiny").mkdir()
    monkeypatch.setattr(os, "fsync", full)
    with mirror(CONTENT) as good, pytest.raises(NnbpError) as error:
        fetch(tmp_path, good.url)
    assert str(error.value) == (
        f"{tmp_path}/tiny/{FIRST}: cannot be written: no space left on device; free some space"
    )
    assert not list((tmp_path / "tiny").iterdir())


def test_two_downloads_at_once_both_end_right(tmp_path: Path) -> None:
    with mirror(CONTENT, faults.slow_but_honest) as slow:
        threads = [Thread(target=fetch, args=(tmp_path, slow.url)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert slow.asked.count(FIRST) == 2
    assert is_all_there(tmp_path / "tiny")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_what_a_killed_download_left_is_removed_once_no_other_is_at_work(tmp_path: Path) -> None:
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
        leftover = folder / f".{FIRST}.123-abc.part"
        leftover.write_bytes(b"half")
        with locks.shared(folder):
            leftover.write_bytes(b"of one that is at work")
            fetch(tmp_path, good.url)
            assert leftover.exists()
        fetch(tmp_path, good.url)
    assert is_all_there(folder)


def run(*arguments: str) -> tuple[str, str]:
    """stdout and stderr of the command, which must end well."""
    said = nnbp("download", *arguments)
    assert said.status == 0, said.err
    return said.out, said.err


@pytest.fixture
def tiny_as_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOG, "mnist", replace(TINY, name="mnist"))


@pytest.mark.usefixtures("tiny_as_mnist")
def test_the_command_says_where_the_data_is(tmp_path: Path) -> None:
    with mirror(CONTENT) as good:
        out, err = run("--data-dir", str(tmp_path), "--mirror", good.url)
        assert out == f"{tmp_path}/mnist: Tiny, 4 files, all verified, licence MIT\n"
        assert err.splitlines() == [
            f"{tmp_path}/mnist/{file.name}: {file.size:,} bytes from {good.url}" for file in TINY.files
        ]
        assert is_all_there(tmp_path / "mnist")
        good.asked.clear()
        assert run("mnist", "-q", "--data-dir", str(tmp_path)) == (out, "")
        assert not good.asked
        run("--force", "--data-dir", str(tmp_path), "--mirror", good.url)
        assert good.asked == list(CONTENT)


@pytest.mark.usefixtures("tiny_as_mnist")
def test_the_data_directory_is_the_options_the_environments_or_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNBP_DATA_DIR", raising=False)
    with mirror(CONTENT) as good:
        assert run("--mirror", good.url)[0].startswith("data/mnist: ")
        monkeypatch.setenv("NNBP_DATA_DIR", "there")
        assert run("--mirror", good.url)[0].startswith("there/mnist: ")
        assert run("--mirror", good.url, "--data-dir", "here")[0].startswith("here/mnist: ")
    assert all(is_all_there(tmp_path / place / "mnist") for place in ("data", "there", "here"))


def test_synthetic_digits_are_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("synthetic") == (
        "synthetic: nothing to download; it is drawn when it is first trained on\n",
        "",
    )
    assert not list(tmp_path.iterdir())


def test_the_command_takes_names_of_the_catalog_only() -> None:
    said = nnbp("download", "minst")
    assert said.status == 2
    assert "'minst' is not one of 'mnist', 'fashion-mnist', 'kmnist', 'synthetic'" in said.err


def test_the_help_names_every_data_set_and_gives_an_example() -> None:
    out, _ = run("--help")
    assert all(name in out for name in CATALOG)
    assert "nnbp download fashion-mnist" in out


def test_bars_are_drawn_on_a_terminal_and_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nnbp_cli.terminal.progress import TerminalReporter

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with mirror(CONTENT) as good:
        fetch(tmp_path, good.url, reporter=TerminalReporter(quiet=False))
    drawn = capsys.readouterr().err
    assert all(f"{name}: 100%" in drawn or f"{name}:   0%" in drawn for name in CONTENT)
    assert not drawn.split("\r")[-1].strip()


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.name)
def test_the_catalog_is_well_formed(entry: Entry) -> None:
    assert [file.name for file in entry.files] == [f"{name}.gz" for name in NAMES]
    assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) for file in entry.files)
    assert all(re.fullmatch(r"https?://\S+/", url) for url in entry.mirrors)
    assert [url.startswith("http:") for url in entry.mirrors] == sorted(
        url.startswith("http:") for url in entry.mirrors
    ), "who can be trusted comes first"
    assert CATALOG[entry.name] is entry

"""Downloads from mirrors that are honest, slow, broken or hostile: right files or none, and a clear word."""

import re
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from nnbp_cli.datasets.catalog import CATALOG, NAMES, Entry
from nnbp_cli.errors import NnbpError
from nnbp_cli.system import locks
from tests import faults
from tests.by_the_clock import by_the_clock
from tests.command_line import Said, nnbp
from tests.faulty_mirrors import FAULTS, Kind, without_dns
from tests.mirror import mirror
from tests.tiny import CONTENT, FIRST, HASTE, TINY, Watch, fetch, refusals


@pytest.fixture(autouse=True)
def _no_proxy_and_no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", without_dns(socket.getaddrinfo))


def is_all_there(folder: Path) -> bool:
    """All four files, right, and nothing beside them."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


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
def test_what_is_here_and_right_is_not_fetched_again_unless_forced(tmp_path: Path, slash: str) -> None:
    first, second = Watch(), Watch()
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path / "new", good.url + slash, reporter=first)
        assert is_all_there(folder)
        fetch(tmp_path / "new", good.url, reporter=second)
        assert good.asked == list(CONTENT)
        fetch(tmp_path / "new", good.url, force=True)
        assert good.asked == 2 * list(CONTENT)
    for file in TINY.files:
        counts = [count for name, count in first.counts if name == file.name]
        assert (counts[0], counts[-1]) == (0, file.size)
        assert counts == sorted(set(counts))
    assert first.notes[0] == f"{folder}/{FIRST}: 9,002 bytes from {good.url}{slash}"
    assert len(first.notes) == 4
    assert second.notes == [f"{folder}/{name}: already here" for name in CONTENT]


@pytest.mark.parametrize(
    "damage", [None, b"", CONTENT[FIRST][:-1], CONTENT[FIRST][:-1] + b"?", CONTENT[FIRST] + b"?"]
)
def test_what_is_missing_or_damaged_is_fetched_alone(tmp_path: Path, damage: bytes | None) -> None:
    watch = Watch()
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
        (folder / FIRST).unlink()
        if damage is not None:
            (folder / FIRST).write_bytes(damage)
        good.asked.clear()
        fetch(tmp_path, good.url, reporter=watch)
        assert good.asked == [FIRST]
        assert is_all_there(folder)
    said = f"{folder}/{FIRST}: damaged; fetching it again"
    assert (watch.notes[0] == said) == (damage is not None)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, status: int) -> None:
    with mirror(CONTENT, faults.once(faults.says(status))) as busy:
        assert is_all_there(fetch(tmp_path, busy.url))
        assert busy.asked[:2] == [FIRST, FIRST]


@by_the_clock
def test_retry_after_is_respected(tmp_path: Path) -> None:
    with mirror(CONTENT, faults.once(faults.says(503, Retry_After="1"))) as busy:
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
def test_all_has_to_end_by_the_deadline_and_what_came_before_it_is_kept(tmp_path: Path) -> None:
    start = time.monotonic()
    entry = replace(TINY, files=TINY.files[1:2] + TINY.files[:1])
    with mirror(CONTENT, faults.slow_but_honest) as slow:
        with pytest.raises(NnbpError, match=f"\n  {slow.url}/{FIRST}: stopped, since the time is up\n"):
            fetch(tmp_path, slow.url, entry=entry, timeouts=replace(HASTE, total=0.3))
        assert time.monotonic() - start < 1
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == [TINY.files[1].name]


def test_the_users_mirrors_come_before_the_catalogs_and_who_fails_goes_last(tmp_path: Path) -> None:
    with mirror({}) as empty, mirror(CONTENT) as good, mirror(CONTENT) as published:
        entry = replace(TINY, mirrors=(published.url,))
        fetch(tmp_path / "good", empty.url, good.url, entry=entry)
        assert (empty.asked, good.asked, published.asked) == ([FIRST], list(CONTENT), [])
        fetch(tmp_path / "published", empty.url, entry=entry)
        assert published.asked == list(CONTENT)


def test_a_download_that_failed_takes_away_the_folders_it_made_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "there" / "tiny").mkdir(parents=True)
    with mirror({}) as empty, mirror({FIRST: CONTENT[FIRST]}) as half:
        for place, url in (("new", empty.url), ("there", empty.url), ("half", half.url)):
            with pytest.raises(NnbpError, match="no mirror gave"):
                fetch(tmp_path / place, url)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == ["half", "half/tiny", f"half/tiny/{FIRST}", "there", "there/tiny"]


def test_a_download_that_failed_leaves_the_folder_it_made_to_another_that_is_at_work(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "tiny"
    with ExitStack() as failing:
        failing.enter_context(locks.shared(folder))
        with locks.shared(folder):
            failing.close()
            assert folder.is_dir()


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


def test_a_file_that_failed_leaves_the_old_one(tmp_path: Path) -> None:
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
    with mirror(CONTENT, faults.wrong_bytes) as bad, pytest.raises(NnbpError, match="wrong bytes"):
        fetch(tmp_path, bad.url, force=True)
    assert is_all_there(folder)


def test_what_a_killed_download_left_is_removed_once_no_other_is_at_work(tmp_path: Path) -> None:
    with mirror(CONTENT) as good:
        folder = fetch(tmp_path, good.url)
        leftover = folder / f".{FIRST}.123-abc.part"
        with locks.shared(folder):
            leftover.write_bytes(b"of one that is at work")
            fetch(tmp_path, good.url)
            assert leftover.exists()
        fetch(tmp_path, good.url)
    assert is_all_there(folder)


def run(*arguments: object) -> tuple[str, str]:
    """stdout and stderr of the command, which must end well."""
    said = nnbp("download", *arguments)
    assert said.status == 0, said.err
    return said.out, said.err


def test_the_command_says_where_the_data_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOG, "mnist", replace(TINY, name="mnist"))
    monkeypatch.chdir(tmp_path)
    out = "{}: Tiny, 4 files, all verified, licence MIT\n"
    with mirror(CONTENT) as good:
        assert run("--mirror", good.url) == (
            out.format("data/mnist"),
            "".join(f"data/mnist/{name}: {len(CONTENT[name]):,} bytes from {good.url}\n" for name in CONTENT),
        )
        monkeypatch.setenv("NNBP_DATA_DIR", "there")
        assert run("--mirror", good.url)[0] == out.format("there/mnist")
        assert run("--mirror", good.url, "--data-dir", "here")[0] == out.format("here/mnist")
        assert all(is_all_there(Path(place, "mnist")) for place in ("data", "there", "here"))
        assert good.asked == 3 * list(CONTENT)
        assert run("mnist", "-q") == (out.format("there/mnist"), "")
        assert good.asked == 3 * list(CONTENT)
        run("--force", "--mirror", good.url)
        assert good.asked == 4 * list(CONTENT)


def test_the_command_takes_names_of_the_catalog_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert all(name in run("--help")[0] for name in CATALOG)
    for name, hint in (
        ("minst", "did you mean 'mnist'?"),
        ("emnist", "EMNIST is brought by hand, as docs/data.md says; name the path of its files"),
        ("./digits", "use mnist, fashion-mnist, kmnist or synthetic"),
    ):
        refused = f"nnbp download: no data set is called '{name}'; {hint}\n"
        assert nnbp("download", name) == Said(2, "", refused)
    drawn = "synthetic: nothing to download; it is drawn when it is first trained on\n"
    assert run("synthetic") == (drawn, "")
    assert not list(tmp_path.iterdir())


def test_bars_are_drawn_on_a_terminal_and_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nnbp_cli.terminal.progress import TerminalReporter

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with mirror(CONTENT) as good:
        fetch(tmp_path, good.url, reporter=(reporter := TerminalReporter(quiet=False)))
    assert reporter.bar is None
    drawn = capsys.readouterr().err
    assert all(f"{name}: 100%" in drawn or f"{name}:   0%" in drawn for name in CONTENT)
    assert not drawn.split("\r")[-1].strip()


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.name)
def test_the_catalog_is_well_formed(entry: Entry) -> None:
    assert [file.name for file in entry.files] == [f"{name}.gz" for name in NAMES]
    assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) for file in entry.files)
    assert all(re.fullmatch(r"https?://\S+/", url) for url in entry.mirrors)
    plain = [url.startswith("http:") for url in entry.mirrors]
    assert plain == sorted(plain), "who can be trusted comes first"

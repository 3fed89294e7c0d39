"""Files are whole or not there: what `files` promises to everything that writes."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from nnbp_cli import files
from nnbp_cli.errors import NnbpError

posix = pytest.mark.skipif(sys.platform == "win32", reason="only POSIX replaces a file that is open")


@posix
def test_whoever_has_the_old_file_open_goes_on_reading_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    files.write(path, "old")
    with path.open() as reader:
        files.write(path, "new and longer")
        assert reader.read() == "old"
    assert path.read_text() == "new and longer"


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    files.write(path, b"old")

    def fail() -> None:
        with files.replacing(path) as file:
            file.write(b"half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_synced_before_it_gets_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    replace, fsync = Path.replace, os.fsync

    def note_replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    def note_sync(handle: int) -> None:
        steps.append("sync")
        fsync(handle)

    monkeypatch.setattr(Path, "replace", note_replace)
    monkeypatch.setattr(os, "fsync", note_sync)
    files.write(tmp_path / "f", "x")
    assert steps[:2] == ["sync", "rename"]
    if sys.platform != "win32":
        assert steps[2:] == ["sync"]


def test_what_died_a_day_ago_is_removed_when_its_file_is_written_again(tmp_path: Path) -> None:
    for name, age in ((".f.1-a.part", 2), (".f.2-b.part", 0), (".g.3-c.part", 2), (".f.keep", 2), ("f", 2)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (time.time() - age * files.DAY,) * 2)
    files.write(tmp_path / "f", "y")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".f.2-b.part", ".g.3-c.part", ".f.keep", "f"}


@posix
def test_a_directory_is_made_durable_with_all_that_are_made_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_directory", synced.append)
    files.make_directory(tmp_path / "a" / "b")
    assert set(synced) == {tmp_path, tmp_path / "a"}
    with pytest.raises(FileExistsError):
        files.make_directory(tmp_path / "a", exist_ok=False)


@posix
@pytest.mark.parametrize(("number", "raised"), [(errno.EIO, True), (errno.EINVAL, False)])
def test_a_directory_that_cannot_be_synced_is_no_success_where_directories_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, raised: bool
) -> None:
    fsync = os.fsync

    def refuse(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(NnbpError, match="input/output error") if raised else nullcontext():
        files.write(tmp_path / "f", "x")


@posix
def test_a_new_file_has_the_rights_that_any_new_file_has(tmp_path: Path) -> None:
    files.write(tmp_path / "ours", "x")
    (tmp_path / "any").write_text("x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_place_that_cannot_be_written_is_said_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for act in (lambda p: files.write(p, "x"), lambda p: files.append(p, "x"), files.check_writable):
        with pytest.raises(NnbpError, match=r"cannot be written: .*; choose another place"):
            act(tmp_path / "file" / "below")

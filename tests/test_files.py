"""Files are whole or not there: what `files` promises to everything that writes."""

import errno
import os
import stat
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from nnbp_cli.errors import NnbpError
from nnbp_cli.system import files

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
    with suppress(RuntimeError), files.replacing(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


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


def test_a_check_is_asked_again_when_the_file_gets_its_name(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"

    def free(path: Path) -> None:
        if path.exists():
            raise NnbpError

    with suppress(NnbpError), files.replacing(path, free) as file:
        file.write(b"ours")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_link_stays_and_its_target_is_written_in_the_targets_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link, second = tmp_path / "elsewhere" / "f", tmp_path / "link", tmp_path / "second"
    link.symlink_to("elsewhere/f")  # which is not there yet
    second.symlink_to(link)
    for path, text in ((link, "first"), (second, "again")):
        with files.replacing(path) as file:
            file.write(text.encode())
            assert len(list(target.parent.glob(".f.*.part"))) == 1
        assert (target.read_text(), link.is_symlink(), second.is_symlink()) == (text, True, True)


@posix
def test_a_place_that_cannot_be_written_is_said_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for name, reason in (
        ("file/below", "not a directory"),
        ("folder", "is a directory"),
        ("loop", ".*symbolic links"),
    ):
        for act in (lambda path: files.write(path, "x"), files.check_writable):
            with pytest.raises(
                NnbpError, match=rf"{name}: cannot be written: {reason}.*; choose another place$"
            ):
                act(tmp_path / name)
    with pytest.raises(NnbpError, match="cannot be written: is a directory; choose another place"):
        files.append(tmp_path / "folder", "x")


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout")
def test_stdout_that_is_a_file_gets_what_is_written_to_it_and_what_is_printed(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from nnbp_cli.system import files; "
        "files.write(Path('/dev/stdout'), 'written '); print('printed')"
    )
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "written printed\n"


def test_a_name_is_shortened_to_bytes_however_many_a_letter_has() -> None:
    assert (
        files.shortened("\N{CJK UNIFIED IDEOGRAPH-6570}" * 80, 100) == "\N{CJK UNIFIED IDEOGRAPH-6570}" * 33
    )

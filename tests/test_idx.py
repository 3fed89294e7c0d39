"""The IDX format: what is written is read back, and what is damaged is named and costs nothing."""

import gzip
import hashlib
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli.datasets.readers import idx
from nnbp_cli.errors import MissingData, NnbpError
from nnbp_cli.nn.arrays import Bytes
from tests.failing_disk import check_each_read

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 5, 3)).astype(np.uint8)
LABELS = np.arange(6, dtype=np.uint8)


def refusal(path: Path, dimensions: int = 3, sha256: str | None = None) -> str:
    """The message about a damaged file, without the path and the remedy, which it must have."""
    with pytest.raises(NnbpError) as error:
        idx.read(path, dimensions, sha256, remedy="run 'nnbp download mnist'")
    before, after = f"{path}: damaged: ", "; run 'nnbp download mnist'"
    said = str(error.value)
    assert said.startswith(before)
    assert said.endswith(after)
    assert not isinstance(error.value, MissingData)
    return said.removeprefix(before).removesuffix(after)


def packed(array: Bytes) -> bytes:
    return gzip.compress(idx.header(array.shape) + array.tobytes(), mtime=0)


@pytest.mark.parametrize("name", ["images", "images.gz"])
@pytest.mark.parametrize("array", [IMAGES, IMAGES.transpose(1, 2, 0), LABELS, LABELS[:0]])
def test_what_is_written_is_read(tmp_path: Path, name: str, array: Bytes) -> None:
    idx.write(tmp_path / name, array)
    found = idx.read(tmp_path / name, array.ndim)
    assert found.dtype == np.uint8
    assert not found.flags.writeable
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_a_disk_that_fails_is_no_damage(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    idx.write(path, IMAGES)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    check_each_read(lambda: idx.read(path, 3, sha256), f"{path}: cannot be read: input/output error; ")


def test_the_bytes_are_those_of_the_format_and_the_same_at_any_time(tmp_path: Path) -> None:
    idx.write(tmp_path / "plain", IMAGES[:2])
    idx.write(tmp_path / "a.gz", IMAGES[:2])
    content = b"\0\0\x08\x03\0\0\0\x02\0\0\0\x05\0\0\0\x03" + IMAGES[:2].tobytes()
    assert (tmp_path / "plain").read_bytes() == content
    packed = (tmp_path / "a.gz").read_bytes()
    assert gzip.decompress(packed) == content
    assert packed[:8] == b"\x1f\x8b\x08\0" + bytes(4), "neither a name nor a time in the header"


def test_only_bytes_are_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="expected uint8, got float64"):
        idx.write(tmp_path / "a", np.zeros(3))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_gzip_is_told_by_the_content_not_by_the_name(tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(packed(IMAGES))
    (tmp_path / "plain.gz").write_bytes(idx.header(IMAGES.shape) + IMAGES.tobytes())
    for name in ("packed", "plain.gz"):
        np.testing.assert_array_equal(idx.read(tmp_path / name, 3), IMAGES)


def test_what_gunzip_takes_is_taken(tmp_path: Path) -> None:
    """Several members, an empty one too, and zeros after the last."""
    content = idx.header(IMAGES.shape) + IMAGES.tobytes()
    members = [gzip.compress(part) for part in (b"", content[:3], content[3:50], content[50:])]
    (tmp_path / "a.gz").write_bytes(b"".join(members) + bytes(200_000))
    np.testing.assert_array_equal(idx.read(tmp_path / "a.gz", 3), IMAGES)


@pytest.mark.parametrize(("code", "dtype"), [(9, "i1"), (11, ">i2"), (12, ">i4")])
def test_labels_may_be_integers_of_any_type(tmp_path: Path, code: int, dtype: str) -> None:
    path, values = tmp_path / "labels", np.array([3, 0, 100])
    path.write_bytes(bytes([0, 0, code, 1, 0, 0, 0, 3]) + values.astype(dtype).tobytes())
    found = idx.read(path, 1)
    assert (found.dtype.name, found.tolist(), found.flags.writeable) == ("uint8", [3, 0, 100], False)
    values[1] = -1
    path.write_bytes(bytes([0, 0, code, 1, 0, 0, 0, 3]) + values.astype(dtype).tobytes())
    with pytest.raises(NnbpError, match=f"^{path}: a label of -1 where 0 to 255 are due; "):
        idx.read(path, 1)


def test_the_labels_of_qmnist_are_the_first_of_eight_columns(tmp_path: Path) -> None:
    path, table = tmp_path / "qmnist-train-labels-idx2-int", np.arange(24, dtype=">i4").reshape(3, 8)
    path.write_bytes(bytes([0, 0, 12, 2, 0, 0, 0, 3, 0, 0, 0, 8]) + table.tobytes())
    assert idx.read(path, 1).tolist() == [0, 8, 16]


@pytest.mark.parametrize(
    ("code", "what"), [(13, "32-bit floats"), (14, "64-bit floats"), (12, "32-bit integers")]
)
def test_images_of_other_types_are_called_what_they_are(tmp_path: Path, code: int, what: str) -> None:
    (tmp_path / "a").write_bytes(bytes([0, 0, code, 3]) + bytes(60))
    with pytest.raises(NnbpError) as error:
        idx.read(tmp_path / "a", 3)
    remedy = "make each pixel a byte, from 0 to 255"
    assert str(error.value) == f"{tmp_path / 'a'}: images of {what}; {remedy}"


def test_a_missing_file_and_a_folder_are_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="no such file; run 'nnbp download'"):
        idx.read(tmp_path / "none.gz", 3, remedy="run 'nnbp download'")
    with pytest.raises(NnbpError, match=r"cannot be read: is a directory; "):
        idx.read(tmp_path, 3)


HTML = b"\n<!DOCTYPE html><html><title>Log in</title></html>"
LONG, SHORT = (idx.header((7, 5, 3)) + bytes(size) for size in (106, 104))
GIGABYTE = gzip.compress(idx.header((1000, 1000, 1000)), mtime=0)  # for which there may be the memory
TOO_LONG = "it has more than the 121 bytes that its header promises"
SHOULD_BE_IMAGES = "where images (magic 00000803) are due"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "zero bytes"),
        (HTML, f"an HTML page {SHOULD_BE_IMAGES}"),
        (gzip.compress(HTML, mtime=0), f"an HTML page {SHOULD_BE_IMAGES}"),
        (b"PK\x03\x04" + bytes(60), f"a zip archive {SHOULD_BE_IMAGES}"),
        (b"version https://git-lfs.github.com/spec/v1\n", f"a Git LFS pointer {SHOULD_BE_IMAGES}"),
        (packed(LABELS), f"labels (magic 00000801) {SHOULD_BE_IMAGES}"),
        (packed(np.zeros((1, 1, 1, 1), np.uint8)), f"arrays (magic 00000804) {SHOULD_BE_IMAGES}"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), f"bytes (magic 89504e47) {SHOULD_BE_IMAGES}"),
        (gzip.compress(packed(IMAGES), mtime=0), f"bytes (magic 1f8b0800) {SHOULD_BE_IMAGES}"),
        (b"\x00\x00\x08\x03\x00\x00", "it ends inside its header"),
        (packed(IMAGES)[:12], "a truncated gzip file"),
        (packed(IMAGES)[:-30], "a truncated gzip file"),
        (packed(IMAGES)[:-1], "a truncated gzip file"),
        (packed(IMAGES)[:-5] + b"????" + packed(IMAGES)[-1:], "corrupt gzip data, which fails its checksum"),
        (packed(IMAGES) + b"more", "other bytes follow its gzip data"),
        (packed(IMAGES) + bytes(70_000) + b"\x1fmore", "other bytes follow its gzip data"),
        (packed(IMAGES) + packed(IMAGES), TOO_LONG),
        (packed(IMAGES)[:-4] + bytes(4), "corrupt gzip data, which fails its checksum"),
        (SHORT, "its header promises 121 bytes, it has 120"),
        (LONG, "its header promises 121 bytes, it has 122"),
        (gzip.compress(SHORT, mtime=0), "its header promises 121 bytes, it has 120"),
        (gzip.compress(LONG, mtime=0), TOO_LONG),
        (
            GIGABYTE,
            f"its header promises 1,000,000,016 bytes, more than {len(GIGABYTE)} gzipped bytes can hold",
        ),
    ],
)
def test_damage_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    assert refusal(tmp_path / "a.gz") == what


def test_a_gzip_bomb_is_unpacked_no_further_than_its_header_promises(tmp_path: Path) -> None:
    bomb = gzip.compress(idx.header((7, 5, 3)) + bytes(100_000_000))
    (tmp_path / "a.gz").write_bytes(bomb)
    tracemalloc.start()
    said, (_, peak) = refusal(tmp_path / "a.gz"), tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said == TOO_LONG
    assert peak < 2e6


def test_more_than_the_memory_of_the_machine_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.gz").write_bytes(packed(IMAGES))
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 10, "SC_PHYS_PAGES": 12}.__getitem__)
    assert refusal(tmp_path / "a.gz") == "its header promises 121 bytes, more than this machine's memory"
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 11, "SC_PHYS_PAGES": 11}.__getitem__)
    idx.read(tmp_path / "a.gz", 3)


def test_another_file_than_the_published_one_is_caught_by_the_checksum(tmp_path: Path) -> None:
    path, sha256 = tmp_path / "a.gz", hashlib.sha256(packed(IMAGES)).hexdigest()
    path.write_bytes(packed(IMAGES))
    idx.read(path, 3, sha256)
    said = f"wrong checksum: its SHA-256 is {sha256[:16]}..., expected 0123456789abcdef..."
    assert refusal(path, sha256="0123456789abcdef" * 4) == said

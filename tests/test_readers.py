"""Data sets in the forms that people have them in: each is the same images, and what is wrong gets a line."""

import io
import json
import os
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli.datasets import loading
from nnbp_cli.datasets.catalog import NAMES
from nnbp_cli.datasets.readers import csv, idx, kept
from nnbp_cli.datasets.readers.arrays import Arrays, with_tests_taken_out
from nnbp_cli.errors import ConfigError
from nnbp_cli.nn.arrays import Array
from tests.command_line import nnbp
from tests.forms import (
    ARRAYS,
    IMAGES,
    LABELS,
    PARTS,
    SIDE,
    csv_files,
    idx_files,
    kaggles,
    keras_arrays,
    kerass,
    load,
    mnists,
    odd_npz,
    openmls,
    pandas_columns,
    pandas_index,
    pngs,
    quoted_and_spaced,
    refusal,
    said_of,
    spreadsheets,
    unpacked_by_a_tool,
    wide_labels_in_several_members,
)
from tests.small_run import replace, results, results_of_second_score

FORMS: tuple[Callable[[Path], None], ...] = (
    mnists,
    unpacked_by_a_tool,
    wide_labels_in_several_members,
    lambda folder: idx_files(folder, "PART-WHAT-idx#-ubyte"),
    lambda folder: idx_files(folder, "own_PART-WHAT.idx#-ubyte", pack=True),
    csv_files,
    kaggles,
    openmls,
    pandas_columns,
    pandas_index,
    lambda folder: pandas_index(folder, "id"),
    spreadsheets,
    lambda folder: csv_files(folder, change="\r".join),
    quoted_and_spaced,
    kerass,
    odd_npz,
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_images(tmp_path: Path, form: Callable[[Path], None]) -> None:
    form(tmp_path)
    expected = idx.digest(ARRAYS)
    for _ in range(2):  # and what is kept of it
        data = load(tmp_path)
        assert (data.digest, data.shape, data.classes) == (expected, (SIDE, SIDE), 10)
        np.testing.assert_array_equal(data.training.images, ARRAYS[0].reshape(70, -1)[:59])
        np.testing.assert_array_equal(data.test.labels, ARRAYS[3])
        assert not data.training.images.flags.writeable or data.training.images.base is not None


@pytest.mark.parametrize(("form", "file"), [(csv_files, "mnist_train.csv"), (kerass, "mnist.npz")])
def test_a_file_may_be_named(tmp_path: Path, form: Callable[[Path], None], file: str) -> None:
    form(tmp_path)
    shutil.copy(tmp_path / file, tmp_path / f"other-{file}")
    assert re.match("HERE: (there are 2 data sets|several files with 'train')", refusal(tmp_path))
    (tmp_path / "another.csv").touch()
    assert load(tmp_path / file).digest == idx.digest(ARRAYS)


def test_sound_lines_are_not_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "_by_line", None)
    csv_files(tmp_path)
    kaggles(tmp_path / "own")
    assert load(tmp_path).digest == load(tmp_path / "own").digest == idx.digest(ARRAYS)


@pytest.mark.parametrize("kind", ["idx", "csv"])
def test_emnist_is_turned_upright_and_its_letters_count_from_0(tmp_path: Path, kind: str) -> None:
    for which, labels in (("letters", LABELS % 3 + 1), ("byclass", LABELS)):
        for part, some in (("train", slice(70)), ("test", slice(70, None))):
            turned = IMAGES[some].transpose(0, 2, 1)
            stem = tmp_path / f"emnist-{which}-{part}"
            if kind == "idx":
                idx.write(Path(f"{stem}-images-idx3-ubyte.gz"), turned)
                idx.write(Path(f"{stem}-labels-idx1-ubyte.gz"), labels[some])
            else:
                rows = np.column_stack([labels[some], turned.reshape(len(turned), -1)])
                np.savetxt(f"{stem}.csv", rows, "%d", delimiter=",")
    letters, by_class = load(tmp_path / "emnist-letters"), load(tmp_path / "emnist-byclass")
    np.testing.assert_array_equal(letters.training.images, IMAGES[:59].reshape(59, -1))
    assert letters.training.labels.tolist() == (LABELS[:59] % 3).tolist()
    assert (letters.classes, "".join(letters.class_names)) == (26, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert (by_class.classes, by_class.class_names[61], by_class.class_names[36]) == (62, "z", "a")
    assert refusal(tmp_path).startswith(
        "HERE: " + ("there are 2 data sets" if kind == "idx" else "several files with")
    )


@pytest.mark.parametrize(("which", "wrong", "due"), [("letters", 0, "1 to 26"), ("digits", 10, "0 to 9")])
def test_files_called_as_emnists_with_other_labels_are_refused(
    tmp_path: Path, which: str, wrong: int, due: str
) -> None:
    for part, (images, labels) in PARTS.items():
        stem = f"{tmp_path}/emnist-{which}-{part}"
        idx.write(Path(f"{stem}-images-idx3-ubyte"), images)
        idx.write(Path(f"{stem}-labels-idx1-ubyte"), np.where(labels == 3, wrong, 5).astype(np.uint8))
    assert f"a label of {wrong} where {due} are due; " in refusal(tmp_path)


@pytest.mark.parametrize("form", [csv_files, lambda folder: pngs(folder, ("train", "test"), offset=1)])
def test_another_machine_gets_the_same_images_and_names_as_files(
    tmp_path: Path, form: Callable[[Path], None]
) -> None:
    own, there = tmp_path / "own", tmp_path / "there"
    for folder in (own, there):
        folder.mkdir()
    form(own)
    shape = {"rows": 14, "columns": 56} if form is csv_files else {"rows": None, "columns": None}
    for name, content in loading.files(str(own), tmp_path, None, None, **shape).items():
        (there / name).write_bytes(content)
    here, sent = load(own, **shape), load(own, **shape, folder=there)
    assert (here.digest, here.class_names, here.shape) == (sent.digest, sent.class_names, sent.shape)


def test_what_has_no_test_images_is_split_class_by_class(tmp_path: Path) -> None:
    """Sorted as it may be, and Kaggle's test.csv has no labels."""
    order = np.argsort(LABELS, kind="stable")
    rows = [",".join(map(str, [LABELS[k], *IMAGES[k].ravel()])) for k in order]
    for name in ("idx", "npz", "csv"):
        (tmp_path / name).mkdir()
    (tmp_path / "csv" / "train.csv").write_text("\n".join(rows))
    np.savez(tmp_path / "npz" / "own.npz", x_train=IMAGES[order], y_train=LABELS[order])
    for name, array in zip(NAMES, (IMAGES[order], LABELS[order])):
        idx.write(tmp_path / "idx" / name, array)
    for name in ("idx", "npz", "csv", "csv"):
        data = load(tmp_path / name, validation=0)
        assert np.bincount(data.test.labels).tolist() == [1] * 10, "of nine each"
        assert np.bincount(data.training.labels).tolist() == [8] * 10
        np.testing.assert_array_equal(data.test.images[3], IMAGES[3 + 50].ravel())
        assert len(said_of(tmp_path / name)) == 1
    idx.write(tmp_path / "idx" / NAMES[1], LABELS[1:])
    assert refusal(tmp_path / "idx") == "HERE: 90 training images with 89 labels; put a good copy there"
    idx.write(tmp_path / "idx" / NAMES[2], IMAGES)
    assert refusal(tmp_path / "idx").startswith(f"HERE: no '{NAMES[3]}' here, nor")
    tmp_path /= "csv"
    unlabelled = [row.partition(",")[2] for row in rows]
    for head in ("", ",".join(f"pixel{k}" for k in range(SIDE * SIDE)) + "\n"):
        (tmp_path / "test.csv").write_text(head + "\n".join(unlabelled))
        remarks = said_of(tmp_path)
        assert remarks[0] == "HERE/test.csv has no labels, and is not used"
        assert remarks[1].startswith("no test images are there: every sixth image of each class")


def test_every_sixth_image_of_a_class_tests_however_many_it_has() -> None:
    labels = np.random.default_rng(3).permutation(np.repeat(np.arange(4, dtype=np.uint8), (7, 13, 5, 6)))
    images = np.arange(len(labels), dtype=np.uint8)[:, None]
    found = with_tests_taken_out(Arrays(images, labels, images[:0], labels[:0]))
    tests = {int(k) for label in range(4) for k in np.flatnonzero(labels == label)[5::6]}
    assert found.test_images.ravel().tolist() == sorted(tests)
    assert found.images.ravel().tolist() == sorted({*range(31)} - tests)
    np.testing.assert_array_equal(found.test_labels, labels[found.test_images.ravel()])


@pytest.mark.parametrize("shape", [{"rows": 14, "columns": 56}, {"rows": 14}, {"columns": 56}])
def test_the_shape_of_images_in_a_csv_file_may_be_given(tmp_path: Path, shape: dict[str, int]) -> None:
    csv_files(tmp_path)
    assert load(tmp_path, **shape).shape == (14, 56)
    assert load(tmp_path).shape == (28, 28)
    remedy = "give data.rows and data.columns"
    assert refusal(tmp_path, rows=15).endswith(f"an image has 784 pixels, which 15x52 are not; {remedy}")
    mnists(tmp_path)
    what = "data.rows: the images are 28x28, not {}x{}; leave data.rows and data.columns out"
    said = what.format(shape.get("rows", 28), shape.get("columns", 28))
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, **shape)


DUE = "where a whole number from 0 to 255 is due; correct it"
ROWS = [f"{k % 3},{k},0,17,255" for k in range(18)]


@pytest.mark.parametrize(
    ("number", "line", "what"),
    [
        (3, "1,2,3,4,256", f"line 4, value 5: '256' {DUE}"),
        (3, "1,2,3,1004,5", f"line 4, value 4: '1004' {DUE}"),
        (0, "-1,2,3,4,5", f"line 1, value 1: '-1' {DUE}"),
        (0, "1,2,-3,4,5", f"line 1, value 3: '-3' {DUE}"),
        (8, "1,2,0.5,4,5", f"line 9, value 3: '0.5' {DUE}"),
        (8, "1,2,3,,5", f"line 9, value 4: '' {DUE}"),
        (8, "1,2,3,x,5", f"line 9, value 4: 'x' {DUE}"),
        (8, "1,2,3,1_0,5", f"line 9, value 4: '1_0' {DUE}"),
        (
            8,
            "x,2,3,4,5",
            f"line 9, value 1: 'x' {DUE.replace('correct it', 'give each class a number, and its ')}",
        ),
        (2, "1,2,3,4", "line 3: 4 values where 5 are due; put a good copy there"),
        (2, "1,2,3,4,5,", "line 3: 6 values where 5 are due; put a good copy there"),
        (2, "1,2,3,4\n1,2,3,4,5,6", "line 3: 4 values where 5 are due; put a good copy there"),
        (2, ",1,2,3,4", f"line 3, value 1: '' {DUE}"),
        (2, "1,,2,3,4,5", "line 3: 6 values where 5 are due; put a good copy there"),
    ],
)
@pytest.mark.parametrize("block", [16, csv.BYTES_PER_BLOCK])
def test_a_line_of_a_csv_file_that_is_wrong_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, line: str, what: str, block: int
) -> None:
    monkeypatch.setattr(csv, "BYTES_PER_BLOCK", block)
    for head in ("", "label,a,b,c,d\n"):
        sound = [*ROWS]
        (tmp_path / "train.csv").write_text(head + "\n".join(sound))
        assert load(tmp_path).shape == (2, 2)
        sound[number] = line
        (tmp_path / "train.csv").write_text(head + "\n".join(sound))
        if head:
            what = re.sub(r"line (\d+)", lambda found: f"line {int(found[1]) + 1}", what)
        assert refusal(tmp_path).startswith(f"HERE/train.csv: {what}")
        if head:
            numbered = [f"{k}00,{line}" for k, line in enumerate(sound)]
            (tmp_path / "train.csv").write_text(f",{head}" + "\n".join(numbered))
            one_more = re.sub(r"value (\d)", lambda found: f"value {int(found[1]) + 1}", what)
            assert refusal(tmp_path).startswith(f"HERE/train.csv: {one_more}")


@pytest.mark.parametrize(
    ("file", "content", "what"),
    [
        ("train.csv", b"", "HERE/train.csv: no line of numbers, with commas between them; put a good copy"),
        (
            "train.csv",
            b"1" * 200_000,
            "HERE/train.csv: field larger than field limit (131072); put a good copy",
        ),
        (
            "train.csv",
            b"filename,label\n0.png,5\n",
            f"HERE/train.csv: line 2, value 1: '0.png' {DUE[:41]}; of pictures make",
        ),
        (
            "train.csv",
            b"id,breed\n0.png,5\n",
            "HERE/train.csv: no pixels in it; of pictures make a folder for each",
        ),
        ("train.csv.gz", b"\x1f\x8b\x08\r", "HERE/train.csv.gz: gzipped; unpack it with gunzip"),
        ("train.csv", b"<!DOCTYPE html>\n", "HERE/train.csv: an HTML page where lines of numbers are due; "),
        ("train.csv", b"\x93NUMPY\0,1", "HERE/train.csv: no text where lines of numbers are due; put a good"),
        (
            "train.csv",
            b"a,b,c\n1,2,3\n",
            "HERE/train.csv: nothing says which value of a line is the label; call",
        ),
        (
            "train.csv",
            b"1,2,3,4\n",
            "HERE/train.csv: nothing says which value of a line is the label; call",
        ),
        (
            "train.csv",
            b"label,a,b,c\n1,2,3,4\n",
            "data.rows: an image has 3 pixels, which no square is; give",
        ),
        (
            "train.csv",
            b"0,1,2,3,9\n0,4,5,6,8\n",
            "HERE/train.csv: every label, the first value of a line, is 0; ",
        ),
        (
            "train.csv",
            b"label,a\n1,2\n2,2\n",
            "HERE: no test images in the files, and no class has the 6 of wh",
        ),
        ("images.tar.gz", b"", "HERE/images.tar.gz: an archive; unpack it, and name the folder"),
        ("train.csv", b"label,a\n", "HERE: no training images in the files; put a good copy there"),
        ("mnist.pkl.gz", pickle.dumps([1]), "HERE/mnist.pkl.gz: a pickle can run any program when it is "),
        ("own.npz", b"PK\x03\x04", "HERE/own.npz: damaged: no sound .npz file: "),
        ("notes.txt", b"", "HERE: 1 .txt file here, and no data set; name IDX files, CSV files, an .npz fil"),
        ("a-train.csv", b"1,2\n", "several"),
    ],
)
def test_what_is_no_data_set_is_called_what_it_is(
    tmp_path: Path, file: str, content: bytes, what: str
) -> None:
    (tmp_path / file).write_bytes(content)
    if what == "several":
        (tmp_path / "b-train.csv").write_bytes(content)
        what = "HERE: several files with 'train' in their names: 'a-train.csv', 'b-train.csv'; name the one"
    assert refusal(tmp_path).startswith(what)
    gone = "HERE: no such file or folder; name IDX files, CSV files, an .npz file, or "
    assert refusal(tmp_path / "nowhere").startswith(gone)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (
            {"x_train": ARRAYS[0] / 255},
            "x_train: images of float64; make each pixel a byte from 0 to 255, with ",
        ),
        (
            {"x_test": ARRAYS[2].astype(int)},
            "x_test: images of int64; make each pixel a byte from 0 to 255, with .astype(numpy.uint8)",
        ),
        ({"y_train": LABELS[:70] + 0.5}, "y_train: labels of float64; make them integers"),
        ({"y_train": np.eye(10, dtype=int)[LABELS[:70]]}, "y_train: an array of (70, 10) where (images,) is"),
        ({"x_train": ARRAYS[0][..., None, None]}, "x_train: an array of (70, 28, 28, 1) where (images, rows"),
        ({"y_train": np.array([None] * 70)}, "y_train: pickled objects, which are never opened; save it as"),
        ({"y_train": LABELS[:70].astype(int) * 30}, "a label of 270 where 0 to 255 are due; count the clas"),
        ({"y_train": LABELS[:70].astype(int) - 1}, "a label of -1 where 0 to 255 are due; count the classes"),
        ({"y_train": LABELS[:70] * 0 + 3}, "every training label is 3; two classes are the fewest"),
        ({"x_train": None}, "holds y_train, x_test and y_test, and no x_train; save it with x_train, y_trai"),
    ],
)
def test_an_npz_file_that_is_wrong_is_refused(tmp_path: Path, changed: dict[str, Array], what: str) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, **keras_arrays(**changed))
    assert refusal(path).startswith(f"HERE: {what}")


def test_what_an_npz_file_only_promises_is_not_allocated(tmp_path: Path) -> None:
    images = io.BytesIO()
    np.save(images, np.zeros((7, 2, 2), np.uint8))
    for shape, what in (
        ("(7, 9**9)", "HERE: damaged: no sound .npz file: "),
        ("(9, 2, 2)", "HERE: x_train: has not the 36 bytes that it promises; "),
        ("(7000, 2000, 200)", "HERE: x_train: promises 2,800,000,000 bytes, more than there can be; "),
    ):
        sound, odd = (f"{each}, }}".encode().ljust(30) for each in ("(7, 2, 2)", shape))
        with zipfile.ZipFile(tmp_path / "own.npz", "w") as archive:
            archive.writestr("x_train.npy", images.getvalue().replace(sound, odd))
            archive.writestr("y_train.npy", images.getvalue())
        assert refusal(tmp_path / "own.npz").startswith(what)


def test_what_is_kept_is_believed_only_as_long_as_it_is_right(tmp_path: Path) -> None:
    csv_files(tmp_path)
    place = tmp_path / kept.FOLDER / "mnist_train.csv"
    digest = load(tmp_path).digest
    made = csv._arrays

    def never(*_: object) -> Any:
        raise AssertionError("read again")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(csv, "_arrays", never)
        assert load(tmp_path).digest == digest
        for file in sorted(place.iterdir()):
            sound = file.read_bytes()
            file.write_bytes(sound[:-20] + bytes([sound[-20] ^ 1]) + sound[-19:])
            with pytest.raises(AssertionError, match="read again"):
                load(tmp_path)
            file.write_bytes(sound)
        (place / "index.json").write_text("[" * 100_000)
        with pytest.raises(AssertionError, match="read again"):
            load(tmp_path)
        patched.setattr(csv, "_arrays", made)
        path = tmp_path / "mnist_train.csv"
        times = path.stat()
        text = path.read_text()
        path.write_text(("1" if text[0] == "0" else "0") + text[1:])
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert load(tmp_path).digest != digest, "of the same size, and as old"
    assert (place.parent / ".gitignore").read_text() == "*\n"


def test_what_cannot_be_kept_is_read_all_the_same(tmp_path: Path) -> None:
    csv_files(tmp_path)
    (tmp_path / kept.FOLDER).touch()  # where a folder is wanted; root may write anywhere else
    assert load(tmp_path).digest == load(tmp_path).digest == idx.digest(ARRAYS)


def test_what_is_beside_the_data_and_not_used_is_named(tmp_path: Path) -> None:
    pngs(tmp_path, ("train", "test"))
    pngs(tmp_path, ("val", "val"))
    (tmp_path / "train" / "empty").mkdir()
    (tmp_path / "one.png").touch()
    for _ in range(2):
        assert said_of(tmp_path) == ["HERE: not used: one.png, train/empty and val"]
    kaggles(tmp_path / "csv")
    assert said_of(tmp_path / "csv") == ["HERE: not used: sample_submission.csv"]
    assert said_of(tmp_path / "csv" / "train.csv") == []
    for name in ("train", "test", "train-copy"):
        shutil.copy(tmp_path / "csv" / "test.csv", tmp_path / "csv" / f"my-{name}.csv")
    assert refusal(tmp_path / "csv" / "my").startswith("HERE: several files with 'train' in their names: ")
    (tmp_path / "csv" / "my-train-copy.csv").rename(tmp_path / "csv" / "my-copy.csv")
    assert said_of(tmp_path / "csv" / "my") == [f"{tmp_path}/csv: not used: my-copy.csv"]
    both = tmp_path / "both"
    both.mkdir()
    csv_files(both)
    (both / "mnist_train.csv.gz").touch()  # what it was unpacked from
    kerass(both)
    for names, folders in (("", ""), "0, 1, 2, 3 and others"), (("train", "test"), "train and test"):
        pngs(both, names)
        assert said_of(both) == [f"HERE: not used: mnist.npz, {folders}"]


@pytest.mark.parametrize("form", [mnists, csv_files, kerass, pngs, lambda folder: pngs(folder, ("", ""))])
def test_data_in_a_folder_below_are_found_and_named(tmp_path: Path, form: Callable[[Path], None]) -> None:
    for place in (".cache/raw", "MNIST/raw"):
        (tmp_path / place).mkdir(parents=True)
        form(tmp_path / place)
    said = "HERE: 1 folder here, and no data set; there may be one in MNIST/raw, so name that"
    assert refusal(tmp_path) == said


KINDS = {"idx": mnists, "csv": kaggles, "npz": kerass, "png": pngs}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_on_each_kind_works_from_every_directory(
    here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    own, run = here / "own", here / "run"
    own.mkdir()
    KINDS[kind](own)
    replace(here / "small.toml", 'name = "synthetic"\nsize = 600', 'name = "own"\nvalidation = 20')
    more = ("-q", "--set", "training.epochs=4")
    assert nnbp("train", "small.toml", "--out", "run", "-q").status == 0
    assert nnbp("train", "small.toml", "--out", "long", *more).status == 0
    before = nnbp("eval", "run", "--json").out
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    named: tuple[object, ...] = ()
    for _ in range(2):
        after = json.loads(nnbp("eval", run, "--json", *named).out)
        assert after | {"weights": 0, "data": 0} == json.loads(before) | {"weights": 0, "data": 0}
        assert nnbp("report", run, *named).err == "", "nothing is missing"
        assert nnbp("plot", run, "--what", "confusion", *named).status == 0
        if not named:
            own.rename(here / "moved")
            named = "--data", here / "moved"
    assert nnbp("train", "--resume", run, *more, "--data", here / "moved").status == 0
    found, expected = results_of_second_score(run), results(here / "long")
    for each in (found, expected):
        del each["config"], each["weights"]["meta"]
        del each["summary"]["data"]["name"], each["summary"]["data"]["as_given"]
    assert found == expected

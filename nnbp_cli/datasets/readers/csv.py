"""CSV: an image a line, its label and its pixels, as mnist_train.csv and Kaggle's train.csv have them.

A block of bytes becomes numbers in a dozen operations on whole arrays: the number that ends at a byte is that
digit, ten times the one before it, and so on, as far back as there are digits; and what ends no number is
dropped. A block in which anything is not as it should be is read once more, line by line.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from math import isqrt
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nnbp_cli import digits
from nnbp_cli.datasets.readers import emnist, idx, kept
from nnbp_cli.datasets.readers.arrays import Arrays, files_at, with_unused
from nnbp_cli.errors import NnbpError, cannot_read
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.system import hardware
from nnbp_cli.system.reporter import Note
from nnbp_cli.wording import counted, quoted

BYTES_PER_BLOCK = 1 << 18  # they stay in the cache
MAX_LINE_BYTES = 1 << 24
MAX_VALUE = 255
BOM = b"\xef\xbb\xbf"
LABELS = ("label", "labels", "class", "target")  # what the column is called
NUMBERS = ("", "unnamed: 0", "index", "id")  # what a column with the number of the line is called
NUMBER = re.compile(r"[-+]?[0-9.]+")  # right or wrong, it is no name of a column
DELIMITERS = ",;\t"
NUMBER_THE_CLASSES = "give each class a number, and its name in classes.txt"
MAKE_FOLDERS = "of pictures make a folder for each class, without a table of their names"
NEWLINE = 1 << 15  # added to the last number of a line


class _WrongError(Exception):
    """What is wrong with a file, in a few words, and what to do."""

    def __init__(self, what: str, remedy: str = "put a good copy there") -> None:
        super().__init__(f"{what}; {remedy}")


@dataclass(frozen=True)
class _Table:
    """What the first line says: by what values are separated, how many there are, which is the label (None:
    there is none), whether the line is a header, and whether a number of its own comes before the values of
    each line, which is dropped.
    """

    delimiter: str
    columns: int
    label: int | None
    has_header: bool
    numbered: bool = False


def data_set(path: Path, note: Note) -> Arrays | None:
    """The data set in the CSV files at `path`, if there are some: the one with "train" in its name and the
    one with "test", or one alone.
    """
    found = present(path)
    if path in found:  # and its companion
        companion = path.with_name(re.sub("train", "test", path.name, flags=re.IGNORECASE))
        found = [path, companion] if companion != path and companion.is_file() else [path]
    if not found:
        return None
    training, test = (_only(path, found, word) for word in ("train", "test"))
    if len(found) == 1:
        training, test = found[0], None
    if training is None:
        raise NnbpError(f"{path}: no .csv file here has 'train' in its name; name the file")
    identity = {file.name: _sha256(file) for file in (training, test) if file}
    arrays = kept.arrays(training.parent, training.name, identity, lambda: _arrays(training, test), note)
    return with_unused(arrays, training.parent, (file for file in found if file not in (training, test)))


def present(path: Path) -> list[Path]:
    """The CSV files at `path`, and those that are gzipped and have not been unpacked, to be refused."""
    found = [file for file in files_at(path) if file.name.lower().endswith((".csv", ".csv.gz"))]
    return [file for file in found if file.suffix.lower() == ".csv" or file.with_suffix("") not in found]


def _only(path: Path, found: list[Path], word: str) -> Path | None:
    """The file with a word in its name, if there is one. Raises NnbpError where there are several."""
    named = [file for file in found if word in file.name.lower()]
    if len(named) > 1:
        names = ", ".join(repr(file.name) for file in named[:6])
        raise NnbpError(
            f"{path}: several files with '{word}' in their names: {names}; name the one to train on"
        )
    return named[0] if named else None


def _arrays(training: Path, test: Path | None) -> Arrays:
    images, labels = _read(training)
    if labels is None:
        remedy = "call its column 'label', or put it first, with no header"
        raise NnbpError(f"{training}: nothing says which value of a line is the label; {remedy}")
    arrays = Arrays(images, labels, images[:0], labels[:0])
    if test:
        test_images, test_labels = _read(test, images.shape[1])
        if test_labels is None:
            arrays = replace(arrays, remarks=(f"{test} has no labels, and is not used",))
        else:
            arrays = replace(arrays, test_images=test_images, test_labels=test_labels)
    return emnist.as_usual(arrays, re.split("train", training.name.lower())[0])


def _read(path: Path, pixels: int | None = None) -> tuple[Bytes, Bytes | None]:
    """Images, (n, pixels), and labels, or None where the file has none; `pixels` is how many are due."""
    try:
        with path.open("rb") as opened:
            file: BinaryIO = opened
            if path.stat().st_size > hardware.total_memory():
                raise _WrongError("larger than this machine's memory")
            first = file.readline(MAX_LINE_BYTES)
            if b"\r" in first.rstrip():  # as old Macs, and Excel, end lines
                file = BytesIO((first + file.read()).replace(b"\r", b"\n"))
                first = file.readline(MAX_LINE_BYTES)
            table = _table(first, pixels)
            file.seek(len(first) if table.has_header else 3 * first.startswith(BOM))
            rows = np.concatenate([np.empty((0, table.columns), np.uint8), *_blocks(file, table)])
    except OSError as error:
        raise cannot_read(path, error) from error
    except _WrongError as error:
        raise NnbpError(f"{path}: {error}") from error
    except csv.Error as error:
        raise NnbpError(f"{path}: {error}; put a good copy there") from error
    if table.label is None:
        return rows, None
    labels = rows[:, table.label].copy()
    if len(labels) > 1 and (labels == labels[0]).all() and not (pixels or table.has_header):
        remedy = "if another value is the label, a first line of names has to call it 'label'"
        raise NnbpError(f"{path}: every label, the first value of a line, is {labels[0]}; {remedy}")
    return np.delete(rows, table.label, axis=1), labels


def _table(line: bytes, pixels: int | None) -> _Table:
    if line.startswith(idx.GZIP):
        raise _WrongError("gzipped", "unpack it with gunzip")
    text = line.removeprefix(BOM).decode(errors="replace")
    delimiter = max(DELIMITERS, key=text.count)
    if what := idx.sniff(line) or (b"\0" in line and "no text"):
        raise _WrongError(f"{what} where lines of numbers are due")
    fields = [
        field.strip().lower()
        for field in next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    ]
    if len(fields) < 2:
        raise _WrongError("no line of numbers, with commas between them")
    if numbered := fields[0] in NUMBERS:
        del fields[0]
        if len(fields) < 2:
            raise _WrongError("no pixels in it", MAKE_FOLDERS)
    numbers = all(NUMBER.fullmatch(field) for field in fields)
    in_order = fields == [str(k) for k in range(len(fields))]  # what pandas calls columns without names
    if numbers and not in_order:
        label = None if len(fields) == pixels or isqrt(len(fields)) ** 2 == len(fields) else 0
        return _Table(delimiter, len(fields), label, has_header=False)
    named = next((fields.index(name) for name in LABELS if name in fields), None)
    return _Table(delimiter, len(fields), 0 if in_order else named, has_header=True, numbered=numbered)


def _blocks(file: BinaryIO, table: _Table) -> Iterator[Bytes]:
    """The numbers of whole lines, (lines, columns), block by block."""
    number = 1 + table.has_header  # of the first line of a block
    while block := file.read(BYTES_PER_BLOCK):
        block += file.readline(MAX_LINE_BYTES)
        if table.numbered:
            block = re.sub(rb"(?m)^[^%b\n]*%b" % (2 * (table.delimiter.encode(),)), b"", block)
        rows = _numbers(block.replace(b"\r\n", b"\n"), table)
        yield _by_line(block, table, number) if rows is None else rows
        number += block.count(b"\n")


def _numbers(block: bytes, table: _Table) -> Bytes | None:
    """The numbers of a block, (lines, columns); None where it has anything but numbers from 0 to 255, as many
    in each line, with one delimiter between them.
    """
    if not block.endswith(b"\n"):
        block += b"\n"
    if block.translate(None, b"0123456789\n" + table.delimiter.encode()):
        return None
    characters = np.frombuffer(block, np.uint8)
    digit = characters - np.uint8(ord("0"))
    is_digit = digit < 10
    digit *= is_digit
    value = digit.astype(np.uint16)  # of the number so far
    value[1:] += digit[:-1] * np.uint16(10)
    value[2:] += (digit[:-2] * is_digit[1:-1]) * np.uint16(100)
    value[:-1] |= (characters[1:] == ord("\n")).astype(np.uint16) * np.uint16(NEWLINE)
    is_last = is_digit.copy()
    is_last[:-1] &= ~is_digit[1:]
    values = value[is_last]
    four_digits = (is_digit[3:] & is_digit[2:-1] & is_digit[1:-2] & is_digit[:-3]).any()
    separators = len(block) - np.count_nonzero(is_digit)
    if four_digits or len(values) % table.columns or separators != len(values):
        return None
    rows = values.reshape(-1, table.columns)
    rows[:, -1] -= NEWLINE  # where there is none it becomes more than 255
    return rows.astype(np.uint8) if (rows <= MAX_VALUE).all() else None


def _by_line(block: bytes, table: _Table, number: int) -> Bytes:
    """The same line by line, the first of which has this `number`, for lines with spaces or quotes or nothing
    in them. Raises _WrongError for the first one that is wrong.
    """
    rows = []
    for k, line in enumerate(block.decode(errors="replace").splitlines(), start=number):
        fields = [
            field.strip()
            for field in next(csv.reader([line], delimiter=table.delimiter, skipinitialspace=True), [])
        ]
        if not line.strip():
            continue
        if len(fields) != table.columns:
            raise _WrongError(f"line {k}: {counted(len(fields), 'values')} where {table.columns} are due")
        for column, field in enumerate(fields, start=1 + table.numbered):
            if not re.fullmatch("0*[0-9]{1,3}", field, re.ASCII) or int(field) > MAX_VALUE:
                due = f"a whole number from 0 to {MAX_VALUE} is due"
                is_name = column == 1 + table.numbered + (table.label or 0) and field.isalpha()
                remedy = NUMBER_THE_CLASSES if is_name else "correct it"
                if digits.is_picture(Path(field)):
                    remedy = MAKE_FOLDERS
                raise _WrongError(f"line {k}, value {column}: {quoted(field)} where {due}", remedy)
        rows.append(bytes(map(int, fields)))
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, table.columns)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise cannot_read(path, error) from error

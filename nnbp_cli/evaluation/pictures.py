"""What a trained network predicts for the digits on people's own pictures."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli import digits
from nnbp_cli.datasets.sources import DRAWN
from nnbp_cli.digits import SIDE, Digit
from nnbp_cli.errors import NnbpError, cannot_read
from nnbp_cli.models.ensemble import Ensemble
from nnbp_cli.nn.arrays import Array, Bytes
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.system import files
from nnbp_cli.system.reporter import Note
from nnbp_cli.wording import some

MADE_AS_MNIST = ("mnist", *DRAWN)  # data sets whose images are made as those of pictures are
CERTAIN, LIKELY = 0.9, 0.6  # the outputs for a digit that make a second, and a further way to see it needless
SURE = 0.8  # the one from which on a picture has a digit, so that
UNLIKELY = 0.5  # marks of less are none
SEVERAL, AS_TALL = 3, 0.75  # such digits, and a mark that is so nearly as tall as they are, is one of them
TINY = 0.1  # of the picture: marks that small are digits only where they are LIKELY ones


@dataclass(frozen=True, eq=False)
class Prediction:
    """A digit of a picture, the image of it that the network saw, (28, 28), its outputs, (classes,), and what
    each of them is called.
    """

    digit: Digit
    image: Bytes
    outputs: Array
    classes: tuple[str, ...]

    @property
    def predicted(self) -> int:
        """The class of the largest output."""
        return int(self.outputs.argmax())

    @property
    def name(self) -> str:
        """What that class is called."""
        return self.classes[self.predicted]

    @property
    def confidence(self) -> float:
        """The output of that class."""
        return float(self.outputs.max())

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {
            "predicted": self.predicted,
            "class": self.name,
            "confidence": self.confidence,
            "outputs": self.outputs,
            "box": self.digit.box,
        }


@dataclass(frozen=True)
class PictureResult:
    """The predictions on a picture, in reading order, and on marks that are hardly digits; `problem` says in
    a line why there are none. Of a file with several pictures `page` says which it is, or `note` that the
    others are not read.
    """

    path: Path
    note: str = ""
    predictions: Sequence[Prediction] = ()
    left_out: Sequence[Prediction] = ()
    problem: str = ""
    page: str = ""

    @property
    def where(self) -> str:
        """The file, and which of its pictures."""
        return ", ".join(filter(None, (str(self.path), self.page)))

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {
            "picture": self.path,
            "note": self.page or self.note,
            "digits": [prediction.plain() for prediction in self.predictions],
            "left_out": [prediction.plain() for prediction in self.left_out],
        }


def check_readable(voters: Ensemble) -> str:
    """What to note of networks that are to read pictures; NnbpError where they cannot."""
    digits.check_installed("nnbp predict")
    path, learned = voters.members[0]  # the others read the same images
    if learned.shape != (SIDE, SIDE):
        own, size = ("x".join(map(str, shape)) for shape in (learned.shape, (SIDE, SIDE)))
        raise NnbpError(
            f"{path}: reads images of {own}, and pictures are made {size}; take a network for {size}"
        )
    if learned.data.name in MADE_AS_MNIST:
        return ""
    return f"note: pictures are made as MNIST's digits are, and it learned from {learned.data.name}"


def predict(voters: Ensemble, pictures: Iterable[Path]) -> Iterator[PictureResult]:
    """What a network, or the vote of several, predicts on each picture. One that cannot be read, or has no
    digit, does not keep the others from it.
    """
    for path in pictures:
        try:
            for picture, page, note in digits.pages(path):
                result = PictureResult(path, note, page=page)
                try:
                    kept, left_out = _predictions(voters, picture, result.where)
                    yield replace(result, predictions=kept, left_out=left_out)
                except NnbpError as error:
                    yield replace(result, problem=str(error))
        except NnbpError as error:
            yield PictureResult(path, problem=str(error))


def files_of(paths: Iterable[Path], note: Note = str) -> list[Path]:
    """The pictures named, and those in the folders named, by their names, that are not hidden; `note` is told
    of the folders in these, which are not looked into. Raises NnbpError for a folder that has no pictures.
    """
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        try:
            there = sorted(path.iterdir())
            below = [each.name for each in there if each.is_dir() and not each.name.startswith(".")]
        except OSError as error:
            raise cannot_read(path, error) from error
        inside = [each for each in there if digits.is_picture(each)]
        unread = f"the folders in it are not looked into ({some(below)}); name them" if below else ""
        if not inside:
            remedy = f", and {unread}" if below else "; name another, or files"
            raise NnbpError(f"{path}: no pictures in this folder{remedy}")
        if unread:
            note(f"note: {path}: {unread} as well")
        found += inside
    return found


def _predictions(voters: Ensemble, picture: Array, where: str) -> tuple[list[Prediction], list[Prediction]]:
    """The digits of a picture in the way to see it that makes them likely, and what of it is left out."""
    best: list[Prediction] = []
    enough = CERTAIN
    for found in digits.candidates(picture):
        if found:
            images = np.array([digits.normalize(digit.ink) for digit in found])
            outputs = voters.predict(scaled(images.reshape(len(images), -1)), f"on {where}")
            read = [Prediction(*each, voters.first.classes) for each in zip(found, images, outputs)]
            best = max(best, read, key=_confidence)
        if _confidence(best) >= enough:
            break
        enough = LIKELY
    kept, left_out = without_doubtful(best)
    if not kept:
        raise NnbpError(f"{where}: no digit found; write larger, with more contrast, or crop the picture")
    return kept, left_out


def without_doubtful(marks: list[Prediction]) -> tuple[list[Prediction], list[Prediction]]:
    """The marks of a picture that are likely digits, and the others."""
    sure = [mark.digit.box[3] for mark in marks if mark.confidence >= SURE and not mark.digit.cut]
    usual = float(np.median(sure)) if len(sure) >= SEVERAL else np.inf
    kept = [mark for mark in marks if _is_digit(mark, bool(sure), usual)]
    return kept, [mark for mark in marks if mark not in kept]


def _confidence(predictions: list[Prediction]) -> float:
    return max((prediction.confidence for prediction in predictions), default=0.0)


def _is_digit(mark: Prediction, beside_digits: bool, usual: float) -> bool:
    """Whether a mark is likely a digit: beside others that are, a doubtful one is a word or a piece, unless
    it is as tall as they are usually.
    """
    if not beside_digits:
        return mark.digit.size > TINY or mark.confidence >= LIKELY
    as_tall = min(mark.digit.box[3], usual) > AS_TALL * max(mark.digit.box[3], usual)
    return (mark.confidence >= UNLIKELY or as_tall) and not mark.digit.cut


def save_inputs(results: Iterable[PictureResult], folder: Path) -> None:
    """Write what the network saw into `folder`, a PNG for each digit, called as its picture is and numbered:
    photo-1.png, photo-2.png. Pictures of one name, whatever their folder and kind, share the numbers.

    Raises NnbpError, before it writes, where that would replace a file that is no such PNG.
    """
    files.make_directory(folder)
    numbers: Counter[str] = Counter()
    contents = {}
    for result in results:
        name = files.shortened(result.path.stem)
        for prediction in result.predictions:
            numbers[name.lower()] += 1  # on some disks A.png and a.png are one file
            contents[folder / f"{name}-{numbers[name.lower()]}.png"] = digits.png(prediction.image)
    for path in contents:
        digits.PNG.check(path)
    for path, content in contents.items():
        digits.PNG.write(path, content)

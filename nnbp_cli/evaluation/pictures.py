"""What a trained network predicts for the digits on people's own pictures."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli import digits
from nnbp_cli.datasets.sources import SYNTHETIC
from nnbp_cli.digits import SIDE, Digit
from nnbp_cli.errors import NnbpError
from nnbp_cli.models.ensemble import Ensemble
from nnbp_cli.nn.arrays import Array, Bytes
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.system import files

MADE_AS_MNIST = ("mnist", SYNTHETIC)  # data sets whose images are made as those of pictures are


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class PictureResult:
    """The predictions on a picture, in reading order; `problem` says in a line why there are none."""

    path: Path
    predictions: tuple[Prediction, ...] = ()
    problem: str = ""

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {
            "picture": self.path,
            "digits": [
                {
                    "predicted": prediction.predicted,
                    "class": prediction.name,
                    "confidence": prediction.confidence,
                    "outputs": prediction.outputs,
                    "box": prediction.digit.box,
                }
                for prediction in self.predictions
            ],
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
            yield PictureResult(path, _predictions(voters, path))
        except NnbpError as error:
            yield PictureResult(path, problem=str(error))


def _predictions(voters: Ensemble, picture: Path) -> tuple[Prediction, ...]:
    found = digits.segment(digits.binarize(digits.grayscale(picture)))
    if not found:
        raise NnbpError(f"{picture}: no digit found; write larger, with more contrast, or crop the picture")
    images = np.array([digits.normalize(digit.ink) for digit in found])
    outputs = voters.predict(scaled(images.reshape(len(images), -1)), f"on {picture}")
    classes = voters.first.classes
    return tuple(Prediction(*each, classes) for each in zip(found, images, outputs))


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

"""Images of a data set as people hand them in: on paper, large, off the centre, in bad light.

Every disturbance takes a picture of ink, (rows, columns) from 0 to 1, and a generator of random numbers, and
gives another one; or, from `on_paper` on, a picture of light, black 0 to white 1.
"""

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from pathlib import Path

import numpy as np
from PIL import Image

from nnbp_cli.evaluation.pictures import predict
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from tests.networks import voters

Rng = np.random.Generator
Disturbance = Callable[[Array, Rng], Array]


def clipped(picture: Array) -> Array:
    inside: Array = np.clip(picture, 0, 1)
    return inside


def resized(picture: Array, height: int, width: int) -> Array:
    image = Image.fromarray(picture.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    return clipped(np.asarray(image))


def enlarged(ink: Array, rng: Rng) -> Array:
    times = rng.uniform(4, 12)
    return resized(ink, round(times * ink.shape[0]), round(times * ink.shape[1]))


def shifted(ink: Array, rng: Rng) -> Array:
    """Anywhere on a sheet whose sides are one and a half to three times as long."""
    height, width = (round(side * rng.uniform(1.5, 3)) for side in ink.shape)
    top, left = (rng.integers(0, room - side + 1) for room, side in zip((height, width), ink.shape))
    sheet = np.zeros((height, width))
    sheet[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return sheet


def rotated(ink: Array, rng: Rng) -> Array:
    image = Image.fromarray(ink.astype(np.float32)).rotate(rng.uniform(-10, 10), Image.Resampling.BICUBIC)
    return clipped(np.asarray(image))


def on_paper(ink: Array, rng: Rng) -> Array:
    paper, darkness = rng.uniform(0.7, 1), rng.uniform(0.4, 0.9)
    return paper * (1 - darkness * ink)


def gradient(light: Array, rng: Rng) -> Array:
    """Lit from one side: at the darkest place by a third to two thirds of the light."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : light.shape[0] * 1j, -1 : 1 : light.shape[1] * 1j]
    along = (x * np.cos(angle) + y * np.sin(angle)) / (abs(np.cos(angle)) + abs(np.sin(angle)))
    return clipped(light * (1 - rng.uniform(0.33, 0.67) * (along + 1) / 2))


def shadow(light: Array, rng: Rng) -> Array:
    """A hand's shadow over a part of it, with an edge that is soft or hard, and takes a half of the light."""
    angle, offset, soft = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5), rng.uniform(0.01, 0.2)
    y, x = np.mgrid[-1 : 1 : light.shape[0] * 1j, -1 : 1 : light.shape[1] * 1j]
    distance = x * np.cos(angle) + y * np.sin(angle) - offset + 0.15 * np.sin(4 * (x + y))
    return clipped(light * (1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-distance / soft))))


def noise(light: Array, rng: Rng) -> Array:
    """A sensor's noise, of a deviation of two to eight hundredths of white."""
    return clipped(light + rng.normal(0, rng.uniform(0.02, 0.08), light.shape))


def grey(light: Array) -> Image.Image:
    return Image.fromarray(np.rint(255 * clipped(light)).astype(np.uint8))


def jpeg(light: Array, rng: Rng) -> Array:
    """Through a JPEG file of a low quality."""
    file = io.BytesIO()
    grey(light).save(file, "JPEG", quality=int(rng.integers(10, 50)))
    return clipped(np.asarray(Image.open(file)) / 255)


def after(*steps: Disturbance) -> Disturbance:
    return lambda picture, rng: reduce(lambda made, step: step(made, rng), steps, picture)


everything = after(enlarged, rotated, shifted, on_paper, gradient, noise, jpeg)


def disturbed(images: Array, disturbance: Disturbance, seed: int) -> Iterator[Image.Image]:
    """Each of the images, (n, 28, 28) bytes, disturbed at random."""
    for number, image in enumerate(images):
        yield grey(disturbance(image / 255, np.random.default_rng([seed, number])))


def recognized(learned: Weights, pictures: Iterable[Image.Image], labels: Sequence[Sequence[int]]) -> Array:
    """Which of the pictures `nnbp predict` reads: their digits, and no others."""
    right = np.zeros(len(labels), bool)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        for number, picture in enumerate(pictures):
            picture.save(path, compress_level=1)
            (result,) = predict(voters(learned), [path])
            right[number] = [digit.predicted for digit in result.predictions] == list(labels[number])
    return right

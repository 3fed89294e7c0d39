"""Real digits as people hand them in, read with the normalization of `nnbp predict` and without it.

    python -m benchmarks.pictures WEIGHTS [--split validation] [--data-dir DIR] [--quick]

Each row disturbs the first 500 test images in one way (see tests/photographs.py), writes them as PNG
files, and counts those that the network reads. With normalization: the one digit that `nnbp predict` finds is
the right one. Without it: the picture made 28x28, grey, as a program does that knows no better. Whatever was
chosen, was chosen on the validation images. Then come blank pages in bad light, and how many of them `nnbp
predict` finds a digit on.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks import data
from nnbp_cli import digits
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.scaling import scaled
from tests.photographs import (
    Disturbance,
    Rng,
    after,
    clipped,
    disturbed,
    enlarged,
    everything,
    gradient,
    grey,
    jpeg,
    noise,
    on_paper,
    recognized,
    rotated,
    shadow,
    shifted,
)

SEED = 1


def pen(by: float) -> Disturbance:
    """With strokes wider by so many of MNIST's pixels on either side, or thinner where it is negative."""

    def drawn(ink: Array, rng: Rng) -> Array:
        size = 2 * round(abs(by) * ink.shape[0] / 28) + 1
        kind = ImageFilter.MaxFilter(size) if by > 0 else ImageFilter.MinFilter(size)
        return clipped(np.asarray(grey(ink).filter(kind)) / 255)

    return drawn


KINDS: dict[str, Disturbance] = {
    "as they are, 28x28": lambda ink, rng: ink,
    "inverted": lambda ink, rng: 1 - ink,
    "enlarged": enlarged,
    "shifted": shifted,
    "rotated": after(enlarged, rotated),
    "thin pen": after(enlarged, pen(-0.75)),
    "thick pen": after(enlarged, pen(0.75)),
    "on paper": after(enlarged, on_paper),
    "on paper, background gradient": after(enlarged, on_paper, gradient),
    "on paper, noise": after(enlarged, on_paper, noise),
    "on paper, JPEG": after(enlarged, on_paper, jpeg),
    "on paper, shadow": after(enlarged, shifted, on_paper, shadow),
    "everything: enlarged, rotated, shifted, on paper, gradient, noise, JPEG": everything,
    "everything, and a shadow": after(enlarged, rotated, shifted, on_paper, shadow, gradient, noise, jpeg),
}

BLANK: dict[str, Disturbance] = {
    "gradient": gradient,
    "shadow": shadow,
    "noise": noise,
    "gradient, noise": after(gradient, noise),
    "gradient, noise, JPEG": after(gradient, noise, jpeg),
    "shadow, gradient, noise, JPEG": after(shadow, gradient, noise, jpeg),
}


def squeezed(learned: Weights, pictures: Sequence[Image.Image], labels: Array) -> Array:
    """Which of the pictures the network reads when they are only made smaller."""
    small = [np.asarray(picture.resize((28, 28), Image.Resampling.BOX)).ravel() for picture in pictures]
    predicted = learned.network.predict(learned.params, scaled(np.array(small))).argmax(axis=1)
    right: Array = predicted == labels
    return right


def main(learned: Weights, split: Split, count: int) -> None:
    """Print a row for each kind of disturbance."""
    print("| pictures | with normalization, % | without, % |\n|---|---|---|")
    images, labels = split.images[:count].reshape(count, 28, 28), split.labels[:count]
    for name, disturbance in KINDS.items():
        pictures = list(disturbed(images, disturbance, SEED))
        shares = [100 * way(learned, pictures, labels).mean() for way in (recognized, squeezed)]
        print(f"| {name} | {shares[0]:.1f} | {shares[1]:.1f} |", flush=True)


def blank_pages(count: int) -> None:
    """Print a row for each kind of bad light."""
    print("\n| blank pages | with a digit on them, % |\n|---|---|")
    for name, disturbance in BLANK.items():
        found = 0
        for number in range(count):
            rng = np.random.default_rng([SEED, number])
            paper = np.full(rng.integers(40, 400, 2), rng.uniform(0.7, 1))
            page = np.asarray(grey(disturbance(paper, rng))) / 255  # of 8 bits, as files have them
            found += bool(digits.segment(digits.binarize(page)))
        print(f"| {name} | {100 * found / count:.1f} |", flush=True)


if __name__ == "__main__":
    parser = data.options(__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--split", choices=["test", "validation"], default="test")
    arguments = parser.parse_args()
    chosen = getattr(data.load(arguments.data_dir), arguments.split)
    count = 50 if arguments.quick else 500
    main(weights.load(arguments.weights), chosen, count)
    blank_pages(count)

"""Real digits as people hand them in, read with the normalization of `nnbp predict` and without it.

    python -m benchmarks.pictures WEIGHTS [--split validation] [--data-dir DIR] [--quick]

In the first table each row disturbs the first 200 test images in one way (see tests/photographs.py). The
next two have 100 pictures of each kind that people hand in (see scenes.py): kinds that the steps
were chosen on, and kinds that were held out. All are written as PNG files. With normalization: `nnbp predict`
finds the right digits in the right order, and no others. Without it: the picture made 28x28, grey, as a
program does that knows no better. Then come blank pages in bad light, and how many of them `nnbp predict`
finds a digit on. Whatever was chosen, was chosen on the validation images, those that the network which comes
with nnbp did not learn from.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks import data
from benchmarks.scenes import CHOSEN_ON, HELD_OUT, scenes
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
LEARNED = 5_000  # of the validation images: configs/digits.toml validates with fewer
Labels = Sequence[Sequence[int]]  # of each picture, in reading order


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


def squeezed(learned: Weights, pictures: Sequence[Image.Image], labels: Labels) -> Array:
    """Which of the pictures, each of one digit, the network reads when they are only made smaller."""
    small = [np.asarray(picture.resize((28, 28), Image.Resampling.BOX)).ravel() for picture in pictures]
    predicted = learned.network.predict(learned.params, scaled(np.array(small))).argmax(axis=1)
    right: Array = predicted == np.ravel(labels)
    return right


def row(learned: Weights, name: str, pictures: Sequence[Image.Image], labels: Labels) -> None:
    """Print a row of a table: what of some pictures is read; where each has one digit, also what without."""
    shares = [f"{100 * recognized(learned, pictures, labels).mean():.1f}"]
    single = max(map(len, labels)) == 1
    shares.append(f"{100 * squeezed(learned, pictures, labels).mean():.1f}" if single else "")
    print(f"| {name} | {' | '.join(shares)} |", flush=True)


def main(learned: Weights, split: Split, count: int) -> None:
    """Print three tables: disturbed images, what people's pictures are like, and blank pages."""
    images, labels = split.images.reshape(-1, 28, 28), split.labels
    print("| images, disturbed | with normalization, % | without, % |\n|---|---|---|")
    for name, disturbance in KINDS.items():
        row(learned, name, list(disturbed(images[:count], disturbance, SEED)), labels[:count, None].tolist())
    for title, kinds in (("chosen on", CHOSEN_ON), ("held out", HELD_OUT)):
        print(f"\n| pictures, {title} | with normalization, % | without, % |\n|---|---|---|")
        for name, kind in kinds.items():
            pictures, digits = zip(*scenes(kind, images, labels, min(count, 100), SEED))
            row(learned, name, pictures, digits)
    print("\n| blank pages | with a digit on them, % |\n|---|---|")
    for name, disturbance in BLANK.items():
        pages = [blank_page(disturbance, np.random.default_rng([SEED, number])) for number in range(count)]
        share = 100 * (1 - recognized(learned, pages, [[]] * count).mean())
        print(f"| {name} | {share:.1f} |", flush=True)


def blank_page(disturbance: Disturbance, rng: Rng) -> Image.Image:
    """Paper of some size, in bad light."""
    return grey(disturbance(np.full(rng.integers(40, 400, 2), rng.uniform(0.7, 1)), rng))


if __name__ == "__main__":
    parser = data.options(__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--split", choices=["test", "validation"], default="test")
    arguments = parser.parse_args()
    chosen = getattr(data.load(arguments.data_dir), arguments.split)
    if arguments.split == "validation":
        chosen = replace(chosen, images=chosen.images[LEARNED:], labels=chosen.labels[LEARNED:])
    main(weights.load(arguments.weights), chosen, 20 if arguments.quick else 200)

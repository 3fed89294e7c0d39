"""What whoever trains on data of their own should know of them before it begins, in a line each."""

from collections.abc import Iterator

import numpy as np

from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.datasets.readers.arrays import dark_on_light
from nnbp_cli.datasets.sources import KNOWN, SHAPE
from nnbp_cli.wording import called, some


def polarity(data: Dataset) -> str:
    """A remark where the images have another polarity than those that people draw for the network."""
    if data.name in KNOWN or not dark_on_light(data.test.images.reshape(-1, *data.shape)):
        return ""
    if data.shape != SHAPE:
        return (
            f"the images of {data.name} are dark on light, which is hard to learn; invert them: 255 - pixel"
        )
    others = "those of MNIST, of 'nnbp predict' and of the pad in a report are light on dark"
    return f"the images of {data.name} are dark on light, and {others}; invert them: 255 - pixel"


def remarks(data: Dataset, *, shuffled: bool) -> Iterator[str]:
    """What in a data set means something else than it seems to.

    It was `shuffled` before it was shared out, or not.
    """
    if data.name in KNOWN:
        return
    if (largest := data.training.images.max()) <= 1:
        yield f"no pixel is more than {largest} of 255, which is black to a network; multiply them by 255"
    if said := polarity(data):
        yield said
    if data.shape != SHAPE:
        size, made = ("{}x{}".format(*shape) for shape in (data.shape, SHAPE))
        makers = f"'nnbp predict' and the pad of a report make {made}, which this network does not read"
        yield f"the images are {size}, and {makers}; make the images {made} if it is to read these"
    splits = {"training": data.training, "validation": data.validation, "test": data.test}
    images = {
        name: np.bincount(split.labels, minlength=data.classes)
        for name, split in splits.items()
        if len(split.labels)
    }
    first = int(np.flatnonzero(sum(images.values()))[0])
    if first and not data.class_names:
        yield f"the labels begin at {first}: what the network has for 0 is never right; count them from 0"
    mix, more = "data.shuffle mixes what is sorted", "raise data.validation, or add images of such a class"
    for name, means in (
        ("training", "they cannot be learned"),
        ("validation", f"the best epoch is chosen without them; {more if shuffled else mix}"),
        ("test", "the test accuracy says nothing of them"),
    ):
        missing = [k for k in range(first, data.classes) if name in images and not images[name][k]]
        if missing:
            which = some([called(data.class_names, data.classes)[k] for k in missing])
            classes = f"{len(missing)} classes" if len(missing) > 1 else "a class"
            yield f"{classes} without {name} images ({which}): {means}"

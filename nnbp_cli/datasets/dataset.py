"""A data set as training sees it: images and labels, split in three.

The first images of the training files train, the last ones validate, and the test files test.
"""

from dataclasses import dataclass
from math import prod

from nnbp_cli.datasets.shifts import SHIFTS, shifted
from nnbp_cli.nn.arrays import Bytes, Integers


@dataclass(frozen=True)
class Split:
    """Images, shape (n, pixels), and labels, shape (n,): read-only uint8 views of what was read.

    Where there is a `shifted_shape`, (rows, columns), each image is learned from as it is and as each of its
    shifts, which are made when they are wanted: 250,000 examples of 50,000 images.
    """

    images: Bytes
    labels: Bytes
    shifted_shape: tuple[int, int] | None = None

    @property
    def examples(self) -> int:
        """How many there are to learn from."""
        return len(self.labels) * (len(SHIFTS) if self.shifted_shape else 1)

    def take(self, chosen: Integers) -> tuple[Bytes, Bytes]:
        """Copies of the images and labels of examples; number k is image k % n in shift k // n."""
        which, numbers = divmod(chosen, len(self.labels))
        images = self.images.take(numbers, axis=0)  # a sixth faster than images[numbers]
        if self.shifted_shape:
            images = shifted(images, which, self.shifted_shape)
        return images, self.labels[numbers]


@dataclass(frozen=True)
class Dataset:
    """Images in `classes` classes, each of `shape` (rows, columns) pixels.

    `digest` is the SHA-256 of the four arrays as IDX files, one after the other: of
    `zcat train-images* train-labels* t10k-images* t10k-labels*`. The split is not part of it. `class_names`
    are those of all classes, or none where they are the numbers.
    """

    name: str
    training: Split
    validation: Split
    test: Split
    shape: tuple[int, int]
    classes: int
    digest: str
    class_names: tuple[str, ...] = ()

    @property
    def inputs(self) -> int:
        """How many pixels an image has."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How much memory its images take."""
        return sum(split.images.nbytes for split in (self.training, self.validation, self.test))

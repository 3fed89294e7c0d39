"""What may be written on a picture: the digits on its sheet, the same where strokes are wide, those on all of
it, and those of the other polarity, in the order in which they are to be believed.
"""

from collections.abc import Iterator

from nnbp_cli.digits.binarization import WIDE_REACH, binarize, light_on_dark
from nnbp_cli.digits.segmentation import Digit, segment
from nnbp_cli.digits.sheet import spread
from nnbp_cli.nn.arrays import Array

LARGE = 0.5  # of the picture: a digit that large may hide what is ink and what paper


def candidates(picture: Array) -> Iterator[list[Digit]]:
    """The digits of a grayscale picture, 0 black to 1 white; each further list is another way to see it."""
    sheet = spread(picture)
    found = segment(binarize(sheet))
    yield found
    if found:  # what is inside of wide strokes was paper until now; on a blank page it would be shadows
        yield segment(binarize(sheet, reach=WIDE_REACH))
    if sheet is not picture:
        yield segment(binarize(picture))
    other = segment(binarize(picture, inverted=not light_on_dark(picture)))
    if len(other) == 1 and other[0].box[3] > LARGE:
        yield other

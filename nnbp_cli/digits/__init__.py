"""From a person's picture to digits as MNIST has them.

file -> grayscale -> candidates: its sheet -> binarize -> segment -> normalize to 28x28 -> predict
"""

from nnbp_cli.digits.binarization import binarize
from nnbp_cli.digits.candidates import candidates
from nnbp_cli.digits.normalization import SIDE, normalize
from nnbp_cli.digits.picture import PNG, check_installed, grayscale, is_picture, pages, png
from nnbp_cli.digits.segmentation import Digit, segment

__all__ = [
    "PNG",
    "SIDE",
    "Digit",
    "binarize",
    "candidates",
    "check_installed",
    "grayscale",
    "is_picture",
    "normalize",
    "pages",
    "png",
    "segment",
]

"""From a person's picture to digits as MNIST has them.

file -> grayscale -> binarize -> segment, from connected components -> normalize to 28x28 -> predict
"""

from nnbp_cli.digits.binarization import binarize
from nnbp_cli.digits.normalization import SIDE, normalize
from nnbp_cli.digits.picture import PNG, check_installed, grayscale, png
from nnbp_cli.digits.segmentation import Digit, segment

__all__ = ["PNG", "SIDE", "Digit", "binarize", "check_installed", "grayscale", "normalize", "png", "segment"]

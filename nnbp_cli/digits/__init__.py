"""From a picture to digits as MNIST has them, whatever the picture is.

file -> light (picture) -> ink -> digits (finding, on marks) -> 28x28 (normal) -> predict
"""

from nnbp_cli.digits.binarization import binarize
from nnbp_cli.digits.normalization import SIDE, normalize
from nnbp_cli.digits.picture import PNG, check_installed, grayscale, png
from nnbp_cli.digits.segmentation import Digit, segment

__all__ = ["PNG", "SIDE", "Digit", "binarize", "check_installed", "grayscale", "normalize", "png", "segment"]

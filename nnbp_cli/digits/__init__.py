"""From a picture to digits as MNIST has them, whatever the picture is.

file -> light (picture) -> ink -> digits (finding, on marks) -> 28x28 (normal) -> predict
"""

from nnbp_cli.digits.finding import Digit, digits
from nnbp_cli.digits.ink import ink
from nnbp_cli.digits.normal import SIDE, normalized
from nnbp_cli.digits.picture import PNG, check_installed, light, png

__all__ = ["PNG", "SIDE", "Digit", "check_installed", "digits", "ink", "light", "normalized", "png"]

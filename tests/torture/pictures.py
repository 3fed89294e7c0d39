"""Pictures damaged at random: each is read, or refused in one line, and none of them costs much memory."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from nnbp_cli import digits
from nnbp_cli.errors import NnbpError
from tests.photographs import grey
from tests.torture.harness import Outcome

HOW = ("flip", "cut", "zeros", "splice", "number")


def sound() -> list[bytes]:
    """A picture with a digit in every format that is read, and as each of them may store it."""
    light = np.ones((40, 30))
    light[8:32, 12:16] = 0.1
    one = grey(light)
    exif = one.getexif()
    exif[0x0112] = 6
    colour = ImageOps.colorize(one, "navy", "khaki")
    made: tuple[tuple[Image.Image, str, dict[str, Any]], ...] = (
        (one, "PNG", {}),
        (colour, "PNG", {"exif": exif}),
        (colour.convert("RGBA"), "PNG", {}),
        (colour.convert("P"), "PNG", {"transparency": 0}),
        (one.convert("1"), "PNG", {}),
        (Image.fromarray(np.asarray(one).astype(np.uint16) * 257), "PNG", {}),
        (one, "JPEG", {}),
        (colour, "JPEG", {"exif": exif}),
        (colour, "JPEG", {"progressive": True}),
        (colour.convert("CMYK"), "JPEG", {}),
        (one, "BMP", {}),
        (colour, "BMP", {}),
        (one, "GIF", {}),
        (colour.convert("P"), "GIF", {"save_all": True, "append_images": [one.convert("P")]}),
    )
    files = []
    for image, kind, options in made:
        file = io.BytesIO()
        image.save(file, kind, **options)
        files.append(file.getvalue())
    return files


def damaged(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The file with a few bits turned, cut short, with a stretch of zeros, of another file, or a huge number
    somewhere, most often near its beginning, where sizes are.
    """
    made = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at = int(len(made) * rng.random() ** 3)
        match HOW[rng.integers(len(HOW))]:
            case "flip":
                made[at] ^= 1 << rng.integers(8)
            case "cut":
                del made[max(at, 1) :]
            case "zeros":
                made[at : at + 8] = bytes(8)
            case "splice":
                made[at : at + 20] = other[at : at + rng.integers(40)] or b"?"
            case _:
                made[at : at + 4] = rng.integers(0, 256, 4, np.uint8).tobytes()
    return bytes(made)


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """See `Harness`."""
    outcome = Outcome()
    files = sound()
    path = folder / "picture"
    for number in range(tries):
        rng = np.random.default_rng([seed, number])
        one, other = rng.choice(len(files), 2)
        path.write_bytes(damaged(files[one], files[other], rng))
        again = f"seed {seed}, try {number}"
        outcome.tries += 1
        try:
            light = digits.light(path)
            found = [digits.normalized(digit.ink) for digit in digits.digits(digits.ink(light))]
            sound_ones = all(image.shape == (28, 28) and image.any() for image in found)
            outcome.check(
                max(light.shape) <= 800 and sound_ones, f"{again}: {light.shape}, {len(found)} digits"
            )
        except NnbpError as error:
            line = str(error)
            outcome.check(line.startswith(f"{path}: ") and "\n" not in line, f"{again}: {line!r}")
        except Exception as error:
            outcome.check(False, f"{again}: {type(error).__name__}: {error}")
    return outcome

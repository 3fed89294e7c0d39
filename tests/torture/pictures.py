"""Pictures damaged at random, or forged: each is read, or refused in one line, soon and in little memory.

One in twenty is large, or costs more than it weighs.
"""

import zlib
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageOps

from nnbp_cli import digits
from nnbp_cli.digits.limits import MAX_FILE_BYTES, REDUCED_SIDE
from nnbp_cli.nn.arrays import Array, Bytes
from tests.peak_memory import peak
from tests.photographs import grey
from tests.picture_bombs import BOMBS, encoded
from tests.torture.damage import damaged
from tests.torture.harness import Outcome
from tests.torture.trials import Trials

SECONDS = 1.0
SECONDS_OF_LARGE = 3.0
MEMORY = MAX_FILE_BYTES + 50e6  # of Python and numpy, which reserve what the largest file may have
RESIDENT = 200e6  # of the process, beyond what was there
LARGE = 0.05  # of the pictures
HEAD = 8, 60  # the bytes that have a file's sizes among them, behind those that say what it is
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Read so many pictures, and make digits of what is on them."""
    outcome = Outcome()
    trials, of_large = Trials(outcome, SECONDS, MEMORY), Trials(outcome, SECONDS_OF_LARGE, MEMORY)
    files, large = sound(), [make for make, _ in BOMBS.values()]
    path = folder / "picture"
    with trials.watching():
        for number in range(tries):
            rng = Random(f"{seed} {number}")
            is_large = rng.random() < LARGE
            content = rng.choice(large)() if is_large else rng.choice(files)
            path.write_bytes(harmed(content, rng))
            what = f"seed {seed}, number {number}"
            with suppress(OSError):  # Linux begins to count anew
                Path("/proc/self/clear_refs").write_text("5")
            before = peak()
            result = (of_large if is_large else trials).of(lambda: _read(path), f"{path}: ", what)
            taken = peak() - before
            outcome.check(taken < RESIDENT, f"{what}: the process took {taken:,} bytes")
            if result:
                light, images = result
                sound_light = max(light.shape) <= REDUCED_SIDE and light.min() >= 0 and light.max() <= 1
                sound_images = all(image.shape == (28, 28) and image.any() for image in images)
                outcome.check(sound_light and sound_images, f"{what}: was read as no picture")
    return outcome


def sound() -> list[bytes]:
    """A picture with a digit in every format that is read, and as each of them may store it."""
    light = np.ones((40, 30))
    light[8:32, 12:16] = 0.1
    one = grey(light)
    exif = one.getexif()
    exif[0x0112] = 6
    colour = ImageOps.colorize(one, "navy", "khaki")
    return [
        encoded(one, "PNG"),
        encoded(colour, "PNG", exif=exif),
        encoded(colour.convert("RGBA"), "PNG"),
        encoded(colour.convert("P"), "PNG", transparency=0),
        encoded(one.convert("1"), "PNG"),
        encoded(Image.fromarray(np.asarray(one).astype(np.uint16) * 257), "PNG"),
        encoded(one, "JPEG"),
        encoded(colour, "JPEG", exif=exif),
        encoded(colour, "JPEG", progressive=True),
        encoded(colour.convert("CMYK"), "JPEG"),
        encoded(one, "BMP"),
        encoded(colour, "BMP"),
        encoded(one, "GIF"),
        encoded(colour.convert("P"), "GIF", save_all=True, append_images=[one.convert("P")]),
    ]


def harmed(content: bytes, rng: Random) -> bytes:
    """Damaged anywhere or in its head; a PNG file sometimes with checksums that are right again."""
    start, end = rng.choice((HEAD, (0, len(content))))
    made = content[:start] + damaged(content[start:end], rng) + content[end:]
    return rng.choice((bytes, forged))(made)


def forged(content: bytes) -> bytes:
    """A PNG file with the checksum of each chunk as it should be; any other file as it is."""
    made, at = bytearray(content), len(SIGNATURE)
    while content.startswith(SIGNATURE) and at + 12 <= len(made):
        end = at + 8 + int.from_bytes(made[at : at + 4], "big")
        if end + 4 > len(made):
            break
        made[end : end + 4] = zlib.crc32(made[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(made)


def _read(path: Path) -> tuple[Array, list[Bytes]]:
    light = digits.grayscale(path)
    return light, [digits.normalize(digit.ink) for digit in digits.segment(digits.binarize(light))]

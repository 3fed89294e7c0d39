"""`nnbp predict`: what it reads on pictures of many kinds, and what it says to files that are none."""

import json
import struct
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from nnbp_cli import digits, presets
from nnbp_cli.config import DataConfig
from nnbp_cli.datasets import loading, synthetic
from nnbp_cli.datasets.skeletons import skeleton
from nnbp_cli.digits.limits import count_scans
from nnbp_cli.errors import NnbpError
from nnbp_cli.evaluation.pictures import (
    PictureResult,
    Prediction,
    check_readable,
    without_doubtful,
)
from nnbp_cli.models import weights
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.terminal.evaluation import picture_notes
from nnbp_cli.terminal.pictures import BLOCKS
from tests import photographs
from tests.command_line import Said, nnbp
from tests.networks import voters
from tests.peak_memory import measured, output_with_peak
from tests.picture_bombs import BOMBS, encoded, jpeg, png
from tests.small_run import train
from tests.strokes import DIGITS

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.fixture(scope="module")
def learned(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that read digits well, from drawn ones alone."""
    out = tmp_path_factory.mktemp("learned")
    more = ("--out", out / "run", "--weights", out / "weights.npz", "--data-dir", drawn, "-q")
    assert nnbp("train", "--config", CONFIGS / "demo.toml", "--set", "training.epochs=5", *more).status == 0
    return out / "weights.npz"


def written(text: str, size: int = 150, pen: int = 12) -> Image.Image:
    """Digits in white on black, line by line."""
    lines = text.split()
    image = Image.new("L", (size * len(lines[0]), round(1.3 * size) * len(lines)))
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        for column, digit in enumerate(line):
            for stroke in DIGITS[int(digit)]:
                points = [(size * (column + x), size * (1.3 * row + 0.1 + y)) for x, y in stroke]
                draw.line(points, fill=255, width=pen, joint="curve")
                for x, y in points:
                    draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return image


def photographed(image: Image.Image, seed: int = 1) -> Image.Image:
    """On yellowish paper, in a shadow, out of focus, with a sensor's noise."""
    rng = np.random.default_rng(seed)
    ink = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5))) / 255
    light = photographs.shadow(photographs.gradient(0.85 * (1 - 0.7 * ink), rng), rng)
    light = np.clip(light + rng.normal(0, 0.02, light.shape), 0, 1)
    return Image.fromarray(np.rint(255 * light[..., None] * [1, 0.97, 0.88]).astype(np.uint8))


def says(learned: Path, *arguments: object) -> str:
    said = nnbp("predict", learned, *arguments, "-q")
    assert (said.status, said.err) == (0, "")
    return said.out


def transparent(image: Image.Image, colour: str) -> Image.Image:
    """Ink of this colour, and nothing where there is no ink."""
    ink = Image.new("RGBA", image.size, colour)
    ink.putalpha(image)
    return ink


def in_16_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


MADE: dict[str, Callable[[Image.Image], Image.Image]] = {
    "light on dark.png": lambda image: image,
    "dark on light.png": ImageOps.invert,
    "dark on light.bmp": ImageOps.invert,
    "dark on light.gif": ImageOps.invert,
    "dark on light.webp": ImageOps.invert,
    "dark on light.tif": ImageOps.invert,
    "16 bits.tiff": lambda image: in_16_bits(ImageOps.invert(image)),
    "grey.jpg": lambda image: ImageOps.invert(image).point(lambda light: 60 + light // 3),
    "off the centre.png": lambda image: ImageOps.expand(image, (300, 20, 10, 400)),
    "two colours.png": lambda image: ImageOps.invert(image).convert("1"),
    "a palette.png": lambda image: ImageOps.invert(image).convert("P"),
    "colour.png": lambda image: ImageOps.colorize(image, "khaki", "navy"),
    "CMYK.jpg": lambda image: ImageOps.invert(image).convert("CMYK"),
    "black, transparent.png": lambda image: transparent(image, "black"),
    "white, transparent.png": lambda image: transparent(image, "white"),
    "16 bits.png": lambda image: in_16_bits(ImageOps.invert(image)),
    "with a shadow.jpg": photographed,
    "of a camera.jpg": lambda image: photographed(image.resize((2400, 1040))),
    "small.png": lambda image: image.resize((120, 52), Image.Resampling.BOX),
}


@pytest.mark.parametrize("name", MADE)
def test_a_picture_of_any_kind_is_read(learned: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    MADE[name](written("4071")).save(path)
    assert says(learned, path) == f"{path}: 4 0 7 1\n"


def test_a_photograph_is_read_as_it_was_held_line_by_line(learned: Path, tmp_path: Path) -> None:
    turned = photographed(written("31415 92407"), seed=2).transpose(Image.Transpose.ROTATE_90)
    exif = turned.getexif()
    exif[0x0112] = 6  # a viewer turns it by a quarter
    for path in (tmp_path / "turned.jpg", tmp_path / "turned.png"):
        turned.save(path, exif=exif)
        assert says(learned, path) == f"{path}: 3 1 4 1 5 9 2 4 0 7\n"


def test_it_shows_what_the_network_saw_and_its_outputs(
    learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("4").save(tmp_path / "four.png")
    written("47").save(tmp_path / "two.png")
    said = nnbp("predict", learned, tmp_path / "four.png")
    head, blank, answer, *lines = said.out.splitlines()
    assert (head, blank) == (f"{tmp_path / 'four.png'}: 4", "")
    assert answer.startswith("4, ")
    assert answer.endswith("% sure")
    assert len(lines) == 14
    assert {len(line[: line.rindex("|") + 1]) for line in lines} == {30}
    percents = [float(line[30:].split()[1].rstrip("%")) for line in lines[2:12]]
    assert sum(percents) == pytest.approx(100, abs=1)
    assert set(BLOCKS) & set("".join(lines)) > {BLOCKS[-1]}
    assert "digit 2 of 2: 7, " in nnbp("predict", learned, tmp_path / "two.png").out
    monkeypatch.setattr("nnbp_cli.terminal.evaluation.shows", lambda *_: False)
    plain = nnbp("predict", learned, tmp_path / "four.png").out
    assert plain.isascii()
    assert "###" in plain
    assert "\x1b" not in said.out + plain


def test_json_is_one_object(learned: Path, tmp_path: Path) -> None:
    path = tmp_path / "row.png"
    written("40").save(path)
    answer = json.loads(nnbp("predict", learned, path, "--json").out)
    assert answer["weights"] == str(learned)
    (picture,) = answer["pictures"]
    assert picture["picture"] == str(path)
    four, nought = picture["digits"]
    assert (four["predicted"], nought["predicted"]) == (4, 0)
    assert four["confidence"] == max(four["outputs"])
    assert len(four["outputs"]) == 10
    left, top, width, height = four["box"]
    assert 0 < left < left + width < nought["box"][0] < 1
    assert 0 < top < top + height < 1


def test_inputs_are_kept_numbered_in_the_order_of_reading_and_read_again(
    learned: Path, tmp_path: Path
) -> None:
    """Pictures of one name, whatever their folders and kinds, share the numbers."""
    pictures = [tmp_path / name for name in ("a/photo.png", "b/photo.jpg", "c/Photo.bmp", "photo-1.png")]
    for path, text in zip(pictures, ("40", "7", "1", "7")):
        path.parent.mkdir(exist_ok=True)
        written(text).save(path)
    for _ in range(2):
        says(learned, *pictures, "--save-input", tmp_path / "seen/of them")
        kept = sorted((tmp_path / "seen/of them").iterdir())
        names = ["Photo-4.png", "photo-1-1.png", "photo-1.png", "photo-2.png", "photo-3.png"]
        assert [path.name for path in kept] == names
        predicted = [line.split()[-1] for line in says(learned, *kept).splitlines()]
        assert predicted == ["1", "7", "4", "0", "7"]
    with Image.open(kept[0]) as image:
        assert (image.size, image.mode) == ((28, 28), "L")


def test_inputs_replace_nothing_but_inputs(learned: Path, tmp_path: Path) -> None:
    photo, other = tmp_path / "photo.png", tmp_path / "photo-2.png"
    written("40").save(photo)
    written("7").save(other)
    before = other.read_bytes()
    said = nnbp("predict", learned, photo, "--save-input", tmp_path)
    refusal = "is there already, and not an input that nnbp wrote; name another folder with --save-input"
    assert (said.status, said.out, said.err) == (1, "", f"{other}: {refusal}\n")
    assert other.read_bytes() == before
    assert not (tmp_path / "photo-1.png").exists()


def a_png() -> bytes:
    return encoded(photographed(written("4")), "PNG")


def test_what_cannot_be_read_is_a_line_and_keeps_no_other_from_it(learned: Path, tmp_path: Path) -> None:
    remedy = "name a PNG, JPEG, WebP, TIFF, HEIC, BMP or GIF file"
    (tmp_path / "folder").mkdir()
    bad = {
        "empty.png": (b"", f"damaged: the file is empty; {remedy}"),
        "letter.png": (b"%PDF-1.7\n...", f"not a picture but a PDF; {remedy}"),
        "text.jpg": (b"hello, world", f"not a picture that is read here; {remedy}"),
        "cut.png": (a_png()[:-2000], "damaged: it cannot be decoded; save it again, or take another"),
        "blank.png": (
            png(400, 300),
            "no digit found; write larger, with more contrast, or crop the picture",
        ),
        "missing.png": (None, "no such file; name a picture"),
    }
    for name, (content, _) in bad.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    good = tmp_path / "good.png"
    written("4").save(good)
    line = ("predict", learned, *(tmp_path / name for name in bad), good)
    said = nnbp(*line, "-q")
    assert (said.status, said.out) == (1, f"{good}: 4\n")
    assert said.err == "".join(f"{tmp_path / name}: {message}\n" for name, (_, message) in bad.items())
    answer = nnbp(*line, "--json")
    assert answer.status == 1
    assert [picture["picture"] for picture in json.loads(answer.out)["pictures"]] == [str(good)]


MEMORY = """
import PIL.Image
from pathlib import Path
from nnbp_cli.digits import candidates, grayscale
from nnbp_cli.errors import NnbpError
try: list(candidates(grayscale(Path(sys.argv[1]))))
except NnbpError as error: print(error)
print(peak())
"""


@measured
@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_no_picture_takes_more_than_256_mb(tmp_path: Path, name: str) -> None:
    """Those that people have are read, the others refused before they cost anything."""
    make, message = BOMBS[name]
    path = tmp_path / name
    path.write_bytes(make())
    *said, taken = output_with_peak(MEMORY, path)
    assert len(said) == bool(message)
    assert all(line.startswith(f"{path}: ") and line.endswith(message) for line in said)
    assert int(taken) < (128_000_000 if message else 256_000_000)


def test_a_picture_inside_a_jpeg_is_no_scan_of_it(tmp_path: Path) -> None:
    """As the small one for a list of files, which cameras put there."""
    small = jpeg(80, 60)
    inside = b"\xff\xe1" + struct.pack(">H", 2 + len(small) * 40) + small * 40
    content = jpeg(800, 600)
    (tmp_path / "a.jpg").write_bytes(content[:2] + inside + content[2:] + jpeg(400, 300))
    assert digits.grayscale(tmp_path / "a.jpg").shape == (600, 800)
    assert count_scans((tmp_path / "a.jpg").read_bytes()) == 1
    assert count_scans(jpeg(80, 60, progressive=True)) == 10


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
def test_no_more_is_read_of_a_file_than_a_picture_may_have() -> None:
    with pytest.raises(NnbpError, match=r"^/dev/zero: more than 64 MB are not read; make it smaller$"):
        digits.grayscale(Path("/dev/zero"))


def test_a_file_that_promises_more_than_it_has_costs_no_more(tmp_path: Path) -> None:
    """A decoder that reads the file itself reserves the two gigabytes that this chunk says it has."""
    before, kind, content = a_png().partition(b"IDAT")
    path = tmp_path / "promise.png"
    path.write_bytes(before[:-4] + (2**31 - 1).to_bytes(4, "big") + kind + content)
    tracemalloc.start()
    try:
        with suppress(NnbpError):
            digits.grayscale(path)
        assert tracemalloc.get_traced_memory()[1] < 200_000_000
    finally:
        tracemalloc.stop()


def test_what_networks_it_takes(learned: Path, tmp_path: Path) -> None:
    known, own, picture = weights.load(learned), tmp_path / "own.npz", tmp_path / "four.png"
    weights.save(own, replace(known, data=DataConfig(name="/my/digits")))
    written("4").save(picture)
    said = nnbp("predict", own, picture)
    assert said.status == 0
    assert said.err == "note: pictures are made as MNIST's digits are, and it learned from /my/digits\n"
    says(own, picture)
    message = "0.npz: reads images of 5x7, and pictures are made 28x28; take a network for 28x28"
    with pytest.raises(NnbpError, match=f"^{message}$"):
        check_readable(voters(replace(known, shape=(5, 7))))


def test_outputs_that_are_no_probabilities_are_shown_as_they_are(here: Path) -> None:
    more = ["--set", "network.cost=quadratic", "--set", "network.layers.1.activation=tanh"]
    assert train("--out", "run", "-q", *more).status == 0
    written("4").save("four.png")
    assert "%" not in nnbp("predict", "run", "four.png").out


def test_without_weights_the_last_that_were_trained_here_answer_or_those_that_come_with_nnbp(
    learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written("4071").save("row.png")
    for weights_file in (presets.shipped_network(), Path("weights.npz")):
        said = nnbp("predict", "row.png", "--json")
        assert json.loads(said.out)["weights"] == str(weights_file)
        assert said.err == f"note: no weights are named; {weights_file} answers\n"
        assert [digit["predicted"] for digit in json.loads(said.out)["pictures"][0]["digits"]] == [4, 0, 7, 1]
        Path("weights.npz").write_bytes(learned.read_bytes())


UNSEEN = [  # ways of writing that no table of the drawn digits has
    (1, "13,42 51,0 51,0 50,50 50,100"),
    (1, "20,36 56,0 56,0 54,50 52,100"),
    (1, "18,38 50,0 50,0 51,100|26,99 76,101"),
    (7, "18,3 80,3 80,3 46,100"),
    (7, "12,12 82,4 82,4 50,100"),
    (7, "14,4 84,4 84,4 50,100|38,50 82,52"),
]


@pytest.mark.parametrize(("digit", "way"), UNSEEN)
def test_the_network_that_comes_with_nnbp_tells_a_1_from_a_7(digit: int, way: str) -> None:
    """As hands write them, most of which slant."""
    points, curve = skeleton(way)
    n, rng = synthetic.DIGITS_PER_BLOCK, np.random.default_rng(1)
    x, y = synthetic.deform(np.repeat((points @ curve)[:, None], n, axis=1), rng)
    pen = np.full((n, 1), 1.8, np.float32)
    images = synthetic.ink(*synthetic.fit(x, y, pen, rng), pen)
    learned = weights.load(presets.shipped_network())
    predicted = learned.network.predict(learned.params, scaled(images.reshape(n, -1))).argmax(axis=1)
    assert (predicted == digit).mean() > 0.94


def test_strokes_as_wide_as_a_brush_are_read() -> None:
    """Many of them at the second look alone: what they fill was paper at the first."""

    def brush(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        large = photographs.enlarged(ink, rng)
        wider = ImageFilter.MaxFilter(2 * round(1.5 * len(large) / 28) + 1)
        return np.asarray(photographs.grey(large).filter(wider)) / 255

    images, labels = synthetic.draw(60, 1, "test")
    pictures = photographs.disturbed(images, brush, seed=1)
    learned = weights.load(presets.shipped_network())
    assert photographs.recognized(learned, pictures, labels[:, None].tolist()).mean() > 0.8


def test_a_folder_is_read_every_page_of_a_tiff_and_the_first_picture_of_an_animation(
    learned: Path, tmp_path: Path
) -> None:
    pages = [ImageOps.invert(written(digit)) for digit in "407"]
    (tmp_path / "b").mkdir()
    for name in ("b/scan.tif", "b/moves.gif", "b/moves.webp", "b/moves.png"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
    (tmp_path / "b/notes.txt").write_text("no picture")
    said = nnbp("predict", learned, tmp_path / "b", "--json")
    found = [
        (Path(picture["picture"]).name, picture["note"], [digit["predicted"] for digit in picture["digits"]])
        for picture in json.loads(said.out)["pictures"]
    ]
    assert found == [
        *(
            (f"moves.{suffix}", "the first of several pictures in it", [4])
            for suffix in ("gif", "png", "webp")
        ),
        *(("scan.tif", f"page {number} of 3", [digit]) for number, digit in enumerate([4, 0, 7], start=1)),
    ]
    said = nnbp("predict", learned, tmp_path / "b/moves.gif")
    assert said.err == f"note: {tmp_path / 'b/moves.gif'}: the first of several pictures in it\n"
    pages[1] = Image.new("L", (150, 195), "white")
    pages[0].save(tmp_path / "blank.tif", save_all=True, append_images=pages[1:])
    said = nnbp("predict", learned, tmp_path / "blank.tif", "-q")
    assert said.out.splitlines() == [
        f"{tmp_path / 'blank.tif'}, page {page} of 3: {digit}" for page, digit in ((1, 4), (3, 7))
    ]
    assert said.err.startswith(f"{tmp_path / 'blank.tif'}, page 2 of 3: no digit found")


def test_what_a_folder_has_beside_pictures_is_said(learned: Path, tmp_path: Path) -> None:
    for place in ("4/a.png", "0/b.png", ".nnbp/c.png", "._a.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        photographed(written("4")).save(tmp_path / place)
    unread = "the folders in it are not looked into (0 and 4); name them"
    refused = nnbp("predict", learned, tmp_path)
    assert (refused.status, refused.err) == (1, f"{tmp_path}: no pictures in this folder, and {unread}\n")
    photographed(written("4")).save(tmp_path / "d.png")
    said = nnbp("predict", learned, tmp_path)
    assert said.err == f"note: {tmp_path}: {unread} as well\n"
    assert nnbp("predict", learned, tmp_path, "-q") == Said(0, f"{tmp_path / 'd.png'}: 4\n", "")


def test_a_heic_picture_is_read(learned: Path, tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "of a telephone.HEIC"
    heif.from_pillow(photographed(written("4071"))).save(path)
    assert says(learned, path) == f"{path}: 4 0 7 1\n"


def test_without_its_library_a_heic_picture_is_a_line(
    learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    wrong = f"{tmp_path / 'a.jpg'}: a HEIC picture needs pillow-heif; pip install pillow-heif\n"
    assert nnbp("predict", learned, tmp_path / "a.jpg").err == wrong


@pytest.mark.parametrize(
    ("outputs", "box", "cut", "is_digit"),
    [
        ([0.95, 0.95], 0.3, False, [True, True]),
        ([0.95, 0.4], 0.3, False, [True, False]),
        ([0.7, 0.4], 0.3, False, [True, True]),
        ([0.95, 0.99], 0.3, True, [True, False]),
        ([0.7, 0.99], 0.3, True, [True, True]),
        ([0.5, 0.4], 0.05, False, [False, False]),
        ([0.7, 0.4], 0.05, False, [True, False]),
        ([0.95, 0.95, 0.95, 0.4], [0.3, 0.3, 0.3, 0.25], False, [True] * 4),
        ([0.95, 0.95, 0.95, 0.4], [0.3, 0.3, 0.3, 0.2], False, [True] * 3 + [False]),
        ([0.95, 0.95, 0.95, 0.4], [0.3, 0.3, 0.3, 0.5], False, [True] * 3 + [False]),
    ],
)
def test_marks_that_are_hardly_digits_are_left_out(
    outputs: list[float], box: float | list[float], cut: bool, is_digit: list[bool]
) -> None:
    """Doubtful ones beside digits, but for one as tall as several; what may be cut off by an edge; tiny ones,
    which a dirty page has.
    """
    names = tuple(map(str, range(10)))
    marks = [
        Prediction(
            digits.Digit(np.ones((2, 2)), (0, 0, size, size), cut and number > 0),
            np.zeros((28, 28), np.uint8),
            np.array([output] + [0.0] * 9),
            names,
        )
        for number, (output, size) in enumerate(zip(outputs, np.broadcast_to(box, len(outputs))))
    ]
    kept, left_out = without_doubtful(marks)
    assert [mark in kept for mark in marks] == is_digit
    assert [mark in left_out for mark in marks] == [not each for each in is_digit]
    said = PictureResult(Path("a.png"), "", kept, left_out)
    assert len(said.plain()["left_out"]) == len(left_out)
    assert len(list(picture_notes(said))) == bool(left_out)


def test_mistakes_are_a_line(learned: Path) -> None:
    assert nnbp("predict", learned).status == 2
    assert nnbp("predict", "none.npz", "four.png").err.startswith("none.npz: no such file")


@pytest.mark.mnist
def test_most_disturbed_pictures_of_real_digits_are_read(tmp_path: Path, real_data: Path) -> None:
    """Of the validation images, disturbed in every way at once; benchmarks/pictures.py has the test set."""
    out = tmp_path / "run"
    more = ("--out", out, "--weights", tmp_path / "w.npz", "--data-dir", real_data, "-q")
    assert nnbp("train", "--config", CONFIGS / "mnist.toml", *more).status == 0
    split = loading.load("mnist", real_data, train=50_000, validation=10_000).validation
    pictures = photographs.disturbed(split.images[:100].reshape(-1, 28, 28), photographs.everything, seed=5)
    assert (
        photographs.recognized(weights.load(out), pictures, split.labels[:100, None].tolist()).mean() >= 0.95
    )

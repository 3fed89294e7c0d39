"""Pictures as people hand them in, one function for each thing that makes them hard.

A scene takes digits as ink, (rows, columns) from 0 to 1, and a generator of random numbers, and gives a
picture of light. Digits of a data set are enlarged first; those drawn with a pen are as large as they come.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nnbp_cli.datasets import synthetic
from nnbp_cli.datasets.skeletons import DOTS, skeleton, skeletons
from nnbp_cli.datasets.skeletons import USUAL as TABLE
from nnbp_cli.nn.arrays import Array
from tests.photographs import Rng, clipped, enlarged, gradient, grey, jpeg, noise, on_paper, resized, shadow

Scene = Callable[[Sequence[Array], Rng], Array]

# Digits as they are taught in places where MNIST's writers did not learn them, as in datasets/skeletons.txt.
FLAGS = {1: ["8,46 50,0 50,0 50,50 50,100", "20,36 56,0 56,0 54,50 52,100", "0,60 30,30 56,0 56,0 54,100"]}
FEET = {1: ["24,24 50,0 50,0 50,100|22,100 78,100", "14,40 54,0 54,0 52,100|24,98 82,100"]}
CROSSED = {7: ["12,4 80,2 80,2 56,50 44,100|30,52 74,46", "14,14 16,2 82,4 82,4 60,46 48,100|34,56 76,48"]}


def penned(
    count: int, seed: int, pens: tuple[float, float], ways: dict[int, list[str]] | None = None
) -> Iterator[tuple[Array, int]]:
    """Digits that a pen draws, as ink, and their labels. `pens`, the least and the greatest width, are shares
    of the height; `ways` are skeletons of their own.
    """
    own = [(label, *skeleton(line)) for label, lines in (ways or {}).items() for line in lines]
    bones = skeletons(TABLE)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        if own:
            label, points, curve = own[rng.integers(len(own))]
            dots = np.repeat((points @ curve)[None], synthetic.DIGITS_PER_BLOCK, axis=0).astype(np.float32)
            dots = dots.transpose(1, 0, 2)
        else:
            label = int(rng.integers(10))
            which = bones.first[label] + rng.integers(bones.ways[label])
            some = np.full(synthetic.DIGITS_PER_BLOCK, which)
            dots = synthetic.trace(
                bones.points[some], bones.curves[some], synthetic.MISS[[label] * len(some)], rng
            )
        x, y = (side[0] for side in synthetic.deform(dots, rng))
        yield _drawn(x, y, rng.uniform(90, 220), rng.uniform(*pens)), label


def _drawn(x: Array, y: Array, height: float, pen: float) -> Array:
    """Straight lines from dot to dot, except where the pen was lifted."""
    scale = height / max(np.ptp(x), np.ptp(y))
    width = pen * height
    x, y = ((side - side.min()) * scale + width for side in (x, y))
    image = Image.new("L", (round(x.max() + width) + 1, round(y.max() + width) + 1))
    draw = ImageDraw.Draw(image)
    steps = np.hypot(np.diff(x), np.diff(y))
    for k in range(DOTS):
        draw.ellipse((x[k] - width / 2, y[k] - width / 2, x[k] + width / 2, y[k] + width / 2), fill=255)
        if k and steps[k - 1] < 4 * np.median(steps):
            draw.line((x[k - 1], y[k - 1], x[k], y[k]), fill=255, width=max(1, round(width)))
    return np.asarray(image) / 255


def cropped(ink: Array) -> Array:
    """Without the paper around it."""
    rows, columns = (np.flatnonzero((ink > 0.3).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def padded(ink: Array, rng: Rng, least: float, most: float) -> Array:
    """With so much room on each side, in shares of the height."""
    top, bottom, left, right = (rng.uniform(least, most, 4) * ink.shape[0]).astype(int)
    return np.pad(ink, ((top, bottom), (left, right)))


def broken(ink: Array, rng: Rng) -> Array:
    """With one to three cuts, each a band of some pixels of MNIST's at any angle, through the ink."""
    y, x = np.mgrid[: ink.shape[0], : ink.shape[1]]
    rows, columns = np.nonzero(ink > 0.5)
    whole = ink
    for _ in range(rng.integers(1, 4)):
        angle, k = rng.uniform(0, np.pi), rng.integers(len(rows))
        away = np.hypot(x - columns[k], y - rows[k])
        along = np.abs((x - columns[k]) * np.cos(angle) + (y - rows[k]) * np.sin(angle))
        gap = rng.uniform(0.015, 0.06) * ink.shape[0]
        whole = whole * ~((along < gap / 2) & (away < 0.15 * ink.shape[0]))
    return whole


def pale(ink: Array, rng: Rng) -> Array:
    """With a pressure that changes along the strokes, down to a third."""
    field = resized(rng.uniform(0, 1, (4, 4)), *ink.shape)
    return ink * (0.3 + 0.7 * field)


def page(ink: Array, rng: Rng) -> Array:
    """On paper, with a little noise."""
    return clipped(on_paper(ink, rng) + rng.normal(0, 0.01, ink.shape))


def in_size(light: Array, rng: Rng, least: int, most: int) -> Array:
    """Made so large along its longer side."""
    scale = rng.uniform(least, most) / max(light.shape)
    size = [max(4, round(side * scale)) for side in light.shape]
    image = Image.fromarray(light.astype(np.float32)).resize(size[::-1], Image.Resampling.BOX)
    return clipped(np.asarray(image))


def tight(inks: Sequence[Array], rng: Rng) -> Array:
    """Cut out along the ink, and small."""
    return in_size(page(cropped(inks[0]), rng), rng, 20, 90)


def tight_broken(inks: Sequence[Array], rng: Rng) -> Array:
    """Cut out along the ink, which is broken."""
    return in_size(page(cropped(broken(inks[0], rng)), rng), rng, 40, 160)


def at_an_edge(inks: Sequence[Array], rng: Rng) -> Array:
    """Broken, with room on all sides but one."""
    ink = np.pad(cropped(broken(inks[0], rng)), 30)
    side = int(rng.integers(4))
    ink = np.rot90(np.rot90(ink, side)[30:], -side)
    return page(ink, rng)


def one(change: Callable[[Array, Rng], Array]) -> Scene:
    """A single digit, changed, with some room around it, on paper."""
    return lambda inks, rng: page(padded(change(inks[0], rng), rng, 0.1, 0.8), rng)


def framed(inks: Sequence[Array], rng: Rng) -> Array:
    """A black frame around the page, and ink that is paler."""
    light = page(padded(rng.uniform(0.4, 0.9) * inks[0], rng, 0.2, 0.8), rng)
    width = max(2, round(rng.uniform(0.01, 0.07) * max(light.shape)))
    gap = rng.choice([0, 0, round(0.04 * max(light.shape))])  # most touch the edge of the picture
    light = np.pad(light, width, constant_values=rng.uniform(0, 0.1))
    return np.pad(light, gap, constant_values=light[width:-width, width:-width].max())


def canvas(inks: Sequence[Array], rng: Rng) -> Array:
    """White on black, 28x28, and nearly as large."""
    ink = padded(cropped(inks[0]), rng, 0.02, 0.1)
    room = max(0, ink.shape[0] - ink.shape[1])
    return in_size(np.pad(ink, ((0, 0), (room // 2, room - room // 2))), rng, 28, 28)


def board(inks: Sequence[Array], rng: Rng) -> Array:
    """White on black, on a page or in a window that is light."""
    dark = 1 - page(padded(inks[0], rng, 0.2, 0.6), rng)
    return np.pad(dark, round(rng.uniform(0.05, 0.3) * len(inks[0])), constant_values=rng.uniform(0.85, 1))


def rest_of_box(inks: Sequence[Array], rng: Rng) -> Array:
    """With what is left of a form's lines near some edges."""
    ink = padded(cropped(inks[0]), rng, 0.15, 0.4)
    thick, dark = rng.integers(1, 6), rng.uniform(0.4, 1)
    for side in rng.permutation(4)[: rng.integers(1, 4)]:
        ink = np.rot90(ink, side).copy()
        first = int(rng.uniform(0, 0.08) * len(inks[0]))
        ink[first : first + thick, : round(rng.uniform(0.3, 0.9) * ink.shape[1])] = dark
        ink = np.rot90(ink, -side)
    return page(ink, rng)


def row_of(inks: Sequence[Array], rng: Rng, slope: float = 0.0) -> Array:
    """Side by side, each a little higher or lower than the one before, and all of them on a slope."""
    height = round(np.median([ink.shape[0] for ink in inks]))
    inks = [resized(ink, height, max(3, round(ink.shape[1] * height / ink.shape[0]))) for ink in inks]
    gaps = (rng.uniform(0.1, 0.6, len(inks)) * height).astype(int)
    lefts = np.cumsum(gaps + np.array([0, *(ink.shape[1] for ink in inks[:-1])]))
    tops = slope * lefts + rng.uniform(0, 0.15, len(inks)) * height
    tops = (tops - tops.min()).astype(int)
    sheet = np.zeros((tops.max() + height, lefts[-1] + inks[-1].shape[1]))
    for ink, top, left in zip(inks, tops, lefts):
        window = sheet[top : top + height, left : left + ink.shape[1]]
        np.maximum(window, ink, out=window)
    return sheet


def sloping(inks: Sequence[Array], rng: Rng) -> Array:
    """Two lines of half the digits each, both on one slope."""
    half, slope = len(inks) // 2, rng.choice([-1, 1]) * rng.uniform(0.05, 0.25)
    small = [resized(ink, 60, max(6, round(60 * ink.shape[1] / ink.shape[0]))) for ink in map(cropped, inks)]
    rows = [row_of(small[part], rng, slope) for part in (slice(half), slice(half, None))]
    width, apart = max(row.shape[1] for row in rows), round(60 * rng.uniform(1.4, 2.2))
    sheet = np.zeros((apart + max(row.shape[0] for row in rows) + 1, width))
    for row, top in zip(rows, (0, apart)):
        window = sheet[top : top + row.shape[0], : row.shape[1]]
        np.maximum(window, row, out=window)
    return page(padded(sheet, rng, 0.1, 0.3), rng)


def lines(shape: tuple[int, ...], rng: Rng, spacing: float, thick: float, dark: float) -> Array:
    """Ruled lines as ink, turned a little."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    at = (y + np.tan(rng.uniform(-0.03, 0.03)) * x + rng.uniform(0, spacing)) % spacing
    return dark * clipped(thick / 2 + 0.5 - np.abs(at - spacing / 2))


def ruled(inks: Sequence[Array], rng: Rng) -> Array:
    """On ruled paper, whose lines the digits touch or cross, and which may be as dark as they."""
    ink = padded(cropped(inks[0]), rng, 0.2, 1.0)
    spacing = rng.uniform(0.8, 1.6) * inks[0].shape[0]
    drawn = lines(ink.shape, rng, spacing, rng.uniform(1, 3), rng.uniform(0.3, 0.9))
    return page(np.maximum(ink, drawn), rng)


def grid(inks: Sequence[Array], rng: Rng) -> Array:
    """On grid paper."""
    ink = padded(cropped(inks[0]), rng, 0.2, 1.0)
    spacing, thick, dark = (
        rng.uniform(0.2, 0.7) * inks[0].shape[0],
        rng.uniform(1, 2.5),
        rng.uniform(0.2, 0.7),
    )
    across = lines(ink.shape, rng, spacing, thick, dark)
    down = lines(ink.T.shape, rng, spacing, thick, dark).T
    return page(np.maximum(ink, np.maximum(across, down)), rng)


def boxed(inks: Sequence[Array], rng: Rng) -> Array:
    """In a box of a form, one of whose sides the digit touches, with a strip of the neighbours around it."""
    ink = cropped(inks[0])
    height, width = ink.shape
    thick, dark = rng.integers(2, 5), rng.uniform(0.5, 1)
    room = (rng.uniform(0.1, 0.4, 4) * height).astype(int)
    room[rng.integers(4)] = -thick // 2
    outside = int(rng.choice([0, 1]) * rng.uniform(0.05, 0.3) * height)
    above, below, left, right = np.maximum(room, 0) + thick + outside
    sheet = np.pad(ink, ((above, below), (left, right)))
    rows = (above - room[0] - thick, above + height + room[1])
    columns = (left - room[2] - thick, left + width + room[3])
    runs_on = rng.random() < 0.5  # the lines of a table go on beyond the box
    ends = (
        (slice(None), slice(None))
        if runs_on
        else (slice(rows[0], rows[1] + thick), slice(columns[0], columns[1] + thick))
    )
    for row in rows:
        sheet[max(row, 0) : max(row, 0) + thick, ends[1]] = np.maximum(
            sheet[max(row, 0) : max(row, 0) + thick, ends[1]], dark
        )
    for column in columns:
        sheet[ends[0], max(column, 0) : max(column, 0) + thick] = np.maximum(
            sheet[ends[0], max(column, 0) : max(column, 0) + thick], dark
        )
    return page(sheet, rng)


def comb(inks: Sequence[Array], rng: Rng) -> Array:
    """In a row of boxes, some of them touching its lines."""
    sheet = padded(row_of([cropped(ink) for ink in inks], rng), rng, 0.05, 0.15)
    height, width = sheet.shape
    thick, dark = 2, rng.uniform(0.4, 0.9)
    sheet[[0, 1, -2, -1]] = dark
    free = np.flatnonzero(sheet[2:-2].max(axis=0) < 0.1)
    middles = [part[len(part) // 2] for part in np.split(free, np.flatnonzero(np.diff(free) > 1) + 1)]
    for column in [0, *middles[1:-1], width - thick]:
        sheet[:, column : column + thick] = dark
    return page(np.pad(sheet, int(rng.uniform(0.1, 0.4) * height)), rng)


def desk(inks: Sequence[Array], rng: Rng, cut: bool = False, wood: bool = False) -> Array:
    """A sheet of paper, seen a little from the side, on a dark desk; with a shadow over both."""
    paper = on_paper(padded(inks[0], rng, 0.4, 1.2), rng)
    height, width = paper.shape
    bottom, right = (round(side * rng.uniform(1.25, 1.8)) for side in (height, width))
    table = rng.uniform(0.05, 0.4) * np.ones((bottom, right))
    if wood:
        table *= 1 + 0.35 * np.sin(
            np.mgrid[:bottom, :right][0] / rng.uniform(3, 15) + 3 * resized(rng.random((5, 5)), bottom, right)
        )
    top, left = ((room - side) / 2 for room, side in ((bottom, height), (right, width)))
    if cut:  # the sheet goes on beyond two edges of the picture
        top, left = -0.03 * height, -0.03 * width
    corners = np.array([(left, top), (left, top + height), (left + width, top + height), (left + width, top)])
    turn = np.radians(rng.uniform(-12, 12))
    middle = corners.mean(axis=0)
    corners = (corners - middle) @ np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    ) + middle
    corners += rng.uniform(-0.06, 0.06, (4, 2)) * [width, height]
    seen = _projected(paper, corners, (bottom, right))
    light = np.where(seen >= 0, seen, table)
    light = shadow(light, rng) if rng.random() < 0.5 else gradient(light, rng)
    return clipped(light + rng.normal(0, 0.015, light.shape))


def _projected(paper: Array, corners: Array, shape: tuple[int, int]) -> Array:
    """The paper with its corners (upper left, lower left, lower right, upper right) there; -1 outside."""
    height, width = paper.shape
    sources = [(0, 0), (0, height), (width, height), (width, 0)]
    rows = []
    for (x, y), (u, v) in zip(corners, sources):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    numbers = np.linalg.solve(np.array(rows), np.array(sources, float).ravel())
    image = Image.fromarray(paper.astype(np.float32)).transform(
        shape[::-1], Image.Transform.PERSPECTIVE, numbers.tolist(), Image.Resampling.BILINEAR, fillcolor=-1
    )
    return np.asarray(image)


def words(inks: Sequence[Array], rng: Rng) -> Array:
    """With a printed line of text above or below."""
    ink = padded(inks[0], rng, 0.2, 0.5)
    font = ImageFont.load_default(float(rng.uniform(0.12, 0.3) * inks[0].shape[0]))
    text = rng.choice(["Name:", "Total", "please write here", "Seite", "No.", "sum of all items", "digit"])
    strip = Image.new("L", (ink.shape[1], round(0.5 * inks[0].shape[0])))
    ImageDraw.Draw(strip).text((3, 3), str(text), fill=255, font=font)
    parts = [np.asarray(strip) / 255, ink]
    return page(np.vstack(parts[:: rng.choice([-1, 1])]), rng)


def neighbours(inks: Sequence[Array], rng: Rng) -> Array:
    """The first digit, and pieces of two others at the picture's sides."""
    height = inks[0].shape[0]
    left, middle, right = (
        resized(ink, height, max(3, round(ink.shape[1] * height / ink.shape[0])))
        for ink in map(cropped, inks)
    )
    shares = (max(1, round(rng.uniform(0.05, 0.45) * ink.shape[1])) for ink in (left, right))
    gaps = [np.zeros((height, round(rng.uniform(0.15, 0.4) * height))) for _ in range(2)]
    row = np.hstack([left[:, -next(shares) :], gaps[0], middle, gaps[1], right[:, : next(shares)]])
    return page(np.pad(row, ((height // 4, height // 4), (0, 0))), rng)


@dataclass(frozen=True)
class Kind:
    """What a row of the table is made of: a scene, of digits by a pen of some width or of a data set
    (`pens` None), drawn in `ways` of their own; how many there are on a picture, and which alone is to be
    read (None: all).
    """

    scene: Scene
    pens: tuple[float, float] | None = None
    ways: dict[int, list[str]] | None = None
    digits: int = 1
    only: int | None = None


FINE, USUAL, THICK = (0.02, 0.05), (0.05, 0.11), (0.13, 0.22)

CHOSEN_ON: dict[str, Kind] = {
    "cut out tightly, small": Kind(tight),
    "cut out tightly, broken": Kind(tight_broken),
    "at an edge, broken": Kind(at_an_edge),
    "broken": Kind(one(broken)),
    "pale": Kind(one(pale)),
    "a black frame": Kind(framed),
    "two lines that slope": Kind(sloping, digits=8),
    "ruled paper": Kind(ruled),
    "grid paper": Kind(grid),
    "a box of a form": Kind(boxed),
    "the rest of a box": Kind(rest_of_box),
    "a sheet on a desk": Kind(desk),
    "a board in a light frame": Kind(board),
    "a printed word": Kind(words),
    "pieces of neighbours": Kind(neighbours, digits=3, only=1),
    "drawn, fine pen": Kind(one(lambda ink, rng: ink), FINE),
    "drawn, thick pen": Kind(one(lambda ink, rng: ink), THICK),
    "drawn, white on black, 28x28": Kind(canvas, USUAL),
    "drawn, 1 with a flag": Kind(one(lambda ink, rng: ink), USUAL, FLAGS),
}
HELD_OUT: dict[str, Kind] = {
    "drawn, cut out tightly": Kind(tight, USUAL),
    "drawn, at an edge, broken": Kind(at_an_edge, USUAL),
    "drawn, broken, pale": Kind(one(lambda ink, rng: pale(broken(ink, rng), rng)), USUAL),
    "drawn, a black frame": Kind(framed, USUAL),
    "drawn, ruled paper": Kind(ruled, FINE),
    "drawn, grid paper": Kind(grid, USUAL),
    "drawn, a row of boxes": Kind(comb, USUAL, digits=4),
    "drawn, a sheet on a wooden desk": Kind(lambda inks, rng: desk(inks, rng, wood=True), USUAL),
    "a sheet that two edges cut": Kind(lambda inks, rng: desk(inks, rng, cut=True)),
    "two lines, noise, JPEG": Kind(lambda inks, rng: jpeg(noise(sloping(inks, rng), rng), rng), digits=8),
    "drawn, 1 with a flag and a foot": Kind(one(lambda ink, rng: ink), USUAL, FEET),
    "drawn, 7 with a bar": Kind(one(lambda ink, rng: ink), USUAL, CROSSED),
}


def scenes(
    kind: Kind, images: Array, labels: Array, count: int, seed: int
) -> Iterator[tuple[Image.Image, list[int]]]:
    """So many pictures of a kind, each with the digits that are to be read on it, in reading order."""
    if kind.pens:
        digits = penned(count * kind.digits, seed, kind.pens, kind.ways)
    else:
        rng = np.random.default_rng(seed)
        digits = ((enlarged(image / 255, rng), int(label)) for image, label in zip(images, labels))
    for number in range(count):
        some = [next(digits) for _ in range(kind.digits)]
        light = kind.scene([ink for ink, _ in some], np.random.default_rng([seed, number]))
        yield grey(light), [label for k, (_, label) in enumerate(some) if kind.only in (None, k)]

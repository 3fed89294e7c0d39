"""Pictures of a trained network, for a paper: what it confuses, its worst mistakes, its first weights, its
calibration. The values are those that a report shows; here matplotlib draws them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli.errors import NnbpError, printable
from nnbp_cli.evaluation.predictions import MAX_DIGITS_SHOWN, Predictions, format_confidence
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.convolution import Convolution
from nnbp_cli.plots.picture import picture
from nnbp_cli.system.reporter import Note

COLUMNS = 10  # pictures side by side
MAX_NEURONS_SHOWN = 100  # of the first layer
MAX_MATRIX_SIDE = 13  # inches
DIGIT_WIDTH = 0.62  # of its height
MIN_LETTERING = 4  # points
MAX_NAME = 14  # characters of the name of a class


@dataclass(frozen=True)
class FirstWeights:
    """The first of `neurons` rows of W, (shown, pixels), pictures of `shape`: as large as the images, or as
    the kernels of a convolution, whose `neurons` are its maps. A weight of `full_color` or more has the full
    colour: few are larger, and those would leave no colour for the others.
    """

    W: Array
    shape: tuple[int, int]
    neurons: int
    full_color: float

    @staticmethod
    def of(learned: Weights, limit: int = MAX_NEURONS_SHOWN) -> FirstWeights:
        """The weights of the first layer, of `limit` neurons or maps at most."""
        first, W = learned.network.layers[0], learned.params.layers[0][0]
        shape = (first.kernel, first.kernel) if isinstance(first, Convolution) else learned.shape
        shown = W[:limit].reshape(-1, prod(shape))
        full_color = float(np.quantile(np.abs(shown), 0.995)) or 1.0
        return FirstWeights(shown, shape, len(W), full_color)


def confusion(predictions: Predictions, path: Path, note: Note = str) -> None:
    """Counts of true x predicted class; the more common a mistake, the darker."""
    counts, names = predictions.score.confusion, predictions.classes
    side = min(max(3.2, 0.42 * len(counts)), MAX_MATRIX_SIDE)
    cell = 72 * side / len(counts)  # points
    size = min(7, cell / (DIGIT_WIDTH * len(str(counts.max()))))
    step = ceil(MIN_LETTERING / cell)
    with picture(path, side + 0.4, side, note) as figure:
        axes = figure.add_subplot()
        axes.imshow(predictions.score.heat, cmap="Reds", vmin=0, vmax=1.4)
        for true, predicted in np.argwhere(counts) if size >= MIN_LETTERING else ():
            weight = "bold" if true == predicted else "normal"
            count = str(counts[true, predicted])
            axes.text(predicted, true, count, ha="center", va="center", size=size, weight=weight)
        axes.set(xlabel="what the network said", ylabel="true class")
        ticks, shown = range(0, len(names), step), [_short(name) for name in names[::step]]
        rotation = 90 if max(map(len, shown)) > 2 else 0
        lettering: Any = {"size": min(9, max(MIN_LETTERING, step * cell)), "parse_math": False}
        axes.set_xticks(ticks, shown, rotation=rotation, **lettering)
        axes.set_yticks(ticks, shown, **lettering)
        axes.tick_params(length=0)


def _short(name: str) -> str:
    """A name that does not take the place of the picture."""
    return printable(
        name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    )


def mistakes(predictions: Predictions, path: Path, note: Note = str) -> None:
    """The wrong answers that the network was surest of: what it said, how surely, what is right."""
    worst = predictions.worst_mistakes(MAX_DIGITS_SHOWN)
    if not len(worst):
        raise NnbpError(f"{path}: there are no mistakes to draw; choose another figure with --what")
    rows, columns = ceil(len(worst) / COLUMNS), min(COLUMNS, len(worst))
    images, labels = predictions.split.images.reshape(-1, *predictions.shape), predictions.split.labels
    with picture(path, 0.85 * columns, 1.12 * rows, note) as figure:
        for place, k in enumerate(worst, start=1):
            axes = figure.add_subplot(rows, columns, place)
            axes.imshow(images[k], cmap="gray_r", vmin=0, vmax=255)
            sure = format_confidence(predictions.confidence[k], predictions.is_probability)
            said, true = (_short(predictions.classes[each]) for each in (predictions.predicted[k], labels[k]))
            between = ", " if len(said) <= 3 else "\n"
            axes.set_title(f"{said}{between}{sure}\nis {true}", size=7, parse_math=False)
            axes.axis("off")
            axes.set_anchor("N")


def weights(learned: Weights, path: Path) -> None:
    """The weights of each neuron or map of the first layer: ink on red raises z, ink on blue lowers it."""
    first = FirstWeights.of(learned)
    rows, columns = ceil(len(first.W) / COLUMNS), min(COLUMNS, len(first.W))
    limit = first.full_color
    with picture(path, 0.75 * columns + 0.9, max(1.5, 0.75 * rows)) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, w in zip(grid.flat, first.W):
            image = axes.imshow(w.reshape(first.shape), cmap="RdBu_r", vmin=-limit, vmax=limit)
        for axes in grid.flat:
            axes.axis("off")
        figure.colorbar(image, ax=grid, label="weight", shrink=min(1.0, 3 / rows), aspect=15)


def reliability(predictions: Predictions, path: Path, note: Note = str) -> None:
    """How often answers are right by how sure the network was, and how many they are."""
    bins = predictions.calibration
    if not bins:
        raise NnbpError(f"{path}: no calibration: the outputs of this network are not shares from 0 to 1; "
                        "choose another figure with --what")  # fmt: skip
    width = 1 / len(bins.counts)
    centers, some = bins.edges[:-1] + width / 2, bins.counts > 0
    with picture(path, 4.2, 4.6, note) as figure:
        above, below = figure.subplots(2, sharex=True, height_ratios=(4, 1))
        above.bar(centers[some], bins.accuracy[some], 0.9 * width, alpha=0.6, label="right")
        above.plot(bins.confidence[some], bins.accuracy[some], "o", color="C3", ms=4, label="mean sureness")
        above.plot([0, 1], [0, 1], ":", color="gray", label="as sure as right")
        above.set(ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.03))
        above.set_title(f"expected calibration error {bins.error:.2%}", size=9)
        above.legend(frameon=False)
        below.bar(centers, bins.counts, 0.9 * width, color="gray")
        below.set(xlabel="how sure the network was", ylabel="answers", yscale="symlog")
        for axes in (above, below):
            axes.spines[["top", "right"]].set_visible(False)

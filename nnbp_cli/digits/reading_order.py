"""Reading order: from the top, from left to right, on lines that are chains of neighbours on any slope."""

import numpy as np

from nnbp_cli.digits.components import Component

BESIDE = 0.4  # of the lower one's height that two share: then they are in one line


def in_reading_order(parts: list[Component]) -> list[Component]:
    """Line by line. A part goes on the line whose last part it is most beside; lines are ordered by their
    height on the slope that most neighbours have.
    """
    lines: list[list[Component]] = []
    slopes = []
    for part in sorted(parts, key=lambda part: part.left):
        line = max(lines, key=lambda line: _beside(line[-1], part), default=[])
        if line and _beside(line[-1], part) > BESIDE:
            (x, y), (next_x, next_y) = _middle(line[-1]), _middle(part)
            slopes.append((next_y - y) / max(1, next_x - x))
            line.append(part)
        else:
            lines.append([part])
    slope = np.median(slopes) if slopes else 0

    def height(line: list[Component]) -> float:
        return float(np.mean([y - slope * x for x, y in map(_middle, line)]))

    return [part for line in sorted(lines, key=height) for part in line]


def _beside(one: Component, other: Component) -> float:
    """The share of the lower one's height that is beside the other; negative for one above the other."""
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared / min(one.height, other.height)


def _middle(part: Component) -> tuple[float, float]:
    return (part.left + part.right) / 2, (part.top + part.bottom) / 2

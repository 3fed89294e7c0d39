"""The ten digits as somebody might draw them: strokes of points, from (0, 0), upper left, to (1, 1)."""

from math import cos, pi, sin

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, across: float, up: float, start: float, end: float) -> Stroke:
    """Part of an ellipse around (x, y): angles in half turns, clockwise from the right."""
    angles = [pi * (start + (end - start) * k / 10) for k in range(11)]
    return [(x + across * cos(angle), y + up * sin(angle)) for angle in angles]


DIGITS: dict[int, list[Stroke]] = {
    0: [arc(0.5, 0.5, 0.2, 0.3, -0.5, 1.55)],
    1: [[(0.53, 0.18), (0.5, 0.5), (0.47, 0.82)]],
    2: [[*arc(0.5, 0.34, 0.19, 0.16, -0.95, 0.2), (0.33, 0.78), (0.5, 0.76), (0.72, 0.79)]],
    3: [arc(0.48, 0.33, 0.17, 0.15, -0.9, 0.45) + arc(0.48, 0.65, 0.2, 0.18, -0.45, 0.85)],
    4: [[(0.36, 0.2), (0.3, 0.52), (0.68, 0.52)], [(0.64, 0.2), (0.62, 0.5), (0.58, 0.82)]],
    5: [[(0.68, 0.2), (0.4, 0.2), (0.37, 0.46), *arc(0.47, 0.62, 0.19, 0.19, -0.6, 0.8)]],
    6: [[(0.6, 0.16), (0.44, 0.34), (0.37, 0.55), *arc(0.5, 0.66, 0.14, 0.15, -1.0, 1.0)]],
    7: [[(0.3, 0.22), (0.5, 0.22), (0.7, 0.22), (0.58, 0.5), (0.48, 0.82)]],
    8: [
        arc(0.5, 0.34, 0.14, 0.14, 0.5, -1.0)
        + arc(0.5, 0.34, 0.14, 0.14, -1.0, -1.5)
        + arc(0.5, 0.66, 0.17, 0.17, -0.5, 1.5)
    ],
    9: [[*arc(0.5, 0.36, 0.16, 0.16, 0.0, -2.0), (0.65, 0.4), (0.63, 0.6), (0.58, 0.83)]],
}

"""A curve in a few characters, for the end of a line."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"  # from the lowest value to the highest
MOST = 20  # values that are shown: the last ones


def sparkline(values: Sequence[float]) -> str:
    """A bar for each of the last values; nothing of fewer than two."""
    shown = values[-MOST:]
    if len(shown) < 2:
        return ""
    low, room = min(shown), max(shown) - min(shown)
    return "".join(BARS[round((value - low) / room * (len(BARS) - 1)) if room else 0] for value in shown)

"""Figures as a report writes them."""

from __future__ import annotations

MISSING = "\N{EM DASH}"


def percent(share: float | None, digits: int = 2) -> str:
    """A share from 0 to 1, in percent."""
    return MISSING if share is None else f"{share:.{digits}%}"


def seconds(value: float | None) -> str:
    """A time, with hours and minutes where there are any."""
    if value is None:
        return MISSING
    if value < 120:
        return f"{value:.1f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"

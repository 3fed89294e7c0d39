"""Figures as a report writes them."""

from __future__ import annotations

MISSING = "\N{EM DASH}"


def percent(share: float | None, digits: int = 2) -> str:
    """A share from 0 to 1, in percent."""
    return MISSING if share is None else f"{share:.{digits}%}"


def how_sure(sureness: float, shares: bool) -> str:
    """An output: in percent where it is a share, never more than is known; else as it is."""
    if not shares:
        return f"{sureness:.2f}"
    return f"{min(sureness, 0.9999):.2%}" if sureness > 0.9995 else f"{sureness:.1%}"


def seconds(value: float | None) -> str:
    """A time, with hours and minutes where there are any."""
    if value is None:
        return MISSING
    if value < 120:
        return f"{value:.1f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"

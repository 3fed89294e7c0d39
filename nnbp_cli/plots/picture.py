"""A picture that becomes a file, of a kind that its name says."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nnbp_cli import files
from nnbp_cli.errors import ConfigError, NnbpError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")


def check_drawable(path: Path) -> None:
    """Raise NnbpError unless a picture can be drawn, and `path` names one of a known kind."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: not a picture that is drawn here; name a .png, .svg or .pdf file")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise NnbpError("nnbp plot: needs matplotlib; pip install 'nnbp-cli[plot]'") from None


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches to draw on, which becomes the file `path` when the block ends well. Raises
    NnbpError as `files.write` does.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # Text stays text in an SVG, and the same values give the same file.
    with (
        rc_context({"svg.fonttype": "none", "svg.hashsalt": "nnbp", "font.size": 9}),
        warnings.catch_warnings(action="ignore", category=UserWarning),  # a letter that the font has not
    ):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        content = io.BytesIO()
        suffix = path.suffix.lower()[1:]
        dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix, {})
        figure.savefig(content, format=suffix, dpi=150, metadata=dateless)
    files.write(path, content.getvalue())

"""A picture that becomes a file, of a kind that its name says."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nnbp_cli import __version__
from nnbp_cli.errors import NnbpError
from nnbp_cli.outputs import Output, signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGNATURE = f"nnbp plot {__version__}"  # in the metadata of each picture

OUTPUT = Output(
    "a plot",
    {
        ".png": signed(rb"\x89PNG.*tEXtSoftware\0nnbp plot "),
        ".svg": signed(rb"<\?xml.*<dc:title>nnbp plot "),
        ".pdf": signed(rb"%PDF-.*/Creator \(nnbp plot "),
    },
    "name another file with -o",
)


def check_drawable(path: Path) -> None:
    """Raise NnbpError unless a picture can be drawn, and be written to `path`."""
    OUTPUT.check(path)
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise NnbpError("nnbp plot: needs matplotlib; pip install 'nnbp-cli[plot]'") from None


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches to draw on, which becomes the file `path` when the block ends well. Raises
    NnbpError as `Output.write` does.
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
        metadata = {
            "png": {"Software": SIGNATURE},
            "svg": {"Creator": SIGNATURE, "Date": None},
            "pdf": {"Creator": SIGNATURE, "CreationDate": None},
        }[suffix]
        figure.savefig(content, format=suffix, dpi=150, metadata=metadata)
    OUTPUT.write(path, content.getvalue())

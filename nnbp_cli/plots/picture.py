"""A picture that becomes a file, of a kind that its name says.

matplotlib draws it with its own settings: the same values give the same picture, whatever style files,
backend and fonts somebody has chosen for other programs.
"""

from __future__ import annotations

import io
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnbp_cli import __version__
from nnbp_cli.errors import NnbpError
from nnbp_cli.system.outputs import Output, signed
from nnbp_cli.system.reporter import Note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGNATURE = f"nnbp plot {__version__}"  # in the metadata of each picture
# Where the first lacks a letter of a name, such as all Chinese ones, the next that is installed has it.
FONTS = (
    "DejaVu Sans",
    *(f"Noto Sans CJK {where}" for where in ("SC", "TC", "JP", "KR")),
    *("Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "Arial Unicode MS"),
)
MAX_LETTERS = 20  # that are named
LACKING = re.compile(r"Glyph (\d+) .* missing from")  # what matplotlib warns of

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
        with _no_settings_of_the_user():
            import matplotlib.figure  # noqa: F401
    except ImportError:
        raise NnbpError("nnbp plot: needs matplotlib; pip install 'nnbp-cli[plot]'") from None
    except Exception as error:  # a matplotlibrc here, which it reads whatever it is told, may raise anything
        why = str(error).partition("\n")[0]
        raise NnbpError(
            f"nnbp plot: matplotlib does not start: {why}; remove the matplotlibrc here, or set MPLCONFIGDIR"
        ) from error


@contextmanager
def _no_settings_of_the_user() -> Iterator[None]:
    """While matplotlib is imported: without what it would read of style files and say about them, and without
    the backend of a notebook, which may not be there. None is needed to draw into a file.
    """
    logging.getLogger("matplotlib").addHandler(logging.NullHandler())  # else its warnings go to stderr
    chosen = {name: os.environ.pop(name, None) for name in ("MPLBACKEND", "MATPLOTLIBRC")}
    os.environ["MATPLOTLIBRC"] = os.devnull
    try:
        yield
    finally:
        del os.environ["MATPLOTLIBRC"]
        os.environ.update({name: value for name, value in chosen.items() if value is not None})


@contextmanager
def picture(path: Path, width: float, height: float, note: Note = str) -> Iterator[Figure]:
    """A figure of so many inches to draw on, which becomes the file `path` when the block ends well. `note`
    is told of letters that no font has. Raises NnbpError as `Output.write` does.
    """
    from matplotlib import font_manager, rc_context, rcParamsDefault
    from matplotlib.figure import Figure

    # Text stays text in an SVG, and the same values give the same file.
    settings: dict[Any, Any] = {name: rcParamsDefault[name] for name in rcParamsDefault if name != "backend"}
    installed = font_manager.get_font_names()  # matplotlib looks for others anew at each size
    fonts = [name for name in FONTS if name in installed]
    settings |= {"svg.fonttype": "none", "svg.hashsalt": "nnbp", "font.size": 9, "font.family": fonts}
    with (
        warnings.catch_warnings(action="always", record=True) as warned,  # also of a setting that will go
        rc_context(settings),
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
        try:
            figure.savefig(content, format=suffix, dpi=150, metadata=metadata)
        except (OSError, RuntimeError) as error:
            why = str(error).partition("\n")[0]
            raise NnbpError(
                f"{path}: a font cannot be read: {why}; remove matplotlib's font cache"
            ) from error
    OUTPUT.write(path, content.getvalue())
    lacking = {int(found[1]) for each in warned if (found := LACKING.match(str(each.message)))}
    if lacking and suffix != "svg":  # whose text stays text
        letters = "".join(map(chr, sorted(lacking)[:MAX_LETTERS]))
        note(f"{path}: no font here has {letters}, drawn as boxes; install one, such as Noto Sans CJK")

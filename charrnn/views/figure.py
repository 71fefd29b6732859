"""What every picture shares: a size in pixels, short labels, and Matplotlib without a display."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.runs.atomic import write_atomically
from charrnn.runs.outputs import check_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PNG, _SVG = ".png", ".svg"
_FORMS = (_PNG, _SVG)
_DPI = 150
_FONT_WARNINGS = "Glyph .* missing|Matplotlib currently does not support"  # a script
_LONGEST_TITLE = 90  # characters in a line


@contextlib.contextmanager
def use_defaults() -> Iterator[None]:
    """Use Matplotlib's own settings whatever the user's are, and keep quiet about fonts.

    A character of a script that the font lacks is drawn as a box.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", _FONT_WARNINGS, UserWarning)
        mpl.rcdefaults()
        mpl.rcParams["svg.hashsalt"] = "charrnn"  # so that one picture is one file
        yield


def check_form(path: Path, keyword: str = "out") -> None:
    """Raise unless a picture can be written to a path: by its ending, its folder, and what it is.

    Args:
        path: where.
        keyword: what it is given as.

    Raises:
        UsageError: it can't.
    """
    check_output(path, _FORMS, keyword)


def write_picture(path: Path, figure: "Figure") -> None:
    """Write a figure to `path`, whole or not at all: SVG if its ending says so, else PNG.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    content = io.BytesIO()
    if path.suffix.lower() == _SVG:
        FigureCanvasSVG(figure)
        figure.savefig(content, format="svg", metadata={"Date": None})
    else:
        FigureCanvasAgg(figure)
        figure.savefig(content, format="png", dpi=_DPI)
    write_atomically(path, content.getbuffer())


def shorten_title(text: str) -> str:
    """A title whose lines fit above a figure."""
    return "\n".join(shorten_label(line, _LONGEST_TITLE) for line in text.splitlines())


def shorten_label(text: str, longest: int) -> str:
    """A text that every font can take: short, with a sign for each invisible character."""
    shown = "".join(character if character.isprintable() else "�" for character in text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"

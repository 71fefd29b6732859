"""What every picture shares: a size in pixels, short labels, and Matplotlib without a display."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.runs.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
        yield


def write_png(path: Path, figure: "Figure") -> None:
    """Write a figure to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    content = io.BytesIO()
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

"""What every picture shares: labels that fit, the user's settings untouched, and no display."""

import subprocess
import sys
from pathlib import Path

import pytest

from charrnn.errors import UsageError
from charrnn.views.curves import write_curves
from charrnn.views.figure import check_form, shorten_label, shorten_title
from tests.support.messages import catch_message
from tests.support.networks import MakeRun
from tests.support.pictures import LANGUAGE


def test_user_settings_are_left_alone(tmp_path: Path) -> None:
    """A user's own Matplotlib settings neither change the picture nor are changed by it."""
    import matplotlib as mpl

    plain, own = tmp_path / "plain.png", tmp_path / "own.png"
    write_curves(plain, LANGUAGE)
    with mpl.rc_context({"lines.linewidth": 9, "savefig.bbox": "tight"}):
        write_curves(own, LANGUAGE)
        assert mpl.rcParams["lines.linewidth"] == 9
    assert own.read_bytes() == plain.read_bytes()


def test_where_a_picture_can_be_written(tmp_path: Path) -> None:
    """A PNG or an SVG, in a folder that is there: the error says so before anything is computed."""
    for name in ("a.png", "a.svg", "b.c.PNG"):
        check_form(tmp_path / name)
    for name in ("a.jpg", "a", "png", "a.png.gz"):
        message = catch_message(UsageError, lambda name=name: check_form(tmp_path / name))  # type: ignore[misc]
        assert message == f"`out` must end in .png or .svg, not {name}"
    with pytest.raises(UsageError, match=r"there is no folder nowhere to write a\.png into"):
        check_form(Path("nowhere/a.png"))


def test_a_network_is_no_place_for_a_picture(make_run: MakeRun) -> None:
    """A checkpoint that is called like a picture is not written over; an older picture is."""
    path = make_run().rename("a.png")
    message = catch_message(UsageError, lambda: check_form(path, "plot"))
    assert message == "a.png holds a network, which is not replaced: give another `plot`"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    check_form(path)


@pytest.mark.slow
def test_no_display_is_needed(tmp_path: Path) -> None:
    """Drawing never loads pyplot, which would look for a display."""
    code = (
        "import sys, pathlib\n"
        "from charrnn.runs.history import EpochResult\n"
        "from charrnn.views.curves import write_curves\n"
        "assert 'matplotlib' not in sys.modules\n"
        "write_curves(pathlib.Path(sys.argv[1]), [EpochResult(1, 1.0, 1.0, 1.0)])\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    words = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "a.png")]
    done = subprocess.run(words, capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    assert (tmp_path / "a.png").exists()


@pytest.mark.parametrize(
    ("text", "longest", "label"),
    [
        ("film", 4, "film"),
        ("films", 4, "fil…"),
        ("a\x00b", 9, "a\N{REPLACEMENT CHARACTER}b"),
        ("a\nb", 9, "a\N{REPLACEMENT CHARACTER}b"),
        ("\ud800", 9, "\N{REPLACEMENT CHARACTER}"),
        ("", 9, ""),
    ],
)
def test_a_label_is_short_and_visible(text: str, longest: int, label: str) -> None:
    """A label has at most so many characters, and a sign for each that can't be seen."""
    assert shorten_label(text, longest) == label


def test_each_line_of_a_title_fits() -> None:
    """A title keeps its lines, each short enough to fit above a figure."""
    first, second = shorten_title("x" * 300 + "\nsecond").splitlines()
    assert first == "x" * 89 + "…"
    assert second == "second"

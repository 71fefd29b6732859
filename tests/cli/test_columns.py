"""Tables of plain text, and sizes and times in words."""

import pytest

from charrnn.cli.columns import align, format_age, format_size

COLUMNS = {"name": ["a", "水の夢"], "number": ["1", "1,000"], "note": ["", "x"]}


def test_text_stands_left_and_figures_right() -> None:
    """Each column is as wide as its widest cell; East Asian characters take two places."""
    assert align(COLUMNS, ("name", "note")) == [
        "name    number  note",
        "a            1",
        "水の夢   1,000  x",
    ]


def test_columns_go_in_order_until_a_line_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a narrow terminal the columns that matter least are left out, and no figure is cut."""

    def list_names(room: float) -> list[str]:
        monkeypatch.setattr("charrnn.cli.columns.measure_room", lambda: room)
        return align(COLUMNS, ("name", "note"), ("note", "number"))[0].split()

    assert list_names(20) == ["name", "number", "note"]
    assert list_names(19) == ["name", "number"]
    assert list_names(13) == ["name"]
    assert list_names(1) == ["name"]


def test_a_cell_is_one_line() -> None:
    """What would break a row, or be obeyed by a terminal, stands in it by its number."""
    assert align({"name": ["a\nb", "\x1bc\t"], "n": ["1", "2"]}, ("name",)) == [
        "name           n",
        "a\\u000ab       1",
        "\\u001bc\\u0009  2",
    ]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (37_200_000, "37.2 MB"),
        (2_100_000_000, "2.1 GB"),
        (10**12, "1.0 TB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    """A size has one decimal, in the unit that leaves it below a thousand."""
    assert format_size(size) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s ago"),
        (0, "0 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "1 day ago"),
        (10**8, "1157 days ago"),
    ],
)
def test_ages(seconds: float, shown: str) -> None:
    """A time is told in the largest unit that has passed; a clock set back shows none."""
    assert format_age(seconds) == shown

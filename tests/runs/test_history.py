"""history.csv: what the epochs ended with, for the program and for anyone to read."""

import contextlib
import csv
import math
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import RunError
from charrnn.runs.history import EpochResult, find_best, format_number, read_history, write_history
from tests.support.messages import catch_message

FILE = Path("history.csv")
LOSSES = st.floats(0, 1000)
RESULTS = st.lists(st.tuples(LOSSES, st.none() | LOSSES, st.floats(0, 10**6)), max_size=12).map(
    lambda rows: [EpochResult(epoch, *row) for epoch, row in enumerate(rows, 1)]
)


@settings(deadline=None)
@given(written=RESULTS)
def test_history_is_read_as_it_was_written(written: list[EpochResult]) -> None:
    """Losses come back to the last bit, None as None, and times to a hundredth of a second."""
    write_history(FILE, written)
    read = read_history(FILE)
    assert [(r.epoch, r.train_loss, r.validation_loss) for r in read] == [
        (w.epoch, w.train_loss, w.validation_loss) for w in written
    ]
    assert [r.seconds for r in read] == pytest.approx([w.seconds for w in written], abs=0.0051)


@settings(deadline=None)
@given(written=RESULTS)
def test_history_can_be_read_by_anyone(written: list[EpochResult]) -> None:
    """Each row has the perplexity, exp of the loss, and a mark if it beat all before it."""
    write_history(FILE, written)
    with FILE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lowest = math.inf
    for row in rows:
        loss = float(row["validation_loss"] or row["train_loss"])
        assert row["best"] == ("yes" if loss < lowest else "")
        lowest = min(lowest, loss)
        expected = math.exp(loss) if loss < 700 else math.inf
        assert float(row["perplexity"]) == pytest.approx(expected, rel=1e-12, abs=5.1e-5)
    assert len(rows) == len(written)


def test_accuracies_come_back() -> None:
    """A classifier's history has accuracies in the perplexity's place."""
    written = [
        EpochResult(1, 0.75, 0.5, 1.0, 0.5, 0.625, 20_000),
        EpochResult(2, 0.5, None, 1.0, 1.0),
    ]
    write_history(FILE, written)
    assert FILE.read_text().splitlines()[0] == (
        "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,read,seconds,best"
    )
    assert read_history(FILE) == written


def test_a_history_without_what_was_read_is_read() -> None:
    """Earlier versions did not note how much an epoch trained on."""
    FILE.write_text(GOOD)
    assert read_history(FILE)[0].read is None
    FILE.write_text(READ)
    assert read_history(FILE)[0].read == 900


def test_infinity_and_nan_are_kept() -> None:
    """Infinite losses and NaN are written and read as what they are."""
    write_history(FILE, [EpochResult(1, math.inf, math.nan, 1.0)])
    (read,) = read_history(FILE)
    assert math.isinf(read.train_loss)
    assert read.validation_loss is not None
    assert math.isnan(read.validation_loss)
    assert read.perplexity == math.inf


def test_no_history_is_an_empty_one() -> None:
    """A run without a history file has no results."""
    assert read_history(FILE) == []


def test_the_best_of_equals_is_the_earliest() -> None:
    """Of two epochs with the same loss the earlier wins: it has memorized less."""
    losses = [2.0, 1.5, 1.5]
    results = [EpochResult(epoch, -loss, loss, 1.0) for epoch, loss in enumerate(losses, 1)]
    assert find_best(results).epoch == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.23456, "1.2346"),
        (0.0, "0.0000"),
        (123456.789, "123456.7890"),
        (999_999.0, "999999.0000"),
        (1e6, "1.0e+06"),
        (2.34e30, "2.3e+30"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_number_that_has_exploded_is_short(value: float, shown: str) -> None:
    """Losses have four decimals; from a million on they are written as a power of ten."""
    assert format_number(value) == shown
    assert format_number(1.23456, decimals=2) == "1.23"


READ = "epoch,train_loss,validation_loss,perplexity,read,seconds,best\n1,2.5,2.25,9.4,900,1.00,\n"
GOOD = "epoch,train_loss,validation_loss,perplexity,seconds,best\n1,2.5,2.25,9.4877,1.00,yes\n"


def test_the_undamaged_history_is_read() -> None:
    """The content that the next test damages is a whole history."""
    FILE.write_text(GOOD)
    assert read_history(FILE) == [EpochResult(1, 2.5, 2.25, 1.0)]


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("epoch", "era"),
        GOOD.replace("2.5", "low"),
        GOOD.replace("1,2.5", "one,2.5"),
        GOOD.replace(",2.25,9.4877,1.00,yes", ""),
        GOOD.replace("train_loss,", ""),
        GOOD + "2,",
        GOOD + "\0\0\0\0\0\0\0\0",
        GOOD + "x" * 200_000,
        GOOD + '"' + "1," * 100_000,
        GOOD + "2," * 300,
        GOOD + "1,0,0,,0,\n" * 2**17,
        GOOD.replace("1,2.5", "0,2.5"),
        GOOD.replace("1,2.5", "-1,2.5"),
        GOOD.replace("1,2.5", f"{10**30},2.5"),
        GOOD.replace("1,2.5", "9" * 5_000 + ",2.5"),
        GOOD.replace("1.00", "inf"),
        GOOD.replace("1.00", "nan"),
        GOOD.replace("1.00", "-1"),
        GOOD.replace("1.00", "1e999"),
        READ.replace("900", "-1"),
        READ.replace("900", "9.5"),
        READ.replace("900", str(2**63)),
    ],
)
def test_a_damaged_history_is_an_error_of_ours(content: str) -> None:
    """A history that is cut off, edited or overwritten is called damaged, whatever the damage."""
    FILE.write_text(content)
    message = catch_message(RunError, lambda: read_history(FILE))
    assert message == "history.csv is damaged: delete it, or choose an `epoch`"


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_only_a_small_file_is_read() -> None:
    """A pipe in the history's place, a folder, and one of gigabytes are not read."""
    os.mkfifo("pipe")
    with Path("huge").open("wb") as file:
        file.truncate(2**34)
    for name, reason in (
        ("pipe", "it is no regular file"),
        ("huge", "it has over 16,777,216 bytes"),
        (".", "it is a folder"),
    ):
        message = catch_message(RunError, lambda name=name: read_history(Path(name)))  # type: ignore[misc]
        assert message == f"can't read {name}: {reason}; choose an `epoch`"


@settings(deadline=None)
@given(content=st.binary(min_size=1, max_size=200))
def test_junk_is_no_history(content: bytes) -> None:
    """Random bytes in the history's place give no results and no other error."""
    FILE.write_bytes(content)
    with contextlib.suppress(RunError):
        assert read_history(FILE) == []  # a line of names alone

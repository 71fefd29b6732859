"""What every resume checks."""

from pathlib import Path

import pytest

from charrnn.errors import UsageError
from charrnn.planning.resuming import check_changeable, make_finished_error
from charrnn.runs.kinds import KINDS, Kind
from charrnn.runs.run import Run
from tests.support.messages import catch_message


def test_settings_that_can_not_change_are_named() -> None:
    """All of them are named, in the order of the alphabet, and what to do instead."""
    given = {"units": 7, "epochs": 3, "batch_size": 9}
    message = catch_message(UsageError, lambda: check_changeable(given, {"epochs"}))
    assert message == ("`batch_size`, `units` can't change on a resume: start a new run for that")
    check_changeable({"epochs": 3}, {"epochs", "patience"})
    check_changeable({}, set())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_finished_run_says_how_to_train_it_further(kind: Kind) -> None:
    """The error names a number of epochs to set, and carries what a command would need."""
    error = make_finished_error(Run(Path("tiny"), kind), 24, more=10)
    assert str(error) == (
        "tiny has done all its epochs, 24: to train further, set `epochs` to, say, 34"
    )
    assert (error.kind, error.name, error.epochs) == (kind.name, "tiny", 24)

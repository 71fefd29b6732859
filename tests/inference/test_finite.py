"""NaN and infinity become an error that names the checkpoint."""

from pathlib import Path

import numpy as np
import pytest

from charrnn.errors import CheckpointError, UsageError
from charrnn.inference.finite import check_finite, ignore_overflow, name_in_errors

MESSAGE = "the network produced NaN or infinity: it diverged in training; choose an earlier epoch"


def test_finite_numbers_are_returned() -> None:
    """Numbers of any size are returned, the same array."""
    values = np.array([[-3e38, 0], [1e-45, 3e38]], np.float32)
    assert check_finite(values) is values
    assert check_finite(np.empty(0)).size == 0


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_one_that_is_not_finite_is_enough(broken: float) -> None:
    """A single NaN or infinity raises an error of one line that says what to do."""
    with pytest.raises(CheckpointError) as caught:
        check_finite(np.array([[1, 2], [broken, 3]]))
    assert str(caught.value) == MESSAGE


def test_the_error_begins_with_the_file() -> None:
    """If the path is known the message begins with it; the first error is its cause."""
    path = Path("checkpoints/tiny/epoch-0001.weights.h5")
    with pytest.raises(CheckpointError) as caught, name_in_errors(path):
        check_finite(np.array([np.nan]))
    assert str(caught.value) == f"{path}: {MESSAGE}"
    assert str(caught.value.__cause__) == MESSAGE


def test_without_a_file_the_error_stays_as_it_is() -> None:
    """A network that was not read from a file has the plain message."""
    with pytest.raises(CheckpointError) as caught, name_in_errors(None):
        check_finite(np.array([np.nan]))
    assert str(caught.value) == MESSAGE
    assert caught.value.__cause__ is None


def test_other_errors_are_not_about_the_file() -> None:
    """Only an error about the checkpoint gets its path."""
    with pytest.raises(UsageError, match=r"^wrong$"), name_in_errors(Path("a.weights.h5")):
        raise UsageError("wrong")


def test_overflow_raises_no_warning() -> None:
    """What is checked for infinity computes without NumPy's warnings, time after time."""

    @ignore_overflow
    def square(value: np.float32) -> np.float32:
        return value * value - value * value

    assert np.isnan(square(np.float32(1e30)))
    assert np.isnan(square(np.float32(1e30)))

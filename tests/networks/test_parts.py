"""A batch is split into parts for the cores, and joined again."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from charrnn.networks import parts


@given(rows=st.integers(1, 70), cores=st.integers(1, 9), least=st.integers(1, 40))
def test_parts_are_fair_and_large_enough(rows: int, cores: int, least: int) -> None:
    """Every row is in one part, sizes differ by at most one row, and none is below the least."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "count_cores", lambda: cores)
        sizes = parts.choose_sizes(np.zeros((rows, 2)), least)
    assert sum(sizes) == rows
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == max(1, min(cores, rows // least))
    assert len(sizes) == 1 or min(sizes) >= least


def test_batch_of_unknown_size_is_one_part() -> None:
    """Inside a graph for any number of rows, a batch is not split."""

    @tf.function(input_signature=[tf.TensorSpec((None, 3))])  # type: ignore[untyped-decorator]
    def split(batch: tf.Tensor) -> list[tf.Tensor]:
        return tf.split(batch, parts.choose_sizes(batch))  # type: ignore[no-any-return]

    batch = tf.reshape(tf.range(15.0), (5, 3))
    (only,) = split(batch)
    np.testing.assert_array_equal(only, batch)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_parts_join_to_the_batch(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    """Joined parts are the batch, in the same order."""
    monkeypatch.setattr(parts, "count_cores", lambda: cores)
    batch = tf.reshape(tf.range(15.0), (5, 3))
    pieces = tf.split(batch, parts.choose_sizes(batch))
    assert len(pieces) == cores
    np.testing.assert_array_equal(parts.join_parts(pieces), batch)

"""Both orders of windows, against plain lists and published figures."""

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from charrnn.data import windows as found
from charrnn.data.windows import cut_windows, find_stream_starts, shuffle_starts
from charrnn.errors import CorpusTooShortError, say_count

SHAKESPEARE = 1_115_394  # characters
BUFFER = 10_000  # windows, the tutorial's

Windows = list[list[int]]
SIZES = {
    "length": st.integers(2, 300),
    "batch_size": st.integers(1, 7),
    "seq_length": st.integers(1, 12),
}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def batches(
    length: int, starts: found.Windows, seq_length: int
) -> Iterator[tuple[Windows, Windows]]:
    """What a network reads of the text 0, 1, 2, …: each batch's inputs and targets."""
    ids = np.arange(length, dtype=np.int32)
    for row in starts:
        inputs, targets = cut_windows(ids, row, seq_length)
        assert inputs.shape == targets.shape == (len(row), seq_length)
        yield inputs.tolist(), targets.tolist()


def shuffle(length: int, batch_size: int, seq_length: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """The starts of all windows, (steps, B)."""
    return np.array([*shuffle_starts(length, batch_size, seq_length, generator(seed))])


def streams_by_hand(length: int, batch_size: int, seq_length: int, stride: int) -> list[Windows]:
    """Row b of each batch, window by window, is one stretch of the text: in plain lists."""
    text = list(range(length))
    windows: Windows = []
    while len(windows) * stride + seq_length + 1 <= length:
        begin = len(windows) * stride
        windows.append(text[begin : begin + seq_length + 1])
    steps = len(windows) // batch_size
    rows = [windows[row * steps : (row + 1) * steps] for row in range(batch_size)]
    return [[rows[row][step] for row in range(batch_size)] for step in range(steps)]


def check_pairs(pairs: list[tuple[Windows, Windows]], expected: list[Windows]) -> None:
    """The inputs are each window without its last character, the targets without its first."""
    assert [inputs for inputs, _ in pairs] == [[w[:-1] for w in batch] for batch in expected]
    assert [targets for _, targets in pairs] == [[w[1:] for w in batch] for batch in expected]


@settings(deadline=None)
@given(**SIZES, data=st.data())
def test_streams_are_the_plain_lists(
    length: int, batch_size: int, seq_length: int, data: st.DataObject
) -> None:
    """Every batch of streams equals plain lists, for every stride."""
    stride = data.draw(st.integers(1, seq_length))
    expected = streams_by_hand(length, batch_size, seq_length, stride)
    assume(expected)
    starts = find_stream_starts(length, batch_size, seq_length, stride)
    check_pairs(list(batches(length, starts, seq_length)), expected)


@settings(deadline=None)
@given(**SIZES)
def test_streams_use_each_character_once(length: int, batch_size: int, seq_length: int) -> None:
    """Every character of the used text but the first is a target exactly once."""
    assume(length >= batch_size * seq_length + 1)
    starts = find_stream_starts(length, batch_size, seq_length, seq_length)
    pairs = list(batches(length, starts, seq_length))
    targets = sorted(target for _, rows in pairs for row in rows for target in row)
    assert targets == list(range(1, len(targets) + 1))
    assert length - len(targets) <= batch_size * seq_length  # the rest is less than a step


@settings(deadline=None)
@given(**SIZES)
def test_streams_continue_where_they_stopped(length: int, batch_size: int, seq_length: int) -> None:
    """Row b of a batch begins with the character after row b of the batch before."""
    assume(length >= batch_size * seq_length + 1)
    starts = find_stream_starts(length, batch_size, seq_length, seq_length)
    pairs = list(batches(length, starts, seq_length))
    for (_, before), (after, _) in pairwise(pairs):
        assert [row[-1] for row in before] == [row[0] for row in after]


@settings(deadline=None)
@given(**SIZES, seed=st.integers(0, 2**32))
def test_shuffled_windows_are_the_plain_lists(
    length: int, batch_size: int, seq_length: int, seed: int
) -> None:
    """Shuffled batches hold whole adjacent windows, each at most once."""
    size = seq_length + 1
    assume(length >= batch_size * size)
    side_by_side = [list(range(k * size, (k + 1) * size)) for k in range(length // size)]
    starts = shuffle_starts(length, batch_size, seq_length, generator(seed))
    assert len(starts) == len(side_by_side) // batch_size
    chosen = [side_by_side[start // size] for row in starts for start in row]
    assert len({window[0] for window in chosen}) == len(chosen)
    expected = [chosen[at : at + batch_size] for at in range(0, len(chosen), batch_size)]
    check_pairs(list(batches(length, starts, seq_length)), expected)


def test_tutorials_figures() -> None:
    """Shakespeare gives the tutorial's 11,043 windows, and with batches of 64 its 172 steps."""
    assert len(shuffle_starts(SHAKESPEARE, 1, 100, generator())) == 11_043
    assert len(shuffle_starts(SHAKESPEARE, 64, 100, generator())) == 172


def test_shuffle_is_a_permutation() -> None:
    """In batches of one every window comes exactly once, even if a buffer can't hold all."""
    starts = shuffle(25_000 * 3, 1, 2)
    assert sorted(starts.flat) == list(range(0, 75_000, 3))


def test_shuffle_uses_a_buffer_like_tf_data() -> None:
    """No window can come before the buffer has room for it, as in tf.data."""
    order = shuffle(40_000 * 2, 1, 1).ravel() // 2
    assert np.all(order < np.arange(40_000) + BUFFER)


def test_buffer_is_sampled_evenly() -> None:
    """Each place of the buffer is equally likely: over many seeds the first window is anywhere."""
    first = [
        int(next(iter(shuffle_starts(12_000 * 2, 1, 1, generator(seed))))[0]) // 2
        for seed in range(200)
    ]
    assert max(first) < BUFFER
    counts, _ = np.histogram(first, bins=4, range=(0, BUFFER))
    assert counts.min() > 25  # of 50 expected


@pytest.mark.parametrize("count", [5000, 10_000, 10_001, 75_537, 200_000])
def test_shuffle_is_that_of_a_plain_list(count: int) -> None:
    """Numbers drawn bit by bit are those drawn at once; going through them changes none."""
    random = generator(3)
    size = min(count, BUFFER)
    buffer, order = list(range(size)), []
    for following, place in enumerate(random.integers(size, size=count - size).tolist(), size):
        order.append(buffer[place])
        buffer[place] = following
    order += random.permutation(buffer).tolist()
    starts = shuffle_starts(count * 2, 1, 1, generator(3))
    for _ in range(2):
        assert [int(row[0]) // 2 for row in starts] == order


@settings(deadline=None)
@given(**SIZES, data=st.data())
def test_windows_begin_at_any_step(
    length: int, batch_size: int, seq_length: int, data: st.DataObject
) -> None:
    """From a step on they are what is left of the whole, in both orders."""
    assume(length >= batch_size * (seq_length + 1))
    for windows in (
        find_stream_starts(length, batch_size, seq_length, seq_length, generator(5)),
        shuffle_starts(length, batch_size, seq_length, generator(5)),
    ):
        step = data.draw(st.integers(0, len(windows)))
        left = [row.tolist() for row in windows.begin(step)]
        assert left == [row.tolist() for row in windows][step:]


def test_shuffle_follows_its_seed() -> None:
    """The same seed gives the same order, another seed another order."""
    first, again, other = (shuffle(5000, 4, 9, seed=seed).tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first != np.sort(np.ravel(first)).reshape(np.shape(first)).tolist()


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 30), st.data())
def test_shortest_text_for_streams(batch_size: int, seq_length: int, data: st.DataObject) -> None:
    """The figure in the message is exact: that many characters work, one fewer does not."""
    stride = data.draw(st.integers(1, seq_length))
    needed = (batch_size - 1) * stride + seq_length + 1
    assert len(find_stream_starts(needed, batch_size, seq_length, stride)) == 1
    for length in (needed - 1, 0):
        with pytest.raises(CorpusTooShortError) as failure:
            find_stream_starts(length, batch_size, seq_length, stride)
        assert str(failure.value).startswith(say_count(length, "character"))
        assert f"needs {needed:,}." in str(failure.value)


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 30))
def test_shortest_text_for_shuffled_windows(batch_size: int, seq_length: int) -> None:
    """The figure in the message is exact here too."""
    needed = batch_size * (seq_length + 1)
    assert len(shuffle_starts(needed, batch_size, seq_length, generator())) == 1
    for length in (needed - 1, 0):
        with pytest.raises(CorpusTooShortError) as failure:
            shuffle_starts(length, batch_size, seq_length, generator())
        assert f"needs {needed:,}." in str(failure.value)


def test_too_short_text_says_what_to_change() -> None:
    """The message names the settings with which a short text would do."""
    with pytest.raises(CorpusTooShortError, match="`batch_size` or `seq_length`") as failure:
        find_stream_starts(500, 64, 100, 100)
    assert "\n" not in str(failure.value)


def test_windows_are_cut_at_any_starts() -> None:
    """Windows may overlap and come in any order."""
    ids = np.array([5, 3, 8, 1, 9, 2], dtype=np.int32)
    inputs, targets = cut_windows(ids, np.array([3, 0, 1]), seq_length=2)
    assert inputs.tolist() == [[1, 9], [5, 3], [3, 8]]
    assert targets.tolist() == [[9, 2], [3, 8], [8, 1]]
    assert inputs.dtype == targets.dtype == np.int32


@pytest.mark.parametrize("stride", [100, 10])
def test_epoch_takes_little_memory(stride: int) -> None:
    """An epoch takes one batch at a time, however long the text is, and never a copy of it."""
    ids = np.zeros(2_000_000, dtype=np.int32)
    tracemalloc.start()
    try:
        starts = find_stream_starts(len(ids), 64, 100, stride)
        for row in starts:
            cut_windows(ids, row, 100)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000  # a batch of 64 x 101 is some 100,000 bytes

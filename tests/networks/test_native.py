"""The native loops: NumPy and stock Keras are the oracles, TensorFlow's loops the fallback."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.networks import recurrent, scan_mode
from charrnn.networks.native import buffers, elementwise, pairs, product, tile
from charrnn.networks.native import scan as native_scan
from charrnn.networks.native.compiling import compile_native
from tests.networks.twins import (
    NAMES,
    assert_close,
    draw_normal,
    flip_coins,
    make_states,
    make_twins,
    run,
    split_batches,
)
from tests.support.slow import slow_except

BFLOAT16 = tf.bfloat16.as_numpy_dtype

needs_pairs = pytest.mark.skipif(not tile.HAS_PAIRS, reason="no bfloat16 products here")


def round_to_bfloat16(numbers: np.ndarray) -> np.ndarray:
    return numbers.astype(BFLOAT16).astype(np.float32)


@compile_native
def apply_both(numbers: Any, sigmoids: Any, tangents: Any) -> None:
    sigmoids[:] = numbers
    tangents[:] = numbers
    elementwise.apply_sigmoid(sigmoids)
    elementwise.apply_tanh(tangents)


@compile_native
def add_product(rows: Any, panels: Any, sums: Any) -> None:
    product.add_product(rows, panels, sums)


@settings(max_examples=40, deadline=None)
@given(
    tiles=st.integers(1, 3),
    depth=st.integers(1, 40),
    columns=st.integers(1, 3 * tile.WIDTH),
    transposed=st.booleans(),
)
def test_packed_products_are_numpys(tiles: int, depth: int, columns: int, transposed: bool) -> None:
    """For any depth and number of columns, panels that are filled up included."""
    check_product(tiles, depth, columns, transposed, narrow=False)


@settings(max_examples=40, deadline=None)
@given(
    tiles=st.integers(1, 3),
    halves=st.integers(1, 20),
    columns=st.integers(1, 3 * tile.WIDTH),
    transposed=st.booleans(),
)
@needs_pairs
def test_packed_products_of_pairs_are_numpys(
    tiles: int, halves: int, columns: int, transposed: bool
) -> None:
    """Factors are rounded to bfloat16, sums are float32's."""
    check_product(tiles, 2 * halves, columns, transposed, narrow=True)


def check_product(tiles: int, depth: int, columns: int, transposed: bool, *, narrow: bool) -> None:
    rows, matrix = draw_normal(tiles * tile.ROWS, depth), draw_normal(depth, columns)
    panels = native_scan.pack_panels(
        np.ascontiguousarray(matrix.T) if transposed else matrix,
        transposed=transposed,
        pairs=narrow,
    )
    factor = rows
    if narrow:
        factor = np.zeros((len(rows), depth // 2), np.uint32)
        store_rows(rows, factor)
        rows, matrix = round_to_bfloat16(rows), round_to_bfloat16(matrix)
    start = draw_normal(len(rows), len(panels) * tile.WIDTH)
    sums = start.copy()
    add_product(factor, panels, sums)
    expected = start.astype(float)
    expected[:, :columns] += rows.astype(float) @ matrix
    np.testing.assert_allclose(sums, expected, atol=1e-4)


@compile_native
def store_rows(numbers: Any, rows: Any) -> None:
    for row in range(len(rows)):
        pairs.store_row(numbers[row], rows[row])


def test_pairs_are_tensorflows_bfloat16s() -> None:
    """Rounded to the nearest, a tie to the even one; infinities and NaNs stay what they are."""
    ties = np.array([0x3F808000, 0x3F818000, 0xBF808000, 0x7F7FFFFF, 0x00008000], np.uint32)
    ends = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 3e38], np.float32)
    numbers = np.concatenate([draw_normal(1000), ties.view(np.float32), ends])
    rows = np.zeros((1, len(numbers) // 2), np.uint32)
    store_rows(numbers[np.newaxis], rows)
    bits = rows.view(np.uint16)[0]  # the first of a pair is in the lower half
    expected = numbers.astype(BFLOAT16)
    np.testing.assert_array_equal(bits.view(BFLOAT16).astype(float), expected.astype(float))


@needs_pairs
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("units", [2, tile.WIDTH + 2])
def test_bfloat16_rounds_the_factors_of_products_alone(name: str, units: int) -> None:
    """The first step of exact states and weights is float32's, later ones and gradients are near.

    A GRU's state is added to without a product, so its first step need not be exact in bfloat16.
    """
    options = {"return_sequences": True, "return_state": True}
    stock, ours = make_twins(name, 3, units, **options)
    near = recurrent.LAYERS[name](units, precision="bfloat16", **options)
    near.build((5, None, 3))
    weights = [round_to_bfloat16(array / 4) for array in stock.get_weights()]
    for layer in (stock, ours, near):
        layer.set_weights(weights)
    x, mask = round_to_bfloat16(draw_normal(11, 9, 3)) / 8, flip_coins(11, 9)
    states = [round_to_bfloat16(state) for state in make_states(name, 11, units)]
    x[:, 0] = 0  # its product, which is rounded as a whole, is exact
    with split_batches(2, compiled="native") as scans:
        results = run(near, x, states, mask)
        exact = run(ours, x, states, mask)
    assert not scans
    np.testing.assert_allclose(results[0][:, 0], exact[0][:, 0], atol=1e-6)
    assert (results[0][:, 1:] != exact[0][:, 1:]).any()
    for near_one, one in zip(results, run(stock, x, states, mask), strict=True):
        np.testing.assert_allclose(near_one, one, rtol=0, atol=0.03 * abs(one).max())


def test_sigmoid_and_tanh_are_numpys() -> None:
    """To within a float32's rounding near one, over all that a float32 holds; a NaN stays one."""
    ends = [-np.inf, -3e38, -100, -88, -87, 0, 87, 88, 100, 3e38, np.inf, np.nan]
    numbers = np.concatenate([np.linspace(-30, 30, 100_001), ends]).astype(np.float32)
    sigmoids, tangents = np.empty_like(numbers), np.empty_like(numbers)
    apply_both(numbers, sigmoids, tangents)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-numbers.astype(float)))
    np.testing.assert_allclose(sigmoids, expected, atol=2e-7)
    np.testing.assert_allclose(tangents, np.tanh(numbers.astype(float)), atol=3e-7)


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    batch=st.integers(1, 3 * tile.ROWS),
    units=st.integers(1, tile.WIDTH + 2),
    masked=st.booleans(),
    cores=st.integers(1, 4),
)
def test_every_size_is_stock_keras(
    name: str, batch: int, units: int, masked: bool, cores: int
) -> None:
    """Rows that don't fill a tile, units that don't fill a panel, on any number of cores."""
    options = {"return_sequences": True, "return_state": True}
    stock, ours = make_twins(name, 3, units, **options)
    for layer in (stock, ours):  # so that no rounding grows from step to step
        layer.set_weights([weights / 4 for weights in layer.get_weights()])
    mask = flip_coins(batch, 9) if masked else None
    arguments = draw_normal(batch, 9, 3), make_states(name, batch, units), mask
    with split_batches(cores, compiled="native") as scans:
        results = run(ours, *arguments)
    assert not scans
    assert_close(results, run(stock, *arguments), 2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_cores_share_rows_without_changing_a_bit(name: str) -> None:
    """Outputs, states and the gradients of rows are the same for any number of cores."""
    _, ours = make_twins(name, 3, 20, return_sequences=True, return_state=True)
    arguments = draw_normal(21, 9, 3), make_states(name, 21, 20)
    results = []
    for cores in (1, 2, 3):
        with split_batches(cores, compiled="native"):
            results.append(run(ours, *arguments))
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            if len(one) == 21:
                np.testing.assert_array_equal(other, one)
            else:  # the weights' gradients are sums over the cores
                np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "scan", "gates"])
@pytest.mark.parametrize("name", slow_except(NAMES, "lstm"))
def test_small_batches_in_parts_have_the_whole_batchs_gradients(name: str, engine: str) -> None:
    """Sixteen rows on two cores give what they give on one, to rounding."""
    stock, ours = make_twins(name, 3, 8, return_sequences=True)
    x = draw_normal(16, 20, 3)
    results = []
    for cores in (1, 2):
        with split_batches(cores, rows=8, compiled=engine) as scans:
            results.append(run(ours, x))
        parts = [] if engine == "native" else [(16 // cores, engine)] * cores
        assert scans == parts
    assert_close(results[1], results[0])
    assert_close(results[1], run(stock, x), 5e-5)


@pytest.mark.parametrize(
    ("count", "unit", "cores", "ranges"),
    [
        (16, 8, 2, [(0, 8), (8, 16)]),
        (20, 8, 2, [(0, 8), (8, 20)]),
        (16, 8, 8, [(0, 8), (8, 16)]),
        (5, 8, 2, [(0, 5)]),
        (5, 1, 2, [(0, 2), (2, 5)]),
        (7, 1, 3, [(0, 2), (2, 4), (4, 7)]),
    ],
)
def test_work_is_shared_among_cores(
    count: int,
    unit: int,
    cores: int,
    ranges: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each core has a range of whole units, none has nothing to do, and results keep the order."""
    monkeypatch.setattr(native_scan, "count_cores", lambda: cores)
    assert native_scan.share_work(count, unit, lambda first, last: (first, last)) == ranges


@pytest.mark.parametrize(
    ("steps", "options", "native"),
    [
        (100, {}, True),
        (scan_mode.STEPS, {}, True),
        (None, {}, True),
        (scan_mode.STEPS - 1, {}, False),
        (100, {"precision": "bfloat16"}, tile.HAS_PAIRS),
        (100, {"precision": "bfloat16", "units": 5}, False),
        (100, {"dtype": "float64"}, False),
    ],
)
def test_what_runs_natively(
    steps: int | None, options: Any, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long enough scans, in bfloat16 only if the processor multiplies pairs and there are some."""
    calls = []

    def record(*arguments: Any) -> Any:
        calls.append(arguments)
        return scan_natively(*arguments)

    scan_natively = native_scan.scan_natively
    monkeypatch.setattr(native_scan, "scan_natively", record)
    layer = recurrent.LSTM(**{"units": 4, **options})
    x = tf.zeros((2, steps or 100, 3), layer.compute_dtype)
    signature = [tf.TensorSpec((2, steps, 3), x.dtype)]
    tf.function(layer, input_signature=signature, autograph=False)(x)
    assert bool(calls) == native


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from charrnn.networks.backend import import_keras_quietly
import_keras_quietly()
import numpy as np
import tensorflow as tf
from charrnn.config.language import NetworkConfig
from charrnn.networks import language, scan_mode
from tests.support.slow import slow_except
assert not scan_mode.runs_natively(100, 4, tf.float32)
model = language.build_model(NetworkConfig(5, embedding=3, units=4), 16)
rng = np.random.default_rng(0)
model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
model.compile("sgd", "mse")
model.fit(rng.integers(0, 5, (16, 9)), rng.normal(size=(16, 9, 5)), verbose=0, batch_size=16)
assert "charrnn.networks.native" not in sys.modules
print(*(number for w in model.get_weights() for number in w.ravel()))
"""


@pytest.mark.slow
def test_without_numba_tensorflow_trains_the_same() -> None:
    """Where numba can't be imported, a training step ends with the same weights."""
    code = WITHOUT_NUMBA.replace('sys.modules["numba"] = None', "")
    code = code.replace("assert not scan_mode", "assert scan_mode")
    code = code.replace('"charrnn.networks.native" not in', '"charrnn.networks.native" in')
    without, native = (
        subprocess.run([sys.executable, "-c", one], capture_output=True, text=True, check=True)
        for one in (WITHOUT_NUMBA, code)
    )
    weights = [np.array(done.stdout.split(), float) for done in (without, native)]
    np.testing.assert_allclose(weights[1], weights[0], atol=1e-5)


def test_buffers_are_used_again_once_nothing_refers_to_them() -> None:
    """Memory comes back only after the last array or view of it is gone; all are aligned."""
    first = buffers.allocate(3, 41)
    assert first.ctypes.data % 64 == 0
    place, view = first.ctypes.data, first[1:, 0]
    del first
    second = buffers.allocate(3, 41)
    assert second.ctypes.data != place
    del view
    assert buffers.allocate(41, 3).ctypes.data == place


def test_few_buffers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for new ones is made by giving unused ones back; arrays in use are never lost."""
    monkeypatch.setattr(buffers, "_kept", [])
    monkeypatch.setattr(buffers, "_MOST", 1000)
    used = buffers.allocate(100)
    used[:] = 7
    buffers.allocate(101)
    assert len(buffers._kept) == 2
    newest = buffers.allocate(102)
    newest[:] = 8
    assert [len(memory) for memory in buffers._kept] == [4 * 100 + 64, 4 * 102 + 64]
    buffers.allocate(1000)[:] = 9
    assert sum(map(len, buffers._kept)) <= 1000
    assert (used == 7).all()
    assert (newest == 8).all()

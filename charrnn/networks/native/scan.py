"""A recurrent layer's scan as one TensorFlow operation in each direction.

Shapes: B batch, T time, H units, G gates, S states, R projected inputs.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from charrnn.networks.native.buffers import allocate
from charrnn.networks.native.cells import CELLS
from charrnn.networks.native.loops import loop_backward, loop_forward
from charrnn.networks.native.product import count_panels, pack, pack_transposed
from charrnn.networks.native.tile import ROWS, WIDTH
from charrnn.networks.parts import count_cores
from charrnn.networks.products import flatten_time, multiply_transposed

Result = TypeVar("Result")


def scan_natively(
    cell: str,
    inputs: Any,
    ids: Any,
    states: Sequence[Any],
    kernel: Any,
    bias: Any,
    mask: Any = None,
    precision: tf.DType = tf.float32,
) -> tuple[Any, list[Any]]:
    """Run a cell over time; the result can be differentiated once, not twice.

    Args:
        cell: its name in `charrnn.networks.native.cells.CELLS`.
        inputs: projected inputs without their bias, (R, G*H), or (B, T, G*H) without `ids`.
        ids: which of the R inputs each step reads, int32 (B, T); None for one of its own each.
        states: initial states, each (B, H), the output's first.
        kernel: the recurrent kernel (H, G*H).
        bias: (1, G*H); (2, G*H), for the input and for the state, if the cell has both.
        mask: bool (B, T); a step that is False leaves the states as they were.
        precision: what the factors of products are rounded to, float32 or bfloat16. In bfloat16
            the recurrent kernel's gradient is rounded too; all else is float32.

    Returns:
        the first state after each step, (B, T, H), and all states after the last, each (B, H).
    """
    shared = ids is not None
    shape = ids.shape if shared else inputs.shape[:2]
    if not shared:
        batch, steps, _ = tf.unstack(tf.shape(inputs))
        ids = tf.reshape(tf.range(batch * steps), (batch, steps))
        inputs = flatten_time(inputs)
    mask = tf.zeros((0, 0), tf.bool) if mask is None else mask
    pairs = precision == tf.bfloat16

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(inputs: Any, kernel: Any, bias: Any, initial: Any) -> Any:
        forward = [kernel, ids, mask, initial, inputs, bias]
        history = _call(partial(_run_forward, cell, pairs), forward, 3)
        outputs, second, _ = history
        outputs.set_shape((*shape, initial.shape[2]))
        last = [outputs[:, -1], second[:, -1]][: initial.shape[1]]

        def gradient(d_outputs: Any, *d_last: Any) -> list[Any]:
            backward = [kernel, ids, mask, initial, *history, d_outputs, tf.stack(d_last, axis=1)]
            size = tf.shape(inputs)[0]
            results = _call(partial(_run_backward, cell, pairs, shared), [*backward, size], 4)
            d_u, d_inputs, d_bias, d_initial = results
            d_u.set_shape((*shape, kernel.shape[1]))
            d_inputs.set_shape(inputs.shape)
            before = tf.concat([initial[:, :1], outputs[:, :-1]], axis=1)  # (B, T, H)
            d_kernel = multiply_transposed(flatten_time(before), flatten_time(d_u), precision)
            return [d_inputs, tf.cast(d_kernel, tf.float32), d_bias, d_initial]

        return (outputs, *last), gradient

    outputs, *last = run(inputs, kernel, bias, tf.stack(states, axis=1))
    for before, after in zip(states, last, strict=True):
        after.set_shape(before.shape)
    return outputs, last


def _call(function: Callable[..., Any], arguments: list[Any], results: int) -> Any:
    return tf.numpy_function(function, arguments, [tf.float32] * results, stateful=False)


def _run_forward(
    cell: str,
    pairs: bool,
    kernel: Any,
    ids: Any,
    mask: Any,
    initial: Any,
    inputs: Any,
    bias: Any,
) -> Any:
    numbers, units = CELLS[cell], len(kernel)
    panels = pack_panels(kernel, pairs=pairs)
    outputs = allocate(*ids.shape, units)
    second = allocate(*ids.shape, units) if numbers.states > 1 else outputs
    saved = allocate(*ids.shape, numbers.saved * units)
    arguments = (panels, ids, mask, initial, outputs, second, saved, inputs, bias)
    share_work(len(ids), ROWS, partial(loop_forward, numbers.number, *arguments))
    return outputs, second, saved


def _run_backward(
    cell: str,
    pairs: bool,
    shared: bool,
    kernel: Any,
    ids: Any,
    mask: Any,
    initial: Any,
    outputs: Any,
    second: Any,
    saved: Any,
    d_outputs: Any,
    d_last: Any,
    size: int,
) -> Any:
    """Return the gradients by u, by the `size` inputs, by the bias and by the initial states."""
    numbers, width = CELLS[cell], kernel.shape[1]
    panels = pack_panels(kernel, transposed=True, pairs=pairs)
    d_u, grads = allocate(*ids.shape, width), d_last.copy()
    alike = numbers.biases == 1 and not shared  # d_u is the inputs' gradient too
    d_own = np.zeros((0 if alike or shared else size, width), np.float32)
    arguments = (panels, ids, mask, initial, outputs, second, saved, d_outputs, grads, d_u)

    def work(first: int, last: int) -> tuple[Any, Any]:
        d_inputs = np.zeros((size, width), np.float32) if shared else d_own
        d_bias = np.zeros((numbers.biases, width), np.float32)
        loop_backward(numbers.number, *arguments, d_inputs, d_bias, first, last)
        return d_inputs, d_bias

    by_inputs, by_bias = zip(*share_work(len(ids), ROWS, work), strict=True)
    d_inputs = sum(by_inputs) if shared else d_own
    return d_u, d_u.reshape(-1, width) if alike else d_inputs, sum(by_bias), grads


def pack_panels(matrix: Any, *, transposed: bool = False, pairs: bool = False) -> Any:
    """Pack a matrix (K, N), or the transpose of a matrix (N, K), into panels.

    Args:
        matrix: float32.
        transposed: whether to pack its transpose.
        pairs: whether to round it to pairs of bfloat16s; K must be even.
    """
    depth, columns = reversed(matrix.shape) if transposed else matrix.shape
    panels = allocate(count_panels(columns), depth // (1 + pairs), WIDTH)
    panels = panels.view(np.uint32) if pairs else panels
    panels[-1] = 0  # may be filled up
    share_work(len(panels), 1, partial(pack_transposed if transposed else pack, matrix, panels))
    return panels


def share_work(count: int, unit: int, work: Callable[[int, int], Result]) -> list[Result]:
    """Call `work` for ranges that together are [0, count), one on each core.

    Args:
        count: of rows, or whatever the work is counted in.
        unit: a range's length is a multiple of it, but for the last.
        work: is given a range's first number and the one after its last.

    Returns:
        what each call returned.
    """
    units = -(-count // unit)
    parts = min(count_cores(), units)
    ends = [min(count, (units * part // parts) * unit) for part in range(1, parts + 1)]
    ranges = zip([0, *ends[:-1]], ends, strict=True)
    return [done.result() for done in [_get_pool().submit(work, *one) for one in ranges]]


@cache
def _get_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count_cores(), thread_name_prefix="charrnn")

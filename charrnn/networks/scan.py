"""Recurrent scans with hand-written gradients, several times as fast as autodiff's on a CPU.

Forward, the loop holds the recurrent product and the gates alone: the input was projected
before it, all time steps at once. Backward, it carries the states' gradient and writes the
gates'; the recurrent kernel's gradient is then one product over all T*B rows, where autodiff
would add up T matrices of the kernel's size.

Shapes: T time, B batch, H units, G gates; everything here is time-major.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Literal, NamedTuple

import tensorflow as tf

from charrnn.networks.cells import Cell, Tensors

Arrays = list[tf.TensorArray]
Compile = Literal["scan", "gates", "nothing"]


class Plan(NamedTuple):
    """How to run a scan; it changes the speed and, by `precision`, the rounding of products.

    Attributes:
        cell: the step and its derivative.
        precision: dtype of the products and their factors; all else is in the states' dtype.
        compile: what XLA compiles: the whole scan, each step's gates, or nothing.
    """

    cell: Cell
    precision: tf.DType
    compile: Compile


class Kernel(NamedTuple):
    """A recurrent kernel (H, G*H), and the second factor of each direction's products."""

    weights: tf.Tensor
    forward: tf.Tensor
    backward: tf.Tensor


def recurrent_kernel(plan: Plan, weights: tf.Tensor) -> Kernel:
    """Lay a kernel out for both directions, once for all scans that share it.

    oneDNN's bfloat16 product is quickest by a transposed factor, in float32 it is by a plain one.
    """
    factor = tf.stop_gradient(tf.cast(weights, plan.precision))
    transposed = tf.transpose(factor)
    if plan.precision == tf.bfloat16:
        return Kernel(weights, transposed, factor)
    return Kernel(weights, factor, transposed)


def product(a: tf.Tensor, b: tf.Tensor, precision: tf.DType, **transpose: bool) -> tf.Tensor:
    """Multiply with both factors rounded to `precision`; the result is of that dtype."""
    return tf.matmul(tf.cast(a, precision), tf.cast(b, precision), **transpose)


def scan(
    plan: Plan,
    x: tf.Tensor,
    states: Tensors,
    kernel: Kernel,
    bias: tf.Tensor,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, Tensors]:
    """Run a cell over time; it can be differentiated once, not twice.

    Args:
        plan: which cell, and how.
        x: projected inputs without their bias, (T, B, G*H), of the plan's precision.
        states: initial states, each (B, H), the output's first.
        kernel: the recurrent kernel.
        bias: (1, G*H), or (2, G*H), for the input and the state, where the cell has both.
        mask: bool (T, B); a step that is False leaves the states as they were.

    Returns:
        the first state after each step, (T, B, H), and all states after the last, each (B, H).
    """
    masks = () if mask is None else (mask[..., tf.newaxis],)  # (T, B, 1)
    forward, backward = _loops(plan)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(*arguments: tf.Tensor) -> Any:
        # Otherwise an active tape would have autodiff's own gradient of the loop traced as well.
        x, weights, bias, *states = (tf.stop_gradient(argument) for argument in arguments)
        history, saved = forward(x, kernel.forward, bias, states, masks)

        def gradient(d_outputs: tf.Tensor, *d_last: tf.Tensor) -> list[tf.Tensor]:
            d_inputs, d_states = backward(kernel.backward, history, saved, d_outputs, d_last, masks)
            h, d_u = _rows(history[0][:-1]), _rows(d_inputs[-1])  # (T*B, H), (T*B, G*H)
            d_weights = product(h, d_u, plan.precision, transpose_a=True)
            d_bias = tf.concat([_sum(_rows(d), bias.dtype) for d in d_inputs], axis=0)
            return [d_inputs[0], tf.cast(d_weights, weights.dtype), d_bias, *d_states]

        return (history[0][1:], *(states[-1] for states in history)), gradient

    outputs, *last = run(x, kernel.weights, bias, *states)
    outputs.set_shape((x.shape[0], *states[0].shape))
    return outputs, last


@cache
def _loops(plan: Plan) -> tuple[Callable[..., Any], Callable[..., Any]]:
    whole = plan.compile == "scan"
    return (
        tf.function(partial(_forward, plan), jit_compile=whole, autograph=False),
        tf.function(partial(_backward, plan), jit_compile=whole, autograph=False),
    )


def _forward(
    plan: Plan, x: tf.Tensor, factor: tf.Tensor, bias: tf.Tensor, states: Tensors, masks: Tensors
) -> tuple[Tensors, Tensors]:
    """Scan; return the states, each (T+1, B, H) from the initial one on, and the saved."""
    step = _stepper(plan, _step_forward)
    steps = tf.shape(x)[0]
    dtype, (batch, units) = states[0].dtype, states[0].shape
    history = [_array(dtype, steps + 1, (batch, units)).write(0, state) for state in states]
    saved = [_array(dtype, steps, (batch, width)) for width in _packed_widths(plan, units)]

    def body(t: tf.Tensor, states: Tensors, h: tf.Tensor, history: Arrays, saved: Arrays) -> Any:
        u = _times(plan, h, factor)
        states, h, save = step(x[t], u, bias, states, [mask[t] for mask in masks])
        return t + 1, states, h, _write(history, t + 1, states), _write(saved, t, save)

    loop = (tf.constant(0), tuple(states), tf.cast(states[0], plan.precision), history, saved)
    *_, history, saved = tf.while_loop(
        lambda t, *_: t < steps, body, loop, maximum_iterations=steps
    )
    return [array.stack() for array in history], [array.stack() for array in saved]


def _step_forward(
    plan: Plan, x: tf.Tensor, u: tf.Tensor, bias: tf.Tensor, before: Tensors, masks: Tensors
) -> tuple[Tensors, tf.Tensor, Tensors]:
    """The new states, the next product's factor, and what is saved."""
    dtype = before[0].dtype
    x, u = tf.cast(x, dtype) + bias[0], tf.cast(u, dtype)
    after, saved = plan.cell.forward(x, u + bias[1] if plan.cell.reset_after else u, before)
    for mask in masks:
        after = [tf.where(mask, new, old) for new, old in zip(after, before, strict=True)]
    return tuple(after), tf.cast(after[0], plan.precision), _packed(plan, saved)


def _backward(
    plan: Plan,
    factor: tf.Tensor,
    history: Tensors,
    saved: Tensors,
    d_outputs: tf.Tensor,
    d_last: Tensors,
    masks: Tensors,
) -> tuple[Tensors, Tensors]:
    """Scan back; return the gradients by x, by u where it is another, and by the states."""
    step = _stepper(plan, _step_backward)
    steps = tf.shape(d_outputs)[0]
    shape = (history[0].shape[1], max(factor.shape))  # (B, G*H)
    d_inputs = [_array(plan.precision, steps, shape) for _ in range(1 + plan.cell.reset_after)]

    def body(t: tf.Tensor, by_product: tf.Tensor, direct: Tensors, d_inputs: Arrays) -> Any:
        before, after = [h[t] for h in history], [h[t + 1] for h in history]
        grads = (d_outputs[t], by_product, direct)
        d_input, direct = step(
            before, after, [s[t] for s in saved], grads, [mask[t] for mask in masks]
        )
        by_product = _times(plan, d_input[-1], factor)
        return t - 1, by_product, direct, _write(d_inputs, t, d_input)

    loop = (steps - 1, tf.zeros_like(d_last[0], plan.precision), tuple(d_last), d_inputs)
    _, by_product, direct, d_inputs = tf.while_loop(
        lambda t, *_: t >= 0, body, loop, maximum_iterations=steps
    )
    d_states = (direct[0] + tf.cast(by_product, direct[0].dtype), *direct[1:])
    return [array.stack() for array in d_inputs], d_states


def _step_backward(
    plan: Plan, before: Tensors, after: Tensors, saved: Tensors, grads: Any, masks: Tensors
) -> tuple[Tensors, Tensors]:
    """The gates' gradients, and the states' except by way of the product to come."""
    d_output, by_product, direct = grads
    d_after = (direct[0] + d_output + tf.cast(by_product, d_output.dtype), *direct[1:])
    d_x, d_u, direct = plan.cell.backward(before, after, _unpacked(plan, saved), d_after)
    d_gates = [d_x, d_u] if plan.cell.reset_after else [d_x]
    for mask in masks:
        d_gates = [[tf.where(mask, d, tf.zeros_like(d)) for d in gates] for gates in d_gates]
        direct = [tf.where(mask, d, grad) for d, grad in zip(direct, d_after, strict=True)]
    return [tf.cast(_join(plan, gates), plan.precision) for gates in d_gates], tuple(direct)


def _stepper(plan: Plan, step: Callable[..., Any]) -> Callable[..., Any]:
    bound = partial(step, plan)
    if plan.compile != "gates":
        return bound
    return tf.function(bound, jit_compile=True, autograph=False)  # type: ignore[no-any-return]


def _times(plan: Plan, a: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    return tf.matmul(a, factor, transpose_b=plan.precision == tf.bfloat16)


def _join(plan: Plan, gates: Tensors) -> tf.Tensor:
    """Gates side by side, (B, G*H), in the way that was measured to be quicker."""
    if plan.compile == "scan":
        return tf.concat(gates, axis=1)
    return tf.reshape(tf.stack(gates, axis=1), (-1, len(gates) * gates[0].shape[1]))


def _packed(plan: Plan, saved: Tensors) -> Tensors:
    """What a step saves: one array for TensorFlow's loop, whose arrays cost time; all for XLA's."""
    return saved if plan.compile == "scan" or not saved else [_join(plan, saved)]


def _packed_widths(plan: Plan, units: int) -> list[int]:
    count = plan.cell.saved
    return [units] * count if plan.compile == "scan" or not count else [count * units]


def _unpacked(plan: Plan, packed: Tensors) -> Tensors:
    if plan.compile == "scan" or not packed:
        return packed
    return tf.split(packed[0], plan.cell.saved, axis=1)  # type: ignore[no-any-return]


def _array(dtype: tf.DType, size: tf.Tensor, shape: Any) -> tf.TensorArray:
    return tf.TensorArray(dtype, size, element_shape=shape)


def _write(arrays: Arrays, t: tf.Tensor, values: Sequence[tf.Tensor]) -> Arrays:
    return [array.write(t, value) for array, value in zip(arrays, values, strict=True)]


def _rows(sequence: tf.Tensor) -> tf.Tensor:
    return tf.reshape(sequence, (-1, sequence.shape[-1]))


def _sum(rows: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """(N, W) to (1, W), faster than TensorFlow's reduction."""
    if rows.dtype != dtype:
        return _sum_as(rows, dtype)
    return tf.matmul(tf.ones((1, tf.shape(rows)[0]), dtype), rows)


@partial(tf.function, jit_compile=True, autograph=False)
def _sum_as(rows: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(rows, dtype), axis=0, keepdims=True)

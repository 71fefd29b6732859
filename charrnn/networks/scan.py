"""Recurrent scans with hand-written gradients, several times as fast as autodiff's on a CPU.

The forward loop contains only the recurrent product and the gates: the input is projected
beforehand, all time steps at once. The backward loop carries the states' gradient and writes the
gates' gradients; the recurrent kernel's gradient is then one product over all T*B rows. Autodiff
would add up T matrices of the kernel's size instead.

Shapes: T time, B batch, H units, G gates; everything here is time-major.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import tensorflow as tf

from charrnn.networks.cells import Tensors
from charrnn.networks.products import flatten_time, multiply_transposed, sum_rows
from charrnn.networks.scan_mode import Kernel, ScanMode

Arrays = list[tf.TensorArray]


def scan(
    mode: ScanMode,
    x: tf.Tensor,
    states: Tensors,
    kernel: Kernel,
    bias: tf.Tensor,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, Tensors]:
    """Run a cell over time; the result can be differentiated once, not twice.

    Args:
        mode: which cell, and how to run it.
        x: projected inputs without their bias, (T, B, G*H), of the mode's precision.
        states: initial states, each (B, H), the output's first.
        kernel: the recurrent kernel.
        bias: (1, G*H); (2, G*H), for the input and for the state, if the cell has both.
        mask: bool (T, B); a step that is False leaves the states as they were.

    Returns:
        the first state after each step, (T, B, H), and all states after the last, each (B, H).
    """
    masks = () if mask is None else (mask[..., tf.newaxis],)  # (T, B, 1)
    forward, backward = _build_loops(mode)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(*arguments: tf.Tensor) -> Any:
        # Without stop_gradient, an active tape would also trace autodiff's gradient of the loop.
        x, weights, bias, *states = (tf.stop_gradient(argument) for argument in arguments)
        history, saved = forward(x, kernel.forward, bias, states, masks)

        def gradient(d_outputs: tf.Tensor, *d_last: tf.Tensor) -> list[tf.Tensor]:
            d_inputs, d_states = backward(kernel.backward, history, saved, d_outputs, d_last, masks)
            h, d_u = flatten_time(history[0][:-1]), flatten_time(d_inputs[-1])  # (T*B, ...)
            d_weights = multiply_transposed(h, d_u, mode.precision)
            d_bias = [sum_rows(flatten_time(d), bias.dtype) for d in d_inputs]
            d_weights = tf.cast(d_weights, weights.dtype)
            return [d_inputs[0], d_weights, tf.concat(d_bias, axis=0), *d_states]

        return (history[0][1:], *(states[-1] for states in history)), gradient

    outputs, *last = run(x, kernel.weights, bias, *states)
    outputs.set_shape((x.shape[0], *states[0].shape))
    return outputs, last


@cache
def _build_loops(mode: ScanMode) -> tuple[Callable[..., Any], Callable[..., Any]]:
    whole = mode.compiled == "scan"
    return (
        tf.function(partial(_loop_forward, mode), jit_compile=whole, autograph=False),
        tf.function(partial(_loop_backward, mode), jit_compile=whole, autograph=False),
    )


def _loop_forward(
    mode: ScanMode,
    x: tf.Tensor,
    factor: tf.Tensor,
    bias: tf.Tensor,
    states: Tensors,
    masks: Tensors,
) -> tuple[Tensors, Tensors]:
    """Return the states, each (T+1, B, H) with the initial one first, and what steps saved."""
    step = _compile_step(mode, _step_forward)
    steps = tf.shape(x)[0]
    dtype, (batch, units) = states[0].dtype, states[0].shape
    history = [_make_array(dtype, steps + 1, (batch, units)).write(0, state) for state in states]
    widths = mode.list_packed_widths(units)
    saved = [_make_array(dtype, steps, (batch, width)) for width in widths]

    def body(t: tf.Tensor, states: Tensors, h: tf.Tensor, history: Arrays, saved: Arrays) -> Any:
        u = mode.multiply(h, factor)
        states, h, save = step(x[t], u, bias, states, [mask[t] for mask in masks])
        return t + 1, states, h, _write(history, t + 1, states), _write(saved, t, save)

    loop = (tf.constant(0), tuple(states), tf.cast(states[0], mode.precision), history, saved)
    *_, history, saved = tf.while_loop(
        lambda t, *_: t < steps, body, loop, maximum_iterations=steps
    )
    return [array.stack() for array in history], [array.stack() for array in saved]


def _step_forward(
    mode: ScanMode, x: tf.Tensor, u: tf.Tensor, bias: tf.Tensor, before: Tensors, masks: Tensors
) -> tuple[Tensors, tf.Tensor, Tensors]:
    """Return the new states, the next product's factor, and what the step saves."""
    dtype = before[0].dtype
    x, u = tf.cast(x, dtype) + bias[0], tf.cast(u, dtype)
    after, saved = mode.cell.forward(x, u + bias[1] if mode.cell.reset_after else u, before)
    for mask in masks:
        after = [tf.where(mask, new, old) for new, old in zip(after, before, strict=True)]
    return tuple(after), tf.cast(after[0], mode.precision), mode.pack(saved)


def _loop_backward(
    mode: ScanMode,
    factor: tf.Tensor,
    history: Tensors,
    saved: Tensors,
    d_outputs: tf.Tensor,
    d_last: Tensors,
    masks: Tensors,
) -> tuple[Tensors, Tensors]:
    """Return the gradients by x, by u if that differs, and by the initial states."""
    step = _compile_step(mode, _step_backward)
    steps = tf.shape(d_outputs)[0]
    shape = (history[0].shape[1], max(factor.shape))  # (B, G*H)
    count = 1 + mode.cell.reset_after
    d_inputs = [_make_array(mode.precision, steps, shape) for _ in range(count)]

    def body(t: tf.Tensor, by_product: tf.Tensor, direct: Tensors, d_inputs: Arrays) -> Any:
        before, after = [h[t] for h in history], [h[t + 1] for h in history]
        grads = (d_outputs[t], by_product, direct)
        d_input, direct = step(
            before, after, [s[t] for s in saved], grads, [mask[t] for mask in masks]
        )
        by_product = mode.multiply(d_input[-1], factor)
        return t - 1, by_product, direct, _write(d_inputs, t, d_input)

    loop = (steps - 1, tf.zeros_like(d_last[0], mode.precision), tuple(d_last), d_inputs)
    _, by_product, direct, d_inputs = tf.while_loop(
        lambda t, *_: t >= 0, body, loop, maximum_iterations=steps
    )
    d_states = (direct[0] + tf.cast(by_product, direct[0].dtype), *direct[1:])
    return [array.stack() for array in d_inputs], d_states


def _step_backward(
    mode: ScanMode, before: Tensors, after: Tensors, saved: Tensors, grads: Any, masks: Tensors
) -> tuple[Tensors, Tensors]:
    """Return the gates' gradients, and the states' without the part through the next product."""
    d_output, by_product, direct = grads
    d_after = (direct[0] + d_output + tf.cast(by_product, d_output.dtype), *direct[1:])
    d_x, d_u, direct = mode.cell.backward(before, after, mode.unpack(saved), d_after)
    d_gates = [d_x, d_u] if mode.cell.reset_after else [d_x]
    for mask in masks:
        d_gates = [[tf.where(mask, d, tf.zeros_like(d)) for d in gates] for gates in d_gates]
        direct = [tf.where(mask, d, grad) for d, grad in zip(direct, d_after, strict=True)]
    d_joined = [tf.cast(mode.join_gates(gates), mode.precision) for gates in d_gates]
    return d_joined, tuple(direct)


def _compile_step(mode: ScanMode, step: Callable[..., Any]) -> Callable[..., Any]:
    bound = partial(step, mode)
    if mode.compiled != "gates":
        return bound
    return tf.function(bound, jit_compile=True, autograph=False)  # type: ignore[no-any-return]


def _make_array(dtype: tf.DType, size: tf.Tensor, shape: Any) -> tf.TensorArray:
    return tf.TensorArray(dtype, size, element_shape=shape)


def _write(arrays: Arrays, t: tf.Tensor, values: Sequence[tf.Tensor]) -> Arrays:
    return [array.write(t, value) for array, value in zip(arrays, values, strict=True)]

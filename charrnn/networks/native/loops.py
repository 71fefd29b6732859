"""A cell's loops over time, forward and backward, for some rows of a batch.

Rows don't depend on each other, so each thread runs its own: the states are the same for any
number of threads.

Both loops work on rows [first, last) of the batch, and have these arguments in common:

- cell: its number in `charrnn.networks.native.cells`;
- panels: the recurrent kernel (H, G*H), packed, in float32 or pairs of bfloat16s; for
  `loop_backward` its transpose;
- ids: int (B, T), which of the R projected inputs each step reads;
- mask: bool (B, T), a step that is False leaves the states as they were; (0, 0) for none;
- initial: the states before the first step, (B, S, H), the output's first;
- outputs: the first state after each step, (B, T, H);
- second: the second, if there is one, else unused;
- saved: what each step saves, (B, T, n*H).

Shapes: B batch, T time, H units, G gates, S states, R projected inputs. Arrays are contiguous, and
float32 if nothing else is said.
"""

from typing import Any

import numpy as np

from charrnn.networks.native.cells import start_step, step_backward, step_forward
from charrnn.networks.native.compiling import compile_inner, compile_native
from charrnn.networks.native.pairs import store_row
from charrnn.networks.native.product import add_product, pad_rows
from charrnn.networks.native.tile import WIDTH


@compile_native
def loop_forward(
    cell: int,
    panels: Any,
    ids: Any,
    mask: Any,
    initial: Any,
    outputs: Any,
    second: Any,
    saved: Any,
    inputs: Any,
    bias: Any,
    first: int,
    last: int,
) -> None:
    """Read inputs (R, G*H) and bias (1 or 2, G*H); write `outputs`, `second` and `saved`."""
    rows, steps = last - first, ids.shape[1]
    count, units = initial.shape[1:]
    width = inputs.shape[1]
    states = initial[first:last].copy()
    h = np.zeros((pad_rows(rows), panels.shape[1]), panels.dtype)
    u = np.zeros((h.shape[0], panels.shape[0] * WIDTH), np.float32)
    scratch = np.zeros(units, np.float32)
    for row in range(rows):
        store_row(states[row, 0], h[row])
    for t in range(steps):
        for row in range(rows):
            start_step(cell, inputs[ids[first + row, t]], bias, u[row, :width])
        add_product(h, panels, u)
        for row in range(rows):
            b = first + row
            state = states[row]
            if mask.size == 0 or mask[b, t]:
                x = inputs[ids[b, t]]
                step_forward(cell, x, bias, u[row, :width], state, saved[b, t], scratch)
                store_row(state[0], h[row])
            outputs[b, t] = state[0]
            if count > 1:
                second[b, t] = state[1]


@compile_native
def loop_backward(
    cell: int,
    panels: Any,
    ids: Any,
    mask: Any,
    initial: Any,
    outputs: Any,
    second: Any,
    saved: Any,
    d_outputs: Any,
    grads: Any,
    d_u: Any,
    d_inputs: Any,
    d_bias: Any,
    first: int,
    last: int,
) -> None:
    """Read d_outputs (B, T, H) and grads (B, S, H), the gradient by the last states.

    Writes the gradient d_u (B, T, G*H), adds to d_inputs (R, G*H), if it isn't empty, and to d_bias
    (1 or 2, G*H), and replaces `grads` by the gradient by the initial states.
    """
    rows, (steps, width) = last - first, d_u.shape[1:]
    count, units = initial.shape[1:]
    du = np.zeros((pad_rows(rows), panels.shape[1]), panels.dtype)
    through = np.zeros((du.shape[0], panels.shape[0] * WIDTH), np.float32)
    d_x, scratch = np.zeros(width, np.float32), np.zeros(units, np.float32)
    for t in range(steps - 1, -1, -1):
        for row in range(rows):
            b = first + row
            grad = grads[b]
            _add(d_outputs[b, t], grad[0])
            if mask.size == 0 or mask[b, t]:
                h = outputs[b, t - 1] if t else initial[b, 0]
                c = second[b, t - 1] if t else initial[b, count - 1]
                states = h, outputs[b, t], c, second[b, t]
                step_backward(cell, saved[b, t], states, grad, d_x, d_u[b, t], scratch)
                if d_inputs.size:
                    _add(d_x, d_inputs[ids[b, t]])
                _add(d_x, d_bias[0])
                if d_bias.shape[0] > 1:
                    _add(d_u[b, t], d_bias[1])
            else:
                d_u[b, t] = 0
            store_row(d_u[b, t], du[row])
        through[:] = 0
        add_product(du, panels, through)
        for row in range(rows):
            _add(through[row, :units], grads[first + row, 0])


@compile_inner
def _add(numbers: Any, sums: Any) -> None:
    for n in range(sums.shape[0]):
        sums[n] += numbers[n]

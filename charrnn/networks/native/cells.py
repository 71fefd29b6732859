"""One step of each recurrent cell and its derivative for one row of the batch.

The equations are those of `charrnn.networks.cells`. Each loop touches few arrays, because LLVM
vectorizes no loop over many that might overlap.

Shapes: H units, G gates, S states; all arrays are float32 and contiguous.

A cell is a number here, and numba keeps what it compiled: it would keep nothing of functions that
were given as arguments.
"""

from typing import Any, NamedTuple

from charrnn.networks.native.compiling import compile_inner
from charrnn.networks.native.elementwise import ONE, apply_sigmoid, apply_tanh

RNN, LSTM, GRU = range(3)


class NativeCell(NamedTuple):
    """What the loops need to know of a cell.

    Attributes:
        number: which one.
        states: S.
        saved: what a step saves, in multiples of H.
        biases: 2 if u has a bias, and a gradient, of its own.
    """

    number: int
    states: int
    saved: int
    biases: int


CELLS = {
    "rnn": NativeCell(RNN, states=1, saved=0, biases=1),
    "lstm": NativeCell(LSTM, states=2, saved=4, biases=1),
    "gru": NativeCell(GRU, states=1, saved=4, biases=2),
}
"""Cell name to its numbers."""


@compile_inner
def start_step(cell: int, x: Any, bias: Any, u: Any) -> None:
    """Set u (G*H,), to which the product of the state is then added."""
    if cell == GRU:
        _copy(bias[1], u)
    else:
        for n in range(x.shape[0]):
            u[n] = x[n] + bias[0, n]


@compile_inner
def step_forward(
    cell: int, x: Any, bias: Any, u: Any, state: Any, saved: Any, scratch: Any
) -> None:
    """Step the state (S, H), and keep in `saved` what the derivative needs."""
    if cell == LSTM:
        _forward_lstm(u, state, saved, scratch)
    elif cell == GRU:
        _forward_gru(x, bias, u, state, saved)
    else:
        _copy(u, state[0])
        apply_tanh(state[0])


@compile_inner
def step_backward(
    cell: int, saved: Any, states: Any, grad: Any, d_x: Any, d_u: Any, scratch: Any
) -> None:
    """Step back.

    Args:
        cell: which.
        saved: what `step_forward` kept.
        states: the first state before and after the step, and the second, each (H,).
        grad: the loss's gradient by the states after the step, (S, H); on return, by those before
            it, without the part that goes through u.
        d_x: on return, the gradient by x, (G*H,).
        d_u: on return, the gradient by u.
        scratch: (H,).
    """
    h_before, h_after, c_before, c_after = states
    if cell == LSTM:
        _backward_lstm(saved, c_before, c_after, grad, d_u, scratch)
        _copy(d_u, d_x)
    elif cell == GRU:
        _backward_gru(saved, h_before, grad[0], d_x, d_u)
    else:
        _backward_rnn(h_after, grad[0], d_u)
        _copy(d_u, d_x)


@compile_inner
def _copy(source: Any, target: Any) -> None:
    for n in range(target.shape[0]):
        target[n] = source[n]


@compile_inner
def _backward_rnn(h: Any, dh: Any, d_u: Any) -> None:
    for n in range(h.shape[0]):
        d_u[n] = dh[n] * (ONE - h[n] * h[n])
        dh[n] = 0


@compile_inner
def _forward_lstm(u: Any, state: Any, saved: Any, scratch: Any) -> None:
    units = state.shape[1]
    h, c = state[0], state[1]
    _copy(u, saved)
    apply_sigmoid(saved[: 2 * units])
    apply_tanh(saved[2 * units : 3 * units])
    apply_sigmoid(saved[3 * units :])
    i, f = saved[:units], saved[units : 2 * units]
    g, o = saved[2 * units : 3 * units], saved[3 * units :]
    for n in range(units):
        c[n] = f[n] * c[n] + i[n] * g[n]
    _copy(c, scratch)
    apply_tanh(scratch)
    for n in range(units):
        h[n] = o[n] * scratch[n]


@compile_inner
def _backward_lstm(
    saved: Any, c_before: Any, c_after: Any, grad: Any, d_u: Any, scratch: Any
) -> None:
    units = grad.shape[1]
    dh, dc = grad[0], grad[1]
    i, f = saved[:units], saved[units : 2 * units]
    g, o = saved[2 * units : 3 * units], saved[3 * units :]
    di, df = d_u[:units], d_u[units : 2 * units]
    dg, do = d_u[2 * units : 3 * units], d_u[3 * units :]
    _copy(c_after, scratch)
    apply_tanh(scratch)
    for n in range(units):
        do[n] = dh[n] * scratch[n] * o[n] * (ONE - o[n])
    for n in range(units):
        dc[n] += dh[n] * o[n] * (ONE - scratch[n] * scratch[n])
    for n in range(units):
        di[n] = dc[n] * g[n] * i[n] * (ONE - i[n])
    for n in range(units):
        df[n] = dc[n] * c_before[n] * f[n] * (ONE - f[n])
    for n in range(units):
        dg[n] = dc[n] * i[n] * (ONE - g[n] * g[n])
    for n in range(units):
        dc[n] *= f[n]
    for n in range(units):
        dh[n] = 0


@compile_inner
def _forward_gru(x: Any, bias: Any, u: Any, state: Any, saved: Any) -> None:
    units = state.shape[1]
    h = state[0]
    both = saved[: 2 * units]
    for n in range(2 * units):
        both[n] = x[n] + bias[0, n] + u[n]
    apply_sigmoid(both)
    z, r = saved[:units], saved[units : 2 * units]
    candidate, u_candidate = saved[2 * units : 3 * units], saved[3 * units :]
    _copy(u[2 * units :], u_candidate)
    for n in range(units):
        candidate[n] = x[2 * units + n] + bias[0, 2 * units + n] + r[n] * u_candidate[n]
    apply_tanh(candidate)
    for n in range(units):
        h[n] = z[n] * h[n] + (ONE - z[n]) * candidate[n]


@compile_inner
def _backward_gru(saved: Any, h: Any, dh: Any, d_x: Any, d_u: Any) -> None:
    units = h.shape[0]
    z, r = saved[:units], saved[units : 2 * units]
    candidate, u_candidate = saved[2 * units : 3 * units], saved[3 * units :]
    dz, dr, dn = d_x[:units], d_x[units : 2 * units], d_x[2 * units : 3 * units]
    for n in range(units):
        dz[n] = dh[n] * (h[n] - candidate[n]) * z[n] * (ONE - z[n])
    for n in range(units):
        dn[n] = dh[n] * (ONE - z[n]) * (ONE - candidate[n] * candidate[n])
    for n in range(units):
        dr[n] = dn[n] * u_candidate[n] * r[n] * (ONE - r[n])
    for n in range(units):
        dh[n] *= z[n]
    _copy(d_x, d_u[: 2 * units])
    du_candidate = d_u[2 * units : 3 * units]
    for n in range(units):
        du_candidate[n] = dn[n] * r[n]

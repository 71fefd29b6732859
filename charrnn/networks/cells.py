"""One step of each recurrent cell and its derivative, elementwise: no products, no loop.

Shapes: B batch, H units, G gates. A step takes `x`, the projected input with its bias, and `u`,
the projected state, both (B, G*H), and the states before it, each (B, H). The equations and the
order of the gates are Keras's; the derivatives follow by the chain rule (Hochreiter & Schmidhuber
1997; Cho et al. 2014, with the reset after the product).
"""

from collections.abc import Sequence
from typing import Protocol

import tensorflow as tf

Tensors = Sequence[tf.Tensor]


class Cell(Protocol):
    """What a scan needs from a cell; a cell has no weights and no state of its own.

    Attributes:
        name: what presets and files call it.
        saved: how many (B, H) tensors `forward` saves.
        reset_after: whether u has its own bias, and gradients by x and by u that differ.
    """

    name: str
    saved: int
    reset_after: bool

    def forward(self, x: tf.Tensor, u: tf.Tensor, states: Tensors, /) -> tuple[Tensors, Tensors]:
        """Step once; return the new states, output first, and what else `backward` needs."""

    def backward(
        self, before: Tensors, after: Tensors, saved: Tensors, grads: Tensors, /
    ) -> tuple[Tensors, Tensors, Tensors]:
        """Step back once.

        Args:
            before: the states before the step.
            after: the states after it.
            saved: what `forward` saved.
            grads: the loss's gradient by each of `after`.

        Returns:
            the gradients by x and by u, gate by gate, each (B, H), and by each of `before` without
            the part that goes through u.
        """


class SimpleCell:
    """h' = tanh(x + u)."""

    name, saved, reset_after = "rnn", 0, False

    def forward(self, x: tf.Tensor, u: tf.Tensor, _states: Tensors) -> tuple[Tensors, Tensors]:
        """Step once; see `Cell`."""
        return (tf.tanh(x + u),), ()

    def backward(
        self, _before: Tensors, after: Tensors, _saved: Tensors, grads: Tensors
    ) -> tuple[Tensors, Tensors, Tensors]:
        """Step back once; see `Cell`."""
        (h,), (dh,) = after, grads
        dx = dh * (1 - h * h)
        return (dx,), (dx,), (tf.zeros_like(h),)


class LSTMCell:
    """c' = f c + i g, h' = o tanh(c'), (i, f, g, o) = (sigmoid, sigmoid, tanh, sigmoid)(x + u)."""

    name, saved, reset_after = "lstm", 4, False

    def forward(self, x: tf.Tensor, u: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
        """Step once; see `Cell`."""
        i, f, g, o = tf.split(x + u, 4, axis=1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * states[1] + i * g
        return (o * tf.tanh(c), c), (i, f, g, o)

    def backward(
        self, before: Tensors, after: Tensors, saved: Tensors, grads: Tensors
    ) -> tuple[Tensors, Tensors, Tensors]:
        """Step back once; see `Cell`."""
        (i, f, g, o), (dh, dc) = saved, grads
        tanh_c = tf.tanh(after[1])
        dc += dh * o * (1 - tanh_c * tanh_c)
        di = dc * g * i * (1 - i)
        df = dc * before[1] * f * (1 - f)
        dg = dc * i * (1 - g * g)
        do = dh * tanh_c * o * (1 - o)
        dx = (di, df, dg, do)
        return dx, dx, (tf.zeros_like(dh), dc * f)


class GRUCell:
    """h' = z h + (1 - z) n, n = tanh(x_n + r u_n), (z, r) = sigmoid(x + u)."""

    name, saved, reset_after = "gru", 4, True

    def forward(self, x: tf.Tensor, u: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
        """Step once; see `Cell`."""
        x_z, x_r, x_n = tf.split(x, 3, axis=1)
        u_z, u_r, u_n = tf.split(u, 3, axis=1)
        z, r = tf.sigmoid(x_z + u_z), tf.sigmoid(x_r + u_r)
        n = tf.tanh(x_n + r * u_n)
        return (z * states[0] + (1 - z) * n,), (z, r, n, u_n)

    def backward(
        self, before: Tensors, _after: Tensors, saved: Tensors, grads: Tensors
    ) -> tuple[Tensors, Tensors, Tensors]:
        """Step back once; see `Cell`."""
        (h,), (z, r, n, u_n), (dh,) = before, saved, grads
        dz = dh * (h - n) * z * (1 - z)
        dn = dh * (1 - z) * (1 - n * n)
        dr = dn * u_n * r * (1 - r)
        return (dz, dr, dn), (dz, dr, dn * r), (dh * z,)

"""What defines a network and what defines a training: frozen dataclasses, to and from JSON.

Letters used for shapes everywhere: B batch, T time (characters of a window), E embedding size,
H units, V vocabulary size.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_origin

from charrnn.errors import CharrnnError, UsageError

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
"""Cell name to the number of H-wide blocks in its kernels."""

CELLS = tuple(GATES)
ORDERS = ("streams", "shuffled")
STATES = ("carry", "reset")
PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class NetworkConfig:
    """A character language model: embedding, stacked recurrent layers, dense logits.

    Raises:
        UsageError: a size below one, a dropout outside [0, 1), or an unknown cell.
    """

    vocabulary_size: int
    cell: str = "lstm"
    embedding: int = 64
    units: int = 256
    layers: int = 1
    dropout: float = 0.0  # on each recurrent layer's output, while training
    weight_drop: float = 0.0  # on each recurrent kernel's entries, while training
    embedding_dropout: float = 0.0  # on the embedding's output, while training

    def __post_init__(self) -> None:
        require(self.cell in CELLS, f"unknown cell {self.cell!r}: choose {', '.join(CELLS)}")
        for name in ("vocabulary_size", "embedding", "units", "layers"):
            require_at_least_one(self, name)
        for name in ("dropout", "weight_drop", "embedding_dropout"):
            rate = getattr(self, name)
            require(0 <= rate < 1, f"{name.replace('_', ' ')} must lie in [0, 1), not {rate}")

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights in Keras's order: path in a `.weights.h5` file to shape."""
        shapes: dict[str, tuple[int, ...]] = {
            "layers/embedding/vars/0": (self.vocabulary_size, self.embedding)
        }
        for layer in range(self.layers):
            path = f"{self.layer_path(layer)}/cell/vars"
            width = self.units if layer else self.embedding
            shapes |= cell_shapes(path, self.cell, width, self.units)
        shapes["layers/dense/vars/0"] = (self.units, self.vocabulary_size)
        shapes["layers/dense/vars/1"] = (self.vocabulary_size,)
        return shapes

    def layer_path(self, layer: int) -> str:
        """Where Keras keeps recurrent layer number `layer`, counted from 0."""
        return f"layers/{layer_name(self.cell)}" + (f"_{layer}" if layer else "")

    @property
    def parameters(self) -> int:
        """How many trainable numbers the network has."""
        return sum(math.prod(shape) for shape in self.weight_shapes().values())


@dataclass(frozen=True)
class TrainingConfig:
    """How a text is cut into batches and how the weights follow its gradient.

    Raises:
        UsageError: a value outside its range, or values that contradict each other.
    """

    order: str = "streams"  # or the tutorial's "shuffled"
    state: str = "carry"  # from batch to batch; "reset" starts every batch from zero
    seq_length: int = 100  # T: windows of T + 1 characters
    stride: int = 0  # between the windows of a stream; 0 is T: each character once
    batch_size: int = 64
    epochs: int = 10
    learning_rate: float = 0.005
    schedule: str = "constant"  # or "cosine", after a warm-up over the first tenth of all steps
    clip_norm: float = 1.0  # of the whole gradient; 0 for none
    weight_decay: float = 0.0  # times the rate: the part that every weight loses in a step
    validation: float = 0.1  # the text's last part
    patience: int = 0  # epochs without a better loss before stopping; 0 for never
    seed: int = 0
    precision: str = "float32"  # of matrix products

    def __post_init__(self) -> None:
        require(self.order in ORDERS, f"unknown order {self.order!r}: {' or '.join(ORDERS)}")
        require(self.state in STATES, f"unknown state {self.state!r}: {' or '.join(STATES)}")
        require(
            self.precision in PRECISIONS,
            f"unknown precision {self.precision!r}: choose {', '.join(PRECISIONS)}",
        )
        require(
            self.schedule in SCHEDULES,
            f"unknown schedule {self.schedule!r}: choose {', '.join(SCHEDULES)}",
        )
        for name in ("seq_length", "batch_size", "epochs"):
            require_at_least_one(self, name)
        require(self.stride >= 0, f"stride must be 0 (side by side) or above, not {self.stride}")
        object.__setattr__(self, "stride", self.stride or self.seq_length)
        require(0 < self.learning_rate < math.inf, "the learning rate must be above 0")
        require(0 <= self.clip_norm < math.inf, "the clip norm must be 0 (none) or above")
        require(0 <= self.weight_decay < math.inf, "the weight decay must be 0 (none) or above")
        require(0 <= self.validation < 1, "the validation fraction must lie in [0, 1)")
        require(self.patience >= 0, "patience must be 0 (never stop early) or above")
        require(0 <= self.seed < 2**32, "the seed must lie in [0, 2^32)")
        self._check_stride()

    def _check_stride(self) -> None:
        if self.order == "shuffled":
            require(
                self.stride == self.seq_length,
                "--stride goes with --order streams; shuffled windows lie side by side",
            )
            return
        require(
            self.stride <= self.seq_length,
            f"a stride of {self.stride} would skip text between windows of {self.seq_length}: "
            f"use {self.seq_length} or less",
        )
        require(
            self.state == "reset" or self.stride == self.seq_length,
            f"with a stride of {self.stride} a window does not begin where the last one ended, "
            "so its state can't be carried: add --state reset",
        )


_Dataclass = TypeVar("_Dataclass")


def from_mapping(kind: type[_Dataclass], values: Mapping[str, Any]) -> _Dataclass:
    """Build a dataclass from parsed JSON, checking names and types.

    Raises:
        CharrnnError: a field is missing, unknown, of the wrong type or out of range.
    """
    fields = {field.name: field.type for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if set(values) != set(fields):
        odd = ", ".join(sorted(map(repr, set(values) ^ set(fields))))
        raise CharrnnError(f"the settings have missing or unknown fields: {odd}")
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    for name, value in values.items():
        expected: Any = float | int if fields[name] is float else fields[name]
        expected = tuple if get_origin(expected) is tuple else expected
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            raise CharrnnError(f"the setting {name} has an unexpected value: {value!r}")
    return kind(**values)


def read_mapping(kind: type[_Dataclass], values: Mapping[str, Any]) -> _Dataclass:
    """As `from_mapping`; a field that the writer did not have yet gets its default."""
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]
        if field.default is not dataclasses.MISSING
    }
    return from_mapping(kind, defaults | dict(values))


def cell_shapes(path: str, cell: str, width: int, units: int) -> dict[str, tuple[int, ...]]:
    """A cell's weights at `path`, to their shapes; `width` is its input's.

    A GRU's bias has two rows, for the input and the recurrent product (reset after).
    """
    gates = GATES[cell] * units
    bias = (2, gates) if cell == "gru" else (gates,)
    return {f"{path}/0": (width, gates), f"{path}/1": (units, gates), f"{path}/2": bias}


def layer_name(cell: str) -> str:
    """What Keras calls a cell's layer in a weights file."""
    return {"rnn": "simple_rnn"}.get(cell, cell)


def require(holds: bool, message: str) -> None:
    """Complain unless it holds.

    Raises:
        UsageError: it doesn't.
    """
    if not holds:
        raise UsageError(message)


def require_at_least_one(config: Any, name: str) -> None:
    """Complain unless the field `name` is 1 or above."""
    value = getattr(config, name)
    require(value >= 1, f"{name.replace('_', ' ')} must be at least 1, not {value}")

"""What defines a character language model and its training.

Letters for shapes: B batch, T time (characters of a window), E embedding size, H units, V
vocabulary size.
"""

from dataclasses import dataclass

from charrnn.config.fields import (
    CELLS,
    MOST_COUNTED,
    MOST_LAYERS,
    MOST_UNITS,
    list_cell_shapes,
    name_layer,
    require,
    require_at_least,
    require_at_most,
    require_choice,
    require_finite,
    require_fraction,
    require_training,
    require_types,
)
from charrnn.config.layers import LayerRow, Shapes, collect_shapes

DROPOUTS = ("dropout", "weight_drop", "embedding_dropout", "character_dropout")
ORDERS = ("streams", "shuffled")
STATES = ("carry", "reset")
LONGEST_TEXT = 10**9  # characters to write: days, whatever the network
MOST_TEXTS = 10**9  # to write, some at a time
MOST_SIDE_BY_SIDE = 10_000  # texts, each with a state and a random generator
MOST_JOBS = 1024  # processes: more than a machine has cores
MOST_CHARACTERS = 0x110000  # there are no more code points
MOST_PASSES = 1000  # of adapting; who wants more trains
CROP_LENGTH = 256  # characters of a crop to measure on; nanoGPT's for Shakespeare
SHORTEST_COPY = 20  # characters: of text that was not copied, one to two per cent is found
LONGEST_PIECE = 1000  # characters, of all of which an adapting network keeps its states


@dataclass(frozen=True)
class NetworkConfig:
    """A character language model: embedding, stacked recurrent layers, dense logits.

    Raises:
        UsageError: a size out of range, a dropout outside [0, 1), or an unknown cell.
    """

    vocabulary_size: int
    cell: str = "lstm"
    embedding: int = 64
    units: int = 256
    layers: int = 1
    dropout: float = 0.0  # on each recurrent layer's output, while training
    weight_drop: float = 0.0  # on each recurrent kernel's entries, while training
    embedding_dropout: float = 0.0  # on the embedding's table, while training
    character_dropout: float = 0.0  # on whole characters of the input, while training

    def __post_init__(self) -> None:
        require_types(self)
        require_choice(self, "cell", CELLS)
        require_at_least(self, 1, "vocabulary_size", "embedding", "units", "layers")
        require_at_most(self, MOST_CHARACTERS, "vocabulary_size")
        require_at_most(self, MOST_UNITS, "embedding", "units")
        require_at_most(self, MOST_LAYERS, "layers")
        require_fraction(self, *DROPOUTS)

    def layer_rows(self, time: int | None = None) -> list[LayerRow]:
        """The layers in their order.

        Args:
            time: T, for the outputs' shapes; None for a length that varies.
        """
        shape = (self.vocabulary_size, self.embedding)
        rows = [LayerRow("embedding", (time, self.embedding), {"layers/embedding/vars/0": shape})]
        for layer in range(self.layers):
            width = self.units if layer else self.embedding
            path = f"{self.layer_path(layer)}/cell/vars"
            weights = list_cell_shapes(path, self.cell, width, self.units)
            rows.append(LayerRow(self.cell, (time, self.units), weights))
        path, size = "layers/dense/vars", self.vocabulary_size
        weights = {f"{path}/0": (self.units, size), f"{path}/1": (size,)}
        return [*rows, LayerRow("dense, logits", (time, size), weights)]

    def weight_shapes(self) -> Shapes:
        """The weights in Keras's order: path in a `.weights.h5` file to shape."""
        return collect_shapes(self.layer_rows())

    def layer_path(self, layer: int) -> str:
        """Where Keras keeps recurrent layer number `layer`, counted from 0."""
        return f"layers/{name_layer(self.cell)}" + (f"_{layer}" if layer else "")

    @property
    def parameters(self) -> int:
        """How many trainable numbers the network has."""
        return sum(row.parameters for row in self.layer_rows())

    def describe(self) -> str:
        """Name the cell and its units, after the number of layers if there are several."""
        stacked = f"{self.layers} × " if self.layers > 1 else ""
        return f"{stacked}{self.cell} {self.units}"


@dataclass(frozen=True)
class TrainingConfig:
    """How a text is cut into batches and how the weights follow its gradient.

    Raises:
        UsageError: a value outside its range, or values that contradict each other.
    """

    order: str = "streams"  # or the tutorial's "shuffled"
    state: str = "carry"  # from batch to batch; "reset" starts every batch from zero
    seq_length: int = 100  # T: windows of T + 1 characters
    stride: int = 0  # between the windows of a stream; 0 means T: each character once
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
        require_types(self)
        require_choice(self, "order", ORDERS)
        require_choice(self, "state", STATES)
        require_training(self)
        require_at_least(self, 1, "seq_length")
        require_at_least(self, 0, "stride")
        require_at_most(self, MOST_COUNTED, "seq_length", "batch_size")
        require_fraction(self, "validation")
        require_finite(self, "weight_decay")
        require(self.weight_decay >= 0, "`weight_decay` must be 0 (none) or above")
        self._check_stride()

    def _check_stride(self) -> None:
        if self.order == "shuffled":
            require(
                self.window_stride == self.seq_length,
                "`stride` needs the `order` streams: shuffled windows lie side by side",
            )
            return
        require(
            self.window_stride <= self.seq_length,
            f"a `stride` of {self.stride} would skip text between windows of {self.seq_length}: "
            f"use {self.seq_length} or less",
        )
        require(
            self.state == "reset" or self.window_stride == self.seq_length,
            f"with a `stride` of {self.stride} a window does not begin where the last one ended, "
            "so its state can't be carried: set `state` to reset",
        )

    @property
    def window_stride(self) -> int:
        """The distance between the starts of a stream's windows."""
        return self.stride or self.seq_length


@dataclass(frozen=True)
class Adaptation:
    """How a network learns from what it reads.

    Attributes:
        rate: learning rate: the step for a gradient of typical size; 0 turns adapting off.
        pull: the fraction of the way back to its original value that an average weight is moved
            after each piece.
        piece: how many characters are predicted before they are learnt from.

    Raises:
        UsageError: a value outside its range.
    """

    rate: float = 4e-4
    pull: float = 1e-3
    piece: int = 20

    def __post_init__(self) -> None:
        require_types(self)
        require(0 <= self.rate <= 1, f"`rate` must lie in [0, 1], not {self.rate:g}")
        require(0 <= self.pull <= 1, f"`pull` must lie in [0, 1], not {self.pull:g}")
        require(1 <= self.piece <= LONGEST_PIECE, f"`piece` must lie in [1, {LONGEST_PIECE}]")

    def describe(self) -> str:
        """Describe it in a few words."""
        return f"rate {self.rate:g}, pull {self.pull:g}, pieces of {self.piece}"

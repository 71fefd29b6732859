"""What defines a review classifier, a word model, and their training.

The networks are built from this in `charrnn.networks` for training and in
`charrnn.inference.classifier` for use. Letters for shapes as in `charrnn.config.language`; T counts
tokens.
"""

from collections.abc import Sequence
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
    require_fraction,
    require_training,
    require_types,
)
from charrnn.config.layers import LayerRow, Shapes, collect_shapes

TOKENS = ("words", "subwords")
BIGRAMS_ALONE = "none"
READERS = (*CELLS, "average", BIGRAMS_ALONE)
PADDINGS = ("before", "after")
POOLINGS = ("last", "max")
OPTIMIZERS = ("adam", "rmsprop")

LARGEST_BATCH = 10_000  # reviews; a smaller batch is filled up
MOST_TOKENS = 250_000  # the block of a file holds no more words
MOST_BIGRAMS = 2**24  # rows
MOST_FOLDS = 100
LONGEST_REVIEW = 20_000  # tokens; every review may be padded to it
MOST_STEPS = 10 * LONGEST_REVIEW  # of all cells in a review: some seconds
MOST_NUMBERS = 512 * LONGEST_REVIEW  # that a layer gives for a review: 41 MB
RESERVED = 4  # ids of padding, a start, an unknown word, and one that Keras never uses


@dataclass(frozen=True)
class ClassifierConfig:
    """Embedding, recurrent layers or an average over time, a dense relu layer, one logit.

    Beside this network, or instead of it, an average over the review's words and pairs of
    neighbours can give a logit; the network's is the sum.

    Raises:
        UsageError: a value outside its range, or values that contradict each other.
    """

    tokens: str = "words"
    vocabulary_size: int = 10_000  # V: ids, the reserved ones included
    bigrams: int = 0  # rows that words and pairs of neighbours are hashed to; 0 for no average
    embedding: int = 32
    cell: str = "lstm"  # or "average" over time, or "none" beside the bigrams
    units: tuple[int, ...] = (32,)  # of each recurrent layer; none for an average
    bidirectional: bool = False
    pooling: str = "last"  # what the last recurrent layer gives: its last output or the "max"
    mask: bool = False  # leave padding out; otherwise it is read like any word
    dense: int = 0  # units of the relu layer before the logit; 0 for no such layer
    dropout: float = 0.0  # on what the layer after the recurrent ones reads, while training
    embedding_dropout: float = 0.0  # on the embedding's output
    word_dropout: float = 0.0  # of whole vectors
    max_length: int = 500  # tokens of a review's end; 0 for all
    padding: str = "before"

    def __post_init__(self) -> None:
        require_types(self)
        require_choice(self, "tokens", TOKENS)
        require_choice(self, "cell", READERS)
        require_choice(self, "padding", PADDINGS)
        require_choice(self, "pooling", POOLINGS)
        require_at_least(self, 1, "embedding")
        require_at_least(self, 0, "dense", "max_length", "bigrams")
        require_at_most(self, MOST_UNITS, "embedding", "dense")
        require_at_most(self, LONGEST_REVIEW, "max_length")
        require_at_most(self, MOST_BIGRAMS, "bigrams")
        require(self.bigrams != 1, "`bigrams` must be 0 (none) or 2 and above: row 0 is padding")
        require_fraction(self, "dropout", "embedding_dropout", "word_dropout")
        _require_vocabulary(self.vocabulary_size)
        _require_layers(self.units)
        require(
            bool(self.max_length) or self.mask or not self.reads_sequence,
            "whole reviews (`max_length` 0) need `mask`, or padding would change their answers",
        )
        self._check_cell()
        self._check_size()

    def _check_cell(self) -> None:
        if self.is_recurrent:
            require(bool(self.units), f"the `cell` {self.cell} needs `units`")
            return
        require(
            not self.units, f"the `cell` {self.cell} has no `units` or `layers`: leave them out"
        )
        require(not self.bidirectional, f"the `cell` {self.cell} has no direction")
        require(
            self.pooling == "last", f"the `cell` {self.cell} has no outputs to take the maximum of"
        )
        if not self.reads_sequence:
            require(
                bool(self.bigrams), "the `cell` none is for presets with bigrams: bigrams and best"
            )
            require(
                not (self.dense or self.dropout), "the `cell` none has no dense layer or dropout"
            )

    def _check_size(self) -> None:
        """Reject what takes long or much memory for each review, however small its weights are."""
        time = self.max_length or LONGEST_REVIEW
        steps = len(self.units) * (2 if self.bidirectional else 1)
        require(
            time * steps <= MOST_STEPS,
            f"reviews of {time:,} tokens are too long for {steps} passes over them, one for each "
            "of the `layers` and direction: give a smaller `max_length`, or fewer `layers`",
        )
        require(
            time * self.width <= MOST_NUMBERS,
            f"reviews of {time:,} tokens are too long for a layer that is {self.width:,} wide: "
            "give a smaller `max_length`, `embedding` or `units`",
        )

    @property
    def width(self) -> int:
        """How many numbers the widest layer over time gives for a token."""
        return max([self.embedding, *map(self._give, self.units)])

    def _give(self, units: int) -> int:
        """How many numbers a recurrent layer gives for a token."""
        return units * (2 if self.bidirectional else 1)

    @property
    def is_recurrent(self) -> bool:
        """Whether recurrent layers read the tokens, and not an average alone."""
        return self.cell in CELLS

    @property
    def reads_sequence(self) -> bool:
        """Whether a network reads the tokens; otherwise the average of bigrams answers alone."""
        return self.cell != BIGRAMS_ALONE

    def layer_rows(self) -> list[LayerRow]:
        """The layers in their order, as Keras names and counts them."""
        rows = self._sequence_rows() if self.reads_sequence else []
        if self.bigrams:
            path = "layers/bigrams/vars"
            shape = (self.bigrams,)
            weights: Shapes = {f"{path}/0": shape, f"{path}/1": (1,), f"{path}/2": shape}
            rows.append(LayerRow("average of bigrams", (1,), weights, fixed=self.bigrams))
        return rows

    def _sequence_rows(self) -> list[LayerRow]:
        time = self.max_length or None
        shape = (self.vocabulary_size, self.embedding)
        rows = [LayerRow("embedding", (time, self.embedding), {"layers/embedding/vars/0": shape})]
        width = self.embedding
        for layer, units in enumerate(self.units):
            rows.append(self._recurrent_row(layer, width, time))
            width = self._give(units)
        if self.pooling == "max" or not self.units:
            name = "maximum over time" if self.units else "average over time"
            rows.append(LayerRow(name, (width,), {}))
        if self.dense:
            rows.append(_dense_row("dense, relu", "layers/dense", width, self.dense))
            width = self.dense
        path = "layers/dense_1" if self.dense else "layers/dense"
        return [*rows, _dense_row("dense, sigmoid", path, width, 1)]

    def weight_shapes(self) -> Shapes:
        """The weights in Keras's order: path in a `.weights.h5` file to shape."""
        return collect_shapes(self.layer_rows())

    @property
    def padded_to_longest(self) -> bool:
        """Whether reviews of like length share a batch, padded to the longest of them.

        That needs an answer that leaves padding out. Otherwise each review is padded to
        `max_length`.
        """
        return self.mask and self.reads_sequence

    @property
    def input_length(self) -> int | None:
        """T of every batch; None if it is as long as its longest review."""
        return None if self.padded_to_longest else self.max_length

    def cell_paths(self, layer: int) -> list[str]:
        """Where Keras keeps the cells of recurrent layer number `layer`, one or both directions."""
        number = f"_{layer}" if layer else ""
        if self.bidirectional:
            sides = ("forward_layer", "backward_layer")
            return [f"layers/bidirectional{number}/{side}/cell/vars" for side in sides]
        return [f"layers/{name_layer(self.cell)}{number}/cell/vars"]

    def _recurrent_row(self, layer: int, width: int, time: int | None) -> LayerRow:
        units = self.units[layer]
        weights: Shapes = {}
        for path in self.cell_paths(layer):
            weights |= list_cell_shapes(path, self.cell, width, units)
        name = f"bidirectional {self.cell}" if self.bidirectional else self.cell
        out = self._give(units)
        last = layer == len(self.units) - 1 and self.pooling == "last"
        return LayerRow(name, (out,) if last else (time, out), weights)

    @property
    def parameters(self) -> int:
        """How many trainable numbers the network has."""
        return sum(row.parameters for row in self.layer_rows())

    def describe(self) -> str:
        """Name the layers, for example "bidirectional lstm 64 and 32 with words and pairs"."""
        parts = []
        if self.reads_sequence:
            direction = "bidirectional " if self.bidirectional else ""
            sizes = " and ".join(map(str, self.units))
            parts.append(f"{direction}{self.cell} {sizes}".strip())
        if self.bigrams:
            parts.append("words and pairs")
        return " with ".join(parts)


def _require_vocabulary(size: int) -> None:
    require(size > RESERVED, f"`max_words` must be above {RESERVED}")
    require(size <= MOST_TOKENS, f"`max_words` must be at most {MOST_TOKENS:,}, not {size}")


def _require_layers(units: Sequence[int]) -> None:
    require(len(units) <= MOST_LAYERS, f"`layers` must be at most {MOST_LAYERS}, not {len(units)}")
    require(all(number >= 1 for number in units), "`units` must be at least 1")
    require(
        all(number <= MOST_UNITS for number in units), f"`units` must be at most {MOST_UNITS:,}"
    )


def _dense_row(name: str, path: str, width: int, units: int) -> LayerRow:
    weights = {f"{path}/vars/0": (width, units), f"{path}/vars/1": (units,)}
    return LayerRow(name, (units,), weights)


@dataclass(frozen=True)
class WordModelConfig:
    """A language model of words that reads in both directions, what a classifier can begin from.

    Raises:
        UsageError: a size out of range.
    """

    vocabulary_size: int = 30_000
    embedding: int = 128
    cell: str = "lstm"
    units: int = 128  # in each direction
    tokens: str = "words"

    def __post_init__(self) -> None:
        require_types(self)
        require_choice(self, "cell", CELLS)
        require_choice(self, "tokens", TOKENS)
        require_at_least(self, 1, "embedding", "units")
        require_at_most(self, MOST_UNITS, "embedding", "units")
        _require_vocabulary(self.vocabulary_size)

    def layer_rows(self) -> list[LayerRow]:
        """The layers in their order."""
        table = (self.vocabulary_size, self.embedding)
        rows = [LayerRow("embedding", (None, self.embedding), {"layers/embedding/vars/0": table})]
        for side, path in zip(("forward", "backward"), self.cell_paths(), strict=True):
            weights = list_cell_shapes(path, self.cell, self.embedding, self.units)
            rows.append(LayerRow(f"{side} {self.cell}", (None, self.units), weights))
        for side, number in (("forward", ""), ("backward", "_1")):
            weights = {f"layers/dense{number}/vars/0": (self.units, self.embedding)}
            rows.append(LayerRow(f"{side} projection", (None, self.embedding), weights))
        path = "layers/next_word/vars"
        weights = {f"{path}/0": table, f"{path}/1": (self.vocabulary_size,)}
        return [*rows, LayerRow("next word", (None, self.vocabulary_size), weights)]

    def weight_shapes(self) -> Shapes:
        """The weights in Keras's order: path in a `.weights.h5` file to shape."""
        return collect_shapes(self.layer_rows())

    def cell_paths(self) -> list[str]:
        """Where Keras keeps the cells of the forward layer and of the backward one."""
        return [f"layers/{name_layer(self.cell)}{number}/cell/vars" for number in ("", "_1")]

    @property
    def parameters(self) -> int:
        """How many trainable numbers the network has."""
        return sum(row.parameters for row in self.layer_rows())

    def describe(self) -> str:
        """Name the cell and its units, for example "lstm 128 in each direction"."""
        return f"{self.cell} {self.units} in each direction"


@dataclass(frozen=True)
class ReviewTraining:
    """How a classifier learns.

    Raises:
        UsageError: a value outside its range.
    """

    optimizer: str = "adam"
    learning_rate: float = 0.001  # Keras's default for both optimizers
    clip_norm: float = 0.0  # of the whole gradient; 0 for none
    schedule: str = "constant"  # or "cosine", after a warm-up over the first tenth of all steps
    batch_size: int = 128
    epochs: int = 10
    validation: float = 0.2  # the last part of the training reviews
    patience: int = 0  # epochs without a better validation loss before stopping; 0 for never
    frozen_epochs: int = 0  # before a borrowed embedding learns too
    folds: int = 0  # see `charrnn.training.residual`; if bigrams stand beside a network
    seed: int = 0
    precision: str = "float32"  # of matrix products

    def __post_init__(self) -> None:
        require_types(self)
        require_choice(self, "optimizer", OPTIMIZERS)
        require_training(self)
        require_at_least(self, 0, "frozen_epochs")
        require_at_most(self, LARGEST_BATCH, "batch_size")
        require_at_most(self, MOST_COUNTED, "frozen_epochs")
        require_at_most(self, MOST_FOLDS, "folds")
        require(0 < self.validation < 1, "`validation` must lie in (0, 1)")
        require(self.folds != 1 and self.folds >= 0, "`folds` must be 0 (none) or 2 and above")

"""The settings of runs: options of the command line, as keywords."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from inspect import signature
from typing import Any, TypedDict

from charrnn.api.arguments import to_plain
from charrnn.errors import UsageError

_CLOSE = 0.75  # two names, of at most 1


class LanguageSettings(TypedDict, total=False):
    """The settings of `charrnn.train`: the options of `charrnn train`.

    One that is left out has the preset's value for the cell and the text.

    Attributes:
        cell: kind of recurrent layer: "lstm", "gru" or "rnn".
        units: units in each recurrent layer (H), 1 or more.
        layers: number of recurrent layers, stacked, 1 or more.
        embedding: size of the vector that stands for a character (E), 1 or more.
        dropout: dropout on each recurrent layer's output, in [0, 1).
        embedding_dropout: dropout on the characters' vectors, in [0, 1).
        character_dropout: dropout on whole characters of the input, in [0, 1).
        weight_drop: dropout on the recurrent weights (DropConnect), in [0, 1).
        weight_decay: weight decay (AdamW): each step shrinks every weight by this times the
            learning rate; 0 for none.
        seq_length: length of a window in characters (T); gradients reach no further.
        batch_size: windows trained on at once (B), 1 or more.
        order: order of the windows: "streams", which are contiguous, or "shuffled".
        state: "carry" the network's state from batch to batch, or "reset" it.
        stride: distance between the starts of two windows in a stream, in characters; 0 for
            `seq_length`. Less makes windows overlap, which needs the `state` "reset".
        epochs: passes through the text, in all.
        learning_rate: Adam's learning rate, at its peak; above 0.
        schedule: "constant", or "cosine", which warms up, then decays to 2%.
        clip_norm: largest norm of the gradient; 0 for no clipping.
        validation: fraction of the text, its end, held back for validation, in [0, 1).
        patience: stop after this many epochs without a new best; 0 for never.
        seed: random seed, in [0, 2^32); the same seed gives the same run on a CPU.
        precision: number format of matrix products: "float32", "bfloat16" or "auto".
    """

    cell: str
    units: int
    layers: int
    embedding: int
    dropout: float
    embedding_dropout: float
    character_dropout: float
    weight_drop: float
    weight_decay: float
    seq_length: int
    batch_size: int
    order: str
    state: str
    stride: int
    epochs: int
    learning_rate: float
    schedule: str
    clip_norm: float
    validation: float
    patience: int
    seed: int
    precision: str


class ReviewSettings(TypedDict, total=False):
    """The settings of `charrnn.train_classifier`: the options of `charrnn classify train`.

    One that is left out has the preset's value.

    Attributes:
        cell: kind of recurrent layer, "lstm", "gru" or "rnn"; or "average", an average over time;
            or "none", the average of bigrams alone.
        units: units in each recurrent layer: one number, or one for each layer, such as [64, 32].
        layers: number of recurrent layers, if all have the same `units`.
        bidirectional: read reviews in both directions, or only forward.
        embedding: size of the vector that stands for a word or subword (E), 1 or more.
        dense: units in a relu layer before the answer; 0 for no such layer.
        max_words: size of the vocabulary (V); rarer words become one unknown word.
        max_length: words or subwords kept from a review's end; 0 for all.
        padding: short reviews are padded "before" or "after" their words.
        mask: leave padding out, or let the network read it.
        dropout: dropout before the dense layers, in [0, 1).
        optimizer: "adam" or "rmsprop".
        learning_rate: the optimizer's learning rate; above 0.
        clip_norm: largest norm of the gradient; 0 for no clipping.
        batch_size: reviews trained on at once (B), 1 or more.
        epochs: passes through the training reviews, in all.
        patience: stop after this many epochs without a new best; 0 for never.
        validation: fraction of the training reviews, their end, held back to choose the best
            epoch, in (0, 1).
        seed: random seed, in [0, 2^32); the same seed gives the same run on a CPU.
        frozen_epochs: leave an embedding from `embedding_from` unchanged for the first epochs.
    """

    cell: str
    units: int | Sequence[int]
    layers: int
    bidirectional: bool
    embedding: int
    dense: int
    max_words: int
    max_length: int
    padding: str
    mask: bool
    dropout: float
    optimizer: str
    learning_rate: float
    clip_norm: float
    batch_size: int
    epochs: int
    patience: int
    validation: float
    seed: int
    frozen_epochs: int


def read_settings(
    given: Mapping[str, Any], kind: type, function: Callable[..., object]
) -> dict[str, Any]:
    """The settings with NumPy's numbers as Python's, and lists as tuples.

    Args:
        given: by their names.
        kind: the TypedDict that they belong to.
        function: what they were given to.

    Raises:
        UsageError: there is no setting of such a name.
    """
    settings = kind.__annotations__
    names = [*signature(function).parameters, *settings]
    for name in given:
        if name not in settings:
            close = get_close_matches(name, names, 1, _CLOSE)
            advice = (
                f"did you mean `{close[0]}`?" if close else f"choose from {', '.join(settings)}"
            )
            raise UsageError(f"no setting `{name}`: {advice}")
    return {name: to_plain(value) for name, value in given.items()}

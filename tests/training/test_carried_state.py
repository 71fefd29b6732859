"""States from batch to batch: reset when they should be, and untouched by validation."""

from typing import Any

import numpy as np
import pytest

from charrnn.data.corpus import split_text
from charrnn.data.windows import cut_windows
from charrnn.training.language import compile_model
from charrnn.training.language_batches import choose_windows
from tests.support.slow import slow_except
from tests.support.training import MakeTraining, SmallRun, list_weights


def _train_by_hand(small: SmallRun, *, reset_epochs: bool, reset_batches: bool) -> list[Any]:
    """The weights after all epochs, from stock layers stepped in a plain loop.

    The embedding is a product with one-hot rows: its gradient is dense, as this program's is.
    """
    import keras

    network, config = small.recipe.network, small.recipe.training
    assert network.cell == "rnn"
    assert config.clip_norm
    recurrent = keras.layers.SimpleRNN(network.units, return_sequences=True, stateful=True)
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(config.batch_size, None), dtype="int32"),
            keras.layers.Lambda(lambda ids: keras.ops.one_hot(ids, network.vocabulary_size)),
            keras.layers.Dense(network.embedding, use_bias=False),
            recurrent,
            keras.layers.Dense(network.vocabulary_size),
        ]
    )
    model.set_weights(compile_model(small.recipe).get_weights())
    model.compile(
        keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    ids, _ = split_text(small.ids, config.validation)
    for epoch in range(config.epochs):
        if reset_epochs:
            recurrent.reset_state()
        for starts in choose_windows(len(ids), config, epoch):
            if reset_batches:
                recurrent.reset_state()
            model.train_on_batch(*cut_windows(ids, starts, config.seq_length))
    weights: list[Any] = model.get_weights()
    return weights


@pytest.mark.parametrize(
    ("values", "resets"),
    slow_except(
        [
            ({"order": "streams", "state": "carry"}, (True, False)),
            ({"order": "shuffled", "state": "carry"}, (False, False)),
            ({"order": "streams", "state": "reset", "stride": 5}, (False, True)),
        ],
        ({"order": "streams", "state": "carry"}, (True, False)),
    ),
    ids=["streams", "tutorial", "reset"],
)
def test_states_are_carried_and_reset_as_promised(
    make_training: MakeTraining, values: dict[str, Any], resets: tuple[bool, bool]
) -> None:
    """Streams begin each epoch at zero, the tutorial never does, `reset` does at each batch."""
    small = make_training(**values, clip_norm=0.3, learning_rate=0.03)
    small.start()
    reset_epochs, reset_batches = resets
    expected = _train_by_hand(small, reset_epochs=reset_epochs, reset_batches=reset_batches)
    for actual, wanted in zip(list_weights(small, 2), expected, strict=True):
        # Adam takes a step of its whole rate, 0.03, even where a gradient is near zero.
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_validation_does_not_disturb_training(make_training: MakeTraining, real_text: str) -> None:
    """On the same training text the weights are the same with a validation text and without."""
    text, more = real_text[:600], real_text[600:800]
    values: dict[str, Any] = {
        "vocabulary": "".join(sorted(set(text + more))),
        "order": "shuffled",
        "dropout": 0.3,
        "learning_rate": 0.03,
    }
    alone = make_training(text=text, validation=0.0, **values)
    beside = make_training(text=text + more, validation=0.25, **values)
    np.testing.assert_array_equal(split_text(beside.ids, 0.25)[0], alone.ids)
    for small in (alone, beside):
        small.start()
    assert beside.recording.results[1].validation_loss is not None
    for actual, expected in zip(list_weights(beside, 2), list_weights(alone, 2), strict=True):
        np.testing.assert_array_equal(actual, expected)

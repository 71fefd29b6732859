"""The training of a language model: a network, its batches, and `model.fit`."""

from collections.abc import Callable
from typing import Any

import keras

from charrnn.checkpoint import Weights
from charrnn.config import TrainingConfig
from charrnn.data.corpus import split
from charrnn.data.vocabulary import Ids
from charrnn.networks import language
from charrnn.runs import Run
from charrnn.settings import Finished, LanguageSettings
from charrnn.training.batches import steps_per_epoch, training_batches, validation_batches
from charrnn.training.callbacks import CarriedState, Keeper, Listener
from charrnn.training.schedule import Schedule
from charrnn.training.session import begin_or_go_on, session


def train(
    run: Run,
    finished: Finished[LanguageSettings],
    ids: Ids,
    listener: Listener,
    interrupted: Callable[[], bool] = lambda: False,
    borrowed: Weights | None = None,
) -> None:
    """Train from the end of the last finished epoch to the last one of the settings.

    Args:
        run: the folder to write into; it is made if it isn't there.
        finished: the settings, and the results so far: none for a new training.
        ids: the whole text, shape (N,).
        listener: told of each step and epoch.
        interrupted: asked after each step; true ends the training.
        borrowed: the weights that a new training begins with, where they are not drawn.

    Raises:
        Interrupted: `interrupted` said so. The epoch under way is kept in a file of its own.
        CorpusTooShortError: the text does not give one batch.
        RunError: another process trains in the same folder.
        TrainingError: the loss is no longer a number, or the network is larger than the memory.
        OSError: the folder can't be written, or the disk is full.
    """
    config = finished.settings.training
    training_ids, validation_ids = split(ids, config.validation)
    steps = steps_per_epoch(ids, config)
    with session(run, finished):
        validation = validation_batches(validation_ids, config) if len(validation_ids) else None
        model = compiled(finished)
        if borrowed is not None:
            model.set_weights(list(borrowed.values()))
        begin_or_go_on(run, finished, model)
        model.fit(
            training_batches(training_ids, config, len(finished.results)),
            steps_per_epoch=steps,
            initial_epoch=len(finished.results),
            epochs=config.epochs,
            validation_data=validation,
            callbacks=[
                carried_state(config),
                Schedule(config, steps),
                Keeper(run, finished, listener, interrupted),
            ],
            shuffle=False,
            verbose=0,
        )


def compiled(finished: Finished[LanguageSettings]) -> Any:
    """The network of these settings, its weights drawn by their seed, ready for `fit`."""
    config = finished.settings.training
    keras.utils.set_random_seed(config.seed)
    network = finished.settings.network
    model = language.build(network, config.batch_size, config.precision)
    model.compile(
        optimizer=_optimizer(config),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,  # XLA compiles the scans alone
    )
    model.optimizer.build(model.trainable_variables)
    return model


def carried_state(config: TrainingConfig) -> CarriedState:
    """What keeps the state as the order of the windows and the config want it."""
    return CarriedState(each_epoch=config.order == "streams", each_batch=config.state == "reset")


def _optimizer(config: TrainingConfig) -> Any:
    return keras.optimizers.Adam(
        learning_rate=config.learning_rate,
        global_clipnorm=config.clip_norm or None,
        weight_decay=config.weight_decay or None,
    )

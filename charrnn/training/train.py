"""The training itself: a network, its batches, and `model.fit`."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf
from filelock import FileLock, Timeout

from charrnn.config import TrainingConfig
from charrnn.data.corpus import split
from charrnn.data.vocabulary import Ids
from charrnn.errors import RunError, TrainingError
from charrnn.networks import language
from charrnn.runs import Run
from charrnn.training import resume
from charrnn.training.batches import steps_per_epoch, training_batches, validation_batches
from charrnn.training.callbacks import CarriedState, Keeper, Listener
from charrnn.training.resume import Finished


def train(
    run: Run,
    finished: Finished,
    ids: Ids,
    listener: Listener,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Train from the end of the last finished epoch to the last one of the settings.

    Args:
        run: the folder to write into; it is made if it isn't there.
        finished: the settings, and the results so far: none for a new training.
        ids: the whole text, shape (N,).
        listener: told of each step and epoch.
        interrupted: asked after each step; true ends the training.

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
    run.folder.mkdir(parents=True, exist_ok=True)
    with _locked(run), _enough_memory():
        _check_unchanged(run, finished)
        validation = validation_batches(validation_ids, config) if len(validation_ids) else None
        model = compiled(finished)
        if finished.results:
            resume.restore(run, model)
            model.optimizer.learning_rate.assign(config.learning_rate)
        else:
            resume.save(run, finished, model)
        model.fit(
            training_batches(training_ids, config, len(finished.results)),
            steps_per_epoch=steps,
            initial_epoch=len(finished.results),
            epochs=config.epochs,
            validation_data=validation,
            callbacks=[
                CarriedState(
                    each_epoch=config.order == "streams", each_batch=config.state == "reset"
                ),
                Keeper(run, finished, listener, interrupted),
            ],
            shuffle=False,
            verbose=0,
        )


def compiled(finished: Finished) -> Any:
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


def _optimizer(config: TrainingConfig) -> Any:
    return keras.optimizers.Adam(
        learning_rate=config.learning_rate, global_clipnorm=config.clip_norm or None
    )


@contextlib.contextmanager
def _locked(run: Run) -> Iterator[None]:
    """Hold the run's folder; one that the training leaves without a file is removed again."""
    try:
        lock = FileLock(run.lock_file, timeout=0).acquire()
    except Timeout:
        raise RunError(
            f"run {run.name!r} is being trained by another process: wait for it, or choose "
            "another --run name"
        ) from None
    with lock:
        try:
            yield
        finally:
            run.remove_if_empty()


def _check_unchanged(run: Run, finished: Finished) -> None:
    """Under the lock, that no other training wrote here since `finished` was decided on."""
    there = resume.load(run).results if run.resume_file.exists() else []
    if list(there) != list(finished.results):
        raise RunError(
            f"run {run.name!r} was trained on by another process meanwhile: give the command again"
        )


@contextlib.contextmanager
def _enough_memory() -> Iterator[None]:
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise TrainingError(
            "the network needs more memory than there is: choose fewer --units or --layers, or a "
            "smaller --batch-size"
        ) from None

"""Training a language model."""

from functools import partial
from typing import Any

import keras

from charrnn.config.language import TrainingConfig
from charrnn.data.vocabulary import Ids
from charrnn.networks.language import build_model
from charrnn.runs.checkpoint import Weights
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.run import Run
from charrnn.training import loop
from charrnn.training.adam import CompiledAdam
from charrnn.training.carried_state import CarriedState
from charrnn.training.language_batches import make_training_batches, make_validation_batches
from charrnn.training.listener import Listener
from charrnn.training.loop import Material
from charrnn.training.stop import AskStop


def train(
    run: Run,
    progress: Progress[LanguageRecipe],
    ids: Ids,
    steps: int,
    listener: Listener,
    interrupted: AskStop = lambda: False,
    borrowed: Weights | None = None,
) -> None:
    """Train on a text; the rest is as in `charrnn.training.loop.train`.

    Args:
        run: the folder to write into.
        progress: the recipe, and the results so far.
        ids: the whole text, shape (N,).
        steps: how many batches an epoch has, by `language_batches.count_steps`.
        listener: called at each step and epoch.
        interrupted: called after each step; true ends the run.
        borrowed: the weights that a new run begins with; None to initialize them at random.
    """

    def prepare() -> Material:
        config = progress.recipe.training
        training_ids, validation_ids = progress.recipe.split(ids)
        model = compile_model(progress.recipe)
        if borrowed is not None:
            model.set_weights(list(borrowed.values()))
        return Material(
            model,
            partial(make_training_batches, training_ids, config),
            steps,
            steps * config.batch_size * config.seq_length,
            make_validation_batches(validation_ids, config) if len(validation_ids) else None,
            [CarriedState.for_config(config)],
        )

    loop.train(run, progress, prepare, listener, interrupted)


def compile_model(recipe: LanguageRecipe) -> Any:
    """A recipe's network, its weights initialized by its seed, ready for `fit`."""
    config = recipe.training
    keras.utils.set_random_seed(config.seed)
    model = build_model(recipe.network, config.batch_size, config.precision)
    model.compile(
        optimizer=_make_optimizer(config),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,  # XLA compiles the scans alone
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _make_optimizer(config: TrainingConfig) -> Any:
    return CompiledAdam(
        learning_rate=config.learning_rate,
        global_clipnorm=config.clip_norm or None,
        weight_decay=config.weight_decay or None,
    )

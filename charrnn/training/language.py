"""Training a language model."""

import hashlib
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import keras

from charrnn.config.cluster import Team
from charrnn.config.language import TrainingConfig
from charrnn.data.vocabulary import Ids
from charrnn.networks.language import build_model
from charrnn.runs.checkpoint import Checkpoint, Weights
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.run import Run
from charrnn.training import loop
from charrnn.training.adam import CompiledAdam
from charrnn.training.carried_state import CarriedState
from charrnn.training.environment import describe_packages
from charrnn.training.language_batches import make_training_batches, make_validation_batches
from charrnn.training.listener import Listener
from charrnn.training.loop import Material
from charrnn.training.shared_model import SharedModel
from charrnn.training.stop import AskStop
from charrnn.training.workers import ALONE, Workers, join_workers


@dataclass(frozen=True)
class Work:
    """What is trained, and by whom.

    Attributes:
        progress: the recipe, and the results so far.
        ids: the whole text, shape (N,).
        steps: how many batches an epoch has, by `language_batches.count_steps`.
        borrowed: the weights that a new run begins with; None to initialize them at random.
        team: who trains together; None for one device alone.
    """

    progress: Progress[LanguageRecipe]
    ids: Ids
    steps: int
    borrowed: Weights | None = None
    team: Team | None = None


def train(run: Run, work: Work, listener: Listener, interrupted: AskStop = lambda: False) -> None:
    """Train on a text, as the chief if there are several workers.

    Arguments and errors are those of `charrnn.training.loop.train`.
    """
    loop.train(run, work.progress, partial(prepare, work), listener, interrupted)


def assist(work: Work, interrupted: AskStop = lambda: False) -> Checkpoint:
    """Train on a text as a worker that is not the chief; see `charrnn.training.loop.assist`."""
    checkpoint: Checkpoint = loop.assist(work.progress, partial(prepare, work), interrupted)
    return checkpoint


def prepare(work: Work) -> Material:
    """Make what is trained; in a cluster, once all workers have come."""
    recipe, config = work.progress.recipe, work.progress.recipe.training
    workers = join_workers(work.team, _list_facts(work))
    rows = workers.choose_rows(config.batch_size)
    training_ids, validation_ids = recipe.split(work.ids)
    model = compile_model(recipe, workers)
    if work.borrowed is not None:
        model.set_weights(list(work.borrowed.values()))
    return Material(
        model,
        partial(make_training_batches, training_ids, config, rows=rows),
        work.steps,
        work.steps * config.batch_size * config.seq_length,
        make_validation_batches(validation_ids, config, rows) if len(validation_ids) else None,
        [CarriedState.for_config(config)],
        workers,
    )


def _list_facts(work: Work) -> dict[str, Any]:
    """What all workers must agree on; texts may lie in another place on each machine."""
    progress, recipe = work.progress, work.progress.recipe
    settings = asdict(recipe.network) | asdict(recipe.training)
    borrowed = work.borrowed or {}
    digest = hashlib.sha256(b"".join(weights.tobytes() for weights in borrowed.values()))
    return {
        **{f"version of {name}": found for name, found in describe_packages().items()},
        "text": recipe.corpus_sha256[:12],
        "vocabulary": hashlib.sha256(repr(recipe.vocabulary.to_values()).encode()).hexdigest()[:12],
        "weights to begin with": digest.hexdigest()[:12] if borrowed else "random",
        "epochs done": len(progress.results),
        "steps done": progress.point.step if progress.point else 0,
        **{f"`{name}`": value for name, value in settings.items()},
    }


def compile_model(recipe: LanguageRecipe, workers: Workers = ALONE) -> Any:
    """A recipe's network, its weights initialized by its seed, ready for `fit`."""
    config = recipe.training
    keras.utils.set_random_seed(config.seed)
    rows = range(config.batch_size)[workers.choose_rows(config.batch_size)]
    with workers.scope():
        each = len(rows) // workers.devices
        network = build_model(recipe.network, each, config.precision, first_stream=rows[0])
        model = SharedModel(network, workers)
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

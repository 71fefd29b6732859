"""One worker of a small run, which writes down the loss of each step, and how often it exchanges.

    python -m tests.support.worker FOLDER INDEX ADDRESS...

Without addresses it trains alone, on as many devices as are given instead.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from charrnn.config.cluster import Cluster, Devices, Team
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.data.vocabulary import Vocabulary
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.run import Run
from charrnn.training import language, loop
from charrnn.training.language_batches import count_steps
from charrnn.training.loop import Material
from tests.support.training import Recording

CHARACTERS = "abcdefgh"
NETWORK = NetworkConfig(
    len(CHARACTERS),
    "lstm",
    embedding=6,
    units=24,
    layers=2,
    dropout=0.4,
    weight_drop=0.2,
    embedding_dropout=0.1,
    character_dropout=0.1,
)
TRAINING = TrainingConfig(
    seq_length=20,
    batch_size=8,
    epochs=2,
    learning_rate=0.02,
    schedule="cosine",
    clip_norm=0.05,
    weight_decay=0.1,
    validation=0.1,
    seed=3,
)
LENGTH = 5_000


class StepLosses(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the loss of each step, by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.losses.append(float(logs["loss"]))


def count_exchanges(model: Any) -> int:
    """How often the workers add something up in a step."""
    ids = tf.TensorSpec((model.inputs[0].shape[0], TRAINING.seq_length), tf.int32)
    graph = tf.function(model.train_step, autograph=False).get_concrete_function((ids, ids)).graph
    return sum(operation.type == "CollectiveReduceV2" for operation in graph.get_operations())


def main(folder: Path, index: int, workers: tuple[str, ...]) -> None:
    """Train, and write `INDEX.json`."""
    random = np.random.default_rng(1)
    steps = random.choice([1, 1, 1, 2, 5], LENGTH)
    ids = (np.cumsum(steps) % len(CHARACTERS)).astype(np.uint8)
    recipe = LanguageRecipe(NETWORK, TRAINING, Vocabulary(CHARACTERS), (), "made up", "0" * 64)
    steps_an_epoch = count_steps(recipe.split(ids), TRAINING)
    team: Team | None = Cluster(workers, index) if len(workers) > 1 else None
    if len(workers) == 1:
        team = Devices(int(workers[0]))
    work = language.Work(Progress(recipe, []), ids, steps_an_epoch, None, team)
    kept = StepLosses()

    def prepare() -> Material:
        material = language.prepare(work)
        return replace(material, callbacks=[*material.callbacks, kept])

    if index:
        loop.assist(work.progress, prepare, lambda: False)
    else:
        run = Run(folder / "run", LANGUAGE)
        loop.train(run, work.progress, prepare, Recording(), lambda: False)
    exchanges = count_exchanges(kept.model) if len(workers) != 1 else 0
    found = {"losses": kept.losses, "exchanges": exchanges}
    (folder / f"{index}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), tuple(sys.argv[3:]))

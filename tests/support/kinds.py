"""A small run of each kind, written without TensorFlow."""

from pathlib import Path

import numpy as np

from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.reviews import ClassifierConfig, ReviewTraining, WordModelConfig
from charrnn.data.sources import Source
from charrnn.data.vocabulary import Vocabulary
from charrnn.data.words import Words
from charrnn.runs.checkpoint import Provenance, write_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.point import Point
from charrnn.runs.recipe import LanguageRecipe, Progress, ReviewRecipe, WordRecipe
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run

WORDS = Words(["good", "film", "bad"])
VARIABLES = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7)]
"""What stands in for a model's and an optimizer's."""

LANGUAGE_RECIPE = LanguageRecipe(
    NetworkConfig(3, cell="gru", embedding=2, units=3, dropout=0.1, weight_drop=0.3),
    TrainingConfig(patience=3, validation=0.25, schedule="cosine"),
    Vocabulary("aä水"),
    sources=(Source("/somewhere/test.txt", "0" * 64),),
    corpus="test",
    corpus_sha256="0" * 64,
    begun_from="older, epoch 3",
)
REVIEW_RECIPE = ReviewRecipe(
    ClassifierConfig(vocabulary_size=len(WORDS), embedding=2, units=(3, 2), dense=2),
    ReviewTraining(seed=7, epochs=2),
    WORDS,
    preset="lstm-32",
    changes="--mask",
    sources=("/somewhere/reviews.csv",),
    corpus="mine",
    corpus_sha256="1" * 64,
    embedding_from="words",
    text_column="comment",
)
WORD_RECIPE = WordRecipe(
    WordModelConfig(len(WORDS), 2, "lstm", 3),
    ReviewTraining(epochs=2),
    WORDS,
    sources=(),
    corpus="imdb",
    corpus_sha256="2" * 64,
    label_column="stars",
)
RECIPES: dict[Kind, LanguageRecipe | ReviewRecipe | WordRecipe] = {
    LANGUAGE: LANGUAGE_RECIPE,
    CLASSIFIER: REVIEW_RECIPE,
    WORD_MODEL: WORD_RECIPE,
}


def make_run(checkpoints: Path, kind: Kind, name: str) -> Run:
    """A run's folder, in its kind's subfolder, without any file in it."""
    run = Run(checkpoints / kind.subfolder / name, kind)
    run.folder.mkdir(parents=True)
    return run


def write_epoch(run: Run, epoch: int = 1) -> Path:
    """Write the checkpoint of an epoch, of a network of the run's kind; its path."""
    recipe, random = RECIPES[run.kind], np.random.default_rng(epoch)
    shapes = recipe.network.weight_shapes()
    weights = {name: random.normal(size=shapes[name]).astype(np.float32) for name in shapes}
    provenance = Provenance(recipe.corpus, recipe.corpus_sha256, epoch, 2.5, 2.25)
    write_checkpoint(run.epoch_file(epoch), recipe.make_checkpoint(provenance, weights))
    return run.epoch_file(epoch)


def write_resume_file(run: Run, *results: EpochResult, point: Point | None = None) -> Path:
    """Write the resume file of a run of this kind; its path."""
    write_progress(run, Progress(RECIPES[run.kind], results, point=point), VARIABLES)
    return run.resume_file

"""The commands that repeat a run: all of its settings, as they are typed."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from charrnn.cli.hints import spell_settings
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS, REVIEW_PRESETS, TUTORIAL
from charrnn.config.reviews import ReviewTraining
from charrnn.data.byte_vocabulary import BYTE
from charrnn.data.encodings import UTF8
from charrnn.data.sources import STDIN
from charrnn.planning.reviews import configure
from charrnn.planning.scaling import Draft
from charrnn.runs.keep import ALL, EVERY
from charrnn.runs.recipe import LanguageRecipe, Progress, ReviewRecipe, WordRecipe
from charrnn.runs.run import Run

_SCALED = ("epochs", "batch_size")  # with the text's length, unless they are typed
_SIZES = ("cell", "units", "layers", "embedding")  # that --from decides
_BORROWED = re.compile(r"(.+), epoch (\d+)")
_OF_LAYERS = ("units", "bidirectional")
_OF_CLASSIFIERS = {
    *("cell", *_OF_LAYERS, "embedding", "dense", "max_words", "max_length", "padding", "mask"),
    *("dropout", "optimizer", "learning_rate", "clip_norm", "batch_size", "epochs", "patience"),
    *("validation", "seed", "frozen_epochs"),
}
_OF_WORDS = ("epochs", "learning_rate", "batch_size", "validation", "seed")

Settings = dict[str, Any]


def list_commands(run: Run, progress: Progress[Any], more: str = "") -> list[str]:
    """The command that trains a run again, and those that resume it where its settings changed.

    Args:
        run: the run.
        progress: what it is defined by, and how it came about.
        more: options to end each command.

    Returns:
        none if its preset is unknown.
    """
    recipe, sessions = progress.recipe, progress.sessions
    if isinstance(recipe, ReviewRecipe) and recipe.preset not in REVIEW_PRESETS:
        return []
    changed = [
        (before, after) for before, after in pairwise(sessions) if before.training != after.training
    ]
    name = f"{run.name}-again"
    words = _begin(run, recipe, sessions[0].training if sessions else recipe.training)
    words += ["--keep", progress.keep] if progress.keep != ALL else []
    every = progress.checkpoint_every
    words += ["--checkpoint-every", f"{every:g}"] if every != EVERY else []
    words += ["--run", name] if changed else []
    piped = "... | " if isinstance(recipe, LanguageRecipe) and _is_piped(recipe) else ""
    commands = [f"{piped}{shlex.join(words)}{more}"]
    for before, after in changed:
        if after.step:
            commands[-1] += f"  # was stopped after step {after.step} of epoch {after.after + 1}"
        elif before.training.epochs > after.after:
            commands[-1] += f"  # was stopped after epoch {after.after}"
        given = _compare(asdict(after.training), asdict(before.training))
        resume = [*_name_command(recipe), *(["-"] if piped else []), "--resume", name]
        commands.append(f"{piped}{shlex.join([*resume, *spell_settings(given)])}{more}")
    return commands


def _name_command(recipe: LanguageRecipe | ReviewRecipe | WordRecipe) -> list[str]:
    match recipe:
        case LanguageRecipe():
            return ["charrnn", "train"]
        case WordRecipe():
            return ["charrnn", "classify", "pretrain"]
    return ["charrnn", "classify", "train" if recipe.sources else "imdb"]


def _begin(run: Run, recipe: Any, training: Any) -> list[str]:
    """The command that begins a run with these settings."""
    match recipe:
        case LanguageRecipe():
            names = [source.name for source in recipe.sources]
            words = [STDIN] if _is_piped(recipe) else names
            words += _spell_language_model(run, recipe, training)
        case ReviewRecipe():
            words = ["--model", recipe.preset, *_spell_classifier(recipe, training)]
        case _:
            words = _spell_word_model(recipe, training)
    return [*_name_command(recipe), *words]


def _is_piped(recipe: LanguageRecipe) -> bool:
    """Whether a text came from standard input, or from no file at all."""
    return recipe.piped or not recipe.sources


def _spell_language_model(run: Run, recipe: LanguageRecipe, training: TrainingConfig) -> list[str]:
    """The preset that needs fewest options beside it, and these."""
    wanted = asdict(recipe.network) | asdict(training)
    presets = [DEFAULT_PRESET, *(name for name in LANGUAGE_PRESETS if name != DEFAULT_PRESET)]
    options = {name: _list_options(name, wanted) for name in presets}
    preset = min(presets, key=lambda name: len(options[name]))
    given = options[preset]
    if recipe.begun_from:
        given = {name: value for name, value in given.items() if name not in _SIZES}
        given["from"] = _find_beginning(run, recipe.begun_from)
    reading = recipe.reading
    given |= {name: getattr(reading, name) for name in reading.list_changes() if name != "glob"}
    given |= {"min_count": recipe.min_count} if recipe.min_count > 1 else {}
    if recipe.vocabulary.unit == BYTE and not recipe.begun_from:
        given["vocabulary"] = BYTE
    chosen = [] if preset == DEFAULT_PRESET else ["--preset", preset]
    return [*chosen, *spell_settings(given)]


def _list_options(preset: str, wanted: Settings) -> Settings:
    """The settings that a preset does not have, or that depend on a text's length."""
    draft = Draft.from_preset(preset, {"cell": wanted["cell"]})
    have = asdict(draft.network) | asdict(draft.training)
    always = {"precision"} if preset == TUTORIAL else {"precision", *_SCALED}
    if wanted["cell"] != NetworkConfig.cell:
        always.add("cell")
    return {
        name: value
        for name, value in wanted.items()
        if name != "vocabulary_size" and (name in always or have[name] != value)
    }


def _find_beginning(run: Run, begun_from: str) -> str:
    """What to start from: one epoch's file if it is there, else the run."""
    borrowed = _BORROWED.fullmatch(begun_from)
    if Path(begun_from).is_absolute() or not borrowed:
        return begun_from
    other = Run(run.folder.with_name(borrowed[1]), run.kind)
    path = other.epoch_file(int(borrowed[2]))
    return str(path) if path.is_file() else other.name


def _spell_classifier(recipe: ReviewRecipe, training: ReviewTraining) -> list[str]:
    network, usual = configure(recipe.preset, {})
    given = _compare(asdict(recipe.network), asdict(network))
    given |= _compare(asdict(training), asdict(usual))
    if "vocabulary_size" in given:
        given["max_words"] = given.pop("vocabulary_size")
    given = {name: value for name, value in given.items() if name in _OF_CLASSIFIERS}
    if not recipe.network.is_recurrent:  # then its cell says so
        given = {name: value for name, value in given.items() if name not in _OF_LAYERS}
    if recipe.embedding_from:
        given["embedding_from"] = recipe.embedding_from
    return [*spell_settings(given), *_spell_source(recipe)]


def _spell_word_model(recipe: WordRecipe, training: ReviewTraining) -> list[str]:
    network = recipe.network
    given = {"embedding": network.embedding, "units": network.units}
    given |= {"max_words": network.vocabulary_size}
    given |= {name: getattr(training, name) for name in _OF_WORDS}
    return [*spell_settings(given), *_spell_source(recipe)]


def _spell_source(recipe: ReviewRecipe | WordRecipe) -> list[str]:
    """Where reviews come from."""
    words = [word for source in recipe.sources for word in ("--data", source)]
    given = {"text_column": recipe.text_column, "label_column": recipe.label_column}
    given |= {} if recipe.encoding == UTF8 else {"encoding": recipe.encoding}
    return [*words, *spell_settings({name: value for name, value in given.items() if value})]


def _compare(wanted: Mapping[str, Any], have: Mapping[str, Any]) -> Settings:
    """The settings that differ."""
    return {name: value for name, value in wanted.items() if have.get(name) != value}

"""Planning a run that reads bytes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.data.byte_vocabulary import ByteVocabulary
from charrnn.data.corpus import make_corpus
from charrnn.errors import UsageError, VocabularyError
from charrnn.planning.folders import Folders
from charrnn.planning.language import LanguagePlan, Request, plan_resume, plan_run
from charrnn.planning.report import Silence
from charrnn.planning.texts import load_part
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.checkpoint import read_checkpoint, write_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from tests.support.messages import catch_message
from tests.support.networks import MakeRun, make_reading_bytes
from tests.support.reporting import RecordingReporter

TEXT = "Zürich, 水 und 🙂!\n" * 50 + "and now in ASCII\n" * 9
SETTINGS: dict[str, Any] = {"units": 5, "batch_size": 4, "seq_length": 20, "validation": 0.25}
REQUEST = Request(vocabulary="byte", settings=SETTINGS)


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    path = tmp_path / "novel.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def planned(novel: Path, folders: Folders) -> LanguagePlan:
    return plan_run([str(novel)], REQUEST, folders, Silence())


def make_byte_run(folders: Folders) -> None:
    """A run, `older`, whose network reads bytes."""
    run = Run(folders.checkpoints / "older", LANGUAGE)
    run.folder.mkdir(parents=True)
    write_checkpoint(run.epoch_file(1), make_reading_bytes())


def test_the_ids_are_the_texts_bytes(planned: LanguagePlan) -> None:
    """The network has 256 symbols, whatever the text has; a step reads bytes."""
    assert planned.ids.tobytes() == TEXT.encode()
    assert planned.ids.dtype == np.uint8
    assert planned.recipe.network.vocabulary_size == 256
    assert planned.recipe.vocabulary == ByteVocabulary()
    assert (planned.unit, planned.units_per_step) == ("bytes", 80)


def test_the_same_text_is_held_back(novel: Path, planned: LanguagePlan, folders: Folders) -> None:
    """Training and validation are the characters that a network of characters has there."""
    other = plan_run([str(novel)], replace(REQUEST, vocabulary="character"), folders, Silence())
    parts = [planned.recipe.vocabulary.decode(part) for part in planned.recipe.split(planned.ids)]
    assert parts == [other.recipe.vocabulary.decode(part) for part in other.recipe.split(other.ids)]
    write_progress(planned.run, planned.progress, [])
    made, digest = make_reading_bytes(), planned.recipe.corpus_sha256
    checkpoint = replace(made, provenance=replace(made.provenance, corpus_sha256=digest))
    where = (planned.run.epoch_file(1), checkpoint, (), folders.data, Silence())
    assert [str(load_part(part, *where)) for part in ("training", "validation")] == parts


def test_a_resume_reads_the_same_bytes(planned: LanguagePlan, folders: Folders) -> None:
    """Nothing has to be said of them again."""
    results = [EpochResult(1, 2.5, 2.25, 1.0)]
    write_progress(planned.run, replace(planned.progress, results=results), [])
    again = plan_resume("", (), {}, folders, Silence(), prompt="東京")
    assert again.recipe == planned.recipe
    assert again.ids.tolist() == planned.ids.tolist()
    assert again.steps == planned.steps


def test_nothing_is_rare(novel: Path, folders: Folders, reporter: RecordingReporter) -> None:
    """There is no unknown, any prompt will do, and a smallest count makes no sense."""
    plan_run([str(novel)], replace(REQUEST, prompt="Ещё"), folders, reporter)
    assert reporter.notes == []
    asked = replace(REQUEST, min_count=2)
    message = catch_message(UsageError, lambda: plan_run([str(novel)], asked, folders, Silence()))
    assert message == ("`min_count` is for characters, and bytes make up all of them: leave it out")
    with pytest.raises(VocabularyError, match="halves of characters"):
        plan_run(make_corpus("a\ud800b" * 500), REQUEST, folders, Silence())


def test_a_network_of_bytes_lends_its_weights(
    novel: Path, folders: Folders, reporter: RecordingReporter
) -> None:
    """A new run reads bytes too, unless asked for something else: then it is rejected."""
    make_byte_run(folders)
    expected = read_checkpoint(find_checkpoint(folders.checkpoints, LANGUAGE, "older"))
    settings = {name: value for name, value in SETTINGS.items() if name != "units"}
    for vocabulary in (None, "byte"):
        asked = Request(from_="older", vocabulary=vocabulary, settings=settings)
        plan = plan_run([str(novel)], asked, folders, reporter)
        assert plan.recipe.vocabulary == ByteVocabulary()
        assert plan.origin
        assert plan.origin.introduce() == "begins with older, epoch 1; no character is new"
        for name, values in expected.weights.items():
            np.testing.assert_array_equal(plan.origin.checkpoint.weights[name], values)
    asked = Request(from_="older", vocabulary="character", settings=settings)
    message = catch_message(UsageError, lambda: plan_run([str(novel)], asked, folders, Silence()))
    assert message == "older reads bytes, which can't change: leave out `vocabulary`"


def test_a_network_of_characters_reads_no_bytes(
    novel: Path, folders: Folders, make_run: MakeRun
) -> None:
    """What it learnt was about its own characters."""
    make_run("older")
    asked = Request(from_="older", vocabulary="byte")
    message = catch_message(UsageError, lambda: plan_run([str(novel)], asked, folders, Silence()))
    assert message == "older reads characters, which can't change: leave out `vocabulary`"


def test_another_word_is_rejected(novel: Path, folders: Folders) -> None:
    """The message lists those that there are."""
    asked = replace(REQUEST, vocabulary="words")
    message = catch_message(UsageError, lambda: plan_run([str(novel)], asked, folders, Silence()))
    assert message == "`vocabulary` must be one of character, byte, not words"

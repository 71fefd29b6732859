"""The resume file: how far a run has come is read back without TensorFlow, or refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from charrnn.runs import resume, container
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import RunError
from charrnn.runs.history import EpochResult
from charrnn.runs.run import Run
from charrnn.runs.recipe import Progress, LanguageRecipe

TITLE, FORMAT = "charrnn resume file", 1
REFUSED = r"^run can't be resumed, only used: [^\n]*resume\.h5 [^\n]*$"

SETTINGS = LanguageRecipe(
    NetworkConfig(3, cell="gru", dropout=0.1, weight_drop=0.3),
    TrainingConfig(patience=3, validation=0.25, schedule="cosine"),
    Vocabulary("aä水"),
    source="/somewhere/test.txt",
    corpus="test",
    corpus_sha256="0" * 64,
)
RESULTS = [EpochResult(1, 2.5, 2.25, 10.5), EpochResult(2, 1.75, None, 9.0)]
VARIABLES = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7)]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a resume file."""
    made = Run(tmp_path / "run")
    made.folder.mkdir()
    resume.save(made, Progress(SETTINGS, RESULTS), VARIABLES)
    return made


def test_what_was_saved_is_loaded(run: Run) -> None:
    """Settings and results come back from the file as they were."""
    settings, results = _loaded(run)
    characters = settings.vocabulary.characters
    assert characters == "aä水"
    assert replace(settings, vocabulary=SETTINGS.vocabulary) == SETTINGS
    assert results == RESULTS


def test_variables_are_kept_in_order(run: Run) -> None:
    """The training's variables lie in the file by their place, values and kinds unchanged."""
    with resume.opened(run) as file:
        found = [file[f"variables/{place}"][()] for place in range(len(file["variables"]))]
    assert [variable.dtype for variable in found] == [np.float32, int]
    for one, other in zip(found, VARIABLES, strict=True):
        np.testing.assert_array_equal(one, other)


def _loaded(run: Run) -> tuple[LanguageRecipe, list[EpochResult]]:
    finished = read_progress(run, LanguageRecipe)
    return progress.recipe, list(finished.results)


def test_a_file_that_can_not_be_written_leaves_the_old_one(run: Run) -> None:
    """Where writing fails the last epoch's file stays."""

    def broken() -> Any:
        yield VARIABLES[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        resume.save(run, Progress(SETTINGS, []), broken())
    assert _loaded(run)[1] == RESULTS


def test_a_missing_resume_file_is_said(tmp_path: Path) -> None:
    """A run without a resume file can't go on, and the error says which file is missing."""
    with pytest.raises(RunError, match=r"^mine can't be resumed.* no file .*mine/resume\.h5$"):
        read_progress(Run(tmp_path / "mine"), LanguageRecipe)


def _truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _empty(_: bytes) -> bytes:
    return b""


def _another_file(_: bytes) -> bytes:
    return b"not HDF5" * 1000


def _flip_a_bit(content: bytes) -> bytes:
    place = len(content) * 3 // 4
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [_truncate, _empty, _another_file, _flip_a_bit])
def test_a_damaged_file_is_refused(run: Run, damage: Callable[[bytes], bytes]) -> None:
    """A damaged file is refused in one line with its name."""
    run.resume_file.write_bytes(damage(run.resume_file.read_bytes()))
    with pytest.raises(RunError, match=REFUSED):
        read_progress(run, LanguageRecipe)


def _values() -> dict[str, Any]:
    results = [{"epoch": 1, "train_loss": 2.5, "validation_loss": 2.25, "seconds": 10.5}]
    return SETTINGS.to_values() | {"results": results}


def _without_vocabulary() -> str:
    values = _values()
    del values["vocabulary"]
    return json.dumps(values)


def _with_an_unknown_setting() -> str:
    values = _values()
    values["training"]["colour"] = "red"
    return json.dumps(values)


def _with_a_strange_result() -> str:
    return json.dumps(_values() | {"results": [{"epoch": "one"}]})


def _not_json() -> str:
    return "settings"


@pytest.mark.parametrize(
    "settings", [_without_vocabulary, _with_an_unknown_setting, _with_a_strange_result, _not_json]
)
def test_a_file_without_its_settings_is_refused(run: Run, settings: Callable[[], str]) -> None:
    """A file that is whole but does not say what a training was is refused as well."""
    content = np.frombuffer(settings().encode(), np.uint8)
    container.write(run.resume_file, TITLE, FORMAT, lambda file: file.update({"settings": content}))
    with pytest.raises(RunError, match=REFUSED):
        read_progress(run, LanguageRecipe)


def test_a_file_without_anything_is_refused(run: Run) -> None:
    """A file that holds nothing is refused as well."""
    container.write(run.resume_file, TITLE, FORMAT, lambda _: None)
    with pytest.raises(RunError, match=REFUSED):
        read_progress(run, LanguageRecipe)


def test_a_newer_file_is_refused(run: Run) -> None:
    """A file of a later version of the program is refused, and the error says to upgrade."""
    content = run.resume_file.read_bytes()
    run.resume_file.write_bytes(content.replace(b"\nformat 1\n", b"\nformat 2\n", 1))
    with pytest.raises(RunError, match=r"newer.* upgrade charrnn"):
        read_progress(run, LanguageRecipe)


def test_a_file_of_the_first_version_is_read(run: Run) -> None:
    """It had no precisions, when products were float32's, and settings in an attribute."""
    values = _values()
    del values["training"]["precision"]

    def as_then(file: h5py.File) -> None:
        file.attrs["settings"] = json.dumps(values)

    container.write(run.resume_file, TITLE, FORMAT, as_then)
    settings, results = _loaded(run)
    assert settings.training == replace(SETTINGS.training, precision="float32")
    assert results == RESULTS[:1]


def test_a_file_from_before_schedules_is_read(run: Run) -> None:
    """Learning rates were constant, whole recurrent kernels learnt, and weights were drawn."""
    values = _values()
    del values["training"]["schedule"], values["training"]["weight_decay"], values["begun_from"]
    del values["network"]["weight_drop"], values["network"]["embedding_dropout"]
    content = np.frombuffer(json.dumps(values).encode(), np.uint8)
    container.write(run.resume_file, TITLE, FORMAT, lambda file: file.update({"settings": content}))
    settings, _ = _loaded(run)
    assert settings.training == replace(SETTINGS.training, schedule="constant")
    assert settings.network == replace(SETTINGS.network, weight_drop=0.0)
    assert settings.begun_from == ""

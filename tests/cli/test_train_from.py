"""`charrnn train --from`: a run that begins with another's network, and what is rejected."""

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import DROPOUTS, NetworkConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.data.vocabulary import Vocabulary
from charrnn.planning.transfer import grow_vocabulary
from charrnn.runs.checkpoint import read_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.commands import Fails, Invoke, PlannedRun, PlanRun
from tests.support.language_runs import find_run
from tests.support.networks import MakeRun

SMALL = ["--batch-size", "4", "--seq-length", "10", "--epochs", "1", "--validation", "0"]
TEXT = "abcdefgh éü\n" * 20
NEW = "'é' 'ü'"


@pytest.fixture
def accented() -> Path:
    """A text with two characters that the networks of `make_run` don't know."""
    path = Path("novel.txt")
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def begin(plan: PlanRun, accented: Path) -> PlanRun:
    """Runs `charrnn train novel.txt` up to the training itself, which is left out."""
    return partial(plan, accented, *SMALL)


def read_rates(cell: str) -> dict[str, float]:
    """The default preset's dropouts for a network of this cell."""
    values = LANGUAGE_PRESETS[DEFAULT_PRESET][cell]
    return {name: values[name] for name in DROPOUTS if name in values}


def assert_begins_with(path: Path, begun: PlannedRun) -> None:
    expected = grow_vocabulary(read_checkpoint(path), Vocabulary.of(TEXT))
    assert begun.recipe.vocabulary.to_values() == expected.vocabulary.to_values()
    assert begun.borrowed is not None
    assert begun.borrowed.keys() == expected.weights.keys()
    for name, values in expected.weights.items():
        np.testing.assert_array_equal(begun.borrowed[name], values)


def test_a_run_lends_its_best_epoch(begin: PlanRun, make_run: MakeRun) -> None:
    """Network, weights and characters are those of the best epoch; its text's are added."""
    sizes: dict[str, Any] = {"cell": "gru", "layers": 2, "dropout": 0.25}
    paths = [make_run("old", epoch, seed=epoch, **sizes) for epoch in (1, 2, 3)]
    losses = [1.0, 3.0, 2.0]
    history = [EpochResult(epoch, loss, loss, 1.0) for epoch, loss in enumerate(losses, 1)]
    Run(paths[0].parent, LANGUAGE).write_history(history)
    begun = begin("--from", "old")
    assert_begins_with(paths[0], begun)
    assert begun.network == NetworkConfig(
        len("\n !abcdefghéü"), cell="gru", embedding=5, units=7, layers=2, **read_rates("gru")
    )
    assert begun.recipe.begun_from == "old, epoch 1"
    assert f"begins with old, epoch 1; 2 characters are new: {NEW}\n" in begun.result.stderr
    assert " 12 distinct, " in begun.result.stderr, "those of the text"
    assert begun.run.folder == Path("checkpoints/novel-gru")


def test_a_file_is_remembered_by_its_absolute_path(
    begin: PlanRun, make_run: MakeRun, tmp_path: Path
) -> None:
    """One checkpoint, wherever it lies, can be named instead of a run."""
    make_run("old").rename("gift.weights.h5")
    begun = begin("--from", "gift.weights.h5")
    assert_begins_with(tmp_path / "gift.weights.h5", begun)
    assert begun.recipe.begun_from == str(tmp_path / "gift.weights.h5")
    assert f"begins with {tmp_path / 'gift.weights.h5'}; 2 " in begun.result.stderr


def test_a_new_network_begins_with_no_other(begin: PlanRun) -> None:
    """Without --from the weights are initialized at random, and no note speaks of an origin."""
    begun = begin("--units", 3)
    assert begun.borrowed is None
    assert begun.recipe.begun_from == ""
    assert "begins with" not in begun.result.stderr


def test_dropout_is_no_weight(begin: PlanRun, make_run: MakeRun) -> None:
    """Dropout is the flag's or the preset's, whatever the old network was trained with."""
    make_run("old", dropout=0.25)
    preset = ["--preset", "tutorial", "--from", "old"]
    for words, dropout in ((["--dropout", 0.5], 0.5), (["--dropout", 0], 0.0), ([], 0.0)):
        begun = begin(*preset, *words)
        assert begun.network == NetworkConfig(
            len("\n !abcdefghéü"), cell="lstm", embedding=5, units=7, dropout=dropout
        )
        assert begun.training.order == "shuffled"
        assert begun.training.learning_rate == 0.001


@pytest.mark.slow
def test_from_and_resume(invoke: Invoke, accented: Path, make_run: MakeRun) -> None:
    """The weights that are trained are the source's; resuming the run needs the source no more."""
    path = make_run("old")
    old = grow_vocabulary(read_checkpoint(path), Vocabulary.of(TEXT))
    still = ["--learning-rate", 1e-12]
    result = invoke("train", accented, *SMALL, *still, "--from", "old", "--run", "new")
    assert result.exit_code == 0, result.output
    path.unlink()
    result = invoke("train", "--resume", "new", "--epochs", 2)
    assert result.exit_code == 0, result.output
    assert "begins with" not in result.stderr
    assert "began with old, epoch 1\n" in result.stderr
    for epoch in (1, 2):
        made = read_checkpoint(find_run("new").epoch_file(epoch))
        assert made.vocabulary.to_values() == old.vocabulary.to_values()
        for name, values in old.weights.items():
            np.testing.assert_allclose(made.weights[name], values, atol=1e-6)


# What is rejected, without TensorFlow


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every module that needs TensorFlow be impossible to import."""
    for needed in ("networks.precision", "training.language_batches", "training.language"):
        import_module(f"charrnn.{needed}")
    for name in [*sys.modules]:
        if name.split(".")[0] in {"tensorflow", "keras"} or name.startswith(
            ("charrnn.networks", "charrnn.training")
        ):
            monkeypatch.setitem(sys.modules, name, None)


CRITIC = Path("checkpoints/classify/critic/epoch-0001.weights.h5")
READER = Path("checkpoints/pretrained/reader/epoch-0001.weights.h5")


@pytest.fixture
def other_kinds() -> None:
    """A run of a classifier, one of a word model, and their files."""
    for kind, path in ((CLASSIFIER, CRITIC), (WORD_MODEL, READER)):
        made = kinds.write_epoch(kinds.make_run(Path("checkpoints"), kind, path.parent.name))
        assert made == path


@pytest.mark.usefixtures("no_tensorflow", "other_kinds")
@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("young", "no run 'young' in checkpoints: the only run is old"),
        ("", "no run '' in checkpoints: the only run is old"),
        ("novel.txt", "novel.txt is no .weights.h5 file: give a run's name or a checkpoint"),
        ("gone.weights.h5", "no file gone.weights.h5"),
        ("cut.weights.h5", "cut.weights.h5 is damaged"),
        (
            "critic",
            "critic is a classifier, not a language model; it is in checkpoints/classify. Ask it: ",
        ),
        (
            "reader",
            "reader is a word model, not a language model; it is in checkpoints/pretrained. Begin ",
        ),
        (str(CRITIC), "but a charrnn classifier"),
        (str(READER), "but a charrnn word model"),
    ],
)
def test_what_cannot_be_begun_with(
    fails: Fails, accented: Path, make_run: MakeRun, named: str, said: str
) -> None:
    """What is no language model's run or file is rejected in a line that says what it is."""
    content = make_run("old").read_bytes()
    Path("cut.weights.h5").write_bytes(content[: len(content) // 2])
    assert said in fails(1, "train", accented, *SMALL, "--from", named, "--run", "new")
    assert not Path("checkpoints/new").exists()


@pytest.mark.usefixtures("no_tensorflow")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--units", "7"], "the network is that of old: leave out --units"),
        (["--cell", "lstm"], "leave out --cell"),
        (["--layers", "1", "--embedding", "5"], "leave out --embedding, --layers"),
        (["--resume"], "leave out --from"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_contradicts_a_beginning(
    fails: Fails, accented: Path, make_run: MakeRun, words: list[str], said: str
) -> None:
    """Flags that would make another network, even the same, and a resume are rejected."""
    make_run("old")
    assert said in fails(2, "train", accented, "--from", "old", *words)

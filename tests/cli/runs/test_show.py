"""`charrnn runs show`: all that is known of a run, and the commands that repeat it."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.cli.runs.repeat import list_commands
from charrnn.config.language import TrainingConfig
from charrnn.data.reading import Reading
from charrnn.data.sources import Source
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.point import Point
from charrnn.runs.recipe import Progress, ReviewRecipe
from charrnn.runs.resume import read_progress, write_progress
from charrnn.runs.run import Run
from charrnn.runs.sessions import Session
from tests.support import kinds
from tests.support.commands import Fails, Invoke, PlanRun
from tests.support.language_runs import read_rows, write_epoch
from tests.support.reviews import write_npz, write_table

RESULTS = [EpochResult(1, 0.0, 2.0, 90.0), EpochResult(2, 0.0, 1.0, 30.0)]
MACHINE = {"python": "3.12.1", "keras": "3.15", "cores": "2"}


def write_run(kind: Kind, **progress: Any) -> Run:
    """A run of two epochs, the second the best."""
    run = kinds.make_run(Path("checkpoints"), kind, "mine")
    for result in RESULTS:
        kinds.write_epoch(run, result.epoch)
    run.write_history(RESULTS)
    write_progress(run, Progress(kinds.RECIPES[kind], RESULTS, **progress), kinds.VARIABLES)
    return run


def read_lines(invoke: Invoke) -> dict[str, str]:
    """What stands after each word."""
    result = invoke("runs", "show", "mine")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines() if line]
    return {first: rest for first, rest in lines if rest}


def test_a_language_model(invoke: Invoke) -> None:
    """Its text with hash, its beginning, network, settings, machine and layers are there."""
    recipe = kinds.LANGUAGE_RECIPE
    session = Session(0, recipe.training, "2026-11-30T08:00:00+00:00", MACHINE)
    write_run(LANGUAGE, sessions=[session])
    lines = read_lines(invoke)
    assert lines["run"] == "mine, language model"
    assert lines["corpus"] == f"test, sha256 {'0' * 64}"
    assert lines["from"] == "/somewhere/test.txt"
    assert lines["begun"] == "with   older, epoch 3"
    assert lines["epochs"] == "2 of 10, 2.0 minutes"
    assert lines["checkpoints"] == "epochs 1 to 2"
    assert lines["best"] == "epoch 2, validation loss 2.2500"
    assert lines["network"] == f"gru 3, {recipe.network.parameters} parameters"
    assert "weight_drop 0.3" in lines["vocabulary_size"]
    assert "schedule cosine" in lines["training"]
    assert lines["machine"] == "2026-11-30T08:00:00+00:00: python 3.12.1, keras 3.15, cores 2"
    assert lines["gru"].split() == ["length", "×", "3", "63"]
    assert lines["mine"] == str(recipe.network.parameters)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_as_json(kind: Kind, invoke: Invoke) -> None:
    """The layers' parameters add up to the network's, and all settings are there."""
    write_run(kind, sessions=[Session(0, kinds.RECIPES[kind].training, "now", MACHINE)], keep="2")
    (row,) = read_rows(invoke("runs", "show", "mine", "--json"))
    recipe = kinds.RECIPES[kind]
    assert (row["run"], row["kind"], row["problem"]) == ("mine", kind.name, None)
    assert row["corpus_sha256"] == recipe.corpus_sha256
    assert sum(layer["parameters"] for layer in row["layers"]) == recipe.network.parameters
    assert row["settings"]["training"]["epochs"] == recipe.training.epochs
    assert row["settings"]["network"]["embedding"] == recipe.network.embedding
    assert row["settings"]["keep"] == "2"
    assert row["sessions"] == [{"after": 0, "step": 0, "began": "now", "environment": MACHINE}]
    assert row["point"] is None
    assert len(row["repeat"]) == 1
    assert row["repeat"][0].endswith("--keep 2")


def test_what_is_not_known(invoke: Invoke) -> None:
    """A checkpoint alone says its network and its text's hash; how to repeat it nobody knows."""
    kinds.write_epoch(kinds.make_run(Path("checkpoints"), LANGUAGE, "mine"))
    lines = read_lines(invoke)
    assert lines["corpus"] == f"test, sha256 {'0' * 64}"
    assert lines["repeat"].startswith("not known without resume.h5")
    assert not {"training", "machine", "from"} & {*lines}


def test_damage_is_found(invoke: Invoke) -> None:
    """The network that is used is read to its end: what the table passes over shows here."""
    run = write_run(LANGUAGE)
    path = run.epoch_file(2)
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    run.epoch_file(1).write_bytes(b"")
    result = invoke("runs", "show", "mine")
    assert result.exit_code == 0
    assert "epoch-0002.weights.h5 is damaged: its checksum is wrong" in result.stderr
    assert "epoch-0001.weights.h5 is not a charrnn checkpoint: it is empty" in result.stderr
    assert result.stdout.startswith("run          mine, language model\n")


def test_a_folder_of_no_kind(invoke: Invoke, fails: Fails) -> None:
    """Of a stranger's network its folder is told, and why it is no run; no folder is an error."""
    folder = kinds.make_run(Path("checkpoints"), LANGUAGE, "mine").folder
    (folder / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    result = invoke("runs", "show", "mine")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        0,
        "run          mine, of no kind that can be read",
    )
    assert "model.h5 is not a charrnn checkpoint" in result.stderr
    assert "no run 'yours' in checkpoints: the only run is mine" in fails(
        1, "runs", "show", "yours"
    )


# The commands that repeat a run


@pytest.fixture
def play(real_text: str) -> Path:
    """A text that is long enough for every preset."""
    path = Path("play.txt")
    path.write_text(real_text[:8_000], encoding="utf-8")
    return path


def split(command: str) -> list[str]:
    """A command's words after `charrnn train`, or after `charrnn`."""
    words = shlex.split(command, comments=True)
    assert words[0] == "charrnn"
    return words[1:]


OPTIONS = {
    "default": "",
    "minute": "--preset minute",
    "gru": "--preset quick --cell gru --layers 2",
    "tutorial": "--preset tutorial --cell rnn --units 8",
    "text": "--order shuffled --state reset --seed 5 --validation 0",
    "regular": "--dropout 0.25 --weight-drop 0.125 --embedding-dropout 0 --weight-decay 0.3",
    "learning": "--learning-rate 0.0123456789 --schedule constant --clip-norm 0 --patience 0",
    "windows": "--seq-length 30 --stride 10 --state reset --batch-size 4 --epochs 77",
    "float": "--precision float32 --embedding 12",
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_language_models_command_repeats_it(plan: PlanRun, play: Path, options: str) -> None:
    """Whatever its options were, the command gives a run with the very same recipe."""
    first = plan(play, *options.split())
    (command,) = list_commands(first.run, Progress(first.recipe, []))
    again = plan(*split(command)[1:])
    assert replace(again.recipe, vocabulary=first.recipe.vocabulary) == first.recipe
    assert again.recipe.vocabulary.to_values() == first.recipe.vocabulary.to_values()
    assert str(play.resolve()) in command
    assert again.run != first.run


def test_a_preset_is_told_by_its_name(plan: PlanRun, play: Path) -> None:
    """The command is as short as it can be: what a preset says is not repeated."""
    planned = plan(play, "--preset", "minute", "--precision", "float32")
    (command,) = list_commands(planned.run, Progress(planned.recipe, []))
    batch = planned.training.batch_size
    assert command == (
        f"charrnn train {play.resolve()} --preset minute --batch-size {batch} --epochs "
        f"{planned.training.epochs} --precision float32"
    )


def test_a_run_that_began_with_another(plan: PlanRun, play: Path) -> None:
    """The command names the epoch that it began with, by its file."""
    write_epoch("older", 2)
    first = plan(play, "--from", "older", "--epochs", 3)
    (command,) = list_commands(first.run, Progress(first.recipe, []))
    assert "--from checkpoints/older/epoch-0002.weights.h5" in command
    write_epoch("older", 3)
    again = plan(*split(command)[1:])
    assert again.network == first.network
    assert again.borrowed is not None
    for name, values in (first.borrowed or {}).items():
        assert np.array_equal(values, again.borrowed[name])


def test_a_text_of_several_files(plan: PlanRun, play: Path) -> None:
    """The command names each of them, and how they are joined."""
    other = Path("other.txt")
    other.write_text("Once upon a time.\n" * 200, encoding="utf-8")
    planned = plan(play, other, "--separator", "--", "--clean", "--min-count", 3)
    (command,) = list_commands(planned.run, Progress(planned.recipe, []))
    assert command.startswith(f"charrnn train {play.resolve()} {other.resolve()} ")
    again = plan(*split(command)[1:])
    assert again.text == planned.text
    assert again.recipe.reading == planned.recipe.reading
    assert again.recipe.vocabulary.to_values() == planned.recipe.vocabulary.to_values()


@pytest.mark.parametrize("sources", [(Source("-", "0" * 64),), ()], ids=["piped", "given"])
def test_a_text_that_came_from_no_file(
    sources: tuple[Source, ...], plan: PlanRun, play: Path
) -> None:
    """It is piped in again."""
    planned = plan(play)
    reading = Reading(encoding="cp1252")
    recipe = replace(planned.recipe, sources=sources, reading=reading)
    (command,) = list_commands(planned.run, Progress(recipe, []))
    assert command.startswith("... | charrnn train - ")
    assert "--encoding cp1252" in command


def test_a_run_that_was_stopped_in_an_epoch(invoke: Invoke) -> None:
    """Where its resume goes on is said, in words and as JSON."""
    write_run(LANGUAGE, point=Point(40, 2.5, 90.0))
    assert read_lines(invoke)["saved"] == "after step 40 of epoch 3"
    (row,) = read_rows(invoke("runs", "show", "mine", "--json"))
    assert row["point"] == {"step": 40, "loss": 2.5, "seconds": 90.0}


def test_settings_that_changed_in_an_epoch() -> None:
    """What repeats it says in which step it was stopped, and how often it was saved."""
    recipe = kinds.LANGUAGE_RECIPE
    first = replace(recipe.training, epochs=4)
    second = replace(first, learning_rate=0.125)
    sessions = [Session(0, first), Session(2, second, step=7)]
    progress = Progress(recipe, [], sessions=sessions, checkpoint_every=2.5)
    one, _ = list_commands(Run(Path("checkpoints/mine"), LANGUAGE), progress)
    assert one.endswith(
        " --checkpoint-every 2.5 --run mine-again  # was stopped after step 7 of epoch 3"
    )


def test_settings_that_changed_on_the_way() -> None:
    """A resume with other settings is a command of its own, with the epoch that it came after."""
    recipe = replace(kinds.LANGUAGE_RECIPE, begun_from="")
    run = Run(Path("checkpoints/mine"), LANGUAGE)
    first = replace(recipe.training, epochs=4, precision="float32")
    second = replace(first, epochs=9)
    third = replace(second, learning_rate=0.125)
    sessions = [
        Session(0, first),
        Session(4, second),
        Session(5, second, environment=MACHINE),
        Session(6, third),
    ]
    progress = Progress(replace(recipe, training=third), [], sessions=sessions)
    one, two, three = list_commands(run, progress, " --checkpoints there")
    assert " --epochs 4 " in one
    assert one.endswith(" --run mine-again --checkpoints there")
    assert two == (
        "charrnn train --resume mine-again --epochs 9 --checkpoints there  "
        "# was stopped after epoch 6"
    )
    assert three == ("charrnn train --resume mine-again --learning-rate 0.125 --checkpoints there")


CLASSIFIERS = [
    "",
    "--model average-16 --dense 0 --dropout 0.5",
    "--model bilstm-64x2 --one-way --units 8,4 --mask --max-length 0",
    "--model lstm-32 --cell average",
    "--model rnn-64-masked --no-mask --padding after --max-words 50",
    "--model lstm-32-early --optimizer rmsprop --clip-norm 2 --patience 0 --seed 3",
    "--model bigrams --learning-rate 0.01 --validation 0.5",
]


@pytest.mark.parametrize("options", CLASSIFIERS)
def test_a_classifiers_command_repeats_it(
    monkeypatch: pytest.MonkeyPatch, invoke: Invoke, options: str
) -> None:
    """Whatever its options were, the command gives a run with the very same recipe."""
    planned: list[tuple[Run, ReviewRecipe]] = []

    class LeftOutError(Exception):
        pass

    def begin(run: Run, progress: Progress[ReviewRecipe], *_: Any) -> None:
        planned.append((run, progress.recipe))
        raise LeftOutError

    monkeypatch.setattr("charrnn.training.reviews.train", begin)
    table = write_table(Path("reviews.csv"), 100)
    invoke("classify", "train", "--data", table, *options.split())
    run, first = planned.pop()
    (command,) = list_commands(run, Progress(first, []))
    invoke(*split(command))
    _, again = planned.pop()
    assert (again.network, again.training) == (first.network, first.training)
    assert (again.preset, again.sources) == (first.preset, first.sources)
    assert again.corpus_sha256 == first.corpus_sha256


def test_imdbs_classifier_and_an_unknown_preset() -> None:
    """IMDB's reviews have a command of their own; a preset that is no more can't be repeated."""
    recipe = replace(kinds.REVIEW_RECIPE, sources=(), text_column="", embedding_from="glove.txt")
    run = Run(Path("checkpoints/classify/mine"), CLASSIFIER)
    (command,) = list_commands(run, Progress(recipe, []))
    assert command.startswith("charrnn classify imdb --model lstm-32 ")
    assert command.endswith(" --embedding-from glove.txt")
    assert list_commands(run, Progress(replace(recipe, preset="gone"), [])) == []


def test_a_word_models_command_repeats_it(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> None:
    """All of its settings are options."""
    planned: list[tuple[Run, Any]] = []

    class LeftOutError(Exception):
        pass

    def begin(run: Run, progress: Progress[Any], *_: Any) -> None:
        planned.append((run, progress.recipe))
        raise LeftOutError

    monkeypatch.setattr("charrnn.training.words.train", begin)
    write_npz(Path("reviews.npz"), 3000)
    options = "--embedding 4 --units 3 --max-words 11 --batch-size 4 --seed 9 --validation 0.25"
    invoke("classify", "pretrain", "--data", "reviews.npz", *options.split())
    run, first = planned.pop()
    (command,) = list_commands(run, Progress(first, []))
    assert run.kind == WORD_MODEL
    invoke(*split(command))
    _, again = planned.pop()
    assert (again.network, again.training) == (first.network, first.training)
    assert again.sources == first.sources


def test_a_finished_runs_own_command(invoke: Invoke, finished_run: Run) -> None:
    """A run that was really trained says how it came about, and how to repeat it."""
    (row,) = read_rows(invoke("runs", "show", finished_run.name, "--json"))
    (session,) = row["sessions"]
    assert {"python", "charrnn", "tensorflow", "keras", "numpy", "system", "cores"} <= {
        *session["environment"],
    }
    (command,) = row["repeat"]
    assert invoke(*split(command)).exit_code == 0
    again = Run(Path("checkpoints/novel-rnn"), LANGUAGE)
    assert again.epoch_file(1).read_bytes() == finished_run.epoch_file(1).read_bytes()
    progress = read_progress(again, type(kinds.LANGUAGE_RECIPE))
    assert isinstance(progress.recipe.training, TrainingConfig)

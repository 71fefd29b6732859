"""Run folders: their names, their newest and best, and the history that tells."""

import contextlib
import csv
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import RunError, UsageError
from charrnn.runs.history import EpochResult, best_of
from charrnn.runs.run import Run
from charrnn.runs.catalogue import find_run, new_run, newest_run, runs

MakeRun = Callable[..., Path]

LOSSES = st.floats(0, 1000)
RESULTS = st.lists(st.tuples(LOSSES, st.none() | LOSSES, st.floats(0, 10**6)), max_size=12).map(
    lambda rows: [EpochResult(epoch, *row) for epoch, row in enumerate(rows, 1)]
)


def results(*losses: float, validation: bool = True) -> list[EpochResult]:
    """Epochs with these losses; with validation the training losses would rank them otherwise."""
    return [
        EpochResult(epoch, -loss if validation else loss, loss if validation else None, 1.0)
        for epoch, loss in enumerate(losses, 1)
    ]


def complaint(action: Callable[[], object], kind: type[Exception] = RunError) -> str:
    with pytest.raises(kind) as failure:
        action()
    assert "\n" not in str(failure.value)
    return str(failure.value)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


@pytest.fixture
def run(checkpoints: Path) -> Run:
    """A run's folder without any file in it."""
    (checkpoints / "tiny").mkdir(parents=True)
    return Run(checkpoints / "tiny")


def make_epochs(run: Run, *epochs: int) -> None:
    for epoch in epochs:
        run.epoch_file(epoch).touch()


def test_run_is_called_after_corpus_and_cell(checkpoints: Path) -> None:
    """Without a name a run is corpus and cell, with the next number where that is taken."""
    names = []
    for _ in range(3):
        run = new_run(checkpoints, None, "shakespeare", "lstm")
        assert run.folder.is_dir()  # so that nobody else takes the name
        names.append(run.name)
    assert names == ["shakespeare-lstm", "shakespeare-lstm-2", "shakespeare-lstm-3"]
    assert new_run(checkpoints, None, "shakespeare", "gru").name == "shakespeare-gru"


def test_name_taken_in_the_last_moment_is_left_to_its_taker(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two trainings that begin at once the later one takes the next name."""
    mkdir = Path.mkdir

    def mkdir_too_late(path: Path, *args: Any, **kwargs: Any) -> None:
        if path.name == "shakespeare-lstm":
            mkdir(path, exist_ok=True)  # the other training
        mkdir(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", mkdir_too_late)
    assert new_run(checkpoints, None, "shakespeare", "lstm").name == "shakespeare-lstm-2"


def test_folder_of_a_training_that_came_to_nothing_is_removed(run: Run) -> None:
    """A folder with nothing but the lock in it goes, and its name is free again."""
    run.lock_file.touch()
    run.remove_if_empty()
    assert not run.folder.exists()
    run.remove_if_empty()  # and nothing more happens


@pytest.mark.parametrize("file", ["epoch-0001.weights.h5", "resume.h5", "notes.txt"])
def test_folder_with_something_in_it_is_kept(run: Run, file: str) -> None:
    """A folder that holds anything of a training, or of the user, stays with it."""
    (run.folder / file).touch()
    run.remove_if_empty()
    assert (run.folder / file).exists()


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("my novel", "my-novel-gru"),
        ("Чехов, том 1", "Чехов-том-1-gru"),
        ("紅樓夢", "紅樓夢-gru"),
        (".hidden", "hidden-gru"),
        ("a/b", "a-b-gru"),
        ("--force", "force-gru"),
        ("v1.2+x", "v1.2+x-gru"),
        ("😀", "text-gru"),
        ("..", "text-gru"),
        ("", "text-gru"),
    ],
)
def test_odd_corpus_names_become_plain_ones(checkpoints: Path, corpus: str, name: str) -> None:
    """A run's own name keeps letters of any script and drops what a shell would stumble over."""
    assert new_run(checkpoints, None, corpus, "gru").name == name


@settings(deadline=None)
@given(corpus=st.text(max_size=20) | st.text("(._- a", max_size=6))
def test_any_corpus_gives_a_name_that_run_takes(corpus: str) -> None:
    """Whatever a text is called, its run's name is one that --run would accept too."""
    checkpoints = Path("checkpoints")
    name = new_run(checkpoints, None, corpus, "lstm").name
    assert new_run(checkpoints, name, "", "").folder == checkpoints / name


@pytest.mark.parametrize("letter", ["x", "é", "夢"])
def test_longest_file_name_gives_a_folder_that_can_be(checkpoints: Path, letter: str) -> None:
    """A text with the longest name that a file can have still gets a folder."""
    stem = letter * (251 // len(letter.encode()))  # with .txt the most that file systems take
    for end in ("-lstm", "-lstm-2"):
        run = new_run(checkpoints, None, stem, "lstm")
        assert run.folder.is_dir()
        assert run.name.startswith(letter * 20)
        assert run.name.endswith(end)


@pytest.mark.parametrize("name", ["novel", "a", "2", "v1.0", "A_b+c-d", "夢", "x" * 100])
def test_plain_names_are_taken_as_they_are(checkpoints: Path, name: str) -> None:
    """A name the user gives is the folder's name, without a number or a cell."""
    assert new_run(checkpoints, name, "corpus", "lstm").folder == checkpoints / name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", "/x", "-x", ".x", "_x", "a b", "a\n"]
)
def test_names_that_lead_elsewhere_are_refused(checkpoints: Path, name: str) -> None:
    """A name with a path, a blank or a leading sign is refused with what may be used."""
    message = complaint(lambda: new_run(checkpoints, name, "corpus", "lstm"), UsageError)
    assert repr(name) in message
    assert "letters" in message


@pytest.mark.parametrize("file", ["epoch-0001.weights.h5", "resume.h5", "interrupted.weights.h5"])
def test_run_that_exists_is_not_written_over(run: Run, checkpoints: Path, file: str) -> None:
    """Whatever training has left under a name, a new one of that name is refused."""
    (run.folder / file).touch()
    message = complaint(lambda: new_run(checkpoints, "tiny", "corpus", "lstm"))
    assert "--resume tiny" in message


def test_folder_without_a_training_can_be_used(run: Run, checkpoints: Path) -> None:
    """An empty folder, as a training that failed at once leaves it, does not take the name."""
    assert new_run(checkpoints, "tiny", "corpus", "lstm") == run


def test_unknown_run_is_answered_with_those_there_are(make_run: MakeRun, checkpoints: Path) -> None:
    """A misspelt run is met with the names of all runs."""
    make_run("first")
    make_run("second")
    message = complaint(lambda: find_run(checkpoints, "frist"))
    assert "'frist'" in message
    assert "first" in message
    assert "second" in message
    assert find_run(checkpoints, "second").folder == checkpoints / "second"


def test_run_is_found_by_its_folder_too(make_run: MakeRun, checkpoints: Path) -> None:
    """A path that a shell has completed is as good as the name."""
    make_run("novel")
    assert find_run(checkpoints, str(checkpoints / "novel")) == Run(checkpoints / "novel")


def test_many_runs_are_counted(make_run: MakeRun, checkpoints: Path) -> None:
    """Of a long list the newest are named, and the others counted."""
    for number in range(25):
        path = make_run(f"run{number}")
        os.utime(path, (number, number))
    message = complaint(lambda: find_run(checkpoints, "novel"))
    assert "run24, run23," in message
    assert message.endswith("run15 and 15 more")


def test_before_the_first_run_the_way_to_one_is_told(checkpoints: Path) -> None:
    """With no run yet, or no folder for them, the message says how to get one."""
    assert "charrnn train" in complaint(lambda: find_run(checkpoints, "any"))
    assert "charrnn train" in complaint(lambda: newest_run(checkpoints))
    checkpoints.mkdir()
    (checkpoints / "README.md").touch()
    (checkpoints / "empty").mkdir()
    assert "charrnn train" in complaint(lambda: newest_run(checkpoints))
    assert runs(checkpoints) == []


def test_newest_run_is_the_one_written_to_last(make_run: MakeRun, checkpoints: Path) -> None:
    """The newest run is told by its newest file, not by when its folder was made."""
    for name, epoch, seconds in [
        ("newest", 1, 10),
        ("middle", 1, 20),
        ("newest", 2, 30),
        ("oldest", 1, 5),
        ("oldest", 2, 6),
    ]:
        os.utime(make_run(name, epoch), (seconds, seconds))
    assert [run.name for run in runs(checkpoints)] == ["newest", "middle", "oldest"]
    assert newest_run(checkpoints).name == "newest"


def test_newest_run_has_something_to_sample(make_run: MakeRun, checkpoints: Path) -> None:
    """A training that has no network yet does not hide an older one that has."""
    make_run("trained")
    (checkpoints / "just-begun").mkdir()
    begun = checkpoints / "just-begun" / "resume.h5"
    begun.touch()
    os.utime(begun, (2**32, 2**32))
    assert runs(checkpoints)[0].name == "just-begun"
    assert newest_run(checkpoints).name == "trained"


def test_epochs_are_in_order_of_their_numbers(run: Run) -> None:
    """Epochs beyond 9,999 come after it, and other files are no epochs."""
    make_epochs(run, 10_000, 2, 9999, 1)
    for other in ("interrupted.weights.h5", "epoch-1.weights.h5", ".epoch-0003.weights.h5.x.part"):
        (run.folder / other).touch()
    assert run.epochs() == [1, 2, 9999, 10_000]


@pytest.mark.parametrize("validation", [True, False])
def test_best_epoch_has_the_lowest_loss(run: Run, validation: bool) -> None:
    """Epochs are ranked by validation loss, by training loss where there is no validation."""
    make_epochs(run, 1, 2, 3, 4)
    run.write_history(results(2.5, 1.5, 2.0, 1.75, validation=validation))
    assert run.best_epoch() == 2
    assert run.checkpoint_file() == run.epoch_file(2)


def test_best_of_equals_is_the_earliest() -> None:
    """Of two epochs that are as good the earlier one, which has learned less by heart, wins."""
    assert best_of(results(2.0, 1.5, 1.5)).epoch == 2


def test_best_epoch_is_one_whose_file_is_there(run: Run) -> None:
    """Where the best epoch's file was deleted, the best of the others is used."""
    make_epochs(run, 1, 3)
    run.write_history(results(2.5, 1.0, 2.0, 1.5))
    assert run.best_epoch() == 3


def test_without_history_the_latest_epoch_is_best(run: Run) -> None:
    """Checkpoints alone, copied from elsewhere, can be used: the latest of them."""
    make_epochs(run, 3, 7, 5)
    assert run.best_epoch() == 7


def test_empty_run_has_no_best_epoch(run: Run) -> None:
    """A run without a checkpoint says so."""
    assert run.best_epoch() is None
    message = complaint(run.checkpoint_file)
    assert "has no checkpoint" in message
    assert "charrnn train --resume tiny" in message


@pytest.mark.parametrize("losses", [(math.nan, 2.0, 1.5), (2.0, math.nan, 1.5), (2, 1.5, math.nan)])
@pytest.mark.parametrize("validation", [True, False])
def test_epoch_with_a_nan_loss_is_never_best(
    run: Run, losses: tuple[float, ...], validation: bool
) -> None:
    """A loss that is no number ranks behind every loss that is one."""
    make_epochs(run, 1, 2, 3)
    run.write_history(results(*losses, validation=validation))
    assert run.best_epoch() == losses.index(1.5) + 1


def test_interrupted_first_epoch_can_be_used(run: Run) -> None:
    """Before the first epoch has ended, what Ctrl-C has kept is the network to use."""
    run.interrupted_file.touch()
    assert run.checkpoint_file() == run.interrupted_file
    make_epochs(run, 1)
    assert run.checkpoint_file() == run.epoch_file(1)


@pytest.mark.parametrize(
    ("epochs", "listed"),
    [((1, 2, 3), "1 to 3"), ((1, 3, 4), "1, 3, 4"), ((2,), "it has 2"), ((), "none yet")],
)
def test_unknown_epoch_is_answered_with_those_there_are(
    run: Run, epochs: tuple[int, ...], listed: str
) -> None:
    """An epoch that is not there is met with all that are."""
    make_epochs(run, *epochs)
    message = complaint(lambda: run.checkpoint_file(99))
    assert "no epoch 99" in message
    assert listed in message


def test_named_epoch_needs_no_history(run: Run) -> None:
    """A damaged history keeps nobody from an epoch named, and the message says so."""
    make_epochs(run, 1, 2)
    (run.folder / "history.csv").write_text("gone\nwrong\n")
    assert "--epoch" in complaint(run.checkpoint_file)
    assert run.checkpoint_file(1) == run.epoch_file(1)


@settings(deadline=None)
@given(written=RESULTS)
def test_history_is_read_as_it_was_written(written: list[EpochResult]) -> None:
    """Losses come back to the last bit, None as None, and times to a hundredth of a second."""
    run = Run(Path())
    run.write_history(written)
    read = run.history()
    assert [(r.epoch, r.train_loss, r.validation_loss) for r in read] == [
        (w.epoch, w.train_loss, w.validation_loss) for w in written
    ]
    assert [r.seconds for r in read] == pytest.approx([w.seconds for w in written], abs=0.0051)


@settings(deadline=None)
@given(written=RESULTS)
def test_history_can_be_read_by_anyone(written: list[EpochResult]) -> None:
    """Each row has the perplexity, exp of the loss, and a mark where it beat all before it."""
    Run(Path()).write_history(written)
    with Path("history.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lowest = math.inf
    for row in rows:
        loss = float(row["validation_loss"] or row["train_loss"])
        assert row["best"] == ("yes" if loss < lowest else "")
        lowest = min(lowest, loss)
        expected = math.exp(loss) if loss < 700 else math.inf
        assert float(row["perplexity"]) == pytest.approx(expected, rel=1e-12, abs=5.1e-5)
    assert len(rows) == len(written)


def test_losses_that_are_no_numbers_are_kept(run: Run) -> None:
    """Infinite losses and NaN are written and read as what they are."""
    run.write_history([EpochResult(1, math.inf, math.nan, 1.0)])
    (read,) = run.history()
    assert math.isinf(read.train_loss)
    assert read.validation_loss is not None
    assert math.isnan(read.validation_loss)
    assert read.perplexity == math.inf


def test_no_history_is_an_empty_one(run: Run) -> None:
    """A run without a history has had no epochs to tell of."""
    assert run.history() == []


GOOD = "epoch,train_loss,validation_loss,perplexity,seconds,best\n1,2.5,2.25,9.4877,1.00,yes\n"


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("epoch", "era"),
        GOOD.replace("2.5", "low"),
        GOOD.replace("1,2.5", "one,2.5"),
        GOOD.replace(",2.25,9.4877,1.00,yes", ""),
        GOOD.replace("train_loss,", ""),
        GOOD + "2,",
        GOOD + "\0\0\0\0\0\0\0\0",
        GOOD + "x" * 200_000,
        GOOD + '"' + "1," * 100_000,
    ],
)
def test_damaged_history_is_an_error_of_ours(run: Run, content: str) -> None:
    """A history that is cut off, edited or overwritten is called damaged, whatever the damage."""
    (run.folder / "history.csv").write_text(content)
    assert "history.csv is damaged" in complaint(run.history)


@settings(deadline=None)
@given(content=st.binary(min_size=1, max_size=200))
def test_junk_is_no_history(content: bytes) -> None:
    """Random bytes in the history's place give no results and no other error."""
    Path("history.csv").write_bytes(content)
    with contextlib.suppress(RunError):
        assert Run(Path()).history() == []  # a line of names alone

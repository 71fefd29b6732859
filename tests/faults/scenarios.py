"""Runs to disturb: each cell, a classifier, pretraining, one thinned, one that is interrupted.

Most are resumed for two more epochs, so that a resume has something to do wherever the beginning
was disturbed.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from charrnn.runs.catalogue import list_runs
from charrnn.runs.checkpoint import read_checkpoint, read_classifier, read_word_model
from charrnn.runs.history import find_best
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.outcome import read_outcome
from charrnn.runs.recipe import LanguageRecipe, ReviewRecipe, WordRecipe
from charrnn.runs.resume import count_epochs, read_progress, read_variables
from charrnn.runs.run import Run
from tests.faults.commands import NO_FAULT, Commands, Ended, Fault
from tests.support.reviews import write_table

_READERS: dict[Kind, tuple[Callable[[Path], object], type[Any]]] = {
    LANGUAGE: (read_checkpoint, LanguageRecipe),
    CLASSIFIER: (read_classifier, ReviewRecipe),
    WORD_MODEL: (read_word_model, WordRecipe),
}
_TEXT = "train novel.txt --layers 1 --embedding 4 --batch-size 16 --seq-length 10"
_NEW = "--run r -q --epochs"
_LENGTH = 3000


@dataclass(frozen=True)
class Scenario:
    """A run to disturb.

    Attributes:
        kind: what it trains.
        command: what begins it, without its epochs.
        epochs: that it is begun with.
        more: epochs that its resumes add; 0 if its learning rate depends on how many there are.
        ctrl_c: the step of its second epoch in which the user interrupts it; 0 for none.
    """

    kind: Kind
    command: str
    epochs: int = 1
    more: int = 2
    ctrl_c: int = 0

    @property
    def end(self) -> int:
        """The epochs that it has in the end."""
        return self.epochs + self.more

    def is_done(self, folder: Path) -> bool:
        """Whether the end is reached."""
        run = self.find_run(folder)
        return run.resume_file.exists() and count_epochs(run) == self.end

    def begin(self, commands: Commands, folder: Path, fault: Fault = NO_FAULT) -> Ended:
        """Begin it in a folder of its own."""
        _write_data(folder)
        words = [*self.command.split(), *_NEW.split(), self.epochs]
        return commands.run(folder, words, replace(fault, ctrl_c=self.ctrl_c))

    def find_run(self, folder: Path) -> Run:
        return Run(folder / "checkpoints" / self.kind.subfolder / "r", self.kind)

    def go_on(self, commands: Commands, folder: Path, fault: Fault = NO_FAULT) -> Ended:
        """Do what a user does after a failure: resume it or, if there is nothing yet, begin it."""
        if not self.find_run(folder).resume_file.exists():
            return self.begin(commands, folder, fault)
        words = self.command.split()[: 1 if self.kind == LANGUAGE else 2]
        return commands.run(folder, [*words, "--resume", "r", "-q", "--epochs", self.end], fault)

    def finish(self, commands: Commands, folder: Path, fault: Fault = NO_FAULT) -> None:
        """Do so, undisturbed, to the end."""
        if not self.find_run(folder).resume_file.exists():
            begun = self.begin(commands, folder, fault)
            assert begun.code == (130 if self.ctrl_c else 0), begun.stderr
        if self.is_done(folder):
            return
        resumed = self.go_on(commands, folder, fault)
        assert (resumed.code, resumed.stderr) == (0, "")


def _make_language(cell: str, options: str = "", **values: Any) -> Scenario:
    network = f"--cell {cell} --units 5 --dropout 0.2 --validation 0 --schedule constant"
    return Scenario(LANGUAGE, f"{_TEXT} {network} {options}", **values)


_REVIEWS = "--data reviews.csv --embedding 3 --batch-size 2"
SCENARIOS = {
    "rnn": _make_language("rnn"),
    "lstm": _make_language("lstm", epochs=2),
    "gru": _make_language("gru"),
    "thinned": _make_language("rnn", "--keep best"),
    "interrupted": _make_language("gru", epochs=2, ctrl_c=2),
    "classifier": Scenario(
        CLASSIFIER,
        f"classify train {_REVIEWS} --model lstm-32 --units 4 --max-length 6 --max-words 30",
    ),
    "pretraining": Scenario(
        WORD_MODEL, f"classify pretrain {_REVIEWS} --units 4 --max-words 30", epochs=2, more=0
    ),
}


def _write_data(folder: Path) -> None:
    from pydoc_data.topics import topics

    folder.mkdir(exist_ok=True)
    text = "\n".join(topics.values())[:_LENGTH]
    folder.joinpath("novel.txt").write_text(text, encoding="utf-8")
    write_table(folder / "reviews.csv", 900)


@dataclass(frozen=True)
class Undisturbed:
    """How a scenario goes if nothing goes wrong.

    Attributes:
        moments: the names of all moments of its beginning, in order.
        seconds: what its beginning takes.
        files: what it leaves.
    """

    moments: list[str]
    seconds: float
    files: Mapping[str, bytes]


def go_undisturbed(scenario: Scenario, commands: Commands, folder: Path) -> Undisturbed:
    """Carry a scenario out; one with Ctrl-C is compared with a run without."""
    begun = scenario.begin(commands, folder)
    moments = folder.joinpath("events").read_text().splitlines()
    if scenario.ctrl_c:
        shutil.rmtree(folder / "checkpoints")
        assert replace(scenario, ctrl_c=0).begin(commands, folder).code == 0
    scenario.finish(commands, folder)
    return Undisturbed(moments, begun.seconds, read_files(scenario.find_run(folder)))


def check_listed(folder: Path) -> None:
    """Everything that lies in the folder and has a name of its own can be used."""
    for kind in KINDS:
        read, recipe = _READERS[kind]
        for run in list_runs(folder / "checkpoints", kind):
            for path in [*map(run.epoch_file, run.list_epochs()), run.interrupted_file]:
                if path.exists():
                    read(path)
            if run.resume_file.exists():
                progress = read_progress(run, recipe)
                done = len(progress.results)
                assert read_variables(run)
                if progress.keep == "all":
                    assert run.list_epochs()[:done] == [*range(1, done + 1)]
                elif done:
                    best = find_best(progress.results).epoch
                    assert {best, done} <= {*run.list_epochs()}
                assert len(run.read_history()) >= done
            if kind == CLASSIFIER:
                read_outcome(run)


def read_files(run: Run) -> dict[str, bytes]:
    """What the run's files hold, without the times that it took."""
    return {path.name: _read(run, path) for path in run.folder.iterdir()}


def _read(run: Run, path: Path) -> bytes:
    if path == run.resume_file:
        return b"".join(values.tobytes() for values in read_variables(run))
    if path == run.history_file:
        results = (replace(result, seconds=0.0) for result in run.read_history())
        return repr(list(results)).encode()
    if path == run.curves_file:
        return path.read_bytes()[:8]
    if path.suffix == ".json":
        values = json.loads(path.read_bytes())
        return repr(
            {name: value for name, value in values.items() if "seconds" not in name}
        ).encode()
    return path.read_bytes()

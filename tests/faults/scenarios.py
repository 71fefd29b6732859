"""Runs to disturb: each cell, a classifier, pretraining, one thinned, one that is interrupted.

Each is begun, resumed, and at last resumed for an epoch that nothing disturbs, so that wherever it
was disturbed there is something left to do.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from charrnn.runs.catalogue import list_runs
from charrnn.runs.checkpoint import read_checkpoint, read_classifier, read_word_model
from charrnn.runs.history import EpochResult, find_best
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.outcome import read_outcome
from charrnn.runs.recipe import LanguageRecipe, ReviewRecipe, WordRecipe
from charrnn.runs.resume import read_place, read_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from tests.faults.commands import KILLED, NO_FAULT, Commands, Ended, Fault
from tests.support.reviews import write_table

_READERS: dict[Kind, tuple[Callable[[Path], object], type[Any]]] = {
    LANGUAGE: (read_checkpoint, LanguageRecipe),
    CLASSIFIER: (read_classifier, ReviewRecipe),
    WORD_MODEL: (read_word_model, WordRecipe),
}
_TEXT = "train novel.txt --layers 1 --embedding 4 --batch-size 16 --seq-length 10"
_LENGTH = 1500

Phase = Literal["begin", "resume", "end"]


@dataclass(frozen=True)
class Scenario:
    """A run to disturb.

    Attributes:
        kind: what it trains.
        command: what begins it, without its epochs.
        targets: the epochs that it is begun for, resumed for, and resumed for undisturbed.
        in_one: whether one command for all epochs would leave the same files. Not if the learning
            rate depends on how many there are, or if a file says how many it was begun for.
        ctrl_c: the step of its second epoch in which the user interrupts its beginning; 0 for none.
    """

    kind: Kind
    command: str
    targets: tuple[int, int, int] = (1, 2, 3)
    in_one: bool = True
    ctrl_c: int = 0

    def find_run(self, folder: Path) -> Run:
        return Run(folder / "checkpoints" / self.kind.subfolder / "r", self.kind)

    def find_phase(self, folder: Path) -> Phase:
        """What is still to be done, up to the epoch that nothing disturbs."""
        run = self.find_run(folder)
        if not run.resume_file.exists():
            return "begin"
        return "resume" if read_place(run).epochs < self.targets[1] else "end"

    def go_on(self, commands: Commands, folder: Path, fault: Fault = NO_FAULT) -> Ended:
        """Do what a user does next: begin it or, if there is something to resume, resume it."""
        if self.find_phase(folder) == "begin":
            return self._begin(
                commands, folder, self.targets[0], replace(fault, ctrl_c=self.ctrl_c)
            )
        done = read_place(self.find_run(folder)).epochs
        return self._resume(commands, folder, next(n for n in self.targets if n > done), fault)

    def finish(self, commands: Commands, folder: Path, fault: Fault = NO_FAULT) -> None:
        """Do so until all is done, in as few commands as give the same weights."""
        run, end = self.find_run(folder), self.targets[-1]
        while not (run.resume_file.exists() and read_place(run).epochs == end):
            if not self.in_one:
                ended = self.go_on(commands, folder, fault)
            elif run.resume_file.exists():
                ended = self._resume(commands, folder, end, fault)
            else:
                ended = self._begin(commands, folder, end, fault)
            assert (ended.code, ended.stderr) == (0, ""), ended.stderr

    def _begin(self, commands: Commands, folder: Path, epochs: int, fault: Fault) -> Ended:
        _write_data(folder)
        words = [*self.command.split(), "--run", "r", "-q", "--epochs", epochs]
        return commands.run(folder, words, fault)

    def _resume(self, commands: Commands, folder: Path, epochs: int, fault: Fault) -> Ended:
        words = self.command.split()[: 1 if self.kind == LANGUAGE else 2]
        return commands.run(folder, [*words, "--resume", "r", "-q", "--epochs", epochs], fault)


def _make_language(cell: str, options: str = "", **values: Any) -> Scenario:
    network = f"--cell {cell} --units 5 --dropout 0.2 --validation 0 --schedule constant"
    return Scenario(LANGUAGE, f"{_TEXT} {network} {options}", **values)


_REVIEWS = "--data reviews.csv --embedding 3"
_CLASSIFIER = "--model lstm-32 --units 4 --max-length 6 --max-words 30 --batch-size 32"
SCENARIOS = {
    "rnn": _make_language("rnn"),
    "lstm": _make_language("lstm"),
    "gru": _make_language("gru"),
    "thinned": _make_language("rnn", "--keep best"),
    "interrupted": _make_language("gru", targets=(2, 2, 3), ctrl_c=2),
    "classifier": Scenario(CLASSIFIER, f"classify train {_REVIEWS} {_CLASSIFIER}", in_one=False),
    "pretraining": Scenario(
        WORD_MODEL,
        f"classify pretrain {_REVIEWS} --units 4 --max-words 30 --batch-size 2",
        in_one=False,
    ),
}


def _write_data(folder: Path) -> None:
    from pydoc_data.topics import topics

    text = "\n".join(topics.values())[:_LENGTH]
    folder.joinpath("novel.txt").write_text(text, encoding="utf-8")
    write_table(folder / "reviews.csv", 900)


def check_end(ended: Ended, fault: Fault) -> None:
    """A process was killed where it should be, or ended in order; a disk's failure is one line."""
    said = f"{fault}: exit code {ended.code}, {ended.stderr!r}"
    if fault.kind in {"full", "read-only"}:
        assert ended.code in {0, 1, 130}, said  # 0 if only the curves could not be drawn
        assert len(ended.stderr.splitlines()) == (ended.code == 1), said
        assert "unexpected" not in ended.stderr, said
        return
    assert ended.code in {KILLED, 0, 130}, said
    assert ended.stderr == "", said
    if fault.kind and ended.code == KILLED:
        assert ended.moments[-1] == fault.moment, said


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
                assert Saved(run).take_variables()
                if progress.keep == "all":
                    assert run.list_epochs()[:done] == [*range(1, done + 1)]
                elif done:
                    assert {find_best(progress.results).epoch, done} <= {*run.list_epochs()}
                assert len(run.read_history()) >= done
            if kind == CLASSIFIER:
                read_outcome(run)


def read_files(run: Run) -> dict[str, bytes]:
    """What the run's files hold, without the times that it took and the folder it lay in."""
    return {path.name: _read(run, path) for path in run.folder.iterdir()}


def _read(run: Run, path: Path) -> bytes:
    if path == run.resume_file:
        progress = read_progress(run, _READERS[run.kind][1])
        known = repr([progress.recipe.training, *_drop_times(progress.results)]).encode()
        return known + b"".join(values.tobytes() for values in Saved(run).take_variables())
    if path == run.history_file:
        return repr(_drop_times(run.read_history())).encode()
    if path.suffix == ".json":
        values = json.loads(path.read_bytes())
        return repr(
            {name: value for name, value in values.items() if "seconds" not in name}
        ).encode()
    return path.read_bytes()


def _drop_times(results: Sequence[EpochResult]) -> list[EpochResult]:
    return [replace(result, seconds=0.0) for result in results]

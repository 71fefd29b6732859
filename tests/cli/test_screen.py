"""The one screen on which every kind of run is shown, from its introduction to its use."""

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import click
import pytest

from charrnn.cli.screen import Screen, show_training
from charrnn.cli.terminal import Terminal
from charrnn.data.sources import Source
from charrnn.runs.history import EpochResult, find_best
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, Kind
from charrnn.runs.recipe import Progress
from charrnn.runs.run import Run
from charrnn.training.listener import Listener
from charrnn.training.stop import Interrupted
from tests.support.commands import parse_command
from tests.support.kinds import RECIPES, make_run, write_epoch, write_resume_file

LOSSES = [2.0, 1.5, 1.75, 1.8]
RESULTS = [EpochResult(epoch, loss, None, 1.0) for epoch, loss in enumerate(LOSSES, 1)]


@dataclass
class FakePlan:
    """A plan of four epochs of ten steps each, that learns nothing but writes what a run writes."""

    kind: Kind = LANGUAGE
    done: int = 0
    last: int = 4
    ctrl_c: bool = False
    source: str = "novel.txt"
    steps: int = 10
    unit: str = "chars"
    units_per_step: int = 40
    run: Run = field(init=False)
    progress: Progress[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.run = make_run(Path("checkpoints"), self.kind, "mine")
        recipe: Any = RECIPES[self.kind]
        recipe = replace(recipe, training=replace(recipe.training, epochs=4, patience=3))
        if self.kind == LANGUAGE:
            recipe = replace(recipe, sources=(Source(self.source, "0" * 64),))
        self.progress = Progress(recipe, RESULTS[: self.done])

    def train(self, listener: Listener, interrupted: Callable[[], bool]) -> None:
        """Write epochs up to the last one; then end, or be interrupted in the next one."""
        for result in RESULTS[self.done : self.last]:
            listener.on_epoch_begin(result.epoch)
            for step in range(1, self.steps + 1):
                listener.on_step(step, result.train_loss)
                interrupted()
            results = RESULTS[: result.epoch]
            write_epoch(self.run, result.epoch)
            self.run.write_history(results)
            write_resume_file(self.run, *results)
            listener.on_epoch_end(result, find_best(results) is result)
        if self.ctrl_c:
            signal.raise_signal(signal.SIGINT)
        if interrupted():
            raise Interrupted


def show(
    plan: FakePlan,
    terminal: Terminal | None = None,
    sample: Callable[[int], str | None] = lambda _: None,
    **options: Any,
) -> None:
    """Show the plan on the screen of the command that trains its kind."""
    words = plan.kind.command.split()[1:]
    with parse_command(*words):
        show_training(plan, "about it", Screen(terminal or Terminal(), **options), sample)


def test_a_new_run(capsys: pytest.CaptureFixture[str]) -> None:
    """stdout has a line for each epoch; stderr the introduction, the best epoch, and the use."""
    show(FakePlan())
    out, err = capsys.readouterr()
    epochs = [line.split()[:4] for line in out.splitlines()]
    assert epochs == [["epoch", f"{n}/4", "train", f"{LOSSES[n - 1]:.4f}"] for n in (1, 2, 3, 4)]
    assert err.splitlines() == [
        "about it",
        "best epoch: 2, in checkpoints/mine",
        "Read what it writes: charrnn sample --run mine",
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_of_run(capsys: pytest.CaptureFixture[str], kind: Kind) -> None:
    """Each ends with the place of its best epoch and the command for its network."""
    plan = FakePlan(kind)
    show(plan)
    best, use = capsys.readouterr().err.splitlines()[-2:]
    assert best == f"best epoch: 2, in {plan.run.folder}"
    assert kind.use in use
    assert "mine" in use


def test_a_resumed_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A note says after which epoch it resumes; only new epochs have lines."""
    show(FakePlan(done=3))
    out, err = capsys.readouterr()
    assert err.splitlines()[:2] == ["about it", "resuming after epoch 3 of 4"]
    assert [line.split()[1] for line in out.splitlines()] == ["4/4"]


def test_a_run_that_stops_early(capsys: pytest.CaptureFixture[str]) -> None:
    """If patience ran out, a note says so."""
    show(FakePlan(last=3))
    early = "no better epoch in the last 3: stopped early, after epoch 3"
    assert capsys.readouterr().err.splitlines()[1] == early


def test_loudness(capsys: pytest.CaptureFixture[str]) -> None:
    """-q leaves stderr empty; -v adds every setting."""
    show(FakePlan(), Terminal(quiet=True))
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) == 4
    show(FakePlan(CLASSIFIER), Terminal(verbose=True))
    err = capsys.readouterr().err
    assert "ClassifierConfig(" in err
    assert "ReviewTraining(" in err


def test_json_and_samples(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints an object per epoch, with the text that is sampled after it, if any."""
    show(FakePlan(), as_json=True, sample=lambda epoch: "text" if epoch == 2 else None)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["best"] for row in rows] == [True, True, False, False]
    assert [row.get("sample") for row in rows] == [None, "text", None, None]


@pytest.mark.parametrize("installed", [True, False])
def test_events_for_tensorboard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, installed: bool
) -> None:
    """With --tensorboard the screen's lines are as always, and a note says how to look."""
    found = ModuleSpec("tensorboard", None) if installed else None
    monkeypatch.setattr("charrnn.cli.screen.find_spec", lambda _: found)
    plan = FakePlan()
    show(plan, tensorboard=True)
    out, err = capsys.readouterr()
    assert [line.split()[1] for line in out.splitlines()] == ["1/4", "2/4", "3/4", "4/4"]
    hint = "" if installed else " (it is not installed: pip install tensorboard)"
    assert err.splitlines()[1] == f"TensorBoard: tensorboard --logdir checkpoints{hint}"
    assert [*plan.run.event_folders[0].glob("*tfevents*")]


def test_curves_are_drawn() -> None:
    """The learning curves lie beside the checkpoints."""
    plan = FakePlan()
    show(plan, Terminal(quiet=True))
    assert plan.run.curves_file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("novel.txt", "charrnn train --resume mine"),
        ("-", "... | charrnn train - --resume mine"),
    ],
)
def test_an_interrupted_run(capsys: pytest.CaptureFixture[str], source: str, command: str) -> None:
    """It ends with what is kept and the command that resumes it, and its curves are drawn."""
    plan = FakePlan(last=2, source=source, ctrl_c=True)
    with pytest.raises(click.exceptions.Exit) as ended:
        show(plan)
    assert ended.value.exit_code == 130
    introduction, stopping, kept, resume, use = capsys.readouterr().err.splitlines()
    assert introduction == "about it"
    assert stopping.startswith("stopping after this step")
    assert kept == "stopped: epoch 2 is saved."
    assert resume == f"Resume with: {command}"
    assert use == "Read what it writes: charrnn sample --run mine"
    assert plan.run.curves_file.exists()

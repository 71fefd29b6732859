"""`charrnn train --cell all`: a network of each cell, one after the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from charrnn.cli.hints import suggest_comparison
from charrnn.cli.sampler import make_sampler
from charrnn.cli.signals import make_exit_code

if TYPE_CHECKING:
    from charrnn.cli.screen import Screen
    from charrnn.data.corpus import Corpus
    from charrnn.planning.cells import CellRun
    from charrnn.planning.folders import Folders
    from charrnn.planning.language import Request

ALL = "all"


def propose(
    named: Sequence[str], request: "Request", folders: "Folders", screen: "Screen"
) -> "tuple[Corpus, list[CellRun]]":
    """Read the text once, and work out a run of each cell."""
    from charrnn.planning.cells import propose_cells
    from charrnn.planning.texts import load_text

    corpus = load_text(named, folders.data, screen.terminal, request.reading)
    return corpus, propose_cells(corpus, request, folders, screen.terminal)


def train_cells(
    named: Sequence[str],
    request: "Request",
    folders: "Folders",
    screen: "Screen",
    sample_every: int | None,
) -> None:
    """Train a network of each cell, and say how to compare them.

    One that has the same name and settings is not trained again if it is finished, and resumed if
    it was interrupted.
    """
    from charrnn.cli.introduction import introduce
    from charrnn.cli.screen import show_training

    terminal, names = screen.terminal, []
    corpus, runs = propose(named, request, folders, screen)
    for proposed in runs:
        run = proposed.look_again(folders)
        if run.earlier and run.finished:
            terminal.note(describe_finished(run.earlier.name))
            names.append(run.earlier.name)
            continue
        plan = run.plan(corpus, request, folders, terminal)
        sampler = make_sampler(plan.run, sample_every, request.prompt)
        is_last = proposed is runs[-1]
        try:
            signal = show_training(plan, introduce(plan.run.name, plan), screen, sampler)
        except click.exceptions.Exit:
            if not is_last:
                terminal.note("For this one and the rest: give the command again")
            raise
        names.append(plan.run.name)
        if signal and not is_last:
            terminal.note("stopped: give the command again to train the rest")
            raise click.exceptions.Exit(make_exit_code(signal))
    comparison = suggest_comparison(names, click.get_current_context())
    terminal.note(f"Compare them: {comparison}")


def describe_finished(name: str) -> str:
    """What is said of a run that is not trained again."""
    return f"{name}: already finished, and left as it is"

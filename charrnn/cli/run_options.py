"""How a run is named: one to use, a new one, or one to resume."""

from collections.abc import Callable
from typing import Any

import click

from charrnn.cli.options import NAME_OR_PATH
from charrnn.runs.kinds import CHECKPOINTS, Kind

Complete = Callable[[click.Context, click.Parameter, str], list[str]]
"""Gives the names that begin with what has been typed."""


def complete(kind: Kind | None = None) -> Complete:
    """Shell completion of a run's name; None for runs of every kind."""

    def list_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        from charrnn.runs.catalogue import list_all_runs, list_runs

        checkpoints = ctx.params.get("checkpoints") or CHECKPOINTS
        runs = list_runs(checkpoints, kind) if kind else list_all_runs(checkpoints)
        return [run.name for run in runs if run.name.startswith(incomplete)]

    return list_names


def argument(kind: Kind) -> Callable[[Any], Any]:
    """RUN, the run to use."""
    return click.argument("run", type=NAME_OR_PATH, required=False, shell_complete=complete(kind))


def several(
    metavar: str, kind: Kind | None = None, *, required: bool = True
) -> Callable[[Any], Any]:
    """RUN..., any number of runs, as `names`; of one kind, or None for every kind."""
    return click.argument(
        "names",
        type=NAME_OR_PATH,
        metavar=metavar,
        nargs=-1,
        required=required,
        shell_complete=complete(kind),
    )


def to_use(kind: Kind) -> Callable[[Any], Any]:
    """--run, the run to use."""
    return click.option(
        "--run",
        type=NAME_OR_PATH,
        metavar="NAME",
        shell_complete=complete(kind),
        help="Name of the run.  [default: the newest]",
    )


def to_begin(default: str) -> Callable[[Any], Any]:
    """--run, the name of a new run; by default it is made of what is said."""
    return click.option(
        "--run",
        type=NAME_OR_PATH,
        metavar="NAME",
        help=f"Name of the new run.  [default: {default}]",
    )


def to_resume(kind: Kind) -> Callable[[Any], Any]:
    """--resume, the run to resume."""
    return click.option(
        "--resume",
        type=NAME_OR_PATH,
        metavar="[RUN]",
        is_flag=False,
        flag_value="",
        shell_complete=complete(kind),
        help="Resume a run from where it was saved; without a name, the newest run.",
    )

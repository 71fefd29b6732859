"""Training with other workers: the options that say so, and what a worker shows."""

import os
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.numbers import WholeNumber
from charrnn.cli.signals import SIGNALS, make_exit_code
from charrnn.cli.terminal import Terminal
from charrnn.config.cluster import Cluster, Team, choose_team

if TYPE_CHECKING:
    from charrnn.planning.folders import Folders
    from charrnn.planning.language import LanguagePlan, Request

_workers = click.option(
    "--workers",
    metavar="HOST:PORT,...",
    help="Train with other processes, each started with these addresses, the same options and its "
    "own --worker; the first is the chief, which alone writes and shows the run.  "
    "[default: what the environment's TF_CONFIG says]",
)
_worker = click.option(
    "--worker", type=WholeNumber(0), metavar="N", help="Which of --workers this process is, from 0."
)


_devices = click.option(
    "--devices",
    type=WholeNumber(min=2),
    metavar="N",
    help="Train on N devices of this machine: its GPUs or, if it has none, virtual processors, to "
    "see that it works.  [default: one]",
)


def options(command: Any) -> Any:
    """--workers, --worker and --devices, by which a network is trained together."""
    return _workers(_worker(_devices(command)))


def read(
    workers: str | None, worker: int | None, devices: int | None, *, trains_several: bool
) -> Team | None:
    """The workers or devices that train together; None for one alone.

    Args:
        workers: --workers.
        worker: --worker.
        devices: --devices.
        trains_several: whether other options ask for several networks, or runs to measure.

    Raises:
        UsageError: the options, or what the environment says, describe no cluster.
    """
    addresses = [one.strip() for one in workers.split(",")] if workers else None
    team = choose_team(addresses, worker, devices, os.environ)
    if team and trains_several:
        raise click.UsageError("--budget and --cell all are for one device: leave them out")
    return team


def announce(plan: "LanguagePlan", terminal: Terminal) -> None:
    """Say for whom a run waits, if for anyone."""
    if isinstance(plan.team, Cluster):
        others = [plan.team.describe(n) for n in range(1, len(plan.team.workers))]
        terminal.note(f"waiting for {', '.join(others)}")


def take_part(
    corpus: tuple[str, ...],
    request: "Request",
    folders: "Folders",
    cluster: Cluster,
    resume: str | None,
) -> None:
    """Train as a worker that is not the chief; nothing is shown.

    Raises:
        Exit: a signal stopped the run, here or at another worker.
    """
    from charrnn.planning.language import plan_resume_share, plan_share
    from charrnn.training.stop import Interrupted, catch_interrupts

    if resume is None:
        share = plan_share(corpus, request, folders, cluster)
    else:
        share = plan_resume_share(resume, corpus, request.settings, folders, cluster)
    with catch_interrupts(*SIGNALS) as caught:
        try:
            share.train(caught)
        except (Interrupted, KeyboardInterrupt) as stop:
            raise click.exceptions.Exit(make_exit_code(caught.number)) from stop

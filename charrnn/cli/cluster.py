"""Training with other workers: the options that say so, and what a worker shows."""

import os
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.signals import SIGNALS, make_exit_code
from charrnn.cli.terminal import Terminal
from charrnn.config.cluster import Cluster, choose_cluster

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
    "--worker", type=int, metavar="N", help="Which of --workers this process is, from 0."
)


def options(command: Any) -> Any:
    """--workers and --worker, with whom a network is trained."""
    return _workers(_worker(command))


def read(workers: str | None, worker: int | None, *, alone: bool) -> Cluster | None:
    """The workers that train together; None for this process alone.

    Args:
        workers: --workers.
        worker: --worker.
        alone: whether other options can't be used with several.

    Raises:
        UsageError: the options, or what the environment says, describe no cluster.
    """
    cluster = choose_cluster(workers.split(",") if workers else None, worker, os.environ)
    if cluster and alone:
        raise click.UsageError("--budget and --cell all are for one process: leave them out")
    return cluster


def announce(plan: "LanguagePlan", terminal: Terminal) -> None:
    """Say with whom a run is trained, if with anyone."""
    if plan.cluster:
        others = [plan.cluster.describe(n) for n in range(1, len(plan.cluster.workers))]
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

"""The learning curves in a run's folder."""

import contextlib
from collections.abc import Iterator

import click

from charrnn.cli.hints import render_error
from charrnn.cli.terminal import Terminal
from charrnn.errors import RunError
from charrnn.runs.run import Run


@contextlib.contextmanager
def keep_curves(run: Run, terminal: Terminal) -> Iterator[None]:
    """When a run ends, in whichever way, draw the epochs so far.

    A process that may not train in the run's folder draws nothing there.
    """
    try:
        yield
    except RunError:
        raise
    except BaseException:
        _draw(run, terminal)
        raise
    _draw(run, terminal)


def _draw(run: Run, terminal: Terminal) -> None:
    """Draw what there is; a picture that can't be written is only noted."""
    from charrnn.views.curves import write_curves

    try:
        results = run.read_history()
        if results:
            write_curves(run.curves_file, results, run.name)
    except RunError as error:
        terminal.note(f"no curves: {render_error(error, click.get_current_context())}")
    except OSError as error:
        terminal.note(f"can't write {run.curves_file}: {error.strerror}")

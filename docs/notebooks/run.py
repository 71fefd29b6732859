"""Runs notebooks from their top, and writes their outputs into them: `run.py NOTEBOOK...`."""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TIMEOUT = 1800  # seconds for a cell


def run_notebook(path: Path) -> None:
    """Replace a notebook's outputs by those of a new run.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; the file stays as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        place = {"metadata": {"path": folder}}
        NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources=place,
            extra_arguments=["--log-level=ERROR"],  # else a warning about its local sockets
        ).execute()
    notebook.metadata.language_info = {"name": "python"}  # not the version that ran it
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        run_notebook(Path(name))

"""`charrnn data`: which texts can be had by name, and downloading them."""

import json
from pathlib import Path

import click

from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.data.corpus import NAMED, Named
from charrnn.errors import CorpusError

_names = click.Choice(list(NAMED))


@click.group(
    short_help="See which texts there are, and fetch them.",
    epilog=options.examples("charrnn data list", "charrnn data fetch shakespeare"),
)
def data() -> None:
    """See which texts can be trained on by name, and fetch them."""


@data.command("list", epilog=options.examples("charrnn data list", "charrnn data list --json"))
@options.data_dir
@options.as_json
@options.loudness
def list_corpora(data_dir: Path, as_json: bool, terminal: Terminal) -> None:
    """List the texts that can be trained on by name."""
    terminal.detail(f"downloads are kept in {data_dir}")
    for name, corpus in NAMED.items():
        where = _find(corpus, data_dir)
        if as_json:
            row = {"name": name, "here": where is not None, "description": corpus.description}
            echo(json.dumps(row | {"path": str(where) if where else None}))
        else:
            echo(f"{name:<12} {corpus.description:<28} {_describe(corpus, where)}")


@data.command(epilog=options.examples("charrnn data fetch", "charrnn data fetch --data-dir texts"))
@click.argument("name", type=_names, default="shakespeare")
@options.data_dir
@options.loudness
def fetch(name: str, data_dir: Path, terminal: Terminal) -> None:
    """Download a text (shakespeare by default), verify it and print its path."""
    from charrnn.data import download

    remote = NAMED[name].remote
    if remote is None:
        raise CorpusError(f"{name} needs no fetching: it is always here, in Python itself")
    with terminal.download(remote.name) as progress:
        echo(download.fetch(remote, data_dir, progress))


@data.command(epilog=options.examples("wc -c $(charrnn data path shakespeare)"))
@click.argument("name", type=_names, default="shakespeare")
@options.data_dir
@options.loudness
def path(name: str, data_dir: Path, terminal: Terminal) -> None:
    """Print the path of a downloaded text."""
    terminal.detail(f"downloads are kept in {data_dir}")
    where = _find(NAMED[name], data_dir)
    if where is None:
        raise CorpusError(f"{name} is not in {data_dir}: run charrnn data fetch {name}")
    echo(where)


def _find(corpus: Named, data_dir: Path) -> Path | None:
    if corpus.remote is None:
        import pydoc_data

        return Path(next(iter(pydoc_data.__path__))) / "topics.py"
    file = data_dir / corpus.remote.name
    return file if file.is_file() else None


def _describe(corpus: Named, where: Path | None) -> str:
    if corpus.remote is None:
        return "always here, in Python itself"
    size = f"{corpus.remote.size:,} bytes"
    return f"{size}, {where}" if where else f"{size}, not fetched"

"""`charrnn data`: which texts can be had by name, and downloading them."""

import json
import time
from pathlib import Path

import click

from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.data.corpus import NAMED, Named
from charrnn.data.download import Copy, inspect
from charrnn.errors import CorpusError, say_count

_names = click.Choice(list(NAMED))


@click.group(
    short_help="See which texts there are, fetch them, and prepare large ones.",
    epilog=options.examples(
        "charrnn data list",
        "charrnn data fetch shakespeare",
        "charrnn data prepare wikipedia/ --out wikipedia.ids",
    ),
)
def data() -> None:
    """See which texts can be trained on by name, fetch them, and prepare large ones."""


@data.command("list", epilog=options.examples("charrnn data list", "charrnn data list --json"))
@options.data_dir
@options.as_json
@options.loudness
def list_corpora(data_dir: Path, as_json: bool, terminal: Terminal) -> None:
    """List the texts that can be trained on by name."""
    terminal.detail(f"downloads are kept in {data_dir}")
    for name, corpus in NAMED.items():
        copy = _find(corpus, data_dir)
        if as_json:
            here = copy.state == "complete"
            path = str(copy.path) if here or copy.state == "other" else None
            row = {"name": name, "here": here, "description": corpus.description, "path": path}
            echo(json.dumps(row | {"state": copy.state, "bytes": copy.size}))
        else:
            echo(f"{name:<12} {corpus.description:<28} {_describe(corpus, copy)}")


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
    corpus = NAMED[name]
    copy = _find(corpus, data_dir)
    if copy.state == "missing":
        raise CorpusError(f"{name} is not in {data_dir}: run charrnn data fetch {name}")
    if copy.state != "complete":
        first = "" if copy.state == "partial" else "remove it, then "
        problem = _describe(corpus, copy)
        raise CorpusError(f"{name}: {problem}: {first}run charrnn data fetch {name}")
    echo(copy.path)


@data.command(
    short_help="Encode a large text once.",
    epilog=options.examples(
        "charrnn data prepare wikipedia/ --out wikipedia.ids",
        "charrnn data prepare letters/*.txt.gz --out letters.ids --clean",
    ),
)
@click.argument(
    "sources",
    metavar="SOURCE...",
    type=options.NAME_OR_PATH,
    nargs=-1,
    required=True,
    shell_complete=options.corpora,
)
@click.option(
    "--out",
    type=options.HomePath(path_type=Path, dir_okay=False),
    metavar="FILE",
    required=True,
    help="File to write; its name ends in .ids.",
)
@options.reads_texts
@options.joins_texts
@options.as_json
@options.data_dir
@options.loudness
def prepare(
    sources: tuple[str, ...],
    out: Path,
    encoding: str | None,
    text_column: str | None,
    newlines: str | None,
    clean: bool,
    glob: tuple[str, ...],
    separator: str | None,
    as_json: bool,
    data_dir: Path,
    terminal: Terminal,
) -> None:
    """Encode SOURCE, whatever `charrnn train` reads, into a file, and print its path.

    Training on that file holds no more of the text in memory than it reads, but with --from,
    --min-count and --vocabulary byte.
    """
    from charrnn.data.reading import make_reading
    from charrnn.data.sources import STDIN
    from charrnn.planning.prepare import prepare_text

    reading = make_reading(
        encoding=encoding,
        text_column=text_column,
        newlines=newlines,
        clean=clean or None,
        glob=glob or None,
        separator=separator,
    )
    if STDIN in sources:
        terminal.note_waiting()
    began = time.monotonic()
    corpus = prepare_text(sources, out, data_dir, terminal, reading)
    length, size = len(corpus.text), out.stat().st_size
    seconds = time.monotonic() - began
    if as_json:
        row = {"path": str(out), "characters": length, "bytes": size, "sha256": corpus.sha256}
        distinct = len(corpus.text.vocabulary)
        echo(json.dumps(row | {"distinct": distinct, "sources": len(corpus.sources)}))
        return
    terminal.note(
        f"{say_count(length, 'character')}, {len(corpus.text.vocabulary):,} distinct, in "
        f"{size:,} bytes; {seconds:.1f} s"
    )
    echo(out)


def _find(corpus: Named, data_dir: Path) -> Copy:
    if corpus.remote is None:
        import pydoc_data

        path = Path(next(iter(pydoc_data.__path__))) / "topics.py"
        return Copy(path, "complete", path.stat().st_size)
    return inspect(corpus.remote, data_dir)


def _describe(corpus: Named, copy: Copy) -> str:
    """What is here of a text."""
    if corpus.remote is None:
        return "always here, in Python itself"
    size = f"{corpus.remote.size:,} bytes"
    return {
        "complete": f"{size}, {copy.path}",
        "other": f"{copy.path} has {copy.size:,} bytes, and is another file",
        "unreadable": f"{copy.path} can't be read",
        "partial": f"{copy.size:,} of {size}, fetched in part",
        "missing": f"{size}, not fetched",
    }[copy.state]

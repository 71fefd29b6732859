"""What a user is told of a text that was read: what was joined, left out and changed."""

from collections.abc import Iterator, Mapping

from charrnn.data.corpus import Corpus
from charrnn.data.documents import BLANK_ROW, find_ending
from charrnn.data.rows import ENDINGS
from charrnn.data.sources import describe_skipped
from charrnn.errors import say_count
from charrnn.planning.report import Reporter


def note_text(corpus: Corpus, reporter: Reporter) -> None:
    """Report how a text was read, and in detail what was left out."""
    for line, more in describe_skipped(corpus.skipped):
        reporter.note(line)
        for fact in more:
            reporter.detail(f"and {fact}")
    for line in _list_facts(corpus):
        reporter.note(line)


def _list_facts(corpus: Corpus) -> Iterator[str]:
    documents = {noun: count for noun, count in corpus.documents.items() if noun != BLANK_ROW}
    if documents:
        yield f"took the text out of {_count(documents)}"
    if blank := corpus.documents.get(BLANK_ROW):
        yield f"skipped {say_count(blank, 'row')} without text"
    if len(corpus.sources) > 1:
        separator = corpus.reading.separator
        yield f"joined {len(corpus.sources):,} texts, with {separator!r} between them"
    if corpus.changes:
        yield f"made plain: {_count(corpus.changes)}"
    tables = [source.name for source in corpus.sources if find_ending(source.name) in ENDINGS]
    if tables and not corpus.reading.text_column:
        yield f"note: {tables[0]} is read as plain text: `text_column` reads one of its columns"


def _count(numbers: Mapping[str, int]) -> str:
    return ", ".join(say_count(count, noun) for noun, count in numbers.items())

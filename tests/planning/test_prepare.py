"""Preparing texts: in a file of their own, or by themselves once they are large."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from charrnn.data.corpus import load_corpus
from charrnn.data.reading import Reading
from charrnn.data.windows import cut_windows
from charrnn.errors import CorpusError, NoRoomError, UsageError
from charrnn.planning import prepare
from charrnn.planning.folders import Folders
from charrnn.planning.language import Request, plan_resume, plan_run
from charrnn.planning.prepare import open_stdin, prepare_text
from charrnn.planning.report import Silence
from charrnn.planning.texts import load_text
from charrnn.training.language_batches import choose_windows
from tests.support.messages import catch_message
from tests.support.reporting import RecordingReporter
from tests.support.training import Recording

OUT = Path("all.ids")
SETTINGS = {"cell": "rnn", "units": 4, "batch_size": 4, "seq_length": 10, "epochs": 1}


@pytest.fixture
def texts() -> list[str]:
    """Two files in a folder, of which one ends its lines as Windows does."""
    Path("texts").mkdir()
    Path("texts/a.txt").write_bytes(b"to be,\r\nor not to be\r\n" * 40)
    Path("texts/b.txt").write_text("that is the question: é\n" * 40, encoding="utf-8")
    return ["texts"]


def read_plainly(named: Sequence[str], reading: Reading) -> str:
    return str(load_corpus(named, Path("data"), open_stdin(), reading=reading).text)


def test_it_is_read_as_for_training(texts: list[str]) -> None:
    """The text, its hash and its sources are those that are learnt without it; all is noted."""
    reading, reporter = Reading(separator="|", newlines="unix"), RecordingReporter()
    made = prepare_text(texts, OUT, Path("data"), reporter, reading)
    plain = load_corpus(texts, Path("data"), open_stdin(), reading=reading)
    assert str(made.text) == str(plain.text)
    assert (made.sha256, made.sources) == (plain.sha256, plain.sources)
    assert any("joined 2 texts" in note for note in reporter.notes)
    mapped = load_text([str(OUT)], Path("data"), silent := RecordingReporter())
    assert silent.notes == []
    assert isinstance(mapped.text.ids, np.memmap)
    assert (str(mapped.text), mapped.sha256, mapped.name) == (
        str(plain.text),
        plain.sha256,
        plain.name,
    )
    assert [source.name for source in mapped.sources] == [str(OUT.resolve())]


def test_what_is_odd_is_said_once(texts: list[str]) -> None:
    """Line ends of Windows are named when the text is prepared, not each time it is learnt."""
    prepare_text(texts, OUT, Path("data"), reporter := RecordingReporter())
    assert any("CR LF" in note for note in reporter.notes)
    request = Request(settings=SETTINGS)
    plan_run([str(OUT)], request, Folders(Path("runs"), Path("data")), again := RecordingReporter())
    assert not any("CR LF" in note for note in again.notes)


def test_a_run_is_the_same_and_resumes_on_either(texts: list[str]) -> None:
    """The ids and the recipe are those of the text itself, which a resume may name instead."""
    prepare_text(texts, OUT, Path("data"), Silence())
    folders = Folders(Path("runs"), Path("data"))
    one = plan_run([str(OUT)], Request(run="one", settings=SETTINGS), folders, Silence())
    other = plan_run(texts, Request(run="other", settings=SETTINGS), folders, Silence())
    np.testing.assert_array_equal(one.ids, other.ids)
    assert isinstance(one.ids, np.memmap)
    config = one.recipe.training
    for epoch in range(2):
        for starts in choose_windows(len(one.ids), config, epoch):
            mapped, plain = (
                np.array(cut_windows(plan.ids, starts, config.seq_length)) for plan in (one, other)
            )
            np.testing.assert_array_equal(mapped, plain)
    assert (one.steps, one.distinct) == (other.steps, other.distinct)
    assert one.recipe.corpus_sha256 == other.recipe.corpus_sha256
    assert one.recipe.vocabulary.to_values() == other.recipe.vocabulary.to_values()
    one.train(Recording(), lambda: False)
    again = plan_resume("one", texts, {"epochs": 2}, folders, Silence())
    assert again.recipe.sources == other.recipe.sources
    moved = plan_resume("one", (), {"epochs": 2}, folders, Silence())
    assert isinstance(moved.ids, np.memmap)


def test_how_it_was_read_goes_with_it(texts: list[str]) -> None:
    """A run on a text that was cleaned resumes on the text itself, which is cleaned again."""
    reading = Reading(newlines="unix", separator="|")
    prepare_text(texts, OUT, Path("data"), Silence(), reading)
    folders = Folders(Path("runs"), Path("data"))
    one = plan_run([str(OUT)], Request(run="one", settings=SETTINGS), folders, Silence())
    assert one.recipe.reading == reading
    one.train(Recording(), lambda: False)
    for source in (texts, [str(OUT)], []):
        again = plan_resume("one", source, {"epochs": 2}, folders, Silence())
        np.testing.assert_array_equal(again.ids, one.ids)


def test_it_stands_alone(texts: list[str]) -> None:
    """Beside another text, or with settings that were decided before, it is refused."""
    prepare_text(texts, OUT, Path("data"), Silence())
    named = [str(OUT), "texts/a.txt"]
    message = catch_message(UsageError, lambda: load_text(named, Path("data"), Silence()))
    assert "stands alone" in message
    reading = Reading(clean=True)
    message = catch_message(
        UsageError, lambda: load_text(named[:1], Path("data"), Silence(), reading)
    )
    assert message.startswith("`clean` was decided when ")
    message = catch_message(
        CorpusError, lambda: prepare_text(named[:1], Path("new.ids"), Path("data"), Silence())
    )
    assert message.endswith("is prepared already")
    assert not Path("new.ids").exists()


def test_only_a_prepared_text_is_replaced(texts: list[str]) -> None:
    """A file of another kind stays, and so does a prepared text if its successor fails."""
    Path("novel.txt").write_text("It was a dark", encoding="utf-8")
    for out in (Path("novel.txt"), Path("novel.ids")):
        if out.suffix == ".ids":
            Path("novel.txt").rename(out)
        make = partial(prepare_text, texts, out, Path("data"), Silence())
        message = catch_message(UsageError, make)
        assert "`out`" in message
        assert out.read_text(encoding="utf-8") == "It was a dark"
    prepare_text(texts, OUT, Path("data"), Silence())
    before = OUT.read_bytes()
    with pytest.raises(CorpusError, match="no file"):
        prepare_text(["nowhere"], OUT, Path("data"), Silence())
    assert OUT.read_bytes() == before
    prepare_text(["texts/a.txt"], OUT, Path("data"), Silence())
    assert OUT.read_bytes() != before
    assert sorted(path.name for path in Path().iterdir()) == ["all.ids", "novel.ids", "texts"]


def test_a_folder_that_is_missing(texts: list[str]) -> None:
    """The error names the file that was asked for."""
    out = Path("missing/all.ids")
    message = catch_message(NoRoomError, lambda: prepare_text(texts, out, Path("data"), Silence()))
    assert message == f"can't write {out}: No such file or directory"


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text is large from 1,000 bytes on."""
    monkeypatch.setattr(prepare, "LARGE", 1000)


def list_cached() -> list[Path]:
    return sorted(Path("data/prepared").glob("*.ids")) if Path("data/prepared").is_dir() else []


@pytest.mark.usefixtures("_large")
def test_a_large_text_is_prepared_by_itself_once(texts: list[str]) -> None:
    """It is encoded and noted once, and mapped from then on, as if it had been read."""
    reading = Reading(separator="|")
    reporter, again = RecordingReporter(), RecordingReporter()
    made = load_text(texts, Path("data"), reporter, reading)
    assert sum("joined 2 texts" in note for note in reporter.notes) == 1
    (path,) = list_cached()
    assert reporter.notes[0] == (
        f"encoding a large text once, into {path}: remove that file when you like"
    )
    assert any("CR LF" in note for note in reporter.notes)
    mapped = load_text(texts, Path("data"), again, reading)
    assert again.notes == []
    for corpus in (made, mapped):
        assert isinstance(corpus.text.ids, np.memmap)
        assert str(corpus.text) == read_plainly(texts, reading)
        assert [Path(source.name).name for source in corpus.sources] == ["a.txt", "b.txt"]
        assert corpus.reading == reading


@pytest.mark.usefixtures("_large")
def test_a_large_text_that_changes_is_prepared_again(texts: list[str]) -> None:
    """Another content takes the old one's place; other files or another reading don't."""
    load_text(texts, Path("data"), Silence())
    Path("texts/a.txt").write_bytes(b"something else\n" * 70)
    assert str(load_text(texts, Path("data"), Silence()).text).startswith("something else")
    assert len(list_cached()) == 1
    Path("texts/c.txt").write_text("new", encoding="utf-8")
    assert str(load_text(texts, Path("data"), Silence()).text).endswith("new")
    cleaned = load_text(texts, Path("data"), Silence(), Reading(clean=True))
    assert str(cleaned.text) == read_plainly(texts, Reading(clean=True))
    assert len(list_cached()) == 3


@pytest.mark.usefixtures("_large")
def test_a_damaged_file_of_a_large_text_is_made_again(texts: list[str]) -> None:
    """It is named, and the text is encoded again."""
    load_text(texts, Path("data"), Silence())
    (path,) = list_cached()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    made = load_text(texts, Path("data"), reporter := RecordingReporter())
    assert reporter.notes[0] == f"{path} is damaged, and is made again"
    assert str(made.text) == read_plainly(texts, Reading())
    assert path.read_bytes() == whole


@pytest.mark.usefixtures("_large")
def test_what_is_not_large(texts: list[str]) -> None:
    """A small text, and one that is prepared already, make no such file."""
    Path("texts/a.txt").write_text("short", encoding="utf-8")
    prepare_text(texts, OUT, Path("data"), Silence())
    for named in (["texts/a.txt"], ["pydoc"], [str(OUT)]):
        load_text(named, Path("data"), Silence())
    assert list_cached() == []


@pytest.mark.usefixtures("_large")
def test_no_room_for_a_large_text(texts: list[str]) -> None:
    """If its folder can't be written, the text is read into memory, and that is said."""
    Path("data").write_text("a file", encoding="utf-8")
    corpus = load_text(texts, Path("data"), reporter := RecordingReporter())
    assert str(corpus.text) == read_plainly(texts, Reading())
    assert reporter.notes[0].startswith(f"can't write data{os.sep}prepared")
    assert reporter.notes[0].endswith(": the text is read into memory instead")


@pytest.mark.usefixtures("_large")
def test_a_wrong_name_beside_a_large_text(texts: list[str]) -> None:
    """It is the name that is wrong, and nothing is encoded."""
    named = [*texts, "typo.txt"]
    message = catch_message(CorpusError, lambda: load_text(named, Path("data"), Silence()))
    assert message.startswith("no file typo.txt, and no corpus of that name")
    assert list_cached() == []


@pytest.mark.usefixtures("_large")
def test_what_a_killed_process_left_goes(texts: list[str]) -> None:
    """A part that nobody writes any more is removed once its file is made again."""
    load_text(texts, Path("data"), Silence())
    (path,) = list_cached()
    parts = [path.parent / f".{path.name}.abcdefgh.part", Path(f".{OUT.name}.abcdefgh.part")]
    for part in [*parts, Path(".other.ids.abcdefgh.part")]:
        part.write_bytes(b"x")
    Path("texts/a.txt").write_bytes(b"something else\n" * 70)
    load_text(texts, Path("data"), Silence())
    prepare_text(texts, OUT, Path("data"), Silence())
    assert not any(part.exists() for part in parts)
    assert Path(".other.ids.abcdefgh.part").exists()


def test_a_source_that_cannot_be_read(texts: list[str]) -> None:
    """The error is about the source, not about the file that was to be written."""
    named = [*texts, "x" * 300]
    message = catch_message(CorpusError, lambda: prepare_text(named, OUT, Path("data"), Silence()))
    assert message.startswith("can't read x")
    assert not OUT.exists()

"""The texts that are asked for, and those that a run was trained on."""

import hashlib
import io
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from charrnn.config.language import TrainingConfig
from charrnn.data.corpus import Corpus, make_corpus
from charrnn.data.reading import Reading
from charrnn.data.sources import Source
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CorpusError, DownloadError, MissingTextError, RunError
from charrnn.planning.report import Silence
from charrnn.planning.texts import (
    describe_named,
    is_text,
    load_own_text,
    load_part,
    load_text,
    reload_text,
)
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint, MakeRun
from tests.support.reporting import RecordingReporter

TEXT = "abcdefgh\n" * 10
DATA = Path("data")
RUN = Run(Path("checkpoints/novel"), LANGUAGE)


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    """A text."""
    path = tmp_path / "novel.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def type_text(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a text on standard input."""

    def put(text: str) -> None:
        stdin = SimpleNamespace(buffer=io.BytesIO(text.encode()))
        monkeypatch.setattr("charrnn.planning.prepare.sys", SimpleNamespace(stdin=stdin))

    return put


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every download fails."""

    def fail(*_: object) -> Path:
        raise DownloadError("can't download shakespeare.txt: no network; try again")

    monkeypatch.setattr("charrnn.data.corpus.fetch", fail)


def make_recipe(source: object, text: str = TEXT, validation: float = 0.25) -> LanguageRecipe:
    """The recipe of a run that was trained on a text from there."""
    return replace(
        kinds.LANGUAGE_RECIPE,
        training=TrainingConfig(validation=validation),
        network=replace(kinds.LANGUAGE_RECIPE.network, vocabulary_size=len(set(TEXT))),
        vocabulary=Vocabulary.of(TEXT),
        sources=(Source(str(source), "0" * 64),) if source else (),
        corpus_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def list_names(corpus: Corpus) -> list[str]:
    return [source.name for source in corpus.sources]


def reject(recipe: LanguageRecipe, *source: str) -> MissingTextError:
    """The error with which a run's text is missing."""
    with pytest.raises(MissingTextError) as failure:
        reload_text(RUN, recipe, source, DATA, Silence())
    assert failure.value.run == "novel"
    return failure.value


# Texts that are asked for.


def test_a_file_is_read_where_it_lies(novel: Path, reporter: RecordingReporter) -> None:
    """A text's file is read, and the reporter could have shown a download."""
    corpus = load_text(["novel.txt"], DATA, reporter)
    assert (corpus.name, list_names(corpus), str(corpus.text)) == ("novel", [str(novel)], TEXT)
    assert (reporter.notes, reporter.downloads) == ([], ["novel.txt"])


def test_standard_input_is_read(type_text: Callable[[str], None]) -> None:
    """A dash is standard input."""
    type_text("typed")
    assert str(load_text(["-"], DATA, Silence()).text) == "typed"


@pytest.mark.usefixtures("_offline")
def test_pydoc_stands_in_for_shakespeare(reporter: RecordingReporter) -> None:
    """If nothing was asked for and there is no network, Python's help texts are used, with a note.

    They need no network.
    """
    corpus = load_text([], DATA, reporter)
    assert corpus.name == "pydoc"
    assert reporter.downloads == ["shakespeare"]
    (note,) = reporter.notes
    assert note == (
        "can't download shakespeare.txt: no network; try again.\n"
        "Training on pydoc instead, the help texts inside Python."
    )


@pytest.mark.usefixtures("_offline")
def test_nothing_stands_in_for_what_was_asked_for(reporter: RecordingReporter) -> None:
    """A text that was named is an error if it can't be had."""
    with pytest.raises(DownloadError):
        load_text(["shakespeare"], DATA, reporter)
    assert reporter.notes == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["-"], "standard input"),
        ([], "the given text"),
        (["/a/b.txt"], "/a/b.txt"),
        (["a", "b"], "a with 1 other text"),
        (["a", "b", "c"], "a with 2 other texts"),
    ],
)
def test_what_a_text_is_called(names: list[str], words: str) -> None:
    """Standard input and a text that a Python caller gave have no name of their own."""
    assert describe_named(names) == words


# A run's text.


def test_a_runs_text_is_found_where_it_was(novel: Path) -> None:
    """Without another place the text is read from where it was."""
    assert str(reload_text(RUN, make_recipe(novel), (), DATA, Silence()).text) == TEXT


def test_a_runs_text_is_found_elsewhere(tmp_path: Path, novel: Path) -> None:
    """A text that was moved is read from where it is now, and the new place is known."""
    moved = novel.rename(tmp_path / "moved.txt")
    corpus = reload_text(RUN, make_recipe(novel), ["moved.txt"], DATA, Silence())
    assert (str(corpus.text), list_names(corpus)) == (TEXT, [str(moved)])


def test_a_runs_text_can_be_given_itself() -> None:
    """A Python caller can hand over the text that a run was trained on."""
    corpus = make_corpus(TEXT)
    assert reload_text(RUN, make_recipe(""), corpus, DATA, Silence()) is corpus


def test_a_piped_text_must_be_given_again(type_text: Callable[[str], None]) -> None:
    """A text from standard input is gone; the error carries that it was piped."""
    recipe = make_recipe("-")
    error = reject(recipe)
    assert str(error) == "novel was trained on standard input: give that text as `corpus`"
    assert error.piped
    type_text(TEXT)
    assert str(reload_text(RUN, recipe, ["-"], DATA, Silence()).text) == TEXT


def test_a_text_of_a_python_caller_must_be_given_again() -> None:
    """A text that was handed over as it is can't be read again."""
    error = reject(make_recipe(""))
    assert str(error) == "novel was trained on the given text: give that text as `corpus`"
    assert not error.piped


def test_a_text_that_is_gone_is_named(novel: Path) -> None:
    """The error says where the text was."""
    novel.unlink()
    error = reject(make_recipe(novel))
    assert str(error) == (
        f"novel was trained on {novel}, which is no longer there: give that text as `corpus`"
    )
    assert not error.piped


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("/dev/zero", "can't be read: it is no regular file"),
        ("/dev/stdin", "can't be read: it is no regular file"),
        ("pipe", "can't be read: it is no regular file"),
        ("link", "can't be read: it is no regular file"),
        ("socket", "can't be read: it is no regular file"),
        ("folder", "can't be read: it is a folder"),
        ("huge", "has over 4,294,967,296 bytes"),
        ("empty", "is not, or no longer, a text"),
        ("a\0b", "can't be read: no file can have this name"),
        ("\ud800", "can't be read: no file can have this name"),
        ("x" * 300, "can't be read: File name too long"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_what_a_run_names_is_not_opened_unless_it_is_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, problem: str
) -> None:
    """A run from a stranger may name a device, a pipe or something endless as its text."""
    os.mkfifo("pipe")
    Path("link").symlink_to("/dev/zero")
    Path("folder").mkdir()
    Path("empty").touch()
    with Path("huge").open("wb") as file:
        file.truncate(2**40)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    monkeypatch.setattr("charrnn.planning.texts.load_corpus", lambda *_: pytest.fail("was read"))
    place = str(tmp_path / source)
    assert str(reject(make_recipe(place))) == (
        f"novel was trained on {place}, which {problem}: give that text as `corpus`"
    )


def test_a_relative_name_in_a_run_is_not_read(novel: Path) -> None:
    """Runs keep absolute paths: a relative one is a stranger's, and not what lies here."""
    assert "is not, or no longer, a text" in str(reject(make_recipe(novel.name)))


@pytest.mark.timeout(20)
def test_a_pipe_that_is_typed_is_read() -> None:
    """What a user names is opened, a pipe too: `<(...)` of a shell is one."""
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_text, args=[TEXT])
    writer.start()
    read = reload_text(RUN, make_recipe("/dev/zero"), ["pipe"], DATA, Silence())
    assert str(read.text) == TEXT
    writer.join()


@pytest.mark.parametrize("source", [(), ("novel.txt",)])
def test_another_text_is_rejected(novel: Path, source: tuple[str, ...]) -> None:
    """A text that has changed, or is another one, is not resumed on."""
    recipe = make_recipe(novel)
    novel.write_text(TEXT + "!")
    error = reject(recipe, *source)
    assert str(error) == (
        f"{novel} is not, or no longer, the text that novel was trained on: give that text as "
        "`corpus`"
    )
    assert error.changed == str(novel)


def test_another_piped_text_is_rejected(type_text: Callable[[str], None]) -> None:
    """If another text is piped in, the error says so, and that the first was piped."""
    type_text("other")
    error = reject(make_recipe("-"), "-")
    assert str(error).startswith("standard input is not, or no longer, the text that novel was")
    assert error.piped


# Its parts.


@pytest.fixture
def trained(make_checkpoint: MakeCheckpoint, novel: Path) -> Checkpoint:
    """A network whose run's resume file names its text."""
    save(make_recipe(novel))
    made = make_checkpoint()
    digest = make_recipe(novel).corpus_sha256
    return replace(made, provenance=replace(made.provenance, corpus_sha256=digest))


def save(recipe: LanguageRecipe) -> None:
    RUN.folder.mkdir(parents=True, exist_ok=True)
    write_progress(RUN, Progress(recipe, []), [])


def read_part(part: str, network: Checkpoint, *source: str) -> str:
    return str(load_part(part, RUN.epoch_file(1), network, source, DATA, Silence()))


@pytest.mark.parametrize(("part", "expected"), [("training", TEXT[:67]), ("validation", TEXT[67:])])
def test_the_parts_of_a_runs_text(trained: Checkpoint, part: str, expected: str) -> None:
    """What a network learnt from, and the quarter that was held back."""
    assert len(TEXT) == 90
    assert read_part(part, trained) == expected


def test_a_part_of_a_text_that_was_moved(tmp_path: Path, trained: Checkpoint, novel: Path) -> None:
    """The whole text's new place can be given."""
    moved = novel.rename(tmp_path / "moved.txt")
    assert read_part("validation", trained, str(moved)) == TEXT[67:]
    with pytest.raises(MissingTextError):
        read_part("validation", trained)


def test_no_resume_file_says_which_text_it_was(trained: Checkpoint) -> None:
    """A checkpoint that was copied alone has no text of its own."""
    RUN.resume_file.unlink()
    assert catch_message(RunError, lambda: read_part("training", trained)) == (
        f"no {RUN.resume_file} says what {RUN.epoch_file(1)} was trained on: name another `text`: "
        "a text file, a corpus or -"
    )


@pytest.mark.usefixtures("trained")
def test_the_resume_file_of_another_run_is_no_help(make_checkpoint: MakeCheckpoint) -> None:
    """A checkpoint that was copied beside another run's resume file is not of that text."""
    message = catch_message(RunError, lambda: read_part("training", make_checkpoint()))
    assert message.startswith(
        f"{RUN.resume_file} is not of the run that wrote {RUN.epoch_file(1)}: name another `text`"
    )


def test_no_part_was_held_back(trained: Checkpoint, novel: Path) -> None:
    """A run without validation has a training part alone."""
    save(make_recipe(novel, validation=0.0))
    assert read_part("training", trained) == TEXT
    message = catch_message(RunError, lambda: read_part("validation", trained))
    assert message == "novel held back no validation text: name training or another `text`"


# Texts or runs.


def test_what_is_a_text_and_what_a_run(novel: Path, make_run: MakeRun) -> None:
    """A file that isn't .h5, or a word for a text, is a text unless a run has that name."""
    checkpoints = Path("checkpoints")
    path = make_run("tiny")
    assert is_text(str(novel), checkpoints)
    assert is_text("novel.txt", checkpoints)
    assert is_text("pydoc", checkpoints, {"pydoc", "-"})
    assert not is_text("pydoc", checkpoints)
    assert not is_text("nowhere.txt", checkpoints)
    assert not is_text("tiny", checkpoints)
    assert not is_text(str(path), checkpoints)
    for name in ("novel.txt", "pydoc"):
        make_run(name)
        assert not is_text(name, checkpoints, {"pydoc"})


def test_a_checkpoint_is_known_by_its_content(make_run: MakeRun) -> None:
    """A network is no text, whatever its file is called."""
    mine = make_run("tiny").rename("mine.bin")
    assert not is_text(str(mine), Path("checkpoints"))
    mine.write_text("charrnn checkpoints are files")
    assert is_text(str(mine), Path("checkpoints"))


@pytest.mark.usefixtures("trained")
def test_an_own_text_is_read_in_its_runs_encoding(tmp_path: Path) -> None:
    """Where it was moved to, the text is still in the encoding that it was learnt in."""
    content = "Été après été.\n" * 10
    moved = tmp_path / "moved.txt"
    moved.write_bytes(content.encode("cp1252"))
    save(replace(make_recipe(moved), reading=Reading(encoding="cp1252")))
    read = load_own_text([str(moved)], RUN.epoch_file(1), DATA, Silence())
    assert str(read.text) == content
    RUN.resume_file.unlink()
    with pytest.raises(CorpusError):
        load_own_text([str(moved)], RUN.epoch_file(1), DATA, Silence())


def test_missing_texts_are_corpus_errors() -> None:
    """Whoever catches errors about texts catches these too."""
    assert issubclass(MissingTextError, CorpusError)


# Several texts.


@pytest.fixture
def letters() -> Path:
    """A folder of three texts."""
    folder = Path("letters")
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.txt").write_text(f"Dear {name}\n" * 5, encoding="utf-8")
    return folder


@pytest.fixture
def correspondence(letters: Path) -> LanguageRecipe:
    """The recipe of a run that was trained on the folder."""
    reading = Reading(separator="--")
    corpus = load_text([str(letters)], DATA, Silence(), reading)
    recipe = replace(make_recipe(""), sources=corpus.sources, corpus_sha256=corpus.sha256)
    return replace(recipe, reading=reading)


def test_what_is_joined_and_left_out_is_noted(letters: Path, reporter: RecordingReporter) -> None:
    """A note counts the texts and shows what stands between them; others say what was left out."""
    for name in "vwxyz":
        (letters / f"{name}.md").touch()
    load_text([str(letters)], DATA, reporter, Reading(separator="--"))
    first = "; ".join(f"letters/{name}.md" for name in "vwx")
    assert reporter.notes == [
        f"skipped 5 (of another name): {first}; and 2 more",
        "joined 3 texts, with '--' between them",
    ]
    assert reporter.details == ["and letters/y.md", "and letters/z.md"]


def test_a_runs_texts_are_read_again(
    letters: Path, correspondence: LanguageRecipe, tmp_path: Path
) -> None:
    """They are read the way they were; a file that is new in the folder is none of them."""
    text = "--".join(f"Dear {name}\n" * 5 for name in "abc")
    assert str(reload_text(RUN, correspondence, (), DATA, Silence()).text) == text
    (letters / "new.txt").write_text("new")
    assert str(reload_text(RUN, correspondence, (), DATA, Silence()).text) == text
    (letters / "new.txt").unlink()
    moved = letters.rename(tmp_path / "moved")
    assert str(reload_text(RUN, correspondence, [str(moved)], DATA, Silence()).text) == text
    names = [str(moved / f"{name}.txt") for name in "abc"]
    assert str(reload_text(RUN, correspondence, names, DATA, Silence()).text) == text


def test_which_text_has_changed(letters: Path, correspondence: LanguageRecipe) -> None:
    """The error names the texts that are not those of the run, wherever the others are."""
    rest = "the text that novel was trained on: give that text as `corpus`"
    (letters / "b.txt").write_text("changed")
    changed = letters.resolve() / "b.txt"
    error = reject(correspondence)
    assert str(error) == f"{changed} is not, or no longer, part of {rest}"
    assert error.changed == ""
    error = reject(correspondence, "letters/b.txt", "letters/c.txt")
    assert str(error) == f"{changed} is not, or no longer, part of {rest}"
    error = reject(correspondence, "letters/a.txt", "letters/c.txt")
    assert str(error) == f"{changed} is missing from {rest}"
    (letters / "b.txt").write_text("Dear b\n" * 5)
    error = reject(correspondence, *(f"letters/{name}.txt" for name in "bac"))
    assert str(error) == f"{changed} with 2 other texts is in another order than {rest}"


def test_a_text_that_is_gone_is_named_among_several(
    letters: Path, correspondence: LanguageRecipe
) -> None:
    """The first one that is missing is named."""
    (letters / "b.txt").unlink()
    (letters / "c.txt").unlink()
    gone = letters.resolve() / "b.txt"
    assert str(reject(correspondence)) == (
        f"novel was trained on {gone}, which is no longer there: give that text as `corpus`"
    )


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["/dev/zero", "letters", "letters/*.txt", "/", "a.txt"])
def test_each_of_a_strangers_names_is_checked(
    correspondence: LanguageRecipe, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nothing is read if one of a run's names is not an absolute one of a regular file."""
    monkeypatch.setattr("charrnn.planning.texts.load_corpus", lambda *_: pytest.fail("was read"))
    Path("a.txt").write_text("a")
    sources = (*correspondence.sources, Source(name, "0" * 64))
    assert f"was trained on {name}, which " in str(reject(replace(correspondence, sources=sources)))


def test_documents_are_noted(reporter: RecordingReporter) -> None:
    """A note counts what the text was taken out of, and what had none."""
    Path("a.html").write_text("<p>one</p>")
    Path("b.jsonl").write_text('{"text": "two"}\n{"text": ""}\n{"text": "three"}\n')
    load_text(["a.html", "b.jsonl"], DATA, reporter, Reading(text_column="text", clean=True))
    assert reporter.notes == [
        "took the text out of 1 web page, 2 rows",
        "skipped 1 row without text",
        "joined 2 texts, with '\\n' between them",
    ]


def test_a_table_that_is_read_as_plain_text_is_noted(reporter: RecordingReporter) -> None:
    """It may be meant; the note names the setting that reads a column."""
    Path("a.csv").write_text("text\none “quote”\n")
    corpus = load_text(["a.csv"], DATA, reporter, Reading(clean=True))
    assert str(corpus.text) == 'text\none "quote"\n'
    shown = f"note: {Path('a.csv').resolve()} is read as plain text"
    advice = "`text_column` reads one of its columns"
    assert reporter.notes == ["made plain: 2 quotes", f"{shown}: {advice}"]


def test_what_is_read_again_is_not_noted_again(
    letters: Path, correspondence: LanguageRecipe, reporter: RecordingReporter
) -> None:
    """A run's own texts were noted when it began; what is named anew is noted."""
    reload_text(RUN, correspondence, (), DATA, reporter)
    assert reporter.notes == []
    reload_text(RUN, correspondence, [str(letters)], DATA, reporter)
    assert reporter.notes == ["joined 3 texts, with '--' between them"]

"""`charrnn train`: which texts it learns from, and which it rejects."""

import dataclasses
import hashlib
import re
import socket
from pathlib import Path

import pytest

from charrnn.data import corpus
from charrnn.data.download import Remote
from tests.support.commands import Fails, Invoke, PlanRun
from tests.support.train_command import SMALL, find_suggestion, interrupt_at


@pytest.fixture
def shakespeare(monkeypatch: pytest.MonkeyPatch, real_text: str) -> bytes:
    """Let shakespeare be a text of ours, at an address of this machine where nothing answers."""
    content = real_text[:20_000].encode()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/shakespeare.txt"
    remote = Remote("shakespeare.txt", url, hashlib.sha256(content).hexdigest(), len(content))
    named = dataclasses.replace(corpus.NAMED["shakespeare"], remote=remote)
    monkeypatch.setattr(corpus, "SHAKESPEARE", remote)
    monkeypatch.setitem(corpus.NAMED, "shakespeare", named)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("charrnn.data.download.time.sleep", lambda _: None)
    return content


@pytest.mark.parametrize("words", [[], ["shakespeare"]], ids=["default", "named"])
@pytest.mark.parametrize("way", ["usual", "option", "environment"])
def test_shakespeare_from_the_data_folder(
    plan: PlanRun, shakespeare: bytes, monkeypatch: pytest.MonkeyPatch, words: list[str], way: str
) -> None:
    """Shakespeare is the default, and a file in the data folder needs no network."""
    folder = Path("data" if way == "usual" else "my/texts")
    folder.mkdir(parents=True)
    (folder / "shakespeare.txt").write_bytes(shakespeare)
    if way == "environment":
        monkeypatch.setenv("CHARRNN_DATA_DIR", str(folder))
    planned = plan(*words, *(["--data-dir", folder] if way == "option" else []))
    assert planned.text.encode() == shakespeare
    assert planned.recipe.corpus_sha256 == hashlib.sha256(shakespeare).hexdigest()
    assert planned.run.folder == Path("checkpoints/shakespeare-lstm")


@pytest.mark.slow
def test_ctrl_c_and_resume_of_a_download(
    invoke: Invoke, shakespeare: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that resumes finds a download where the first one did."""
    Path("my texts").mkdir()
    Path("my texts/shakespeare.txt").write_bytes(shakespeare)
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=2, step=2)
        result = invoke("train", *SMALL, "--epochs", 2, "--data-dir", "my texts")
    resumed = invoke(*find_suggestion(result.stderr, "train"))
    assert resumed.exit_code == 0, resumed.output


@pytest.mark.usefixtures("shakespeare")
def test_pydoc_if_shakespeare_cannot_be_had(plan: PlanRun) -> None:
    """Without a network, and if no text is named, pydoc is trained on, and a note says so."""
    planned = plan()
    assert [source.name for source in planned.recipe.sources] == ["pydoc"]
    assert planned.run.name == "pydoc-lstm"
    assert "pydoc instead" in planned.result.stderr
    assert "can't reach 127.0.0.1" in planned.result.stderr


@pytest.mark.usefixtures("shakespeare")
def test_no_other_text_if_shakespeare_was_named(fails: Fails) -> None:
    """Who names shakespeare gets it or a line that says where to put the file."""
    line = fails(1, "train", "shakespeare", "--data-dir", "texts")
    assert str(Path("texts/shakespeare.txt")) in line
    assert not Path("checkpoints").exists()


def test_wrong_shakespeare_is_not_replaced_by_pydoc(fails: Fails, shakespeare: bytes) -> None:
    """A file of that name with another content is an error, also if no text is named."""
    Path("data").mkdir()
    Path("data/shakespeare.txt").write_bytes(shakespeare + b"!")
    assert str(Path("data/shakespeare.txt")) in fails(1, "train")


def test_pydoc(plan: PlanRun) -> None:
    """pydoc is Python's own help, which every machine has."""
    from pydoc_data.topics import topics

    planned = plan("pydoc", "--cell", "gru")
    assert planned.run.name == "pydoc-gru"
    assert len(planned.text) > 300_000
    assert all(topics[name] in planned.text for name in ("assert", "yield", "lambda"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfabc " * 2000, "abc " + "\ufeffabc " * 1999),
        (b"one\r\ntwo\r\n" * 800, "one\r\ntwo\r\n" * 800),
        ("Ünïcödé 水 😀\n".encode() * 800, "Ünïcödé 水 😀\n" * 800),
    ],
    ids=["BOM", "CRLF", "scripts"],
)
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_text_is_kept_as_it_is(plan: PlanRun, content: bytes, expected: str, way: str) -> None:
    """A file, or standard input, is read as UTF-8 with every character kept but a leading BOM."""
    Path("my novel.txt").write_bytes(content)
    planned = plan("my novel.txt") if way == "file" else plan("-", stdin=content)
    assert planned.text == expected
    assert planned.recipe.corpus_sha256 == hashlib.sha256(expected.encode()).hexdigest()
    assert planned.run.name == {"file": "my-novel-lstm", "stdin": "stdin-lstm"}[way]


def test_text_in_another_encoding(plan: PlanRun) -> None:
    """--encoding reads a text, and the run remembers it."""
    text = "Été après été, “déjà” vu.\n" * 800
    Path("old.txt").write_bytes(text.encode("cp1252"))
    planned = plan("old.txt", "--encoding", "Windows-1252")
    assert planned.text == text
    assert planned.recipe.reading.encoding == "cp1252"
    assert planned.result.stderr.count("note: ") == 0


def test_oddities_are_noted_once(plan: PlanRun) -> None:
    """Line ends of Windows are learnt as they are, and said with the option that mends them."""
    Path("dos.txt").write_bytes(b"one\r\ntwo\r\n" * 800)
    stderr = plan("dos.txt").result.stderr
    assert stderr.count("note: the text has 1,600 lines ending in CR LF") == 1
    assert "set --newlines to unix to make them end in LF" in stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["old.txt", "--encoding", "utf-9"], "--encoding can't be 'utf-9': give a text encoding"),
        (["pydoc", "--encoding", "cp1252"], "--encoding is for text files: leave it out for pydoc"),
        (["--resume", "--encoding", "cp1252"], "leave out --encoding"),
        (["old.txt", "--run", "classify"], "--run can't be classify, the folder of other kinds"),
        (["old.txt", "--run", "there/mine"], "--run there/mine is not in checkpoints"),
    ],
)
def test_what_cannot_be_meant(fails: Fails, words: list[str], said: str) -> None:
    """One line for each, before a text is read."""
    assert said in fails(2, "train", *words)


def test_encoding_that_fits_is_advised(fails: Fails) -> None:
    """The error about another encoding says which it may be, and the flag."""
    Path("old.txt").write_bytes("He said “no”.\n".encode("cp1252") * 800)
    line = fails(1, "train", "old.txt")
    assert "(byte 8 is 0x93): it may be cp1252 or " in line
    assert "to be given as --encoding" in line


def test_run_by_its_path(plan: PlanRun) -> None:
    """A new run's folder names it, as a shell completes it."""
    Path("novel.txt").write_text("once upon a time\n" * 800)
    assert plan("novel.txt", "--run", "./checkpoints/mine/").run.folder == Path("checkpoints/mine")


def test_thousands_of_characters(plan: PlanRun) -> None:
    """A Chinese text has some thousand distinct characters, and that is fine."""
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 5000))) * 2
    Path("chinese.txt").write_text(text, encoding="utf-8")
    planned = plan("chinese.txt")
    assert planned.network.vocabulary_size == 5000
    assert planned.text == text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"caf\xe9" * 3000, "0xe9"),
        ("text".encode("utf-16"), "UTF-16 text, not UTF-8: give utf-16 as --encoding"),
        (b"short", "too few"),
        (b"a" * 3000, "repeats one single character: nothing to learn"),
    ],
    ids=["empty", "BOM alone", "latin-1", "utf-16", "short", "monotonous"],
)
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_useless_text(fails: Fails, content: bytes, said: str, way: str) -> None:
    """A text that can't be used gets one line, and leaves no run behind."""
    Path("bad.txt").write_bytes(content)
    words = ["bad.txt"] if way == "file" else ["-"]
    line = fails(1, "train", *words, *SMALL, stdin=content)
    assert said in line
    assert not list(Path().glob("checkpoints/*/*.h5"))


@pytest.mark.slow
def test_shortest_text(fails: Fails, invoke: Invoke) -> None:
    """The line about a short text says how long it must be, and that length is enough."""
    Path("short.txt").write_text("ab" * 20, encoding="utf-8")
    line = fails(1, "train", "short.txt", *SMALL)
    (needed,) = re.findall(r"needs (\d+)", line)
    Path("short.txt").write_text(("ab" * 100)[: int(needed) - 1], encoding="utf-8")
    fails(1, "train", "short.txt", *SMALL)
    Path("short.txt").write_text(("ab" * 100)[: int(needed)], encoding="utf-8")
    assert invoke("train", "short.txt", *SMALL).exit_code == 0


def test_no_such_corpus(fails: Fails) -> None:
    """An unknown corpus is answered with what there is."""
    line = fails(1, "train", "hamlet")
    assert all(name in line for name in ("hamlet", "shakespeare", "pydoc"))

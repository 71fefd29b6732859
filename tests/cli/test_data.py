"""`charrnn data`: which texts there are, which are downloaded, and fetching them."""

import dataclasses
import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from charrnn.data import corpus
from charrnn.data.download import Remote
from tests.support.commands import Fails, Invoke

PLAY = b"First Citizen:\nBefore we proceed any further, hear me speak.\n" * 40


class Host(HTTPServer):
    """Serves the play to each request, and counts them."""

    requests = 0


class _Answer(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(PLAY)))
        self.end_headers()
        self.wfile.write(PLAY)

    def log_message(self, *_: object) -> None:
        pass


def publish_at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let shakespeare be the play, at `url`."""
    remote = Remote("shakespeare.txt", url, hashlib.sha256(PLAY).hexdigest(), len(PLAY))
    named = dataclasses.replace(corpus.NAMED["shakespeare"], remote=remote)
    monkeypatch.setattr(corpus, "SHAKESPEARE", remote)
    monkeypatch.setitem(corpus.NAMED, "shakespeare", named)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def play_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host on this machine that has the play."""
    with Host(("127.0.0.1", 0), _Answer) as server:
        publish_at(monkeypatch, f"http://127.0.0.1:{server.server_port}/shakespeare.txt")
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def no_host(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address of this machine where nothing answers; no time is lost between attempts."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    publish_at(monkeypatch, f"http://{address}/shakespeare.txt")
    monkeypatch.setattr("charrnn.data.download.time.sleep", lambda _: None)
    return address


def write_play(folder: Path, content: bytes = PLAY) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shakespeare.txt"
    path.write_bytes(content)
    return path


@pytest.mark.usefixtures("no_host")
def test_list_before_fetching(invoke: Invoke) -> None:
    """The list says what each text is, and which are not here; nothing is downloaded."""
    result = invoke("data", "list")
    assert (result.exit_code, result.stderr) == (0, "")
    play, pydoc = result.stdout.splitlines()
    assert play.startswith("shakespeare ")
    assert "not fetched" in play
    assert f"{len(PLAY):,} bytes" in play
    assert pydoc.startswith("pydoc ")
    assert "not fetched" not in pydoc


@pytest.mark.usefixtures("play_host")
def test_list_after_fetching(invoke: Invoke) -> None:
    """A fetched text is listed with its path."""
    path = write_play(Path("data"))
    play = invoke("data", "list").stdout.splitlines()[0]
    assert play.endswith(str(path))


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.usefixtures("play_host")
def test_list_as_json(invoke: Invoke, *, here: bool) -> None:
    """--json prints one object per text: its name, description, and path, if it is here."""
    path = write_play(Path("texts")) if here else None
    lines = invoke("data", "list", "--json", "--data-dir", "texts").stdout.splitlines()
    play, pydoc = map(json.loads, lines)
    assert set(play) == set(pydoc) == {"name", "description", "here", "path", "state", "bytes"}
    assert (play["state"], play["bytes"]) == (("complete", len(PLAY)) if here else ("missing", 0))
    assert (play["name"], play["here"], play["path"]) == (
        "shakespeare",
        here,
        str(path) if path else None,
    )
    assert (pydoc["name"], pydoc["here"]) == ("pydoc", True)
    assert "help" in Path(pydoc["path"]).read_text(encoding="utf-8")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("kind", "state", "size", "said"),
    [
        ("shorter", "other", 12, "has 12 bytes, and is another file"),
        ("as long", "other", len(PLAY), f"has {len(PLAY):,} bytes, and is another file"),
        ("part", "partial", 100, f"100 of {len(PLAY):,} bytes, fetched in part"),
        ("pipe", "unreadable", 0, "can't be read"),
        ("folder", "unreadable", 0, "can't be read"),
    ],
)
@pytest.mark.usefixtures("play_host")
def test_list_says_what_is_there(
    invoke: Invoke, fails: Fails, kind: str, state: str, size: int, said: str
) -> None:
    """A file of another content, and a part of the right one, are told from the text itself."""
    path = Path("data/shakespeare.txt")
    path.parent.mkdir()
    if kind == "part":
        path.with_name(".shakespeare.txt.part").write_bytes(PLAY[:size])
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(bytes(size))
    assert invoke("data", "list").stdout.splitlines()[0].endswith(said)
    play = json.loads(invoke("data", "list", "--json").stdout.splitlines()[0])
    assert (play["here"], play["state"], play["bytes"]) == (False, state, size)
    assert play["path"] == (str(path) if state == "other" else None)
    assert said in fails(1, "data", "path")


def test_fetch_prints_the_path_alone(invoke: Invoke, play_host: Host) -> None:
    """stdout is the path of the verified file, for use in a script; a second time needs no host."""
    result = invoke("data", "fetch")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "data/shakespeare.txt\n", "")
    assert Path("data/shakespeare.txt").read_bytes() == PLAY
    again = invoke("data", "fetch", "shakespeare")
    assert again.stdout == result.stdout
    assert play_host.requests == 1


@pytest.mark.parametrize("way", ["option", "environment", "both"])
@pytest.mark.usefixtures("play_host")
def test_folder_can_be_chosen(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """--data-dir and CHARRNN_DATA_DIR choose the folder of texts; the option wins."""
    words = ["--data-dir", "mine/texts"] if way != "environment" else []
    if way != "option":
        where = "mine/texts" if way == "environment" else "not/here"
        monkeypatch.setenv("CHARRNN_DATA_DIR", where)
    assert invoke("data", "fetch", *words).stdout == "mine/texts/shakespeare.txt\n"
    assert invoke("data", "path", *words).stdout == "mine/texts/shakespeare.txt\n"
    assert Path("mine/texts/shakespeare.txt").read_bytes() == PLAY
    assert not Path("data").exists()
    assert not Path("not").exists()


@pytest.mark.usefixtures("no_host")
def test_path_before_fetching(fails: Fails) -> None:
    """A text that is not here has no path; the line says how to get it."""
    assert "charrnn data fetch shakespeare" in fails(1, "data", "path")


def test_unreachable_host(fails: Fails, no_host: str) -> None:
    """Without a network the line names the host and where to put the file by hand."""
    line = fails(1, "data", "fetch", "--data-dir", "texts")
    assert no_host in line
    assert str(Path("texts/shakespeare.txt")) in line
    assert list(Path("texts").glob("*")) in ([], [Path("texts/.shakespeare.txt.lock")])


def test_file_of_another_content(fails: Fails, play_host: Host) -> None:
    """A file that is not the expected one is reported and left alone."""
    path = write_play(Path("data"), b"my own notes")
    assert str(path) in fails(1, "data", "fetch")
    assert path.read_bytes() == b"my own notes"
    assert play_host.requests == 0


def test_unknown_text(fails: Fails) -> None:
    """An unknown name is answered with those that can be fetched."""
    assert "'shakespeare'" in fails(2, "data", "fetch", "hamlet")
    assert "'shakespeare'" in fails(2, "data", "path", "hamlet")


@pytest.mark.usefixtures("play_host")
def test_folder_that_cannot_be_made(fails: Fails) -> None:
    """A data folder below a file is one clear line, not a traceback."""
    Path("file").write_text("in the way", encoding="utf-8")
    assert "file" in fails(1, "data", "fetch", "--data-dir", "file/texts")
    assert "file" in fails(2, "data", "fetch", "--data-dir", "file")


@pytest.mark.usefixtures("play_host")
def test_quiet_fetch_says_nothing(invoke: Invoke) -> None:
    """-q leaves stderr empty and the path on stdout."""
    result = invoke("data", "fetch", "-q")
    assert (result.stdout, result.stderr) == ("data/shakespeare.txt\n", "")


def test_a_text_is_prepared_and_learnt(invoke: Invoke, text: str) -> None:
    """The file's path is all that is on stdout, and training reads what it names."""
    Path("novel.txt").write_text(text, encoding="utf-8")
    made = invoke("data", "prepare", "novel.txt", "--out", "novel.ids")
    assert (made.exit_code, made.stdout) == (0, "novel.ids\n")
    assert f"{len(text):,} characters, {len(set(text))} distinct, in " in made.stderr
    shown = invoke("train", "novel.ids", "--units", 4, "--seq-length", 10, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert f"{len(text):,} characters, {len(set(text))} distinct" in shown.stderr


def test_a_prepared_text_as_json(invoke: Invoke, text: str) -> None:
    """Standard input can be prepared, and a program learns what was made of it."""
    words = ["data", "prepare", "-", "--out", "piped.ids", "--json"]
    made = invoke(*words, stdin=text.encode())
    row = json.loads(made.stdout)
    assert row == {
        "path": "piped.ids",
        "characters": len(text),
        "bytes": Path("piped.ids").stat().st_size,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "distinct": len(set(text)),
        "sources": 1,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["novel.txt", "--out", "novel.txt"], "--out must end in .ids"),
        (["nowhere.txt", "--out", "a.ids"], "no file nowhere.txt"),
        (["novel.txt"], "--out"),
        (["--out", "a.ids"], "SOURCE"),
    ],
)
def test_what_cannot_be_prepared(fails: Fails, words: list[str], said: str) -> None:
    """One line says what to change, and nothing is written."""
    Path("novel.txt").write_text("It was a dark", encoding="utf-8")
    code = 1 if "nowhere.txt" in words else 2
    assert said in fails(code, "data", "prepare", *words)
    assert [path.name for path in Path().iterdir()] == ["novel.txt"]

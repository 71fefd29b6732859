"""`charrnn train`: a text of several files, and what comes of it."""

import gzip
import json
from pathlib import Path

import pytest

from charrnn.data.vocabulary import UNKNOWN
from charrnn.runs.checkpoint import write_checkpoint
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.resume import read_progress
from tests.support.commands import Fails, Invoke, PlanRun
from tests.support.language_runs import find_run
from tests.support.networks import MakeCheckpoint, MakeRun
from tests.support.train_command import SMALL


@pytest.fixture
def letters() -> Path:
    """A folder of two texts, one of them compressed and below."""
    folder = Path("letters")
    (folder / "old").mkdir(parents=True)
    (folder / "b.txt").write_text("Dear b, " * 200, encoding="utf-8")
    (folder / "old/a.md.gz").write_bytes(gzip.compress(b"Dear a, " * 200))
    return folder


@pytest.mark.slow
def test_a_run_of_several_texts(invoke: Invoke, fails: Fails, letters: Path) -> None:
    """It is resumed and measured from its files' names alone, until one of them has changed."""
    options = ["--glob", "*.txt", "--glob", "*.gz", "--separator", "--", "--validation", "0.1"]
    begun = invoke("train", letters, *SMALL, *options, "--run", "mine")
    assert begun.exit_code == 0, begun.output
    assert "joined 2 texts, with '--' between them" in begun.stderr
    recipe = read_progress(find_run("mine"), LanguageRecipe).recipe
    assert [Path(source.name) for source in recipe.sources] == [
        letters.resolve() / "b.txt",
        letters.resolve() / "old/a.md.gz",
    ]
    resumed = invoke("train", "--resume", "mine", "--epochs", 2)
    assert resumed.exit_code == 0, resumed.output
    measured = invoke("evaluate", "mine", "--mode", "stream", "--json")
    assert json.loads(measured.stdout)["characters"] == 320  # of the last tenth of 3,202
    moved = letters.rename("moved")
    words = ["evaluate", "mine", "training", "--limit", 50, "--corpus", moved]
    assert invoke(*words).exit_code == 0
    line = fails(1, "train", "--resume", "mine", "--epochs", 3)
    assert f"mine was trained on {letters.resolve()}/b.txt, which is no longer there" in line
    (moved / "b.txt").write_text("Dear c, " * 200)
    line = fails(1, "train", "-q", "moved", "--resume", "mine", "--epochs", 3)
    assert f"{moved.resolve()}/b.txt is not, or no longer, part of the text that mine was" in line
    assert line.endswith(
        "give that text as CORPUS, or learn from this one in a new run with --from"
    )


def test_what_is_left_out_is_noted_with_flags(plan: PlanRun, letters: Path) -> None:
    """Notes name the option that mends it."""
    (letters / "c.txt").write_bytes("été après été".encode("cp1252"))
    planned = plan("letters", "--glob", "?.txt")
    assert planned.text == "Dear b, " * 200
    assert planned.run.name == "letters-lstm"
    assert "skipped 1 (not readable as text): letters/c.txt is not UTF-8" in planned.result.stderr
    assert "to be given as --encoding" in planned.result.stderr


def test_a_pattern_in_quotes(plan: PlanRun, letters: Path) -> None:
    """It stands for the files that match, as from a shell."""
    (letters / "a.txt").write_text("Dear a, " * 200)
    assert plan("letters/*.txt").text == "Dear a, " * 200 + "\n" + "Dear b, " * 200
    assert plan("letters/b.txt", "letters/a.txt").text == "Dear b, " * 200 + "\n" + "Dear a, " * 200


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["letters", "--glob", "*.tex"], 1, "no file named *.tex: name other files by --glob"),
        (["letters/*.tex"], 1, "no file matches letters/*.tex"),
        (["letters", "--glob", ""], 2, "--glob is empty: give a pattern such as *.txt"),
        (["-", "letters"], 2, "- is standard input, which stands alone"),
        (["--resume", "--separator", "x", "--glob", "*"], 2, "leave out --glob, --separator"),
    ],
)
@pytest.mark.usefixtures("letters")
def test_what_cannot_be_read(fails: Fails, words: list[str], code: int, said: str) -> None:
    """One line for each."""
    assert said in fails(code, "train", *words)


def test_a_typed_backslash_is_noted(plan: PlanRun, letters: Path) -> None:
    """A shell makes no line end of it."""
    planned = plan(letters, "--separator", r"\n")
    assert r"note: \n in --separator is two characters" in planned.result.stderr


def test_a_folder_for_other_commands(invoke: Invoke, make_run: MakeRun, letters: Path) -> None:
    """What else reads a text takes folders and compressed files too."""
    make_run("mine")
    for text in (letters, letters / "old/a.md.gz"):
        result = invoke("evaluate", "mine", text, "--unknown", "skip", "--mode", "stream", "--json")
        assert json.loads(result.stdout)["characters"] > 100


def test_what_is_made_plain_is_counted(plan: PlanRun, invoke: Invoke, make_run: MakeRun) -> None:
    """--clean and --newlines change what is learnt, or read by another command, and say it."""
    Path("word.txt").write_bytes("“No” – he said…\r\n".encode() * 200)
    planned = plan("word.txt", "--clean")
    assert planned.text == '"No" - he said...\n' * 200
    assert planned.recipe.reading.clean
    said = "made plain: 200 line ends, 400 quotes, 200 dashes, 200 ellipsis marks"
    assert said in planned.result.stderr
    planned = plan("word.txt", "--newlines", "unix")
    assert planned.text == "“No” – he said…\n" * 200
    assert "made plain: 200 line ends\n" in planned.result.stderr
    noted = plan("word.txt").result.stderr
    assert "set --newlines to unix to make them end in LF" in noted
    make_run("mine")
    more = ["--unknown", "skip", "--clean"]
    assert said in invoke("evaluate", "mine", "word.txt", "--limit", 50, *more).stderr
    assert said in invoke("sample", "--adapt", "word.txt", "--length", 50, *more).stderr


def test_how_a_runs_own_text_is_read_is_known(fails: Fails, make_run: MakeRun) -> None:
    """Options that say how a text is read are not for a run's own."""
    make_run("mine")
    for option in (["--clean"], ["--newlines", "unix"], ["--encoding", "cp1252"]):
        line = fails(2, "evaluate", "mine", *option)
        assert f"{option[0]} is for another text: a run's own is read as when it was" in line


def test_rare_characters(plan: PlanRun, fails: Fails) -> None:
    """--min-count makes one unknown of them, and belongs to a run from its beginning."""
    Path("rare.txt").write_text("Dear b, " * 200 + "é水", encoding="utf-8")
    planned = plan("rare.txt", "--min-count", 2)
    assert planned.text == "Dear b, " * 200 + UNKNOWN * 2
    assert "2 rare characters became one unknown" in planned.result.stderr
    assert "leave out --min-count" in fails(2, "train", "--resume", "--min-count", 2)


def test_what_a_network_does_not_know_is_counted(
    invoke: Invoke, make_run: MakeRun, make_checkpoint: MakeCheckpoint
) -> None:
    """A network with an unknown reads any text, and a note says how much of it it can't tell."""
    path = make_run("mine")
    write_checkpoint(path, make_checkpoint("\n ,Daer" + UNKNOWN))
    Path("other.txt").write_text("Dear é, " * 200, encoding="utf-8")
    for words in (["evaluate", "mine", "other.txt"], ["inspect", "mine", "other.txt"]):
        assert "80 characters, 10 unknown to it" in invoke(*words, "--limit", 80).stderr
    written = invoke("sample", "Dear é", "--adapt", "other.txt", "--length", 50)
    assert "1,600 characters, 200 unknown to it" in written.stderr
    assert "1 character of the prompt the network can't tell from other rare" in written.stderr
    assert written.stdout.startswith("Dear é")
    assert UNKNOWN not in written.stdout


def test_a_column_of_a_table(plan: PlanRun, fails: Fails) -> None:
    """--text-column reads it, the run remembers it, and a wrong name is answered with others."""
    Path("posts.csv").write_text("id,body\n" + "1,Dear a\n2,Dear b\n" * 200)
    planned = plan("posts.csv", "--text-column", "body", "--separator", "|")
    assert planned.text == "|".join(["Dear a", "Dear b"] * 200)
    assert planned.recipe.reading.text_column == "body"
    assert "took the text out of 400 rows" in planned.result.stderr
    line = fails(1, "train", "posts.csv", "--text-column", "text")
    assert line.endswith(
        "posts.csv has no column 'text': name one of 'id', 'body' as --text-column"
    )
    assert "is read as plain text: --text-column reads one" in plan("posts.csv").result.stderr

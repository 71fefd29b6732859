"""`charrnn runs`: the table of all runs, and keeping them in order."""

import os
from pathlib import Path

import pytest

from charrnn.cli.visible import make_visible
from charrnn.errors import say_count
from charrnn.runs.claim import hold_lock
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.run import Run
from charrnn.runs.summary import measure_size
from tests.support import kinds
from tests.support.commands import Fails, Invoke, run_command
from tests.support.language_runs import read_rows
from tests.support.screens import Watch, strip_codes

CHECKPOINTS = Path("checkpoints")
RESULTS = [EpochResult(epoch, 0.0, loss, 1.0) for epoch, loss in enumerate([2.0, 1.0, 1.5], 1)]
NAMES = {LANGUAGE: "novel", CLASSIFIER: "critic", WORD_MODEL: "words"}


def write_run(kind: Kind = LANGUAGE, name: str = "novel") -> Run:
    """A run of three epochs, the second the best."""
    run = kinds.make_run(CHECKPOINTS, kind, name)
    for result in RESULTS:
        kinds.write_epoch(run, result.epoch)
    run.write_history(RESULTS)
    kinds.write_resume_file(run, *RESULTS)
    return run


@pytest.fixture
def runs() -> list[Run]:
    """A run of each kind, that of language models written last."""
    return [write_run(kind, NAMES[kind]) for kind in reversed(KINDS)]


def test_the_table(runs: list[Run], invoke: Invoke) -> None:
    """A row has kind, text, network, parameters, epochs, best loss, age, size and a sparkline."""
    result = invoke("runs", "-q")
    head, *rows = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert head.split() == [
        *(
            "run",
            "kind",
            "corpus",
            "network",
            "parameters",
            "epochs",
            "best",
            "loss",
            "written",
            "size",
        ),
        "validation",
    ]
    assert [row.split()[0] for row in rows] == ["novel", "critic", "words"]
    parameters = kinds.LANGUAGE_RECIPE.network.parameters
    assert rows[0].startswith("novel   language model  test    gru 3 ")
    assert f" {parameters}  3 of 10     1.0000  " in rows[0]
    assert " s ago  " in rows[0]
    assert rows[0].endswith(" kB  █▁▅")
    assert len(runs) == len(rows)


def test_the_table_as_json(runs: list[Run], invoke: Invoke) -> None:
    """An object for each run has the same with all digits."""
    found = read_rows(invoke("runs", "--json"))
    assert [row["run"] for row in found] == ["novel", "critic", "words"]
    for row, run in zip(found, reversed(runs), strict=True):
        recipe = kinds.RECIPES[run.kind]
        assert row | {"written": "", "network": ""} == {
            "run": run.name,
            "kind": run.kind.name,
            "folder": str(run.folder),
            "corpus": recipe.corpus,
            "network": "",
            "parameters": recipe.network.parameters,
            "epochs": 3,
            "planned_epochs": recipe.training.epochs,
            "checkpoints": [1, 2, 3],
            "best_epoch": 2,
            "best_loss": 1.0,
            "validation_losses": [2.0, 1.0, 1.5],
            "written": "",
            "bytes": sum(path.stat().st_size for path in run.folder.iterdir()),
            "in_training": False,
            "problem": None,
        }


def test_an_exploded_loss_is_valid_json(invoke: Invoke) -> None:
    """JSON knows no infinity: null stands for it."""
    run = write_run()
    run.write_history([EpochResult(1, float("inf"), float("nan"), 1.0)])
    (row,) = read_rows(invoke("runs", "--json"))
    assert row["validation_losses"] == [None]
    assert invoke("runs").exit_code == 0


def test_a_run_that_is_being_trained(invoke: Invoke) -> None:
    """Its row says so, in the place of its age."""
    with hold_lock(write_run()):
        assert "  in training  " in invoke("runs").stdout
        assert read_rows(invoke("runs", "--json"))[0]["in_training"]


def test_what_can_not_be_read_is_named(invoke: Invoke) -> None:
    """A damaged run and a stranger's folder have a row each and a note; no run has a note."""
    write_run()
    damaged = write_run(name="damaged")
    damaged.history_file.write_text("junk\n1\n")
    strange = kinds.make_run(CHECKPOINTS, LANGUAGE, "strange").folder
    (strange / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (CHECKPOINTS / "notes").mkdir()
    result = invoke("runs")
    assert result.exit_code == 0
    assert {line.split()[0] for line in result.stdout.splitlines()[1:]} == {
        *("novel", "damaged", "strange"),
    }
    notes = sorted(line for line in result.stderr.splitlines() if line.startswith("note: "))
    assert len(notes) == 3
    assert notes[0].startswith("note: checkpoints/damaged/history.csv is damaged")
    assert notes[1] == "note: checkpoints/notes is no run: it has no checkpoint"
    assert notes[2].startswith("note: checkpoints/strange/model.h5 is not a charrnn checkpoint")
    problems = {row["run"]: row["problem"] for row in read_rows(invoke("runs", "--json"))}
    assert problems["novel"] is None
    assert problems["strange"] == notes[2].removeprefix("note: ")


def test_a_strangers_runs_are_listed(watch: Watch, invoke: Invoke) -> None:
    """Names that a terminal would obey, pipes and loops in the place of files: a row for each."""
    evil = "a\x1b[2Jb\nc\u202e"
    write_run(name=evil)
    odd = write_run(name="odd")
    for path in [*odd.folder.iterdir(), odd.lock_file]:
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    loop = CHECKPOINTS / "loop"
    loop.symlink_to("loop")
    (CHECKPOINTS / "pipe").mkdir()
    os.mkfifo(CHECKPOINTS / "pipe" / "epoch-0001.weights.h5")
    shown = strip_codes(watch(run_command("runs", code=0))).replace("\r", "")
    assert make_visible(shown) == shown
    names = {row["run"] for row in read_rows(invoke("runs", "--json"))}
    assert names == {evil, "odd", "pipe"}
    assert "a\\u001b[2Jb\\u000ac\\u202e" in shown
    assert {"odd", "pipe"} <= {line.split()[0] for line in shown.splitlines()}
    question = invoke("runs", "remove", evil, stdin=b"n\n").stderr
    assert question.startswith("Remove a\\u001b[2Jb\\u000ac\\u202e (language model")


@pytest.mark.parametrize("words", [[], ["--json"]], ids=str)
def test_before_the_first_run(invoke: Invoke, words: list[str]) -> None:
    """No run is no error: nothing is listed, and a note says how to train one."""
    result = invoke("runs", *words, "--checkpoints", "nowhere")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no runs in nowhere yet: train one with charrnn train\n"


@pytest.mark.usefixtures("runs")
def test_a_narrow_terminal(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row stays a line: the columns that matter least are left out."""
    monkeypatch.setattr("charrnn.cli.columns.measure_room", lambda: 40)
    lines = watch(run_command("runs", "-q", code=0)).splitlines()
    assert lines[0].split() == ["run", "epochs", "best", "loss", "written"]
    assert max(map(len, lines)) <= 40


def test_options_go_after_the_command(runs: list[Run], fails: Fails) -> None:
    """An option before a command's name would be lost: the error says where it goes."""
    line = fails(2, "runs", "--json", "show", runs[0].name)
    assert "options go after the command: charrnn runs show --json" in line
    assert "options go after the command" in fails(
        2, "runs", "--checkpoints", "elsewhere", "remove", "novel"
    )


def test_removing_asks_first(invoke: Invoke) -> None:
    """Only y or yes removes; the question says what would go."""
    run = write_run()
    for answer in (b"n\n", b"\n"):
        result = invoke("runs", "remove", "novel", stdin=answer)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "Remove novel (language model, 3 epochs, " in result.stderr
        assert result.stderr.endswith("nothing is removed\n")
        assert run.epoch_file(1).exists()
    result = invoke("runs", "remove", "novel", stdin=b"y\n")
    assert result.stdout.startswith("removed checkpoints/novel, ")
    assert not run.folder.exists()


def test_removing_needs_an_answer(invoke: Invoke) -> None:
    """Without anyone to answer, in a script, nothing goes and the error names the option."""
    run = write_run()
    result = invoke("runs", "remove", "novel")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing is removed: nobody answers, so give --yes to remove" in result.stderr
    assert run.epoch_file(1).exists()


@pytest.mark.usefixtures("runs")
def test_removing_several_without_asking(invoke: Invoke) -> None:
    """--yes removes runs of any kind; what no run wrote stays, is named, and is not counted."""
    notes = CHECKPOINTS / "novel" / "notes.txt"
    size = measure_size(notes.parent)
    notes.write_text("x" * 10**6, encoding="utf-8")
    result = invoke("runs", "remove", "novel", "critic", "novel", "--yes", "--json")
    rows = read_rows(result)
    assert [(row["run"], row["left"]) for row in rows] == [
        ("novel", ["checkpoints/novel/notes.txt"]),
        ("critic", []),
    ]
    assert rows[0]["bytes"] == size > 1000
    assert "kept, since no run writes it: checkpoints/novel/notes.txt" in result.stderr
    assert [run["run"] for run in read_rows(invoke("runs", "--json"))] == ["words"]


def test_a_folder_that_stays_is_not_said_to_be_removed(invoke: Invoke) -> None:
    """What was removed is the run; another network's file, and so the folder, is still there."""
    gift = CHECKPOINTS / "novel" / "novel-int8.weights.h5"
    write_run().epoch_file(1).rename(gift)
    result = invoke("runs", "remove", "novel", "--yes")
    assert result.stdout.startswith("removed the run in checkpoints/novel, ")
    assert [*gift.parent.iterdir()] == [gift]


def test_one_folder_of_anyone_removes_nothing(fails: Fails) -> None:
    """All folders are looked into before the first run goes, and before anyone is asked."""
    run = write_run()
    Path("project").mkdir()
    run.epoch_file(1).rename("project/novel-int8.weights.h5")
    assert "nothing in project says" in fails(1, "runs", "remove", "novel", "project")
    assert run.epoch_file(2).exists()


def test_one_wrong_name_removes_nothing(fails: Fails) -> None:
    """All names are looked up before the first run goes."""
    run = write_run()
    assert "no run 'nowel' in checkpoints" in fails(1, "runs", "remove", "novel", "nowel", "--yes")
    assert run.folder.exists()


@pytest.mark.parametrize("words", [["remove", "novel", "--yes"], ["thin", "novel"]], ids=str)
def test_a_run_in_training_is_left_alone(fails: Fails, words: list[str]) -> None:
    """The error says that it is being trained."""
    run = write_run()
    with hold_lock(run):
        line = fails(1, "runs", *words)
    assert line.endswith("is being trained by another process: wait for it, or stop it")
    assert run.list_epochs() == [1, 2, 3]


@pytest.mark.usefixtures("runs")
def test_thinning(invoke: Invoke) -> None:
    """Runs of any kind keep the best and the last checkpoint; the answer says what went."""
    result = invoke("runs", "thin", "novel", "critic")
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first.startswith(f"novel: {say_count(1, 'checkpoint')} removed, ")
    assert first.endswith("kept epochs 2 to 3")
    assert second.startswith("critic: 1 checkpoint removed")
    (row,) = read_rows(invoke("runs", "thin", "words", "--json"))
    assert (row["run"], row["removed"], row["kept"]) == ("words", [1], [2, 3])
    assert row["bytes"] > 1000
    assert read_rows(invoke("runs", "thin", "words", "--json"))[0]["bytes"] == 0


def test_renaming(invoke: Invoke, fails: Fails) -> None:
    """The run has the new name, and only that."""
    write_run()
    assert invoke("runs", "rename", "novel", "story").stdout == "novel is now story\n"
    (row,) = read_rows(invoke("runs", "rename", "story", "tale", "--json"))
    assert row == {
        "run": "tale",
        "kind": "language model",
        "folder": "checkpoints/tale",
        "was": "story",
    }
    assert "NEW" in fails(2, "runs", "rename", "tale", "no name")
    write_run()
    line = fails(1, "runs", "rename", "tale", "novel")
    assert line.endswith("run 'novel' exists in checkpoints: choose another name as NEW")

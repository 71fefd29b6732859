"""`charrnn plot`: the losses of runs in one picture."""

from pathlib import Path

import pytest

from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, Kind
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import read_rows
from tests.support.pictures import read_size


def write_run(name: str, kind: Kind = LANGUAGE, read: int | None = 900) -> Run:
    """A run of two epochs."""
    run = kinds.make_run(Path("checkpoints"), kind, name)
    kinds.write_epoch(run)
    run.write_history([EpochResult(n, 2.0, 1.5, 60.0, read=read) for n in (1, 2)])
    return run


@pytest.mark.slow
def test_several_runs_in_a_picture(invoke: Invoke) -> None:
    """The picture is where it was asked for, and stdout says where."""
    for name in ("first", "second"):
        write_run(name)
    result = invoke("plot", "first", "second")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "picture: losses.png\n", "")
    assert read_size(Path("losses.png"))[0] > 1500
    (row,) = read_rows(invoke("plot", "first", "--by", "minutes", "--out", "a.svg", "--json"))
    assert row == {"picture": "a.svg", "runs": ["first"], "by": ["minutes"]}
    assert Path("a.svg").read_text().startswith("<?xml")


@pytest.mark.slow
def test_the_newest_run_is_drawn(invoke: Invoke) -> None:
    """Without a name it is the newest run that has losses, of whichever kind."""
    write_run("older")
    write_run("newer", CLASSIFIER)
    kinds.write_epoch(kinds.make_run(Path("checkpoints"), LANGUAGE, "mailed"))
    (row,) = read_rows(invoke("plot", "--json"))
    assert row == {"picture": "losses.png", "runs": ["newer"], "by": ["epoch", "read", "minutes"]}


@pytest.mark.slow
def test_what_was_not_noted_is_left_out(invoke: Invoke) -> None:
    """Runs of an earlier version did not note what they read; the other axes are drawn."""
    write_run("old", read=None)
    write_run("new")
    result = invoke("plot", "old", "--json")
    assert read_rows(result)[0]["by"] == ["epoch", "minutes"]
    note = "note: not drawn by what was read, which was not noted: old\n"
    assert result.stderr == note
    result = invoke("plot", "old", "new", "--json")
    assert (read_rows(result)[0]["by"], result.stderr) == (["epoch", "read", "minutes"], note)
    result = invoke("plot", "old", "--by", "characters")
    assert result.exit_code == 1
    assert "nothing says how much old read: choose another --by" in result.stderr


def test_what_can_not_be_drawn(fails: Fails) -> None:
    """Each reason is one line, and no picture is written."""
    assert "has losses to draw: train one with charrnn train" in fails(1, "plot")
    write_run("novel")
    write_run("critic", CLASSIFIER)
    line = fails(2, "plot", "novel", "critic")
    assert "novel is a language model and critic a classifier" in line
    kinds.write_epoch(kinds.make_run(Path("checkpoints"), LANGUAGE, "mailed"))
    assert "mailed has no losses to draw" in fails(1, "plot", "mailed")
    assert "no run 'nobody' in checkpoints" in fails(1, "plot", "nobody")
    assert "--out must end in .png or .svg, not a.pdf" in fails(2, "plot", "--out", "a.pdf")
    assert "there is no folder no to write a.png into" in fails(2, "plot", "--out", "no/a.png")
    assert not [*Path().glob("*.png")]


@pytest.mark.slow
def test_runs_of_one_name(invoke: Invoke) -> None:
    """Runs of one name in two places are told apart by their folders."""
    Path("elsewhere").mkdir()
    other = write_run("novel").folder.rename(Path("elsewhere/novel"))
    write_run("novel")
    (row,) = read_rows(invoke("plot", "novel", other, "--json"))
    assert row["runs"] == ["checkpoints/novel", "elsewhere/novel"]

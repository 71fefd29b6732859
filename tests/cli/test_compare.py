"""`charrnn compare`: language models in one table."""

from pathlib import Path

import pytest

from charrnn.inference.language_model import load_model
from charrnn.runs.history import EpochResult
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import HELD_BACK, find_run, read_rows, write_epoch, write_trained
from tests.support.pictures import read_size

HISTORY = [EpochResult(1, 2.5, 2.0, 30.0), EpochResult(2, 2.0, 1.5, 90.0)]


@pytest.fixture(autouse=True)
def _runs() -> None:
    """An LSTM with a history, and a GRU without."""
    write_trained("first", epoch=2)
    find_run("first").write_history(HISTORY)
    write_trained("second", cell="gru", layers=2)


def test_the_table(invoke: Invoke) -> None:
    """A row for each has size, minutes and both losses; below it stands what each writes."""
    words = ["--prompt", "a b", "--length", 12, "--seed", 7, "--temp", 0.5]
    result = invoke("compare", "first", "second", *words)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.split("\n")
    assert lines[0].split() == [
        *("run", "network", "parameters", "minutes", "epoch", "stream", "crops"),
    ]
    texts = []
    for name, line in zip(("first", "second"), lines[1:3], strict=True):
        model = load_model(find_run(name).choose_checkpoint())
        stream, crops = (f"{model.score(HELD_BACK, length):.4f}" for length in (None, 256))
        assert line.split()[-2:] == [stream, crops]
        assert line.startswith(f"{name:<6}  {model.checkpoint.network.describe():<9}")
        texts.append("a b" + model.generate("a b", 12, 0.5, seed=7))
    assert [line.split()[-4] for line in lines[1:3]] == ["2.0", "?"]
    assert lines[1].split()[-3] == "2"
    first, second = ("\n".join(f"    {line}" for line in text.split("\n")) for text in texts)
    assert "\n".join(lines[3:]).rstrip("\n") == f"\nfirst\n{first}\n\nsecond\n{second}".rstrip("\n")


def test_as_json(invoke: Invoke) -> None:
    """An object for each has the same with all digits, and the losses of its epochs."""
    rows = read_rows(invoke("compare", "first", "second", "--json", "--length", 5, "--limit", 30))
    model = load_model(find_run("first").choose_checkpoint())
    assert rows[0] == {
        "run": "first",
        "checkpoint": "checkpoints/first/epoch-0002.weights.h5",
        "epoch": 2,
        "corpus": "test",
        "vocabulary": "character",
        "cell": "lstm",
        "network": "lstm 7",
        "parameters": model.checkpoint.network.parameters,
        "minutes": 2.0,
        "stream": model.score(HELD_BACK[:30]),
        "crops": model.score(HELD_BACK[:30], 256),
        "prompt": "",
        "text": model.generate("", 5, 0.8, seed=1),
        "losses": [2.0, 1.5],
    }
    assert (rows[1]["run"], rows[1]["minutes"], rows[1]["losses"]) == ("second", None, [])


def test_the_curves_are_overlaid(invoke: Invoke) -> None:
    """--plot draws the runs that have losses; of none there is a note and no picture."""
    words = ["compare", "first", "second", "--length", 0, "--limit", 20, "--plot", "a.png"]
    result = invoke(*words)
    assert result.stderr == "picture: a.png\n"
    assert len(result.stdout.splitlines()) == 3
    assert read_size(Path("a.png"))[0] > 1000
    find_run("first").history_file.unlink()
    words[-1] = "b.svg"
    assert invoke(*words).stderr == "note: none of these has losses to draw\n"
    assert not Path("b.svg").exists()


def test_runs_of_one_name(invoke: Invoke) -> None:
    """Runs of one name in two places are told apart by their files."""
    Path("elsewhere").mkdir()
    find_run("second").folder.rename("elsewhere/first")
    result = invoke("compare", "first", "elsewhere/first", "--length", 0)
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == [
        "checkpoints/first/epoch-0002.weights.h5",
        "elsewhere/first/epoch-0001.weights.h5",
    ]


def test_what_can_not_be_measured(invoke: Invoke) -> None:
    """A network whose text is gone has its row without losses, and a note says why."""
    write_epoch("mailed", 1)
    result = invoke("compare", "first", "mailed", "--length", 0)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[2].split()[-2:] == ["?", "?"]
    assert "note: these learnt from different texts" in result.stderr
    assert "note: mailed is not measured: nothing beside it says what it " in result.stderr


def test_what_is_rejected(fails: Fails) -> None:
    """One run alone, a stranger's name, and a picture that can't be, in a line each."""
    assert "name another one too" in fails(2, "compare", "first")
    assert "name another one too" in fails(2, "compare", "first", "checkpoints/first")
    assert "no run 'nobody' in checkpoints" in fails(1, "compare", "first", "nobody")
    words = ["compare", "first", "second"]
    assert "--plot must end in .png or .svg" in fails(2, *words, "--plot", "a")
    line = fails(1, "compare", "first", "second", "--prompt", "水")
    assert "not in this network's vocabulary: '水'" in line

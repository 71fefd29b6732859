"""`charrnn train --cell all`, and `--dry-run`."""

import json
import re
from pathlib import Path

import pytest

from charrnn.cli.columns import format_size
from charrnn.cli.display import TrainingDisplay
from charrnn.config.fields import CELLS
from charrnn.config.language import NetworkConfig
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from charrnn.training.budget import Cost
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import find_run, read_rows
from tests.support.train_command import SMALL, find_suggestion, interrupt_at

OPTIONS = [*SMALL, "--cell", "all"]


def list_tree() -> dict[str, bytes]:
    """Every file below the working folder, with its content."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_a_network_of_each_cell(
    invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are trained one after the other, resumed if need be, and never twice.

    The last line is the command that compares them.
    """
    words = ["train", novel, *OPTIONS, "--epochs", 2, "--run", "mine", "--json"]
    with monkeypatch.context() as patch:
        on_step = TrainingDisplay.on_step
        interrupt_at(patch, epoch=2, step=2)
        with_ctrl_c = TrainingDisplay.on_step

        def only_of_the_lstm(self: TrainingDisplay, step: int, loss: float) -> None:
            (with_ctrl_c if self._run == "mine-lstm" else on_step)(self, step, loss)

        patch.setattr(TrainingDisplay, "on_step", only_of_the_lstm)
        result = invoke(*words)
    assert result.exit_code == 130
    assert [row["run"] for row in map(json.loads, result.stdout.splitlines())] == [
        *("mine-rnn", "mine-rnn", "mine-lstm"),
    ]
    assert "charrnn train --resume mine-lstm" in result.stderr
    assert result.stderr.endswith("For this one and the rest: give the command again\n")
    assert not find_run("mine-gru").folder.exists()
    result = invoke(*words)
    assert "mine-rnn: already finished, and left as it is\n" in result.stderr
    assert re.search(r"resuming after step \d+ of \d+ of epoch \d of 2\n", result.stderr)
    assert [row["run"] for row in read_rows(result)] == ["mine-lstm", "mine-gru", "mine-gru"]
    names = [f"mine-{cell}" for cell in CELLS]
    assert find_suggestion(result.stderr, "compare") == ["compare", *names]
    compared = read_rows(invoke("compare", *names, "--json", "--length", 3))
    assert [row["cell"] for row in compared] == [*CELLS]
    before = list_tree()
    assert "mine-gru: already finished, and left as it is\n" in invoke(*words).stderr
    assert list_tree() == before


def test_what_all_cells_can_not_be(fails: Fails, novel: Path) -> None:
    """A resume and another network to begin with have one cell."""
    assert "--cell" in fails(2, "train", "--resume", "mine", "--cell", "all")
    assert "--cell" in fails(2, "train", novel, "--from", "mine", "--cell", "all")


# What a run would take


@pytest.fixture
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first steps take four seconds, an epoch half a minute."""
    monkeypatch.setattr("charrnn.training.budget.measure_cost", lambda *_: Cost(4.0, 30.0))


@pytest.mark.usefixtures("_measured")
def test_a_dry_run(invoke: Invoke, novel: Path) -> None:
    """stdout has layers, steps, time and room; stderr says what would be trained."""
    words = ["--epochs", 8, "--keep", "best", "--patience", 2, "--validation", 0.1]
    before = list_tree()
    result = invoke("train", novel, *SMALL, *words, "--dry-run")
    assert result.exit_code == 0, result.output
    assert list_tree() == before
    layers, about = result.stdout.split("\n\n")
    size = len(set(novel.read_text(encoding="utf-8")))
    network = NetworkConfig(size, "rnn", 4, 6)
    rows = [line.split() for line in layers.splitlines()]
    assert rows[1] == ["embedding", "10", "×", "4", str(4 * size)]
    assert rows[2] == ["rnn", "10", "×", "6", str((4 + 6 + 1) * 6)]
    assert rows[-1] == ["novel-rnn", str(network.parameters)]
    steps, time, disk = about.splitlines()
    assert steps == "steps  8 epochs of 13 steps of 4 × 10 characters, 104 in all"
    assert time == (
        "time   about 4 min: 4.0 s to start, then 30 s an epoch, or less: it ends after 2 epochs "
        "without a better one"
    )
    assert disk.startswith("disk   about ")
    assert ": 2 checkpoints of " in disk
    assert result.stderr.startswith(f"novel-rnn: rnn 6, {network.parameters} parameters; 600 ")


@pytest.mark.usefixtures("_measured")
def test_a_dry_run_of_each_cell_as_json(invoke: Invoke, novel: Path) -> None:
    """With --cell all and --json a network is a line; nothing is written."""
    before = list_tree()
    rows = read_rows(invoke("train", novel, *OPTIONS, "--run", "mine", "--dry-run", "--json"))
    assert list_tree() == before
    assert [row["run"] for row in rows] == ["mine-rnn", "mine-lstm", "mine-gru"]
    for row in rows:
        assert sum(layer["parameters"] for layer in row["layers"]) == row["parameters"]
        assert (row["seconds"], row["seconds_to_start"], row["seconds_per_epoch"]) == (34, 4, 30)
        assert row["bytes"] == row["checkpoints"] * row["checkpoint_bytes"] + row["resume_bytes"]
        assert (row["epochs"], row["checkpoints"]) == (1, 1)


@pytest.mark.usefixtures("_measured")
def test_a_dry_run_of_each_cell(invoke: Invoke, novel: Path, finished_run: Run) -> None:
    """The names are those that the runs would get; the last line has time and disk in all.

    A network that is finished is not counted.
    """
    finished_run.folder.rename(finished_run.folder.with_name("novel-rnn"))
    result = invoke("train", novel, *SMALL, "--units", 7, "--dry-run", "--json")
    assert read_rows(result)[0]["run"] == "novel-rnn-2"
    rows = read_rows(invoke("train", novel, *OPTIONS, "--dry-run", "--json"))
    assert [row["run"] for row in rows] == ["novel-lstm", "novel-gru"]
    result = invoke("train", novel, *OPTIONS, "--dry-run")
    assert "novel-rnn: already finished, and left as it is\n" in result.stderr
    size = format_size(sum(row["bytes"] for row in rows))
    assert result.stdout.endswith(f"\n\nin all  about 68 s, about {size}\n")
    result = invoke("train", novel, *OPTIONS, "--run", "mine", "--dry-run")
    for cell in CELLS:
        assert f"mine-{cell}: {cell} 6" in result.stderr


@pytest.mark.slow
def test_a_dry_run_measures(invoke: Invoke, novel: Path) -> None:
    """The time is that of the network's own first steps; they leave nothing behind."""
    before = list_tree()
    (row,) = read_rows(invoke("train", novel, *SMALL, "--dry-run", "--json"))
    assert list_tree() == before
    assert 0 < row["seconds_per_epoch"] < row["seconds"]


@pytest.mark.usefixtures("_measured")
def test_a_dry_run_keeps_no_download(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that is not there yet is read, and gone afterwards."""
    places: list[Path] = []

    def fetch(remote: object, folder: Path, *_: object) -> Path:
        places.append(folder)
        path = folder / "shakespeare.txt"
        path.write_text("to be or not to be\n" * 200, encoding="utf-8")
        assert remote
        return path

    monkeypatch.setattr("charrnn.data.corpus.fetch", fetch)
    result = invoke("train", *SMALL, "--dry-run")
    assert result.exit_code == 0, result.output
    (place,) = places
    assert place != Path("data")
    assert not place.exists()
    assert not [*Path().iterdir()]


def test_a_dry_run_keeps_no_prepared_text(
    invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large text is encoded, mapped, and gone afterwards."""
    monkeypatch.setattr("charrnn.planning.prepare.LARGE", 100)
    result = invoke("train", novel, *SMALL, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "encoding a large text once, into " in result.stderr
    assert [path.name for path in Path().iterdir()] == [novel.name]


def test_what_a_dry_run_rejects(fails: Fails, invoke: Invoke, novel: Path) -> None:
    """It is for a new run; what a run would reject it rejects too."""
    assert "leave out --resume" in fails(2, "train", "--resume", "mine", "--dry-run")
    assert "--units" in fails(2, "train", novel, "--dry-run", "--units", 0)
    Run(Path("checkpoints/taken"), LANGUAGE).folder.mkdir(parents=True)
    Path("checkpoints/taken/epoch-0001.weights.h5").touch()
    assert "run 'taken' exists" in fails(1, "train", novel, *SMALL, "--dry-run", "--run", "taken")
    assert invoke("train", "--help").exit_code == 0

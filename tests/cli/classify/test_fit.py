"""`charrnn classify imdb` and `train`: layers shown, one preset trained, or all of them."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charrnn.cli.classify.train import imdb
from charrnn.config.presets import REVIEW_PRESETS, ReviewPreset
from charrnn.config.reviews import ClassifierConfig
from charrnn.planning.reviews import ReviewPlan
from charrnn.runs.checkpoint import read_classifier
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.outcome import read_outcome
from charrnn.runs.run import Run
from tests.support.commands import Invoke
from tests.support.reviews import QUICK, RUNS, Finished, interrupt_at, write_npz
from tests.support.slow import slow_except


@pytest.mark.slow
def test_dry_run_of_every_preset() -> None:
    """--dry-run lists each network's layers, outputs and parameters, without TensorFlow."""
    code = (
        "import sys\nfrom charrnn.cli.program import program\n"
        "try:\n    program(['classify', 'imdb', '--model', 'all', '--dry-run', *sys.argv[1:]])\n"
        "finally:\n    assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    tables = result.stdout.rstrip("\n").split("\n\n")
    assert len(tables) == len(REVIEW_PRESETS)
    for table, (preset, row) in zip(tables, REVIEW_PRESETS.items(), strict=True):
        lines = table.splitlines()
        assert lines[0].split() == ["layer", "output", "parameters"]
        assert len({len(line) for line in lines}) == 1
        total = f"{ClassifierConfig(**row.network).parameters:,}"
        assert lines[-1].split() == [preset, total]
        counts = [int(line.split()[-1].replace(",", "")) for line in lines[1:-1]]
        assert sum(counts) == ClassifierConfig(**row.network).parameters
    assert "200 × 32" in tables[list(REVIEW_PRESETS).index("lstm-32")]
    assert "length × 64" in tables[list(REVIEW_PRESETS).index("average-64-subword")]
    assert not Path("checkpoints").exists()


def test_dry_run_as_json(invoke: Invoke) -> None:
    """With --json a network is a line; other options change it as they would change a run."""
    result = invoke(
        "classify", "imdb", "--dry-run", "--json", "--units", "8", "--mask", "--max-length", 0
    )
    (line,) = result.stdout.splitlines()
    assert json.loads(line) == {
        "preset": "lstm-32",
        "parameters": 320_000 + 4 * 8 * (32 + 8 + 1) + 9,
        "layers": [
            {"layer": "embedding", "output": [None, 32], "parameters": 320_000},
            {"layer": "lstm", "output": [8], "parameters": 1312},
            {"layer": "dense, sigmoid", "output": [1], "parameters": 9},
        ],
    }


def test_output_and_files(finished: Finished) -> None:
    """stdout has the epochs and a row of the table; stderr says what was trained and how to ask."""
    run = finished.run
    outcome = read_outcome(run)
    assert outcome is not None
    assert (outcome.epochs, outcome.parameters, outcome.reviews) == (3, 11 * 2 + 3, "reviews")
    assert (run.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert run.list_epochs() == [1, 2, 3]
    lines = finished.result.stdout.splitlines()
    epochs, head, row = lines[:3], lines[3], " ".join(lines[4:])
    assert [line.split()[:2] for line in epochs] == [["epoch", f"{n}/3"] for n in (1, 2, 3)]
    assert head.split()[:4] == ["run", "network", "parameters", "epochs"]
    assert row.startswith("reviews-lstm-32  lstm-32 --cell average")
    assert f"{100 * outcome.test_accuracy:.2f}%" in row
    assert REVIEW_PRESETS["lstm-32"].reported not in row  # that figure is for other reviews
    stderr = finished.result.stderr
    assert (
        "25 parameters; 19 reviews, 6 tokens each, to train on, 5 to validate, 11 to test" in stderr
    )
    assert "charrnn classify predict --run reviews-lstm-32 --checkpoints" in stderr
    assert "Traceback" not in stderr


def test_outcome_of_best_and_last_epoch(finished: Finished) -> None:
    """Validation figures are the history's; test figures follow from the network's formula."""
    from charrnn.data.reviews import read_npz
    from charrnn.data.words import convert_ranks

    run = finished.run
    outcome = read_outcome(run)
    assert outcome is not None
    with (run.folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    best = min(rows, key=lambda row: float(row["validation_loss"]))
    assert outcome.best_epoch == int(best["epoch"])
    assert outcome.validation_loss == float(best["validation_loss"])
    assert outcome.validation_accuracy == float(best["validation_accuracy"])
    test = read_npz(finished.folder / "reviews.npz").test
    for epoch, loss, accuracy in (
        (outcome.best_epoch, outcome.test_loss, outcome.test_accuracy),
        (3, outcome.last_test_loss, outcome.last_test_accuracy),
    ):
        embedding, kernel, bias = read_classifier(run.epoch_file(epoch)).weights.values()
        reviews = [convert_ranks(ranks, 11)[-6:] for ranks in test.reviews]
        means = np.array([embedding[ids].mean(axis=0) for ids in reviews])
        logits = (means @ kernel + bias)[:, 0]
        signed = np.where(test.labels == 1, logits, -logits)
        assert loss == pytest.approx(np.log1p(np.exp(-signed)).mean(), abs=1e-5)
        assert accuracy == pytest.approx((signed > 0).mean())


@pytest.mark.slow
def test_the_only_network_that_is_kept_is_measured(invoke: Invoke) -> None:
    """With --keep last the table is about the last epoch, though an earlier one was better.

    The labels of the last reviews, which are held back, are all wrong.
    """
    labels = np.arange(24) % 2 == (np.arange(24) > 18)
    npz = write_npz(Path("wrong/reviews.npz"), y_train=labels.astype(int))
    words = ["--data", npz, *QUICK, "--epochs", 2, "--learning-rate", 0.1, "--keep", "last"]
    assert invoke("classify", "imdb", *words, "--run", "mine").exit_code == 0
    run = Run(RUNS / "mine", CLASSIFIER)
    history, outcome = run.read_history(), read_outcome(run)
    assert outcome is not None
    assert history[0].loss < history[1].loss
    assert run.list_epochs() == [2]
    assert (outcome.best_epoch, outcome.validation_loss) == (2, history[1].loss)
    assert outcome.test_loss == outcome.last_test_loss


@pytest.fixture
def tiny_presets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of two presets of tiny networks, the only ones that there are."""
    sizes = {"cell": "average", "units": (), "max_length": 6}
    training = {"epochs": 1, "batch_size": 8}
    presets = {
        name: ReviewPreset({**sizes, "embedding": width}, training, name)
        for width, name in enumerate(("one", "two"), 2)
    }
    option = next(parameter for parameter in imdb.params if parameter.name == "model")
    monkeypatch.setattr(option.type, "choices", [*presets, "all"])
    for module in ("charrnn.cli.classify.fit", "charrnn.cli.classify.table"):
        monkeypatch.setattr(f"{module}.REVIEW_PRESETS", presets)
    monkeypatch.setattr("charrnn.planning.reviews.REVIEW_PRESETS", presets)
    return [*presets]


@pytest.mark.slow
@pytest.mark.parametrize("command", slow_except(["imdb", "train"], "train"))
def test_all_presets(
    invoke: Invoke,
    npz: Path,
    tiny_presets: list[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """--model all resumes what was interrupted, trains the rest, and repeats nothing."""
    words = ["classify", command, "--model", "all", "--data", npz, "--max-words", 11]
    with monkeypatch.context() as patch:
        interrupt_at(patch, "reviews-two", 2)
        result = invoke(*words)
    assert result.exit_code == 130, result.output
    assert f"charrnn classify {command} --resume reviews-two" in result.stderr
    assert (RUNS / "reviews-one/result.json").exists()
    assert not (RUNS / "reviews-two/result.json").exists()
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    assert "reviews-one: already finished" in result.stderr
    names = [f"reviews-{preset}" for preset in tiny_presets]
    assert [line.split()[0] for line in result.stdout.splitlines()[-2:]] == names
    before = {path: path.stat().st_mtime_ns for path in RUNS.rglob("*.h5")}
    result = invoke(*words)
    assert result.stderr.splitlines() == [f"{name}: already finished" for name in names]
    assert {path: path.stat().st_mtime_ns for path in RUNS.rglob("*.h5")} == before
    assert sorted(path.name for path in RUNS.iterdir()) == names


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_during_the_test(
    invoke: Invoke, npz: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """The run is trained by then; a command tests it later."""
    monkeypatch.setattr(ReviewPlan, "measure", lambda *_: signal.raise_signal(number))
    result = invoke("classify", "imdb", "--data", npz, *QUICK, "--run", "mine")
    assert result.exit_code == code
    last = result.stderr.splitlines()[-1]
    resume = "charrnn classify imdb --resume mine"
    assert last == f"stopped during the test: the run is trained. Test it with {resume}"

"""`charrnn train`: every option's effect, corpora, resuming, and what is said when it can't be."""

import dataclasses
import hashlib
import json
import re
import shlex
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from charrnn.runs import checkpoint, resume
from charrnn.runs.checkpoint import Checkpoint
from charrnn.cli.display import TrainingDisplay
from charrnn.cli.program import program
from charrnn.config.fields import CELLS
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.data import corpus
from charrnn.data.download import Remote
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.planning.scaling import preset_values
from charrnn.runs.run import Run
from charrnn.runs.recipe import Progress, LanguageRecipe
from charrnn.training.budget import Cost

Invoke = Callable[..., Result]
Fails = Callable[..., str]
Plan = Callable[..., Any]
Train = Callable[..., "Trained"]

BASE = "--cell rnn --units 6 --embedding 4 --batch-size 4 --seq-length 10 --epochs 1 --validation 0"
PLAIN = "--layers 1 --dropout 0 --weight-drop 0 --embedding-dropout 0 --patience 0"
RATE = "--learning-rate 0.01 --schedule constant"
SMALL = [*BASE.split(), *PLAIN.split(), *RATE.split()]
LENGTH = 600


@pytest.fixture(scope="session")
def text(real_text: str) -> str:
    return real_text[:LENGTH]


@pytest.fixture
def novel(text: str) -> Path:
    """A small text file in the working folder."""
    path = Path("novel.txt")
    path.write_text(text, encoding="utf-8")
    return path


@dataclass
class Trained:
    """A training that was carried out."""

    run: Run
    result: Result
    steps: Sequence[int]
    """How many steps each epoch had."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.result.stdout.splitlines()]

    def checkpoint(self, epoch: int = 1) -> Checkpoint:
        return checkpoint.read(self.run.epoch_file(epoch))

    def weights(self, epoch: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return np.concatenate([w.ravel() for w in self.checkpoint(epoch).weights.values()])


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory, text: str, invoke: Invoke) -> Train:
    """Trains a small network with --json, SMALL's options and more; once for the same options."""
    done: dict[tuple[str, ...], Trained] = {}

    def command(*words: object) -> Trained:
        key = tuple(map(str, words))
        if key not in done:
            folder = tmp_path_factory.mktemp("training")
            (folder / "novel.txt").write_text(text, encoding="utf-8")
            done[key] = _trained(invoke, folder, *SMALL, *key)
        return done[key]

    return command


def _trained(invoke: Invoke, folder: Path, *words: object) -> Trained:
    steps: list[int] = []
    with pytest.MonkeyPatch.context() as patch:

        def on_step(_: TrainingDisplay, step: int, __: float) -> None:
            steps[(step == 1 and len(steps)) or -1 :] = [step]

        patch.setattr(TrainingDisplay, "on_step", on_step)
        places = ["--checkpoints", folder, "--run", "novel", "--json"]
        result = invoke("train", folder / "novel.txt", *places, *words)
    assert result.exit_code == 0, result.output
    return Trained(Run(folder / "novel"), result, steps)


def interrupt_at(monkeypatch: pytest.MonkeyPatch, epoch: int, step: int) -> None:
    """Let the user press Ctrl-C in this epoch's step; other trainings go on as they do."""
    on_step = TrainingDisplay.on_step

    def on_step_with_ctrl_c(self: TrainingDisplay, now: int, loss: float) -> None:
        on_step(self, now, loss)
        if (self._epoch, now) == (epoch, step):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TrainingDisplay, "on_step", on_step_with_ctrl_c)


def suggested(stderr: str, command: str) -> list[str]:
    """The words of a command that a message tells the user to type."""
    (line,) = re.findall(rf"charrnn ({command} .*)", stderr)
    return shlex.split(line)


# The network


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_network_options(train: Train, cell: str) -> None:
    """--cell, --units, --layers and --embedding shape the network that is trained and saved."""
    trained = train("--cell", cell, "--units", 5, "--layers", 2, "--embedding", 3)
    made = trained.checkpoint()
    config = made.network
    assert (config.cell, config.units, config.layers, config.embedding) == (cell, 5, 2, 3)
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    biases = {"rnn": 5, "lstm": 20, "gru": 30}[cell]
    size = len(made.vocabulary)
    assert [values.size for values in made.weights.values()] == [
        size * 3,
        *(3 * gates * 5, 5 * gates * 5, biases),
        *(5 * gates * 5, 5 * gates * 5, biases),
        *(5 * size, size),
    ]


@pytest.mark.parametrize("name", ["dropout", "weight_drop", "embedding_dropout"])
def test_dropouts(train: Train, name: str) -> None:
    """Each dropout is the network's, by its flag, and 0 without."""
    flag = "--" + name.replace("_", "-")
    plain, dropped = (run.checkpoint().network for run in (train(), train(flag, 0.3)))
    assert getattr(plain, name) == 0
    assert dataclasses.asdict(dropped) == dataclasses.asdict(plain) | {name: 0.3}


def test_weight_decay(train: Train) -> None:
    """--weight-decay leaves smaller weights."""
    free, decayed = (
        sum(float(np.square(kernel).sum()) for kernel in run.checkpoint().weights.values())
        for run in (train(), train("--weight-decay", 10))
    )
    assert decayed < free


def test_checkpoint_knows_where_it_comes_from(train: Train, text: str) -> None:
    """A checkpoint carries vocabulary, corpus, hash, epoch and losses."""
    trained = train()
    made = trained.checkpoint()
    assert made.vocabulary.characters == "".join(sorted(set(text)))
    assert made.provenance == checkpoint.Provenance(
        corpus="novel",
        corpus_sha256=hashlib.sha256(text.encode()).hexdigest(),
        epoch=1,
        train_loss=trained.rows[0]["train_loss"],
        validation_loss=None,
    )


# The training


@pytest.mark.parametrize(
    ("seq_length", "batch_size"), [(10, 4), (7, 4), (10, 9)], ids=["base", "length", "batch"]
)
def test_streams(train: Train, seq_length: int, batch_size: int) -> None:
    """An epoch has as many steps as the text has whole batches of windows that overlap by one."""
    trained = train("--seq-length", seq_length, "--batch-size", batch_size)
    windows = len([s for s in range(0, LENGTH, seq_length) if s + seq_length + 1 <= LENGTH])
    assert list(trained.steps) == [windows // batch_size]
    assert f"{windows // batch_size} steps an epoch" in trained.result.stderr


def test_stride(train: Train) -> None:
    """A smaller --stride makes the windows overlap: more of them are read."""
    trained = train("--stride", 5, "--state", "reset")
    windows = len([s for s in range(0, LENGTH, 5) if s + 11 <= LENGTH])
    assert list(trained.steps) == [windows // 4]


def test_shuffled(train: Train) -> None:
    """--order shuffled cuts the windows side by side, drops the rest, and says what it does."""
    trained = train("--order", "shuffled")
    assert list(trained.steps) == [(LENGTH // 11) // 4]
    assert "note: shuffled windows" in trained.result.stderr
    assert "note:" not in train().result.stderr


def test_state(train: Train) -> None:
    """--state reset forgets between batches, which is another training than carrying it."""
    carried, reset = train(), train("--state", "reset")
    assert np.array_equal(carried.weights(), train("--state", "carry").weights())
    assert not np.array_equal(carried.weights(), reset.weights())


def test_seed(train: Train, invoke: Invoke, novel: Path) -> None:
    """The same --seed gives the same weights to the last bit, another one others; 0 is default."""
    words = ["--dropout", 0.2, "--order", "shuffled", "--epochs", 2]
    first = train(*words)
    assert invoke("train", novel, *SMALL, *words, "--seed", 0, "--run", "again").exit_code == 0
    again = Trained(Run(Path("checkpoints/again")), first.result, [])
    assert np.array_equal(first.weights(2), again.weights(2))
    assert not np.array_equal(first.weights(2), train(*words, "--seed", 1).weights(2))
    assert not np.array_equal(train().weights(), train("--seed", 1).weights())


def test_learning_rate_and_clip_norm(train: Train) -> None:
    """Both hold the weights back: with either near zero they stay where the seed put them."""
    still = train("--learning-rate", "1e-12").weights()
    free = ("--weight-decay", 0)
    clipped = train("--clip-norm", "1e-13", "--learning-rate", "0.01", *free).weights()
    moved = train("--clip-norm", 0).weights()
    np.testing.assert_allclose(clipped, still, atol=1e-5)
    assert np.abs(moved - still).max() > 0.01


def test_epochs(train: Train) -> None:
    """--epochs is the number of epochs, each with its checkpoint, its line, and its history."""
    trained = train("--epochs", 3)
    assert trained.run.epochs() == [1, 2, 3]
    assert [row["epoch"] for row in trained.rows] == [1, 2, 3]
    history = (trained.run.folder / "history.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in history] == ["epoch", "1", "2", "3"]
    losses = [row["train_loss"] for row in trained.rows]
    assert losses[2] < losses[0]


def test_validation(train: Train) -> None:
    """--validation holds back the text's end, and its loss is what an epoch is judged by."""
    without, trained = train(), train("--validation", 0.25)
    assert without.rows[0]["validation_loss"] is None
    assert "all to train" in without.result.stderr
    assert "last 25%" in trained.result.stderr
    (row,) = trained.rows
    assert row["perplexity"] == pytest.approx(np.exp(row["validation_loss"]))
    assert row["train_loss"] != row["validation_loss"]
    assert list(trained.steps) == [((LENGTH * 3 // 4 - 11) // 10 + 1) // 4]


def test_validation_does_not_disturb_the_training(train: Train, invoke: Invoke, text: str) -> None:
    """With a validation text or without it, the same text is learnt to the same weights.

    Shuffled windows carry their state over the epoch's end, where the validation text is read.
    """
    words = ["--order", "shuffled", "--epochs", 2]
    held_back = text[: LENGTH // 4]
    Path("novel.txt").write_text(text + held_back, encoding="utf-8")
    result = invoke("train", "novel.txt", *SMALL, *words, "--validation", 0.2)
    assert f"{LENGTH + len(held_back)} characters" in result.stderr
    validated = Trained(Run(Path("checkpoints/novel-rnn")), result, [])
    assert np.array_equal(validated.weights(2), train(*words).weights(2))


def test_patience(invoke: Invoke) -> None:
    """--patience N stops after N epochs without a better validation loss."""
    Path("novel.txt").write_text("ab" * 200 + "dc" * 50, encoding="utf-8")
    words = ["--validation", 0.2, "--epochs", 6, "--json", "--learning-rate", 0.05]
    rows = invoke("train", "novel.txt", *SMALL, *words, "--patience", 2).stdout.splitlines()
    losses = [json.loads(row)["validation_loss"] for row in rows]
    assert losses == sorted(losses)
    assert len(losses) == 3
    assert [json.loads(row)["best"] for row in rows] == [True, False, False]


def test_defaults(plan: Plan, real_text: str) -> None:
    """Without options: the default preset's LSTM on ordered streams, a tenth held back."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    planned = plan("long.txt")
    training = planned.training
    assert (planned.network.cell, planned.run.name) == ("lstm", "long-lstm")
    assert planned.network.units == PRESETS[DEFAULT]["lstm"]["units"]
    assert (training.order, training.state) == ("streams", "carry")
    assert training.stride == training.seq_length
    assert training.validation == 0.1


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--seq-length", "40"], {"seq_length": 40, "stride": 40}),
        (["--seq-length", "40", "--stride", "20", "--state", "reset"], {"stride": 20}),
        (["--learning-rate", "0.5"], {"learning_rate": 0.5}),
        (["--schedule", "constant"], {"schedule": "constant"}),
        (["--schedule", "cosine"], {"schedule": "cosine"}),
        (["--clip-norm", "3"], {"clip_norm": 3.0}),
        (["--patience", "4"], {"patience": 4}),
        (["--seed", "4294967295"], {"seed": 2**32 - 1}),
        (["--epochs", "7"], {"epochs": 7}),
        (["--precision", "bfloat16"], {"precision": "bfloat16"}),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_settings(plan: Plan, real_text: str, words: list[str], values: dict[str, float]) -> None:
    """An option changes its setting and no other."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    changed = dataclasses.asdict(plan("long.txt", *words).training)
    default = dataclasses.asdict(plan("long.txt").training)
    allowed = {word[2:].replace("-", "_") for word in words if word.startswith("--")} | {*values}
    assert {name for name in default if changed[name] != default[name]} <= allowed
    assert changed == changed | values


@pytest.mark.parametrize(
    ("cell", "parameters"), [("rnn", "1,395,009"), ("lstm", "5,330,241"), ("gru", "4,021,569")]
)
def test_tutorial(plan: Plan, cell: str, parameters: str) -> None:
    """--preset tutorial is the articles' network and training, on a text like theirs."""
    characters = "".join(map(chr, range(33, 33 + 65)))
    text = (characters * (1_115_394 // 65 + 1))[:1_115_394]
    Path("shakespeare-like.txt").write_text(text, encoding="utf-8")
    planned = plan("shakespeare-like.txt", "--preset", "tutorial", "--cell", cell)
    assert planned.network == NetworkConfig(
        vocabulary_size=65, cell=cell, embedding=256, units=1024, layers=1, dropout=0.0
    )
    training = planned.training
    assert (training.order, training.state) == ("shuffled", "carry")
    assert (training.seq_length, training.batch_size, training.epochs) == (100, 64, 100)
    assert (training.learning_rate, training.clip_norm) == (0.001, 0)
    assert (training.validation, training.patience) == (0, 0)
    assert f"{parameters} parameters" in planned.result.stderr
    assert "172 steps an epoch" in planned.result.stderr


def test_preset_is_overridden_by_options(plan: Plan, real_text: str) -> None:
    """A preset only sets defaults: what is typed wins, wherever it stands."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    words = ["--units", 7, "--seq-length", 20, "--preset", "tutorial", "--order", "streams"]
    planned = plan("long.txt", *words, "--epochs", 2)
    assert (planned.network.units, planned.network.embedding) == (7, 256)
    training = planned.training
    assert (training.seq_length, training.stride, training.epochs) == (20, 20, 2)
    assert (training.order, training.learning_rate) == ("streams", 0.001)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", [*PRESETS, None])
def test_presets(plan: Plan, real_text: str, preset: str | None, cell: str) -> None:
    """A preset is its row for the cell; without one it is the default one."""
    Path("long.txt").write_text(real_text * 2, encoding="utf-8")
    words = ["--preset", preset] if preset else []
    planned = plan("long.txt", "--cell", cell, *words)
    values = dataclasses.asdict(planned.network) | dataclasses.asdict(planned.training)
    name = preset or DEFAULT
    told = preset_values(name, {"cell": cell}, 2 * len(real_text))
    assert values == values | told
    rest = dataclasses.asdict(NetworkConfig(1)) | dataclasses.asdict(TrainingConfig())
    varied = {"vocabulary_size", "cell", "precision", "stride", *told}
    assert {name: values[name] for name in values if name not in varied} == {
        name: rest[name] for name in values if name not in varied
    }


def test_a_training_that_diverges(invoke: Invoke, novel: Path) -> None:
    """It ends in a line with a command that can be typed, and that goes on with that run."""
    kept = ["--checkpoints", "kept"]
    words = [*SMALL, *kept, "--run", "wild", "--epochs", 5]
    result = invoke("train", novel, *words, "--learning-rate", 1e38, "--clip-norm", 0)
    assert result.exit_code == 1
    complaint = result.stderr.splitlines()[-1]
    command = complaint.split(" Go on from there with charrnn ")[1]
    flags = ["--learning-rate", "0.01", "--clip-norm", "1"]
    assert shlex.split(command) == ["train", "--resume", "wild", *kept, *flags]
    again = invoke(*shlex.split(command))
    assert again.exit_code == 0, again.output
    assert len(Run(Path("kept/wild")).history()) == 5


# A time instead of epochs


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float], None]:
    """Sets what measuring the first steps finds, instead of measuring."""

    def set_cost(start: float, epoch: float) -> None:
        found = Cost(start, epoch)
        monkeypatch.setattr("charrnn.training.budget.measure", lambda *_: found)

    return set_cost


def test_a_budget_decides_the_epochs(
    plan: Plan, cost: Callable[[float, float], None], real_text: str
) -> None:
    """As many epochs as fit, and the rate falls over these."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    cost(100, 90)
    planned = plan("long.txt", "--budget", 10, "--preset", "quick")
    assert planned.training.epochs == 5  # (600 - 100) / 90, and some seconds are gone already
    assert planned.training.schedule == "cosine"
    assert planned.network.units == PRESETS["quick"]["lstm"]["units"]


@pytest.mark.parametrize(
    ("words", "preset"),
    [
        (["--budget", 5], "quick"),
        (["--budget", 45], DEFAULT),
        (["--budget", 5, "--preset", DEFAULT], DEFAULT),
        (["--budget", 45, "--preset", "minute"], "minute"),
    ],
)
def test_a_budget_chooses_a_preset_where_none_is_named(
    plan: Plan,
    cost: Callable[[float, float], None],
    real_text: str,
    words: list[str | float],
    preset: str,
) -> None:
    """More minutes, a larger network; a preset that is named stays."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    cost(1, 10)
    planned = plan("long.txt", *words)
    told = PRESETS[preset]["lstm"]
    sizes = dataclasses.asdict(planned.network)
    assert sizes == sizes | {name: told[name] for name in told if name in sizes}
    assert planned.training.learning_rate == told["learning_rate"]


def test_a_budget_that_no_epoch_fits_into(
    fails: Fails, cost: Callable[[float, float], None], real_text: str
) -> None:
    """It is refused with what an epoch takes, and leaves no run behind."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    cost(5, 600)
    complaint = fails(2, "train", "long.txt", "--budget", 5, "-q")
    assert "it takes about 10 min, after 5 s to start" in complaint
    assert "give --budget 11 --preset minute, or a shorter text" in complaint
    assert not list(Path().glob("checkpoints/*"))


def test_the_budget_that_is_advised_is_enough(
    plan: Plan, fails: Fails, monkeypatch: pytest.MonkeyPatch, real_text: str
) -> None:
    """It counts the time that measuring takes, which is spent again."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    clock = [0.0]

    def measure(*_: object) -> Cost:
        clock[0] += 50
        return Cost(start=5, epoch=110)

    monkeypatch.setattr("charrnn.training.budget.measure", measure)
    monkeypatch.setattr("charrnn.cli.plan.time.monotonic", lambda: clock[0])
    words = ["long.txt", "--preset", "minute", "--budget"]
    (advised,) = re.findall(r"give --budget (\d+) ", fails(2, "train", *words, 1, "-q"))
    assert plan(*words, int(advised)).training.epochs == 1


@pytest.mark.parametrize("epoch", [1000, 100])
def test_a_budget_falls_back_to_a_smaller_preset(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, real_text: str, epoch: float
) -> None:
    """Where hardly an epoch of the budget's preset fits, the next smaller one is measured."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    measured: list[float] = []

    def measure(progress: Progress[LanguageRecipe], *_: object) -> Cost:
        measured.append(progress.recipe.network.dropout)
        return Cost(0, epoch if len(measured) == 1 else 25)

    monkeypatch.setattr("charrnn.training.budget.measure", measure)
    planned = plan("long.txt", "--budget", 15)
    assert measured == [PRESETS[preset]["lstm"]["dropout"] for preset in (DEFAULT, "quick")]
    assert planned.network.dropout == measured[1]
    assert planned.training.epochs == 35


def test_a_budget_for_a_short_text_is_not_used_up(
    plan: Plan, cost: Callable[[float, float], None], real_text: str
) -> None:
    """It is read a hundred times and no more."""
    Path("long.txt").write_text(real_text, encoding="utf-8")
    cost(0, 0.01)
    planned = plan("long.txt", "--budget", 10)
    assert planned.training.epochs == 100
    assert "100 for the budget, the most there are\n" in planned.result.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--budget", 5, "--epochs", 3], "leave out --epochs"),
        (["--budget", 5, "--resume"], "leave out --run, --preset, --budget and --from"),
        (["--budget", 0], "--budget"),
        (["--budget", "nan"], "--budget"),
        (["--budget", "inf"], "--budget"),
    ],
)
def test_budgets_that_are_refused(
    fails: Fails, novel: Path, words: list[object], complaint: str
) -> None:
    """What would leave no time, or decide the epochs twice."""
    assert complaint in fails(2, "train", novel, *words)


# What is shown


def test_lines(invoke: Invoke, novel: Path) -> None:
    """stdout has a line for each epoch; stderr says what is trained, and how to read it."""
    words = ["--epochs", 2, "--validation", 0.2, "--run", "mine"]
    result = invoke("train", novel, *SMALL, *words)
    for epoch, line in enumerate(result.stdout.splitlines(), 1):
        numbers = r"train \d\.\d{4}  validation \d\.\d{4}  perplexity \d+\.\d\d  \d+\.\d s"
        assert re.fullmatch(rf"epoch {epoch}/2  {numbers}(  best)?", line)
    assert len(result.stdout.splitlines()) == 2
    size = len(set(novel.read_text(encoding="utf-8")))
    parameters = size * 4 + (4 + 6 + 1) * 6 + (6 + 1) * size
    first = result.stderr.splitlines()[0]
    assert first.startswith(f"mine: rnn 6, {parameters:,} parameters; 600 characters, ")
    assert f"{size} distinct" in first
    assert invoke(*suggested(result.stderr, "sample"), "--length", 3).exit_code == 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_precision(train: Train, precision: str) -> None:
    """The first line says how products are computed, and what they do to the weights shows it."""
    exact, other = train("--precision", "float32"), train("--precision", precision)
    first = other.result.stderr.splitlines()[0]
    assert first.endswith(f"{precision} products (as asked)")
    same = np.array_equal(exact.weights(), other.weights())
    assert same == (precision == "float32")


def test_loudness(invoke: Invoke, novel: Path) -> None:
    """-q says nothing on stderr and leaves stdout as it is; -v adds every setting."""
    quiet, usual, verbose = (
        invoke("train", novel, *SMALL, *flags) for flags in (["-q"], [], ["-v"])
    )
    assert quiet.stderr == ""
    assert len(quiet.stdout.splitlines()) == len(usual.stdout.splitlines()) == 1
    added = "\n".join(set(verbose.stderr.splitlines()) - set(usual.stderr.splitlines()))
    for config in (NetworkConfig, TrainingConfig):
        assert all(f"{field.name}=" in added for field in dataclasses.fields(config))


def test_json(train: Train) -> None:
    """--json prints an object for each epoch, and the best is the one of the lowest loss."""
    trained = train("--epochs", 3)
    for row in trained.rows:
        assert set(row) == {
            *("epoch", "train_loss", "validation_loss", "seconds", "perplexity", "best"),
        }
    losses = [row["train_loss"] for row in trained.rows]
    assert [row["best"] for row in trained.rows] == [
        loss < min(losses[:place], default=np.inf) for place, loss in enumerate(losses)
    ]
    assert f"epoch {1 + losses.index(min(losses))} is the best" in trained.result.stderr


PNG = b"\x89PNG\r\n\x1a\n"


def test_learning_curves(train: Train) -> None:
    """A training leaves a picture of its epochs beside them, and says nothing of it."""
    trained = train("--epochs", 3)
    assert (trained.run.folder / "curves.png").read_bytes().startswith(PNG)
    assert "curves" not in trained.result.output


def test_learning_curves_of_a_resumed_run(invoke: Invoke, finished: Run) -> None:
    """After a resume all epochs are in the picture; one that can't be written is only noted."""
    picture = finished.folder / "curves.png"
    before = picture.read_bytes()
    words = ["train", "--resume", finished.name, "--epochs"]
    assert invoke(*words, 2).exit_code == 0
    after = picture.read_bytes()
    assert after.startswith(PNG)
    assert after != before
    picture.unlink()
    picture.mkdir()
    result = invoke(*words, 3)
    assert result.exit_code == 0
    assert f"can't write {picture}: Is a directory" in result.stderr
    assert "done: epoch" in result.stderr
    assert finished.epochs() == [1, 2, 3]


@pytest.mark.parametrize(("epoch", "drawn"), [(1, False), (2, True)])
def test_learning_curves_after_ctrl_c(
    invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch, epoch: int, *, drawn: bool
) -> None:
    """A training that is stopped has drawn the epochs that it finished, if there are any."""
    interrupt_at(monkeypatch, epoch=epoch, step=2)
    assert invoke("train", novel, *SMALL, "--epochs", 3, "--run", "mine").exit_code == 130
    picture = Path("checkpoints/mine/curves.png")
    assert picture.exists() == drawn
    assert not drawn or picture.read_bytes().startswith(PNG)


def test_live_samples(train: Train, text: str) -> None:
    """--sample-every N shows what the network writes after each Nth epoch, from --prompt on."""
    trained = train("--epochs", 4, "--sample-every", 2, "--prompt", "The ")
    samples = [row.get("sample") for row in trained.rows]
    assert [sample is not None for sample in samples] == [False, True, False, True]
    assert samples[1] != samples[3]
    for sample in filter(None, samples):
        assert sample.startswith("The ")
        assert len(sample) > len("The ") + 100
        assert set(sample) <= set(text)
    assert np.array_equal(trained.weights(4), train("--epochs", 4).weights(4))


def test_live_samples_as_text(invoke: Invoke, novel: Path) -> None:
    """As text a sample stands indented below its epoch."""
    result = invoke("train", novel, *SMALL, "--sample-every", 1, "--prompt", "The ")
    head, *rest = result.stdout.splitlines()
    assert head.startswith("epoch 1/1 ")
    assert next(line for line in rest if line).startswith("    The ")


def test_live_sample_on_a_terminal_without_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that stdout's encoding can't show does not end the training."""
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "runs")
    text = "天地玄黄宇宙洪荒日月盈昃辰宿列张" * 20
    Path("chinese.txt").write_text(text, encoding="utf-8")
    words = ["train", "chinese.txt", *SMALL, "--layers", "2", "--sample-every", "1"]
    result = CliRunner(charset="ascii").invoke(program, words, prog_name="charrnn")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) > 1


def test_prompt_is_checked_before_training(fails: Fails, novel: Path) -> None:
    """A --prompt that the corpus has no characters for is refused at once, not after an epoch."""
    words = [*SMALL, "--sample-every", "1", "--prompt", "水"]
    assert "'水'" in fails(1, "train", novel, *words)
    assert not list(Path().glob("checkpoints/*"))


def test_prompt_without_samples(fails: Fails, novel: Path) -> None:
    """--prompt does nothing without --sample-every, and says so."""
    assert "--sample-every" in fails(2, "train", novel, *SMALL, "--prompt", "The ")


# Corpora


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
    plan: Plan, shakespeare: bytes, monkeypatch: pytest.MonkeyPatch, words: list[str], way: str
) -> None:
    """Shakespeare is the default, and a file in the data folder needs no network."""
    folder = Path("data" if way == "usual" else "my/texts")
    folder.mkdir(parents=True)
    (folder / "shakespeare.txt").write_bytes(shakespeare)
    if way == "environment":
        monkeypatch.setenv("CHARRNN_DATA_DIR", str(folder))
    planned = plan(*words, *(["--data-dir", folder] if way == "option" else []))
    assert planned.text.encode() == shakespeare
    assert planned.settings.corpus_sha256 == hashlib.sha256(shakespeare).hexdigest()
    assert planned.run.folder == Path("checkpoints/shakespeare-lstm")


def test_ctrl_c_and_resume_of_a_download(
    invoke: Invoke, shakespeare: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that goes on finds a download where this one did."""
    Path("my texts").mkdir()
    Path("my texts/shakespeare.txt").write_bytes(shakespeare)
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=2, step=2)
        result = invoke("train", *SMALL, "--epochs", 2, "--data-dir", "my texts")
    resumed = invoke(*suggested(result.stderr, "train"))
    assert resumed.exit_code == 0, resumed.output


@pytest.mark.usefixtures("shakespeare")
def test_pydoc_where_shakespeare_cannot_be_had(plan: Plan) -> None:
    """Without a network and without a wish, training goes on with pydoc, and that is said."""
    planned = plan()
    assert planned.settings.source == "pydoc"
    assert planned.run.name == "pydoc-lstm"
    assert "pydoc instead" in planned.result.stderr
    assert "can't reach 127.0.0.1" in planned.result.stderr


@pytest.mark.usefixtures("shakespeare")
def test_no_other_text_where_shakespeare_was_asked_for(fails: Fails) -> None:
    """Who names shakespeare gets it or a line that says where to put the file."""
    line = fails(1, "train", "shakespeare", "--data-dir", "texts")
    assert str(Path("texts/shakespeare.txt")) in line
    assert not Path("checkpoints").exists()


def test_wrong_shakespeare_is_not_replaced_by_pydoc(fails: Fails, shakespeare: bytes) -> None:
    """A file of that name with another content is an error, also where nothing was named."""
    Path("data").mkdir()
    Path("data/shakespeare.txt").write_bytes(shakespeare + b"!")
    assert str(Path("data/shakespeare.txt")) in fails(1, "train")


def test_pydoc(plan: Plan) -> None:
    """pydoc is Python's own help, always at hand."""
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
def test_text_is_kept_as_it_is(plan: Plan, content: bytes, expected: str, way: str) -> None:
    """A file, or standard input, is read as UTF-8 with every character kept but a leading BOM."""
    Path("my novel.txt").write_bytes(content)
    planned = plan("my novel.txt") if way == "file" else plan("-", stdin=content)
    assert planned.text == expected
    assert planned.settings.corpus_sha256 == hashlib.sha256(content).hexdigest()
    assert planned.run.name == {"file": "my-novel-lstm", "stdin": "stdin-lstm"}[way]


def test_thousands_of_characters(plan: Plan) -> None:
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
        ("text".encode("utf-16"), "not UTF-8"),
        (b"short", "too few"),
    ],
    ids=["empty", "BOM alone", "latin-1", "utf-16", "short"],
)
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_useless_text(fails: Fails, content: bytes, said: str, way: str) -> None:
    """A text that can't be used gets one line, and leaves no run behind."""
    Path("bad.txt").write_bytes(content)
    words = ["bad.txt"] if way == "file" else ["-"]
    line = fails(1, "train", *words, *SMALL, stdin=content)
    assert said in line
    assert not list(Path().glob("checkpoints/*/*.h5"))


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
    """An unknown corpus is answered with what there is; a folder with what to do."""
    line = fails(1, "train", "hamlet")
    assert all(name in line for name in ("hamlet", "shakespeare", "pydoc"))
    Path("texts").mkdir()
    assert "texts is a folder" in fails(1, "train", "texts")


def test_folder_that_cannot_be_made(fails: Fails, novel: Path) -> None:
    """Where a file is in the place of a folder, the line names it."""
    Path("file").write_text("in the way", encoding="utf-8")
    assert "file" in fails(2, "train", novel, *SMALL, "--checkpoints", "file")
    assert "file" in fails(1, "train", novel, *SMALL, "--checkpoints", "file/runs", "-q")
    Path("checkpoints").mkdir()
    Path("checkpoints/mine").write_text("in the way", encoding="utf-8")
    assert "mine" in fails(1, "train", novel, *SMALL, "--run", "mine", "-q")


# Runs


@pytest.mark.parametrize("way", ["option", "environment"])
def test_run_and_checkpoints(
    plan: Plan, novel: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """--run names the folder, --checkpoints or CHARRNN_CHECKPOINTS where it lies."""
    if way == "environment":
        monkeypatch.setenv("CHARRNN_CHECKPOINTS", "my/runs")
    words = ["--checkpoints", "my/runs"] if way == "option" else []
    assert plan(novel, *SMALL, *words, "--run", "first.try").run.folder == Path("my/runs/first.try")
    assert not Path("checkpoints").exists()


def test_unnamed_runs_get_new_names(plan: Plan, novel: Path) -> None:
    """Without --run a training never writes into an older one's folder."""
    names = [plan(novel, *SMALL).run.name for _ in range(3)]
    assert names == ["novel-rnn", "novel-rnn-2", "novel-rnn-3"]


def test_run_that_exists(fails: Fails, invoke: Invoke, novel: Path) -> None:
    """A run's name is not taken twice: the older one's checkpoints stay."""
    assert invoke("train", novel, *SMALL, "--run", "mine").exit_code == 0
    path = Path("checkpoints/mine/epoch-0001.weights.h5")
    before = path.read_bytes()
    words = ["train", novel, *SMALL, "--run", "mine"]
    assert "charrnn train --resume mine," in fails(1, *words, "--seed", "9")
    assert invoke(*words, "--checkpoints", "my runs").exit_code == 0
    line = fails(1, *words, "--checkpoints", "my runs")
    assert "charrnn train --resume mine --checkpoints 'my runs'," in line
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "-x", "a b"])
def test_run_name_that_is_no_folder_name(fails: Fails, novel: Path, name: str) -> None:
    """A name that would lead out of the checkpoints' folder, or hide there, is refused."""
    assert "--run" in fails(2, "train", novel, *SMALL, f"--run={name}")


# Resuming


def test_resume_is_as_if_never_stopped(train: Train, invoke: Invoke, text: str) -> None:
    """Two epochs and a --resume to four end with the weights of four in one go, to the last bit."""
    words = ["--dropout", 0.3, "--validation", 0.2, "--cell", "lstm", "--order", "shuffled"]
    whole = train(*words, "--epochs", 4)
    Path("novel.txt").write_text(text, encoding="utf-8")
    assert invoke("train", "novel.txt", *SMALL, *words, "--epochs", 2).exit_code == 0
    result = invoke("train", "--resume", "novel-lstm", "--epochs", 4, "--json")
    assert "after epoch 2 of 4" in result.stderr
    resumed = Trained(Run(Path("checkpoints/novel-lstm")), result, [])
    assert np.array_equal(resumed.weights(3), whole.weights(3))
    assert np.array_equal(resumed.weights(4), whole.weights(4))
    losses = [(row["train_loss"], row["validation_loss"], row["best"]) for row in whole.rows]
    assert [(row["train_loss"], row["validation_loss"], row["best"]) for row in resumed.rows] == (
        losses[2:]
    )
    assert [result.epoch for result in resumed.run.history()] == [1, 2, 3, 4]


def test_ctrl_c_and_resume(
    train: Train, invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends after the step, keeps what is trained, and what it says to type goes on."""
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=2, step=5)
        words = ["--epochs", 3, "--checkpoints", "my runs", "--run", "mine"]
        result = invoke("train", novel, *SMALL, *words)
    run = Run(Path("my runs/mine"))
    assert result.exit_code == 130
    assert len(result.stdout.splitlines()) == 1
    assert run.epochs() == [1]
    broken_off = checkpoint.read(run.interrupted_file)
    assert (broken_off.provenance.epoch, broken_off.provenance.finished) == (2, False)
    assert f"step 5 of {train().steps[0]}" in result.stderr
    assert "Traceback" not in result.stderr
    assert invoke(*suggested(result.stderr, "sample"), "--length", 3).exit_code == 0
    resumed = invoke(*suggested(result.stderr, "train"))
    assert resumed.exit_code == 0, resumed.output
    whole = train("--epochs", 3)
    assert np.array_equal(Trained(run, resumed, []).weights(3), whole.weights(3))
    assert not run.interrupted_file.exists()


def test_ctrl_c_and_resume_of_a_piped_text(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What was piped into the training goes into the command that goes on, too."""
    words = ["train", "-", *SMALL, "--epochs", 2, "--run", "mine"]
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=2, step=2)
        result = invoke(*words, stdin=text.encode())
    assert "Go on after it: ... | charrnn train - --resume mine\n" in result.stderr
    resumed = invoke(*suggested(result.stderr, "train"), stdin=text.encode())
    assert resumed.exit_code == 0, resumed.output


def test_a_full_disk(invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The epoch that is said to be saved is the one that a resume goes on after."""
    save = resume.save

    def full_in_epoch_2(run: Run, progress: Progress[Any], variables: Any) -> None:
        if len(finished.results) == 2:
            raise OSError(28, "No space left on device")
        save(run, finished, variables)

    with monkeypatch.context() as patch:
        patch.setattr(resume_file, "save", full_in_epoch_2)
        result = invoke("train", novel, *SMALL, "--epochs", 3, "--run", "mine")
    assert result.exit_code == 1
    assert "stopped: epoch 1 is saved.\n" in result.stderr
    assert "No space left on device" in result.stderr.splitlines()[-1]
    resumed = invoke(*suggested(result.stderr, "train"))
    assert resumed.exit_code == 0, resumed.output
    assert "going on after epoch 1 of 3" in resumed.stderr


def test_ctrl_c_in_the_first_epoch(
    invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first epoch too, what is trained can be read; Ctrl-C then does what it did before."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    interrupt_at(monkeypatch, epoch=1, step=2)
    result = invoke("train", novel, *SMALL)
    assert result.exit_code == 130
    assert invoke("sample", "The ", "--length", 3).exit_code == 0
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_resume_without_a_name_takes_the_newest(invoke: Invoke, novel: Path) -> None:
    """--resume alone goes on with the run written to last, and finds its text again."""
    for name in ("older", "newer"):
        assert invoke("train", novel, *SMALL, "--run", name).exit_code == 0
    result = invoke("train", "--epochs", 2, "--patience", 3, "--resume")
    assert result.exit_code == 0, result.output
    assert Run(Path("checkpoints/newer")).epochs() == [1, 2]
    assert Run(Path("checkpoints/older")).epochs() == [1]


@pytest.fixture
def finished(invoke: Invoke, novel: Path) -> Run:
    """A run that has done its one epoch."""
    assert invoke("train", novel, *SMALL, "--run", "mine").exit_code == 0
    return Run(Path("checkpoints/mine"))


def test_a_resume_can_go_on_more_carefully(invoke: Invoke, finished: Run) -> None:
    """A training that ran away can be resumed with another learning rate, which then counts."""
    words = ["train", "--resume", finished.name, "--epochs", 2, "--learning-rate", 1e-12]
    result = invoke(*words, "--clip-norm", 0.5, "--precision", "bfloat16")
    assert result.exit_code == 0
    assert "bfloat16 products (as asked)" in result.stderr
    before, after = (
        checkpoint.read(finished.epoch_file(epoch)).weights.values() for epoch in (1, 2)
    )
    assert all(np.allclose(a, b, atol=1e-8) for a, b in zip(before, after, strict=True))


def test_what_a_resume_refuses(fails: Fails, finished: Run, novel: Path, text: str) -> None:
    """A resume changes neither settings nor text, and says what to do instead."""
    resume = ["train", "--resume", finished.name]
    assert "--epochs" in fails(1, *resume)
    assert "--epochs" in fails(1, *resume, "--epochs", 1)
    longer = [*resume, "--epochs", 2]
    line = fails(2, *longer, "--units", 8, "--batch-size", 8)
    assert "--units" in line
    assert "--batch-size" in line
    for words in (["--stride", 10], ["--seed", 0], ["--cell", "rnn"], ["--dropout", 0.1]):
        assert str(words[0]) in fails(2, *longer, *words)
    for words in (["--weight-drop", 0.1], ["--schedule", "cosine"]):
        assert str(words[0]) in fails(2, *longer, *words)
    assert "--resume" in fails(2, *longer, "--preset", "minute")
    assert "--resume" in fails(2, *longer, "--run", "other")
    other = Path("other.txt")
    other.write_text(text + "!", encoding="utf-8")
    assert "other.txt" in fails(1, "train", other, "--resume", finished.name, "--epochs", 2)
    novel.write_text(text[::-1], encoding="utf-8")
    assert str(novel.resolve()) in fails(1, *longer)
    novel.unlink()
    line = fails(1, *longer)
    assert str(novel.resolve()) in line
    assert "as CORPUS" in line
    assert finished.epochs() == [1]


def test_resume_with_the_text_at_another_place(invoke: Invoke, finished: Run, novel: Path) -> None:
    """A text that was moved is given as CORPUS; it is known by its content."""
    moved = novel.rename("moved.txt")
    words = ["train", moved, "--resume", finished.name, "--epochs", 2]
    assert invoke(*words).exit_code == 0
    source = read_progress(finished, LanguageRecipe).settings.source
    assert source == str(moved.resolve())
    content = moved.read_bytes()
    moved.unlink()
    words = ["train", "-", "--resume", finished.name, "--epochs", 3]
    assert invoke(*words, stdin=content).exit_code == 0
    assert finished.epochs() == [1, 2, 3]


def test_resume_of_no_run(fails: Fails, finished: Run) -> None:
    """An unknown run is answered with those there are; without any the line says what to type."""
    line = fails(1, "train", "--resume", "yours", "--epochs", "2")
    assert "yours" in line
    assert finished.name in line
    assert "charrnn train" in fails(1, "train", "--checkpoints", "nowhere", "--resume")


@pytest.mark.parametrize("damage", ["gone", "cut", "text"])
def test_resume_of_a_damaged_run(fails: Fails, invoke: Invoke, finished: Run, damage: str) -> None:
    """Where the resume file can't be used the line names it, and the epochs can still be read."""
    content = finished.resume_file.read_bytes()
    if damage == "gone":
        finished.resume_file.unlink()
    else:
        bad = content[: len(content) // 2] if damage == "cut" else b"not HDF5"
        finished.resume_file.write_bytes(bad)
    line = fails(1, "train", "--resume", finished.name, "--epochs", 2, "-q")
    assert "resume.h5" in line
    assert invoke("sample", "The ", "--length", 3).exit_code == 0


# Wrong values


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--cell", "transformer"], "rnn"),
        (["--preset", "articles"], "tutorial"),
        (["--order", "random"], "streams"),
        (["--state", "keep"], "reset"),
        (["--units", "0"], "--units"),
        (["--layers", "0"], "--layers"),
        (["--embedding", "-1"], "--embedding"),
        (["--dropout", "1"], "--dropout"),
        (["--dropout", "nan"], "dropout"),
        (["--weight-drop", "1"], "--weight-drop"),
        (["--weight-drop", "nan"], "weight drop"),
        (["--embedding-dropout", "1"], "--embedding-dropout"),
        (["--weight-decay", "-1"], "--weight-decay"),
        (["--weight-decay", "nan"], "weight decay"),
        (["--schedule", "linear"], "cosine"),
        (["--seq-length", "0"], "--seq-length"),
        (["--batch-size", "0"], "--batch-size"),
        (["--epochs", "0"], "--epochs"),
        (["--learning-rate", "0"], "--learning-rate"),
        (["--learning-rate", "nan"], "learning rate"),
        (["--learning-rate", "inf"], "learning rate"),
        (["--clip-norm", "-1"], "--clip-norm"),
        (["--validation", "1"], "--validation"),
        (["--patience", "-1"], "--patience"),
        (["--seed", "-1"], "--seed"),
        (["--seed", "4294967296"], "seed"),
        (["--sample-every", "0"], "--sample-every"),
        (["--stride", "0"], "--stride"),
        (["--stride", "11"], "stride"),
        (["--stride", "5"], "--state reset"),
        (["--stride", "5", "--order", "shuffled"], "--stride"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_values(fails: Fails, novel: Path, words: list[str], named: str) -> None:
    """A value outside its range, or a senseless combination, is a mistake in the call."""
    assert named in fails(2, "train", novel, *SMALL, *words)
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize(
    ("length", "words"),
    [(LENGTH, ["--learning-rate", "1e38"]), (65, ["--learning-rate", "1e38", "--validation", 0.2])],
    ids=["training", "validation"],
)
def test_loss_that_runs_away(fails: Fails, text: str, length: int, words: list[object]) -> None:
    """A loss that is no number ends the training in one line that says what to change.

    In the second case the only step's loss is fine, but the weights after it are not.
    """
    Path("novel.txt").write_text(text[:length], encoding="utf-8")
    line = fails(1, "train", "novel.txt", *SMALL, "--clip-norm", 0, "-q", *words)
    assert "loss" in line
    assert "--learning-rate" in line
    assert not list(Path("checkpoints").glob("*/epoch-*"))

"""`charrnn train`: what its options make of the network and of its training."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from charrnn.cli.screen import Screen
from charrnn.config.fields import CELLS
from charrnn.config.language import DROPOUTS, NetworkConfig, TrainingConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.errors import say_count
from charrnn.planning.scaling import Draft
from charrnn.runs.checkpoint import Provenance
from tests.support.commands import Fails, Invoke, PlanRun
from tests.support.language_runs import find_run
from tests.support.train_command import LENGTH, SMALL, Train, flatten_weights


@pytest.fixture
def long(real_text: str) -> Path:
    """A text that is long enough for every preset."""
    path = Path("long.txt")
    path.write_text(real_text, encoding="utf-8")
    return path


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


@pytest.mark.slow
@pytest.mark.parametrize("name", DROPOUTS)
def test_dropouts(train: Train, name: str) -> None:
    """Each dropout is set by its flag, and is 0 without it."""
    flag = "--" + name.replace("_", "-")
    plain, dropped = (run.checkpoint().network for run in (train(), train(flag, 0.3)))
    assert getattr(plain, name) == 0
    assert dataclasses.asdict(dropped) == dataclasses.asdict(plain) | {name: 0.3}


@pytest.mark.slow
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
    assert made.vocabulary.to_values() == "".join(sorted(set(text)))
    assert made.provenance == Provenance(
        corpus="novel",
        corpus_sha256=hashlib.sha256(text.encode()).hexdigest(),
        epoch=1,
        train_loss=trained.rows[0]["train_loss"],
        validation_loss=None,
    )


# Its training


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seq_length", "batch_size"), [(10, 4), (7, 4), (10, 9)], ids=["base", "length", "batch"]
)
def test_streams(train: Train, seq_length: int, batch_size: int) -> None:
    """An epoch has as many steps as the text has whole batches of windows that overlap by one."""
    trained = train("--seq-length", seq_length, "--batch-size", batch_size)
    windows = len([s for s in range(0, LENGTH, seq_length) if s + seq_length + 1 <= LENGTH])
    assert list(trained.steps) == [windows // batch_size]
    assert f"{windows // batch_size} steps an epoch" in trained.result.stderr


@pytest.mark.slow
def test_stride(train: Train) -> None:
    """A smaller --stride makes the windows overlap: more of them are read."""
    trained = train("--stride", 5, "--state", "reset")
    windows = len([s for s in range(0, LENGTH, 5) if s + 11 <= LENGTH])
    assert list(trained.steps) == [windows // 4]


@pytest.mark.slow
def test_shuffled(train: Train) -> None:
    """--order shuffled cuts the windows side by side, drops the rest, and notes what it does."""
    trained = train("--order", "shuffled")
    assert list(trained.steps) == [(LENGTH // 11) // 4]
    assert "note: shuffled windows" in trained.result.stderr
    assert "note:" not in train().result.stderr


@pytest.mark.slow
def test_state(train: Train) -> None:
    """--state reset forgets between batches, so the weights differ from those of --state carry."""
    carried, reset = train(), train("--state", "reset")
    assert np.array_equal(carried.weights(), train("--state", "carry").weights())
    assert not np.array_equal(carried.weights(), reset.weights())


@pytest.mark.slow
def test_seed(train: Train, invoke: Invoke, novel: Path) -> None:
    """The same --seed gives the same weights to the last bit, another one others; 0 is default."""
    words = ["--dropout", 0.2, "--order", "shuffled", "--epochs", 2]
    first = train(*words)
    assert invoke("train", novel, *SMALL, *words, "--seed", 0, "--run", "again").exit_code == 0
    assert np.array_equal(first.weights(2), flatten_weights(find_run("again"), 2))
    assert not np.array_equal(first.weights(2), train(*words, "--seed", 1).weights(2))
    assert not np.array_equal(train().weights(), train("--seed", 1).weights())


@pytest.mark.slow
def test_learning_rate_and_clip_norm(train: Train) -> None:
    """Both hold the weights back: with either near zero they stay where the seed put them."""
    still = train("--learning-rate", "1e-12").weights()
    free = ("--weight-decay", 0)
    clipped = train("--clip-norm", "1e-13", "--learning-rate", "0.01", *free).weights()
    moved = train("--clip-norm", 0).weights()
    np.testing.assert_allclose(clipped, still, atol=1e-5)
    assert np.abs(moved - still).max() > 0.01


@pytest.mark.slow
def test_epochs(train: Train) -> None:
    """--epochs is the number of epochs, each with its checkpoint, its line, and its history."""
    trained = train("--epochs", 3)
    assert trained.run.list_epochs() == [1, 2, 3]
    assert [row["epoch"] for row in trained.rows] == [1, 2, 3]
    assert len(trained.steps) == 3
    history = (trained.run.folder / "history.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in history] == ["epoch", "1", "2", "3"]
    losses = [row["train_loss"] for row in trained.rows]
    assert losses[2] < losses[0]


def test_validation(train: Train) -> None:
    """--validation holds back the text's end, and its loss is what an epoch is judged by."""
    without, trained = train(), train("--validation", 0.25)
    assert without.rows[0]["validation_loss"] is None
    assert "all for training" in without.result.stderr
    assert "the last 25% for validation" in trained.result.stderr
    (row,) = trained.rows
    assert row["perplexity"] == pytest.approx(np.exp(row["validation_loss"]))
    assert row["train_loss"] != row["validation_loss"]
    assert list(trained.steps) == [((LENGTH * 3 // 4 - 11) // 10 + 1) // 4]


@pytest.mark.slow
def test_validation_does_not_disturb_training(train: Train, invoke: Invoke, text: str) -> None:
    """With a validation text or without it, the same text is learnt to the same weights.

    Shuffled windows carry their state over the epoch's end, where the validation text is read.
    """
    words = ["--order", "shuffled", "--epochs", 2]
    held_back = text[: LENGTH // 4]
    Path("novel.txt").write_text(text + held_back, encoding="utf-8")
    result = invoke("train", "novel.txt", *SMALL, *words, "--validation", 0.2)
    assert f"{LENGTH + len(held_back)} characters" in result.stderr
    validated = flatten_weights(find_run("novel-rnn"), 2)
    assert np.array_equal(validated, train(*words).weights(2))


@pytest.mark.slow
def test_patience(invoke: Invoke) -> None:
    """--patience N stops after N epochs without a better validation loss, and says so."""
    Path("novel.txt").write_text("ab" * 200 + "dc" * 50, encoding="utf-8")
    words = ["--validation", 0.2, "--epochs", 6, "--json", "--learning-rate", 0.05]
    result = invoke("train", "novel.txt", *SMALL, *words, "--patience", 2)
    rows = result.stdout.splitlines()
    losses = [json.loads(row)["validation_loss"] for row in rows]
    assert losses == sorted(losses)
    assert len(losses) == 3
    assert [json.loads(row)["best"] for row in rows] == [True, False, False]
    assert "no better epoch in the last 2: stopped early, after epoch 3\n" in result.stderr


def test_defaults(plan: PlanRun, long: Path) -> None:
    """Without options: the default preset's LSTM on ordered streams, a tenth held back."""
    planned = plan(long)
    training = planned.training
    assert (planned.network.cell, planned.run.name) == ("lstm", "long-lstm")
    assert planned.network.units == LANGUAGE_PRESETS[DEFAULT_PRESET]["lstm"]["units"]
    assert (training.order, training.state) == ("streams", "carry")
    assert training.window_stride == training.seq_length
    assert training.validation == 0.1


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--seq-length", "40"], {"seq_length": 40}),
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
def test_settings(plan: PlanRun, long: Path, words: list[str], values: dict[str, float]) -> None:
    """An option changes its setting and no other."""
    changed = dataclasses.asdict(plan(long, *words).training)
    default = dataclasses.asdict(plan(long).training)
    allowed = {word[2:].replace("-", "_") for word in words if word.startswith("--")} | {*values}
    assert {name for name in default if changed[name] != default[name]} <= allowed
    assert changed == changed | values


def test_windows_lie_side_by_side_without_a_stride(plan: PlanRun, long: Path) -> None:
    """--seq-length alone moves a stream's windows with it."""
    assert plan(long, "--seq-length", 40).training.window_stride == 40
    words = ["--seq-length", 40, "--stride", 20, "--state", "reset"]
    assert plan(long, *words).training.window_stride == 20


@pytest.mark.parametrize(
    ("cell", "parameters"), [("rnn", "1,395,009"), ("lstm", "5,330,241"), ("gru", "4,021,569")]
)
def test_tutorial(plan: PlanRun, cell: str, parameters: str) -> None:
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


def test_preset_is_overridden_by_options(plan: PlanRun, long: Path) -> None:
    """A preset only sets defaults: what is typed wins, wherever it stands."""
    words = ["--units", 7, "--seq-length", 20, "--preset", "tutorial", "--order", "streams"]
    planned = plan(long, *words, "--epochs", 2)
    assert (planned.network.units, planned.network.embedding) == (7, 256)
    training = planned.training
    assert (training.seq_length, training.window_stride, training.epochs) == (20, 20, 2)
    assert (training.order, training.learning_rate) == ("streams", 0.001)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", [*LANGUAGE_PRESETS, None])
def test_presets(plan: PlanRun, real_text: str, preset: str | None, cell: str) -> None:
    """A preset is its row for the cell; without --preset it is the default one."""
    Path("long.txt").write_text(real_text * 2, encoding="utf-8")
    words = ["--preset", preset] if preset else []
    planned = plan("long.txt", "--cell", cell, *words)
    name = preset or DEFAULT_PRESET
    draft = Draft.from_preset(name, {"cell": cell}).scale(2 * len(real_text))
    size = planned.network.vocabulary_size
    assert planned.network == dataclasses.replace(draft.network, vocabulary_size=size)
    precision = planned.training.precision
    assert planned.training == dataclasses.replace(draft.training, precision=precision)
    row = LANGUAGE_PRESETS[name][cell]
    values = dataclasses.asdict(planned.network) | dataclasses.asdict(planned.training)
    rest = dataclasses.asdict(NetworkConfig(1)) | dataclasses.asdict(TrainingConfig())
    varied = {"vocabulary_size", "cell", "precision", "epochs", "batch_size"}
    assert {name: values[name] for name in values if name not in varied} == {
        name: (rest | row)[name] for name in values if name not in varied
    }


# A time instead of epochs


@pytest.mark.slow
def test_budget(plan: PlanRun, long: Path) -> None:
    """--budget measures the first steps, and fits preset and epochs to the minutes."""
    planned = plan(long, "--budget", 0.5, "--units", 3, "--embedding", 3)
    assert 1 <= planned.training.epochs <= 100
    assert planned.training.learning_rate == LANGUAGE_PRESETS["minute"]["lstm"]["learning_rate"]
    measuring, fitting = planned.result.stderr.splitlines()[:2]
    assert measuring == "measuring the first steps"
    epochs = say_count(planned.training.epochs, "epoch")
    assert f" s to start, then {epochs} of about " in fitting


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--budget", 5, "--epochs", 3], "--budget chooses the epochs: leave out --epochs"),
        (["--budget", 5, "--resume"], "leave out --budget"),
        (["--budget", 0], "--budget"),
        (["--budget", "nan"], "--budget': 'nan' is not a finite number: give a number above 0"),
        (["--budget", "inf"], "--budget': 'inf' is not a finite number: give a number above 0"),
        (["--budget", 10**20], "--budget must be minutes above 0 and at most 525,600, which is a"),
        (["--budget", 1e-9, "--units", 3], "not one epoch fits into the --budget: it takes about"),
        (["--budget", 1e-9, "--units", 3], "give a --budget of 1, or"),
    ],
)
def test_rejected_budgets(fails: Fails, long: Path, words: list[object], message: str) -> None:
    """No time, or epochs chosen twice, are a mistake in the call, and leave no run behind."""
    assert message in fails(2, "train", long, *words, "-q")
    assert not list(Path().glob("checkpoints/*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "shorter"),
    [
        ([], "--preset minute, or --budget MINUTES"),
        (["--preset", "tutorial"], "--preset minute, or --budget MINUTES"),
        (["--preset", "minute"], "--budget MINUTES"),
        (["--epochs", 3], ""),
        (["--budget", 1, "--units", 3], ""),
        (["--resume"], ""),
    ],
)
def test_what_makes_a_run_shorter(
    invoke: Invoke,
    train: Train,
    monkeypatch: pytest.MonkeyPatch,
    long: Path,
    words: list[object],
    shorter: str,
) -> None:
    """Another preset or a budget, unless its length was chosen; a resume keeps what it has."""
    checkpoints = train().run.folder.parent
    shown: list[str] = []

    def show_training(_plan: object, _about: str, screen: Screen, *_: object) -> None:
        shown.append(screen.shorter)

    monkeypatch.setattr("charrnn.cli.screen.show_training", show_training)
    resumes = words == ["--resume"]
    text = ["--epochs", 9, "--checkpoints", checkpoints] if resumes else [long]
    result = invoke("train", *words, *text)
    assert shown == [shorter], result.output


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
        (["--dropout", "nan"], "--dropout"),
        (["--weight-drop", "1"], "--weight-drop"),
        (["--weight-drop", "nan"], "--weight-drop"),
        (["--embedding-dropout", "1"], "--embedding-dropout"),
        (["--weight-decay", "-1"], "--weight-decay"),
        (["--weight-decay", "nan"], "--weight-decay"),
        (["--schedule", "linear"], "cosine"),
        (["--seq-length", "0"], "--seq-length"),
        (["--batch-size", "0"], "--batch-size"),
        (["--epochs", "0"], "--epochs"),
        (["--learning-rate", "0"], "--learning-rate"),
        (["--learning-rate", "nan"], "--learning-rate"),
        (["--learning-rate", "inf"], "--learning-rate"),
        (["--clip-norm", "-1"], "--clip-norm"),
        (["--validation", "1"], "--validation"),
        (["--patience", "-1"], "--patience"),
        (["--seed", "-1"], "--seed"),
        (["--seed", "4294967296"], "--seed"),
        (["--sample-every", "0"], "--sample-every"),
        (["--stride", "0"], "--stride"),
        (["--stride", "11"], "a --stride of 11 would skip text"),
        (["--stride", "5"], "set --state to reset"),
        (["--stride", "5", "--order", "shuffled"], "--stride needs the --order streams"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_values(fails: Fails, novel: Path, words: list[str], named: str) -> None:
    """A value outside its range, or a senseless combination, is a mistake in the call."""
    assert named in fails(2, "train", novel, *SMALL, *words)
    assert not Path("checkpoints").exists()

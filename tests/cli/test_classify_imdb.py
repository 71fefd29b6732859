"""`charrnn classify imdb`, `compare` and `pretrain`: options, tiny runs, and what goes wrong."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from charrnn.runs import outcome
from charrnn.runs.checkpoint import read_classifier, read_word_model
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.cli.display import TrainingDisplay
from charrnn.data.padding import Examples
from charrnn.config.presets import REVIEW_PRESETS, ReviewPreset
from charrnn.runs.run import Run
from charrnn.runs.recipe import Progress, ReviewRecipe

Invoke = Callable[..., Result]
Fails = Callable[..., str]
Plan = Callable[..., "Planned"]

WORDS = ["the", "film", "was", "good", "bad", "and", "so"]
EMBEDDING = "layers/embedding/vars/0"
RUNS = Path("checkpoints/classify")
TINY = ["--cell", "average", "--dense", 0, "--embedding", 2, "--max-words", 11, "--max-length", 6]
QUICK = [*TINY, "--batch-size", 8, "--epochs", 1]


def write_npz(path: Path, train: int = 24, **others: Any) -> Path:
    """Reviews in Keras's format, good and bad by turns, and the word index beside them."""
    random = np.random.default_rng(1)
    arrays: dict[str, Any] = {}
    for part, count in (("train", train), ("test", 11)):
        ranks = np.empty(count, object)
        ranks[:] = [[4 + place % 2, *random.integers(1, 8, 5).tolist()] for place in range(count)]
        arrays |= {f"x_{part}": ranks, f"y_{part}": 1 - np.arange(count) % 2}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **(arrays | others))
    index = {word: rank for rank, word in enumerate(WORDS, 1)}
    path.with_name("imdb_word_index.json").write_text(json.dumps(index))
    return path


def write_folder(folder: Path, count: int = 12) -> Path:
    for part in ("train", "test"):
        for label, word in (("pos", "good"), ("neg", "bad")):
            place = folder / part / label
            place.mkdir(parents=True)
            for number in range(count):
                text = f"the film {number} was so {word} and {word}"
                (place / f"{number}_1.txt").write_text(text)
    return folder


@pytest.fixture
def npz() -> Path:
    return write_npz(Path("mine/reviews.npz"))


@pytest.fixture
def folder() -> Path:
    return write_folder(Path("aclImdb"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("a download")

    monkeypatch.setattr("charrnn.cli.classify.sources.fetch", refuse)


@dataclass
class Planned:
    """What a training would have begun with, and what was said before it."""

    run: Run
    settings: ReviewRecipe
    train: Examples
    borrowed: Any
    result: Result

    @property
    def network(self) -> ClassifierConfig:
        return self.settings.network

    @property
    def training(self) -> ReviewTraining:
        return self.settings.training


class _LeftOutError(Exception):
    pass


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> Plan:
    """Runs `charrnn classify imdb` up to the training itself, which is left out."""
    begun: list[Any] = []

    def begin(*given: Any) -> None:
        begun.append(given)
        raise _LeftOutError

    def command(*words: object) -> Planned:
        with monkeypatch.context() as patch:
            patch.setattr("charrnn.training.reviews.train", begin)
            result = invoke("classify", "imdb", *words)
        assert "_LeftOutError" in result.stderr, result.output
        run, finished, train, _, _, borrowed = begun.pop()
        assert isinstance(finished, Progress)
        return Planned(run, progress.recipe, train, borrowed, result)

    return command


@pytest.mark.parametrize(
    ("words", "network", "training"),
    [
        ("", {"cell": "lstm", "units": (32,), "max_length": 200}, {"optimizer": "rmsprop"}),
        ("--model average-16", {"cell": "average", "units": (), "dense": 64}, {"epochs": 30}),
        ("--model rnn-64-masked", {"mask": True, "cell": "rnn"}, {"clip_norm": 1.0}),
        ("--model lstm-32-early", {"embedding": 64}, {"patience": 3}),
        ("--cell gru", {"cell": "gru", "units": (32,)}, {}),
        ("--cell average", {"cell": "average", "units": ()}, {}),
        ("--model average-16 --cell rnn", {"cell": "rnn", "units": (32,)}, {}),
        ("--units 64,32", {"units": (64, 32)}, {}),
        ("--units 9 --layers 3", {"units": (9, 9, 9)}, {}),
        ("--layers 2", {"units": (32, 32)}, {}),
        ("--bidirectional", {"bidirectional": True}, {}),
        ("--model bilstm-64x2 --one-way", {"bidirectional": False, "units": (64, 64)}, {}),
        (
            "--model bilstm-64x2 --cell average",
            {"cell": "average", "bidirectional": False, "units": ()},
            {},
        ),
        ("--embedding 5", {"embedding": 5}, {}),
        ("--dense 7", {"dense": 7}, {}),
        ("--model average-16 --dense 0", {"dense": 0}, {}),
        ("--max-words 9", {"vocabulary_size": 9}, {}),
        ("--max-length 3", {"max_length": 3}, {}),
        ("--max-length 0 --mask", {"max_length": 0, "mask": True}, {}),
        ("--padding after", {"padding": "after"}, {}),
        ("--mask", {"mask": True}, {}),
        ("--model rnn-64-masked --no-mask", {"mask": False}, {}),
        ("--dropout 0.4", {"dropout": 0.4}, {}),
        ("--optimizer adam", {}, {"optimizer": "adam"}),
        ("--learning-rate 0.02", {}, {"learning_rate": 0.02}),
        ("--clip-norm 2", {}, {"clip_norm": 2.0}),
        ("--batch-size 5", {}, {"batch_size": 5}),
        ("--epochs 3", {}, {"epochs": 3}),
        ("--patience 2", {}, {"patience": 2}),
        ("--validation 0.5", {}, {"validation": 0.5}),
        ("--seed 8", {}, {"seed": 8}),
    ],
)
def test_options(
    plan: Plan, npz: Path, words: str, network: dict[str, Any], training: dict[str, Any]
) -> None:
    """Each option does what it says over the preset's row, and nothing else; it is written down."""
    planned = plan("--data", npz, *words.split())
    preset = words.split()[1] if words.startswith("--model") else "lstm-32"
    row = PRESETS[preset]
    assert planned.network == ClassifierConfig(**{**row.network, **network})
    expected_training = ReviewTraining(**{**row.training, **training})
    assert planned.training == ReviewTraining(
        **{**vars(expected_training), "precision": planned.training.precision}
    )
    changes = words.removeprefix(f"--model {preset}").strip().replace("--clip-norm 2", "")
    assert changes in planned.settings.changes
    assert bool(planned.settings.changes) is bool(words.removeprefix(f"--model {preset}"))
    assert planned.run.name == f"reviews-{preset}"


def test_reviews_are_read_as_the_network_reads_them(plan: Plan, npz: Path) -> None:
    """Ids are ranks + 3 behind a start, cut to their end; words beyond --max-words are unknown."""
    planned = plan("--data", npz, "--max-words", 9, "--max-length", 4)
    whole = plan("--data", npz)
    assert len(planned.train) == 24
    for cut, ids in zip(planned.train.ids, whole.train.ids, strict=True):
        assert len(ids) == 7
        assert ids[0] == 1
        assert cut.tolist() == [one if one < 9 else 2 for one in ids[-4:].tolist()]
    assert planned.settings.encoder.decode([4, 8]) == "the bad"
    assert planned.settings.sources == (str(npz.resolve()),)
    assert planned.settings.corpus == "reviews"


def test_both_files_serve_both_kinds(plan: Plan, npz: Path, folder: Path) -> None:
    """Of a file of ranks and a folder of text, words take the ranks and subwords the text."""
    for order in ([npz, folder], [folder, npz]):
        data = [word for path in order for word in ("--data", path)]
        assert plan(*data).settings.corpus == "reviews"
        planned = plan(*data, "--model", "average-64-subword", "--max-words", 270)
        assert planned.settings.corpus == "aclImdb"
        assert planned.network.vocabulary_size == 270
    assert plan("--data", folder).settings.encoder.decode([4]) in {"the", "good", "bad"}


def test_run_and_checkpoints(plan: Plan, npz: Path) -> None:
    """--run names the folder; without it names never clash."""
    words = ["--data", npz, "--checkpoints", "my"]
    assert plan(*words, "--run", "first").run.folder == Path("my/classify/first")
    assert plan(*words).run.name == "reviews-lstm-32"


def test_dry_run_of_every_preset() -> None:
    """--dry-run tells layers, outputs and parameters of each network, and loads no TensorFlow."""
    code = (
        "import sys\nfrom charrnn.cli.program import program\n"
        "try:\n    program(['classify', 'imdb', '--model', 'all', '--dry-run', *sys.argv[1:]])\n"
        "finally:\n    assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    tables = result.stdout.rstrip("\n").split("\n\n")
    assert len(tables) == len(PRESETS)
    for table, (preset, row) in zip(tables, PRESETS.items(), strict=True):
        lines = table.splitlines()
        assert lines[0].split() == ["layer", "output", "parameters"]
        assert len({len(line) for line in lines}) == 1
        total = f"{ClassifierConfig(**row.network).parameters:,}"
        assert lines[-1].split() == [preset, total]
        counts = [int(line.split()[-1].replace(",", "")) for line in lines[1:-1]]
        assert sum(counts) == ClassifierConfig(**row.network).parameters
    assert "200 × 32" in tables[list(PRESETS).index("lstm-32")]
    assert "length × 64" in tables[list(PRESETS).index("average-64-subword")]
    assert not Path("checkpoints").exists()


def test_dry_run_as_json(invoke: Invoke) -> None:
    """With --json a network is a line; flags are counted in."""
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


@dataclass
class Done:
    """A finished command in a folder of its own."""

    place: Path
    result: Result


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory, invoke: Invoke) -> Done:
    place = tmp_path_factory.mktemp("imdb")
    npz = write_npz(place / "reviews.npz")
    words = ["--data", npz, *QUICK, "--mask", "--learning-rate", 0.1, "--epochs", 3]
    result = invoke("classify", "imdb", *words, "--checkpoints", place / "checkpoints")
    assert result.exit_code == 0, result.output
    return Done(place, result)


@pytest.fixture
def trained(trained_once: Done, tmp_path: Path) -> Done:
    """A training of three epochs in a folder that a test may change."""
    shutil.copytree(trained_once.place, tmp_path, dirs_exist_ok=True)
    return Done(tmp_path, trained_once.result)


def test_what_a_training_says_and_leaves(trained: Done) -> None:
    """stdout has the epochs and a row of the table; stderr what was trained and how to ask it."""
    run = Run(RUNS / "reviews-lstm-32")
    outcome = outcome.read(run)
    assert outcome is not None
    assert (outcome.epochs, outcome.parameters, outcome.reviews) == (3, 11 * 2 + 3, "reviews")
    assert (run.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert run.epochs() == [1, 2, 3]
    lines = trained.result.stdout.splitlines()
    epochs, head, row = lines[:3], lines[3], " ".join(lines[4:])
    assert [line.split()[:2] for line in epochs] == [["epoch", f"{n}/3"] for n in (1, 2, 3)]
    assert head.split()[:4] == ["run", "network", "parameters", "epochs"]
    assert row.startswith("reviews-lstm-32  lstm-32 --cell average")
    assert f"{100 * outcome.test_accuracy:.2f}%" in row
    assert PRESETS["lstm-32"].reported not in row  # which is of other reviews
    stderr = trained.result.stderr
    assert "25 parameters; 19 reviews, 6 tokens, to train on, 5 to validate, 11 to test" in stderr
    assert "charrnn classify predict --run reviews-lstm-32 --checkpoints" in stderr
    assert "Traceback" not in stderr


def test_an_outcome_is_of_best_and_last_epoch(trained: Done) -> None:
    """Validation is the history's, test figures are those of a network by plain NumPy."""
    from charrnn.data.reviews import load_npz
    from charrnn.data.words import word_ids
    from charrnn.inference.review_model import ReviewModel

    run = Run(RUNS / "reviews-lstm-32")
    outcome = outcome.read(run)
    assert outcome is not None
    with (run.folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    best = min(rows, key=lambda row: float(row["validation_loss"]))
    assert outcome.best_epoch == int(best["epoch"])
    assert outcome.validation_loss == float(best["validation_loss"])
    assert outcome.validation_accuracy == float(best["validation_accuracy"])
    test = load_npz(trained.place / "reviews.npz").test
    for epoch, loss, accuracy in (
        (outcome.best_epoch, outcome.test_loss, outcome.test_accuracy),
        (3, outcome.last_test_loss, outcome.last_test_accuracy),
    ):
        model = ReviewModel(read_classifier(run.epoch_file(epoch)))
        logits = model._logits([word_ids(ranks, 11)[-6:] for ranks in test.reviews])
        signed = np.where(test.labels == 1, logits, -logits)
        assert loss == pytest.approx(np.log1p(np.exp(-signed)).mean(), abs=1e-5)
        assert accuracy == pytest.approx((signed > 0).mean())


def test_resume_goes_on(trained: Done, invoke: Invoke) -> None:
    """--resume finds its reviews, adds epochs, and renews the outcome; --json prints lines."""
    words = ["classify", "imdb", "--resume", "reviews-lstm-32", "--epochs", 4, "--json"]
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    assert "going on after epoch 3 of 4" in result.stderr
    epoch, row = map(json.loads, result.stdout.splitlines())
    assert (epoch["epoch"], row["epochs"], row["run"]) == (4, 4, "reviews-lstm-32")
    assert row["reported"] == ""
    found = outcome.read(Run(RUNS / "reviews-lstm-32"))
    assert found is not None
    assert found.epochs == 4
    assert found.test_loss == row["test_loss"]
    assert (trained.place / RUNS / "reviews-lstm-32/epoch-0004.weights.h5").exists()


def test_what_a_resume_refuses(trained: Done, fails: Fails) -> None:
    """A resume changes neither network nor reviews, and says what to do instead."""
    resume = ["classify", "imdb", "--resume"]
    name = "reviews-lstm-32"
    assert "--epochs 8" in fails(1, *resume)
    assert "--epochs" in fails(1, *resume, name, "--epochs", 2)
    line = fails(2, *resume, name, "--epochs", 5, "--units", 3, "--batch-size", 2)
    assert "--batch-size, --units can't change" in line
    assert "--resume" in fails(2, *resume, name, "--model", "gru-32")
    assert "--resume" in fails(2, *resume, name, "--run", "other")
    assert name in fails(1, *resume, "yours")
    other = write_npz(Path("other/reviews.npz"), train=30)
    longer = [*resume, name, "--epochs", 5]
    assert "--data" in fails(1, *longer, "--data", other)
    outcome = (trained.place / RUNS / name / "result.json").read_bytes()
    assert outcome.read(Run(RUNS / name)) is not None
    assert outcome
    assert "classify imdb" in fails(1, *resume, "--checkpoints", "nowhere")


def interrupt_at(monkeypatch: pytest.MonkeyPatch, run: str, step: int) -> None:
    """Ctrl-C in that step of the run."""
    import signal

    on_step = TrainingDisplay.on_step

    def interrupting(display: TrainingDisplay, at: int, loss: float) -> None:
        on_step(display, at, loss)
        if at == step and (RUNS / run).exists():
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TrainingDisplay, "on_step", interrupting)


def test_all_presets(invoke: Invoke, npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--model all goes on with what was broken off, trains the rest, and repeats nothing."""
    from charrnn.cli.classify.imdb import imdb

    sizes = {"cell": "average", "units": (), "max_length": 6}
    plan = {"epochs": 1, "batch_size": 8}
    tiny = {
        name: Preset({**sizes, "embedding": width}, plan, name)
        for width, name in enumerate(("one", "two"), 2)
    }
    command = next(one for one in imdb.params if one.name == "model")
    monkeypatch.setattr(command.type, "choices", [*tiny, "all"])
    for place in ("fit", "plan", "table"):
        monkeypatch.setattr(f"charrnn.cli.classify.{place}.PRESETS", tiny)
    words = ["classify", "imdb", "--model", "all", "--data", npz, "--max-words", 11]
    with monkeypatch.context() as patch:
        interrupt_at(patch, "reviews-two", 2)
        result = invoke(*words)
    assert result.exit_code == 130, result.output
    assert "charrnn classify imdb --resume reviews-two" in result.stderr
    assert (RUNS / "reviews-one/result.json").exists()
    assert not (RUNS / "reviews-two/result.json").exists()
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    assert "reviews-one: finished before" in result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()[-2:]] == [
        "reviews-one",
        "reviews-two",
    ]
    before = {path: path.stat().st_mtime_ns for path in RUNS.rglob("*.h5")}
    result = invoke(*words)
    assert result.stderr.splitlines() == [f"reviews-{name}: finished before" for name in tiny]
    assert {path: path.stat().st_mtime_ns for path in RUNS.rglob("*.h5")} == before
    assert sorted(path.name for path in RUNS.iterdir()) == ["reviews-one", "reviews-two"]


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("--model transformer", 2, "lstm-32"),
        ("--cell transformer", 2, "average"),
        ("--units 0", 2, "--units"),
        ("--units 3,x", 2, "64,32"),
        ("--units 3,4 --layers 2", 2, "--layers"),
        ("--cell average --units 4", 2, "--units"),
        ("--cell average --layers 2", 2, "--layers"),
        ("--cell average --bidirectional", 2, "direction"),
        ("--cell none", 2, "presets with bigrams"),
        ("--embedding 0", 2, "--embedding"),
        ("--dense -1", 2, "--dense"),
        ("--max-words 4", 2, "max words"),
        ("--max-length -1", 2, "--max-length"),
        ("--padding middle", 2, "--padding"),
        ("--dropout 1", 2, "--dropout"),
        ("--dropout nan", 2, "dropout"),
        ("--optimizer sgd", 2, "rmsprop"),
        ("--learning-rate 0", 2, "--learning-rate"),
        ("--learning-rate nan", 2, "learning rate"),
        ("--clip-norm -1", 2, "--clip-norm"),
        ("--batch-size 0", 2, "--batch-size"),
        ("--epochs 0", 2, "--epochs"),
        ("--patience -1", 2, "--patience"),
        ("--validation 0", 2, "--validation"),
        ("--validation 1", 2, "--validation"),
        ("--validation 0.99", 1, "too few"),
        ("--seed 4294967296", 2, "--seed"),
        ("--frozen-epochs 2", 2, "--embedding-from"),
        ("--run ../up", 2, "--run"),
        ("--model all --run mine", 2, "--run"),
        ("--model average-64-subword", 1, "aclImdb"),
        ("--embedding-from nowhere", 1, "nowhere"),
        ("--embedding-from mine/imdb_word_index.json", 1, "none of the reviews' words"),
    ],
)
def test_wrong_values(fails: Fails, npz: Path, words: str, code: int, named: str) -> None:
    """A value outside its range, or a senseless combination, is one line and leaves no run."""
    assert named in fails(code, "classify", "imdb", "--data", npz, *words.split())
    assert not list(Path().glob("checkpoints/classify/*"))


def test_useless_reviews(fails: Fails, npz: Path) -> None:
    """Reviews that can't be used are one line with their path."""
    Path("empty").mkdir()
    content = npz.read_bytes()
    Path("cut.npz").write_bytes(content[: len(content) // 2])
    write_npz(Path("labels.npz"), y_train=np.arange(24) % 3)
    write_npz(Path("few.npz"), train=2, x_test=np.empty(0, object), y_test=np.empty(0, int))
    for name in ("empty", "cut.npz", "labels.npz", "few.npz", "nowhere"):
        assert name in fails(1, "classify", "imdb", "--data", name)
    npz.with_name("imdb_word_index.json").write_text("[]")
    assert "imdb_word_index.json" in fails(1, "classify", "imdb", "--data", npz)


# Comparing


@pytest.fixture
def compared(trained: Done) -> list[str]:
    """Three runs, the last unfinished; the better of the others was made later."""
    names = ["reviews-lstm-32", "better", "unfinished"]
    first = trained.place / RUNS / names[0]
    for name in names[1:]:
        shutil.copytree(first, RUNS / name)
    (RUNS / "unfinished/result.json").unlink()
    path = RUNS / "better/result.json"
    values = json.loads(path.read_text())
    changed = {"run": "better", "preset": "gru-32", "changes": "", "test_accuracy": 1.5}
    path.write_text(json.dumps(values | changed))
    return names


def first_words(rows: list[str]) -> list[str]:
    """Each row's run."""
    return [row.split()[0] for row in rows]


def test_compare_as_a_table(compared: list[str], invoke: Invoke) -> None:
    """Progress runs come best first, with what their articles report; named ones as named."""
    head, *rows = invoke("classify", "compare").stdout.splitlines()
    assert head.split()[:4] == ["run", "network", "parameters", "epochs"]
    assert head.endswith("reported")
    assert first_words(rows) == ["better", "reviews-lstm-32"]
    assert "150.00%" in rows[0]
    named = invoke("classify", "compare", *compared[:2]).stdout.splitlines()
    assert first_words(named[1:]) == ["reviews-lstm-32", "better"]


@pytest.mark.usefixtures("compared")
def test_compare_in_a_narrow_terminal(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row stays a line: what matters least is left out, and no figure is cut."""
    monkeypatch.setattr("charrnn.cli.classify.table.room", lambda: 50)
    head, *rows = invoke("classify", "compare").stdout.splitlines()
    assert head.split() == ["run", "validation", "test", "loss", "test"]
    assert first_words(rows) == ["better", "reviews-lstm-32"]
    assert max(map(len, [head, *rows])) <= 50


def test_compare_as_markdown(compared: list[str], invoke: Invoke) -> None:
    """Each line of the Markdown table has the same cells, and the figures are the outcomes'."""
    lines = invoke("classify", "compare", "--format", "markdown").stdout.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({len(row) for row in cells}) == 1
    assert cells[1] == ["---", "---", *["---:"] * (len(cells[0]) - 3), "---"]
    outcome = outcome.read(Run(RUNS / compared[0]))
    assert outcome is not None
    expected = {
        "run": outcome.run,
        "network": f"lstm-32 {outcome.changes}",
        "parameters": "25",
        "epochs": f"{outcome.best_epoch} of 3",
        "s/epoch": f"{outcome.seconds_per_epoch:.1f}",
        "validation": f"{100 * outcome.validation_accuracy:.2f}%",
        "test loss": f"{outcome.test_loss:.4f}",
        "test": f"{100 * outcome.test_accuracy:.2f}%",
        "after last": f"{100 * outcome.last_test_accuracy:.2f}%",
        "reported": "",
    }
    found = dict(zip(cells[0], cells[3], strict=True))
    assert found | expected == found


def test_compare_as_json(compared: list[str], invoke: Invoke) -> None:
    """A line of JSON is what result.json holds, and what was reported."""
    lines = invoke("classify", "compare", "--format", "json", *compared[:2]).stdout.splitlines()
    for name, line in zip(compared[:2], lines, strict=True):
        row = json.loads(line)
        assert row.pop("reported") == ""
        assert row == json.loads((RUNS / name / "result.json").read_text())


def test_what_is_reported_stands_beside_imdbs_reviews(compared: list[str], invoke: Invoke) -> None:
    """The article's figure, and no other, is shown for the article's reviews."""
    path = RUNS / compared[0] / "result.json"
    kept = path.read_text()
    path.write_text(json.dumps(json.loads(kept) | {"reviews": "imdb", "changes": ""}))
    row = json.loads(invoke("classify", "compare", "--format", "json", compared[0]).stdout)
    path.write_text(kept)
    assert row["reported"] == PRESETS["lstm-32"].reported


def test_what_can_not_be_compared(compared: list[str], fails: Fails) -> None:
    """An unfinished run, an unknown one, a damaged outcome and no run at all get one line each."""
    line = fails(1, "classify", "compare", "unfinished")
    assert "charrnn classify imdb --resume unfinished" in line
    assert "better" in fails(1, "classify", "compare", "nobody")
    (RUNS / compared[0] / "result.json").write_text("{")
    assert "result.json is damaged" in fails(1, "classify", "compare")
    assert "classify imdb" in fails(1, "classify", "compare", "--checkpoints", "nowhere")


# Borrowing


def test_embedding_of_word_vectors(plan: Plan, npz: Path, fails: Fails) -> None:
    """GloVe's text gives the words' rows and the embedding's width; another width is refused."""
    vectors = {"film": [1.0, 2.0, 3.0], "bad": [-1.0, -2.0, -3.0]}
    lines = [" ".join([word, *map(str, numbers)]) for word, numbers in vectors.items()]
    Path("glove.txt").write_text("\n".join(lines) + "\n")
    words = ["--data", npz, "--embedding-from", "glove.txt"]
    planned = plan(*words, "--max-words", 11, "--frozen-epochs", 1)
    table = planned.borrowed[EMBEDDING]
    assert table.shape == (11, 3)
    for word, numbers in vectors.items():
        assert table[4 + WORDS.index(word)].tolist() == numbers
    assert planned.network.embedding == 3
    assert planned.training.frozen_epochs == 1
    assert planned.settings.embedding_from == "glove.txt"
    assert "--embedding-from glove.txt" in planned.settings.changes
    assert "--embedding 5" in fails(2, "classify", "imdb", *words, "--embedding", 5)
    none = ["--model", "bigrams", "--max-words", 11]
    assert "no embedding" in fails(2, "classify", "imdb", *words, *none)


def test_embedding_of_a_classifier(plan: Plan, trained: Done) -> None:
    """A run's name and a checkpoint's path lend the best epoch's and that epoch's embedding."""
    run = Run(RUNS / "reviews-lstm-32")
    words = ["--data", trained.place / "reviews.npz", "--max-words", 11, "--embedding-from"]
    for source, path in (
        (run.name, run.checkpoint_file()),
        (run.epoch_file(1), run.epoch_file(1)),
    ):
        planned = plan(*words, source)
        expected = read_classifier(path).weights[EMBEDDING]
        np.testing.assert_array_equal(planned.borrowed[EMBEDDING], expected)


def test_pretraining_and_what_begins_from_it(
    invoke: Invoke, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word model is trained without labels; a classifier begins with its embedding, frozen."""
    monkeypatch.setattr("charrnn.training.words.LENGTH", 7)
    npz = write_npz(Path("mine/reviews.npz"), train=60)
    words = ["classify", "pretrain", "--data", npz]
    sizes = ["--embedding", 3, "--units", 4, "--max-words", 11, "--batch-size", 2]
    result = invoke(*words, *sizes, "--epochs", 1, "--validation", 0.2, "--json")
    assert result.exit_code == 0, result.output
    assert "charrnn classify imdb --embedding-from reviews-words" in result.stderr
    (row,) = map(json.loads, result.stdout.splitlines())
    assert 0 < row["validation_loss"] < 3
    run = Run(Path("checkpoints/pretrained/reviews-words"))
    model = read_word_model(run.epoch_file(1))
    assert (model.network.embedding, model.network.units, model.network.vocabulary_size) == (
        (3, 4, 11)
    )
    assert "all its epochs, 1" in fails(1, "classify", "pretrain", "--resume")
    assert "reviews-words" in fails(1, "classify", "pretrain", "--resume", "other")
    tiny = [word for word in QUICK if word not in {"--embedding", 2}]
    borrow = ["--embedding-from", "reviews-words", "--frozen-epochs", 1]
    result = invoke("classify", "imdb", "--data", npz, *tiny, *borrow, "-q")
    assert result.exit_code == 0, result.output
    found = read_classifier(Run(RUNS / "reviews-lstm-32").epoch_file(1))
    np.testing.assert_array_equal(found.weights[EMBEDDING], model.weights[EMBEDDING])

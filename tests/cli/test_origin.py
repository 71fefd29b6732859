"""`charrnn train --from`: a training that begins with another's network, and what is refused."""

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Classifier, Provenance, WordModel
from charrnn.config.reviews import ClassifierConfig, WordModelConfig
from charrnn.config.language import NetworkConfig
from charrnn.data.vocabulary import Vocabulary
from charrnn.data.words import Words
from charrnn.runs.history import EpochResult
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.runs.run import Run
from charrnn.runs.recipe import LanguageRecipe
from charrnn.planning.transfer import grown

Invoke = Callable[..., Result]
Fails = Callable[..., str]
MakeRun = Callable[..., Path]
Begin = Callable[..., Any]

BASE = "--batch-size 4 --seq-length 10 --epochs 1 --validation 0"
SMALL = BASE.split()
TEXT = "abcdefgh éü\n" * 20
NEW = "'é' 'ü'"


@pytest.fixture
def novel() -> Path:
    """A text with two characters that the networks of `make_run` don't know."""
    path = Path("novel.txt")
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def begin(plan: Callable[..., Any], novel: Path) -> Begin:
    """Runs `charrnn train novel.txt` up to the training itself, which is left out."""
    return partial(plan, novel, *SMALL)


def rates(cell: str) -> dict[str, float]:
    """What the default preset drops of a network of this cell."""
    names = ("dropout", "weight_drop", "embedding_dropout")
    values = PRESETS[DEFAULT][cell]
    return {name: values[name] for name in names if name in values}


def assert_begins_with(path: Path, begun: Any) -> None:
    expected = grown(checkpoint.read(path), Vocabulary.of(TEXT))
    assert begun.settings.vocabulary.characters == expected.vocabulary.characters
    assert begun.borrowed is not None
    assert begun.borrowed.keys() == expected.weights.keys()
    for name, values in expected.weights.items():
        np.testing.assert_array_equal(begun.borrowed[name], values)


def test_a_run_lends_its_best_epoch(begin: Begin, make_run: MakeRun) -> None:
    """Network, weights and characters are those of the best epoch; its text's are added."""
    sizes: dict[str, Any] = {"cell": "gru", "layers": 2, "dropout": 0.25}
    paths = [make_run("old", epoch, seed=epoch, **sizes) for epoch in (1, 2, 3)]
    losses = [1.0, 3.0, 2.0]
    history = [EpochResult(epoch, loss, loss, 1.0) for epoch, loss in enumerate(losses, 1)]
    Run(paths[0].parent).write_history(history)
    begun = begin("--from", "old")
    assert_begins_with(paths[0], begun)
    assert begun.settings.network == NetworkConfig(
        len("\n !abcdefghéü"), cell="gru", embedding=5, units=7, layers=2, **rates("gru")
    )
    assert begun.settings.begun_from == "old, epoch 1"
    assert f"begins with old, epoch 1; 2 characters are new: {NEW}\n" in begun.result.stderr
    assert " 12 distinct, " in begun.result.stderr, "those of the text"
    assert begun.run.folder == Path("checkpoints/novel-gru")


def test_a_run_may_have_a_texts_name(begin: Begin, make_run: MakeRun) -> None:
    """A run is found where a text of its name lies beside the runs."""
    path = make_run("novel.txt")
    assert_begins_with(path, begin("--from", "novel.txt"))


def test_a_run_without_a_finished_epoch(begin: Begin, make_run: MakeRun) -> None:
    """What an interruption left can be begun with too."""
    path = make_run("old", finished=False)
    path = path.rename(Run(path.parent).interrupted_file)
    begun = begin("--from", "old")
    assert_begins_with(path, begun)
    assert begun.settings.begun_from == "old, in epoch 1"


def test_a_file_is_remembered_by_its_absolute_path(
    begin: Begin, make_run: MakeRun, tmp_path: Path
) -> None:
    """One checkpoint, wherever it lies, can be named instead of a run."""
    make_run("old").rename("gift.weights.h5")
    begun = begin("--from", "gift.weights.h5")
    assert_begins_with(tmp_path / "gift.weights.h5", begun)
    assert begun.settings.begun_from == str(tmp_path / "gift.weights.h5")
    assert f"begins with {tmp_path / 'gift.weights.h5'}; 2 " in begun.result.stderr


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("\n abcdefghéü", "no character is new"),
        ("\n abcdefghü", "1 character is new: 'é'"),
        ("é", "11 characters are new: '\\n' ' ' 'a' 'b' 'c' 'd' 'e' 'f' 'g' 'h' and 1 more"),
    ],
)
def test_new_characters_are_told(begin: Begin, make_run: MakeRun, known: str, told: str) -> None:
    """The introduction says how many characters are new, and the first of them."""
    make_run("old", characters=known)
    stderr = begin("--from", "old").result.stderr
    assert f"begins with old, epoch 1; {told}\n" in stderr


def test_a_new_network_begins_with_no_other(begin: Begin) -> None:
    """Without --from the weights are drawn, and nothing is said of an origin."""
    begun = begin("--units", 3)
    assert begun.borrowed is None
    assert begun.settings.begun_from == ""
    assert "begins with" not in begun.result.stderr


def test_dropout_is_no_weight(begin: Begin, make_run: MakeRun) -> None:
    """What is dropped is the flag's or the preset's, whatever the old network was trained with."""
    make_run("old", dropout=0.25)
    preset = ["--preset", "tutorial", "--from", "old"]
    for words, dropout in ((["--dropout", 0.5], 0.5), (["--dropout", 0], 0.0), ([], 0.0)):
        settings = begin(*preset, *words).settings
        assert settings.network == NetworkConfig(
            len("\n !abcdefghéü"), cell="lstm", embedding=5, units=7, dropout=dropout
        )
        assert settings.training.order == "shuffled"
        assert settings.training.learning_rate == 0.001


def test_settings_remember_their_origin(begin: Begin, make_run: MakeRun) -> None:
    """A resume file holds where its training began; an older one, which doesn't, is read."""
    make_run("old")
    settings = begin("--from", "old").settings
    values = settings.to_values()
    assert LanguageRecipe.from_values(values).begun_from == "old, epoch 1"
    del values["begun_from"]
    assert LanguageRecipe.from_values(values).begun_from == ""


def test_from_and_resume(invoke: Invoke, novel: Path, make_run: MakeRun) -> None:
    """The weights that are trained are the source's; going on with them needs it no more."""
    path = make_run("old")
    old = grown(checkpoint.read(path), Vocabulary.of(TEXT))
    still = ["--learning-rate", 1e-12]
    result = invoke("train", novel, *SMALL, *still, "--from", "old", "--run", "new")
    assert result.exit_code == 0, result.output
    path.unlink()
    result = invoke("train", "--resume", "new", "--epochs", 2)
    assert result.exit_code == 0, result.output
    assert "begins with" not in result.stderr
    assert "began with old, epoch 1\n" in result.stderr
    for epoch in (1, 2):
        made = checkpoint.read(Run(Path("checkpoints/new")).epoch_file(epoch))
        assert made.vocabulary.characters == old.vocabulary.characters
        for name, values in old.weights.items():
            np.testing.assert_allclose(made.weights[name], values, atol=1e-6)


# What is refused, without TensorFlow


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every module that needs TensorFlow be impossible to import."""
    for needed in ("networks.precision", "training.batches", "training.train"):
        import_module(f"charrnn.{needed}")
    for name in [*sys.modules]:
        if name.split(".")[0] in {"tensorflow", "keras"} or name.startswith(
            ("charrnn.networks", "charrnn.training")
        ):
            monkeypatch.setitem(sys.modules, name, None)


def weights_of(config: ClassifierConfig | WordModelConfig) -> Any:
    return {path: np.zeros(shape, np.float32) for path, shape in config.weight_shapes().items()}


SOURCE = Provenance("test", "0" * 64, 1, 0.5, 0.4)
WORDS = Words(["film", "good"])
CRITIC = Path("checkpoints/classify/critic/epoch-0001.weights.h5")
READER = Path("checkpoints/pretrained/reader/epoch-0001.weights.h5")


@pytest.fixture
def others() -> None:
    """A run of a classifier, one of a word model, and their files."""
    critic = ClassifierConfig(vocabulary_size=len(WORDS), embedding=2, units=(3,))
    reader = WordModelConfig(vocabulary_size=len(WORDS), embedding=2, units=3)
    for file in (CRITIC, READER):
        file.parent.mkdir(parents=True)
    checkpoint.write_classifier(CRITIC, Classifier(critic, WORDS, SOURCE, weights_of(critic)))
    checkpoint.write_word_model(READER, WordModel(reader, WORDS, SOURCE, weights_of(reader)))


@pytest.mark.usefixtures("no_tensorflow", "others")
@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("young", "no run 'young' in checkpoints: there is old"),
        ("", "no run '' in checkpoints: there is old"),
        ("novel.txt", "novel.txt is no .weights.h5 file"),
        ("gone.weights.h5", "no file gone.weights.h5"),
        ("cut.weights.h5", "cut.weights.h5 is damaged"),
        ("critic", "it is a classifier"),
        ("reader", "it is a word model"),
        (str(CRITIC), "but a charrnn classifier"),
        (str(READER), "but a charrnn word model"),
    ],
)
def test_what_cannot_be_begun_with(
    fails: Fails, novel: Path, make_run: MakeRun, named: str, said: str
) -> None:
    """Whatever is no language model's run or file is refused in a line that says what it is."""
    content = make_run("old").read_bytes()
    Path("cut.weights.h5").write_bytes(content[: len(content) // 2])
    assert said in fails(1, "train", novel, *SMALL, "--from", named, "--run", "new")
    assert not Path("checkpoints/new").exists()


@pytest.mark.usefixtures("no_tensorflow")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--units", "7"], "the network is that of old: leave out --units"),
        (["--cell", "lstm"], "leave out --cell"),
        (["--layers", "1", "--embedding", "5"], "leave out --embedding, --layers"),
        (["--resume"], "leave out --run, --preset, --budget and --from"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_contradicts_a_beginning(
    fails: Fails, novel: Path, make_run: MakeRun, words: list[str], said: str
) -> None:
    """Flags that would make another network, even the same, and a resume are refused."""
    make_run("old")
    assert said in fails(2, "train", novel, "--from", "old", *words)

"""`charrnn classify imdb`: what its options make of a preset and of reviews."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.config.presets import REVIEW_PRESETS
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from tests.support.commands import Fails
from tests.support.reviews import PlanClassifier, write_npz


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
    plan_classifier: PlanClassifier,
    npz: Path,
    words: str,
    network: dict[str, Any],
    training: dict[str, Any],
) -> None:
    """Each option changes its own field of the preset and no other, and is kept in `changes`."""
    planned = plan_classifier("imdb", "--data", npz, *words.split())
    preset = words.split()[1] if words.startswith("--model") else "lstm-32"
    row = REVIEW_PRESETS[preset]
    assert planned.network == ClassifierConfig(**{**row.network, **network})
    expected_training = ReviewTraining(**{**row.training, **training})
    assert planned.training == ReviewTraining(
        **{**vars(expected_training), "precision": planned.training.precision}
    )
    changes = words.removeprefix(f"--model {preset}").strip().replace("--clip-norm 2", "")
    assert changes in planned.recipe.changes
    assert bool(planned.recipe.changes) is bool(words.removeprefix(f"--model {preset}"))
    assert planned.run.name == f"reviews-{preset}"


def test_ids_of_reviews(plan_classifier: PlanClassifier, npz: Path) -> None:
    """Ids are a start, then ranks + 3; the end is kept; words beyond --max-words are unknown."""
    planned = plan_classifier("imdb", "--data", npz, "--max-words", 9, "--max-length", 4)
    whole = plan_classifier("imdb", "--data", npz)
    assert (len(planned.learn), len(planned.validate)) == (19, 5)
    for cut, ids in zip(planned.ids, whole.ids, strict=True):
        assert len(ids) == 7
        assert ids[0] == 1
        assert cut == [one if one < 9 else 2 for one in ids[-4:]]
    assert planned.recipe.encoder.decode([4, 8]) == "the bad"
    assert planned.recipe.sources == (str(npz.resolve()),)
    assert planned.recipe.corpus == "reviews"


def test_ranks_beside_text(plan_classifier: PlanClassifier, npz: Path, folder: Path) -> None:
    """Given ranks and a folder of text, presets of words read the ranks, of subwords the text."""
    for order in ([npz, folder], [folder, npz]):
        data = [word for path in order for word in ("--data", path)]
        assert plan_classifier("imdb", *data).recipe.corpus == "reviews"
        subwords = ["--model", "average-64-subword", "--max-words", 270]
        planned = plan_classifier("imdb", *data, *subwords)
        assert planned.recipe.corpus == "aclImdb"
        assert planned.network.vocabulary_size == 270
    encoder = plan_classifier("imdb", "--data", folder).recipe.encoder
    assert encoder.decode([4]) in {"the", "good", "bad"}


def test_run_and_checkpoints(plan_classifier: PlanClassifier, npz: Path) -> None:
    """--run names the folder; without it reviews and preset do, and names never clash."""
    words = ["--data", npz, "--checkpoints", "my"]
    assert plan_classifier("imdb", *words, "--run", "first").run.folder == Path("my/classify/first")
    assert plan_classifier("imdb", *words).run.name == "reviews-lstm-32"
    assert plan_classifier("imdb", *words).run.name == "reviews-lstm-32-2"


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
        ("--max-words 4", 2, "--max-words"),
        ("--max-length -1", 2, "--max-length"),
        ("--padding middle", 2, "--padding"),
        ("--dropout 1", 2, "--dropout"),
        ("--dropout nan", 2, "--dropout"),
        ("--optimizer sgd", 2, "rmsprop"),
        ("--learning-rate 0", 2, "--learning-rate"),
        ("--learning-rate nan", 2, "--learning-rate"),
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
        ("--model average-64-subword", 1, "an archive to --data"),
        ("--embedding-from nowhere", 1, "train one with charrnn classify pretrain"),
        ("--embedding-from mine/imdb_word_index.json", 1, "no word vector"),
    ],
)
def test_wrong_values(fails: Fails, npz: Path, words: str, code: int, named: str) -> None:
    """A value outside its range, or a contradiction, is rejected in one line; no run is left."""
    assert named in fails(code, "classify", "imdb", "--data", npz, *words.split())
    assert not list(Path().glob("checkpoints/classify/*"))


def test_unusable_reviews(fails: Fails, npz: Path) -> None:
    """Reviews that can't be used are named by their path, in one line."""
    Path("empty").mkdir()
    content = npz.read_bytes()
    Path("cut.npz").write_bytes(content[: len(content) // 2])
    write_npz(Path("labels.npz"), y_train=np.arange(24) % 3)
    write_npz(Path("few.npz"), train=2, x_test=np.empty(0, object), y_test=np.empty(0, int))
    for name in ("empty", "cut.npz", "labels.npz", "few.npz", "nowhere"):
        assert name in fails(1, "classify", "imdb", "--data", name)
    npz.with_name("imdb_word_index.json").write_text("[]")
    assert "imdb_word_index.json" in fails(1, "classify", "imdb", "--data", npz)

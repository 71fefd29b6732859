"""The Python interface of classifiers: probabilities, explanations, polarities, loading."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn import checkpoint
from charrnn.checkpoint import Checkpoint, Classifier, write_classifier
from charrnn.data.padding import cut, pad
from charrnn.errors import CheckpointError, RunError
from charrnn.history import EpochResult
from charrnn.prediction import model as model_module
from charrnn.prediction.model import Effect, ReviewModel, load
from charrnn.runs import Run

Make = Callable[..., Classifier]
Stock = Callable[..., Any]

TEXTS = ["a good film", "It was, was NOT good: bad and awful <br />", "great", "", "the film " * 9]
ODD = ["", " ", "...", "zzz qqq", "хороший фильм", "好的電影", "\ud83d good \udc00", "\x00\n", "İΣ"]

SUBWORDS = {"tokens": "subwords", "vocabulary_size": 300, "max_length": 0, "mask": True}
KINDS: dict[str, dict[str, Any]] = {
    "before": {"max_length": 6},
    "after": {"max_length": 6, "padding": "after", "cell": "gru", "bidirectional": True},
    "masked": {"mask": True, "cell": "gru"},
    "whole": {"max_length": 0, "cell": "rnn", "mask": True},
    "average": {"cell": "average", "units": (), "dense": 4},
    "bigrams": {"cell": "none", "units": (), "bigrams": 30, "max_length": 6},
    "both": {"bigrams": 30, "max_length": 4},
    "maximum": {"pooling": "max", "bidirectional": True, "mask": True, "max_length": 0},
    "subwords": {**SUBWORDS, "units": (6, 4)},
    "subword average": {**SUBWORDS, "cell": "average", "units": ()},
}

every_kind = pytest.mark.parametrize("fields", KINDS.values(), ids=KINDS)


def _plain_probability(logits: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(logits, np.float64)))


@pytest.mark.parametrize("kind", ["before", "after", "average", "subwords"])
def test_probabilities_are_those_of_keras(make_classifier: Make, stock: Stock, kind: str) -> None:
    """Texts are cut and padded as in training, then judged as stock Keras layers judge them."""
    classifier = make_classifier(**KINDS[kind])
    config = classifier.network
    found = ReviewModel(classifier).probabilities(TEXTS)
    assert found.shape == (len(TEXTS),)
    assert found.dtype == np.float64
    prepared = [cut(classifier.encoder.encode(text), config.max_length) for text in TEXTS]
    # Only reviews cut to one length are padded together; others would not be as they are alone.
    groups = [prepared] if config.max_length else [[ids] for ids in prepared]
    logits = [stock(classifier, pad(g, config.padding, config.max_length or None)) for g in groups]
    expected = _plain_probability(np.concatenate(logits))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@every_kind
def test_a_review_s_answer_is_its_own(make_classifier: Make, fields: dict[str, Any]) -> None:
    """Neighbours, their number and their order change no review's answer."""
    model = ReviewModel(make_classifier(**fields))
    texts = ["good film " * 150, *TEXTS]
    alone = [model.probabilities([text])[0] for text in texts]
    many = texts[::-1] * 30
    np.testing.assert_allclose(model.probabilities(many), alone[::-1] * 30, rtol=0, atol=1e-6)


@every_kind
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text() | st.sampled_from(ODD))
def test_every_text_has_an_answer(make_classifier: Make, fields: dict[str, Any], text: str) -> None:
    """Nothing, unknown words, any script, half characters: each has a probability and effects."""
    model = ReviewModel(make_classifier(**fields))
    answers = [*model.probabilities([text]), *(effect.effect for effect in model.explain(text))]
    assert np.isfinite(answers).all()
    assert 0 <= answers[0] <= 1
    assert np.isfinite(model.polarities([text])).all()
    assert model.known(text) >= (0, 0)


def test_no_texts_have_no_answers(make_classifier: Make) -> None:
    """Without reviews or words there are no probabilities and no polarities."""
    for fields in KINDS.values():
        model = ReviewModel(make_classifier(**fields))
        assert model.probabilities([]).shape == model.polarities([]).shape == (0,)


def test_a_sure_answer_is_no_overflow(make_classifier: Make) -> None:
    """Logits far from 0 give 0 and 1 without a warning."""
    for sign, sure in ((-1, 0), (1, 1)):
        classifier = make_classifier()
        classifier.weights["layers/dense/vars/1"][:] = sign * 1e30
        assert ReviewModel(classifier).probabilities(["good"]).tolist() == [sure]


def test_a_masked_review_of_nothing_has_the_answer_of_no_features(make_classifier: Make) -> None:
    """Keras's average of nothing is NaN; an empty review gets the last layers' answer to 0."""
    classifier = make_classifier(**KINDS["subword average"])
    bias = float(classifier.weights["layers/dense/vars/1"][0])
    assert ReviewModel(classifier).probabilities([""])[0] == pytest.approx(_plain_probability(bias))


def _edited(model: ReviewModel, text: str, word: Effect, words: list[Effect]) -> str:
    """The text without a word, for subwords without the white space before it too."""
    start = word.start
    if model.checkpoint.network.tokens == "subwords":
        start = max((other.end for other in words if other.end <= word.start), default=0)
    return text[:start] + text[word.end :]


@every_kind
def test_an_effect_is_what_editing_the_text_does(
    make_classifier: Make, fields: dict[str, Any]
) -> None:
    """Each effect is the probability of the text minus that of the text without the word."""
    model = ReviewModel(make_classifier(**fields))
    for text in ["A good film; it was not\n bad!", "great", "  awful,  awful film " * 2]:
        words = model.explain(text)
        for word in words:
            both = model.probabilities([text, _edited(model, text, word, words)])
            assert word.effect == pytest.approx(both[0] - both[1], abs=1e-6)
        assert max(abs(word.effect) for word in words) > 1e-4


def test_an_explanation_covers_the_words_of_the_text(make_classifier: Make) -> None:
    """The words are given in order as they are written, with their places."""
    text = "Good, don't! <br />it WAS"
    words = ReviewModel(make_classifier()).explain(text)
    assert [word.text for word in words] == ["Good", "don't", "br", "it", "WAS"]
    assert [(word.start, word.end) for word in words] == [
        match.span() for match in re.finditer(r"[\w']+", text)
    ]
    spaced = ReviewModel(make_classifier(**SUBWORDS)).explain(text)
    assert [word.text for word in spaced] == text.split()


@pytest.mark.parametrize("kind", ["before", "after"])
def test_what_is_cut_off_is_not_computed(
    make_classifier: Make, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Words before the last `max_length` tokens have no effect, and cost nothing."""
    model = ReviewModel(make_classifier(**KINDS[kind]))
    read: list[int] = []
    logits = model._logits

    def spy(reviews: list[Any]) -> Any:
        read.append(len(reviews))
        return logits(reviews)

    monkeypatch.setattr(model, "_logits", spy)
    effects = [word.effect for word in model.explain("good bad " * 5000)]
    assert effects[:-6] == [0.0] * 9994
    assert all(effects[-6:])
    assert read == [7]


def test_half_a_word_that_is_read_has_an_effect(make_classifier: Make) -> None:
    """Where the cut goes through a word's subwords, leaving it out lets others in."""
    model = ReviewModel(make_classifier(**(SUBWORDS | {"max_length": 3, "mask": False})))
    text = "good bad extraordinary"
    first, second, last = model.explain(text)
    assert (first.effect, second.effect) == (0, 0)
    both = model.probabilities([text, "good bad"])
    assert last.effect == pytest.approx(both[0] - both[1], abs=1e-6) != 0


def test_neighbours_in_long_reviews_are_left_out_together(
    make_classifier: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the budget of tokens groups of neighbours share what leaving them out does."""
    model = ReviewModel(make_classifier(max_length=0, mask=True))
    text = "a good film it was not very bad"  # 8 words, 9 ids: 72 tokens
    monkeypatch.setattr(model_module, "_BUDGET", 72 // 3)
    effects = [word.effect for word in model.explain(text)]
    left = [text, "it was not very bad", "a good film very bad", "a good film it was not"]
    whole, *rest = model.probabilities(left)
    shares = [(whole - rest[0]) / 3] * 3 + [(whole - rest[1]) / 3] * 3 + [(whole - rest[2]) / 2] * 2
    np.testing.assert_allclose(effects, shares, rtol=0, atol=1e-6)


@every_kind
def test_a_polarity_is_the_word_s_logit_over_nothing_s(
    make_classifier: Make, fields: dict[str, Any]
) -> None:
    """A word's polarity is its review's logit, after a space in subwords, less an empty one's."""
    model = ReviewModel(make_classifier(**fields))
    words = ["good", "don't", "zzz", "film"]
    space = " " if fields.get("tokens") == "subwords" else ""
    probability = model.probabilities(["", *(space + word for word in words)])
    logits = np.log(probability / (1 - probability))
    np.testing.assert_allclose(model.polarities(words), logits[1:] - logits[0], rtol=0, atol=1e-5)


def test_known_counts_words_and_the_unknown_among_them(make_classifier: Make) -> None:
    """The start is no token of a text; subwords know every text, whatever is cut off."""
    model = ReviewModel(make_classifier(max_length=2))
    assert model.known("A good, zzz film (qqq) zzz") == (6, 3)
    assert model.known("") == (0, 0)
    subwords = ReviewModel(make_classifier(**SUBWORDS))
    assert subwords.known("zq好") == (5, 0)


def test_the_words_of_a_vocabulary(make_classifier: Make) -> None:
    """The most frequent come first; subwords give those that stand for a word after a space."""
    words = ReviewModel(make_classifier())
    assert words.vocabulary_words(3) == ["the", "a", "and"]
    assert words.vocabulary_words(99) == words.checkpoint.encoder.decode(range(4, 21)).split()
    subwords = ReviewModel(make_classifier(**SUBWORDS))
    found = subwords.vocabulary_words(99)
    assert {"film", "bad", "was"} <= set(found)
    assert found[:2] == subwords.vocabulary_words(2)
    encoder = subwords.checkpoint.encoder
    assert all(word.isalpha() and len(encoder.encode(" " + word)) == 1 for word in found)


def _write_run(make: Make, folder: Path) -> None:
    folder.mkdir(parents=True)
    for epoch in (1, 2, 3):
        write_classifier(folder / f"epoch-{epoch:04d}{checkpoint.SUFFIX}", make(seed=epoch))
    results = [EpochResult(epoch, 0.5, loss, 1.0) for epoch, loss in ((1, 0.5), (2, 0.4), (3, 0.6))]
    Run(folder).write_history(results)


def test_load_takes_the_best_epoch_or_a_file(make_classifier: Make, tmp_path: Path) -> None:
    """A run's folder stands for its best epoch, and a file, named from here, for itself."""
    _write_run(make_classifier, tmp_path / "checkpoints" / "imdb")
    for path, seed in (("checkpoints/imdb", 2), ("checkpoints/imdb/epoch-0003.weights.h5", 3)):
        expected = ReviewModel(make_classifier(seed=seed)).probabilities(TEXTS)
        np.testing.assert_array_equal(load(path).probabilities(TEXTS), expected)
        np.testing.assert_array_equal(load(Path(path)).probabilities(TEXTS), expected)


def test_load_names_what_is_missing(
    tmp_path: Path, make_run: Callable[..., Path], make_checkpoint: Callable[..., Checkpoint]
) -> None:
    """Where there is no classifier to load the error says what is there."""
    with pytest.raises(CheckpointError, match="nothing at nowhere/at-all"):
        load("nowhere/at-all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="empty has no checkpoint"):
        load(tmp_path / "empty")
    assert make_checkpoint().vocabulary
    with pytest.raises(CheckpointError):
        load(make_run())

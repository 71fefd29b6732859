"""The Python interface to a classifier: load, judge, explain, polarities."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn.data.padding import cut_review, pad_reviews
from charrnn.errors import CheckpointError, UsageError
from charrnn.inference import review_model
from charrnn.inference.review_model import Effect, ReviewModel, choose_label, load_classifier
from charrnn.runs.checkpoint import Classifier, Provenance, write_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.run import Run
from tests.support.networks import MakeCheckpoint, MakeClassifier, StockAnswers

TEXTS = ["a good film", "It was, was NOT good: bad and awful <br />", "great", "", "the film " * 9]
RESULTS = [EpochResult(1, 0.6, 0.5, 1.0, 0.7, 0.75), EpochResult(2, 0.4, 0.3, 1.0, 0.8, 0.85)]
ODD = ["", " ", "...", "zzz qqq", "хороший фильм", "好的電影", "\ud83d good \udc00", "\x00\n", "İΣ"]

SUBWORDS: dict[str, Any] = {
    "tokens": "subwords",
    "vocabulary_size": 300,
    "max_length": 0,
    "mask": True,
}
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
def test_probabilities_are_those_of_keras(
    make_classifier: MakeClassifier, stock_answers: StockAnswers, kind: str
) -> None:
    """Texts are cut and padded as in training, then judged the way stock Keras judges them."""
    classifier = make_classifier(**KINDS[kind])
    config = classifier.network
    found = ReviewModel(classifier).probabilities(TEXTS)
    assert found.shape == (len(TEXTS),)
    assert found.dtype == np.float64
    prepared = [cut_review(classifier.encoder.encode(text), config.max_length) for text in TEXTS]
    # Only reviews of one length are padded together; padding would change the others' answers.
    groups = [prepared] if config.max_length else [[ids] for ids in prepared]
    logits = [
        stock_answers(classifier, pad_reviews(g, config.padding, config.max_length or None))
        for g in groups
    ]
    expected = _plain_probability(np.concatenate(logits))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@every_kind
def test_reviews_are_judged_independently(
    make_classifier: MakeClassifier, fields: dict[str, Any]
) -> None:
    """Neither the other reviews nor their number or order changes a review's answer."""
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
def test_every_text_has_an_answer(
    make_classifier: MakeClassifier, fields: dict[str, Any], text: str
) -> None:
    """An empty text, unknown words, any script, half characters: each has its numbers."""
    model = ReviewModel(make_classifier(**fields))
    answers = [*model.probabilities([text]), *(effect.effect for effect in model.explain(text))]
    assert np.isfinite(answers).all()
    assert 0 <= answers[0] <= 1
    assert np.isfinite(model.polarities([text])).all()
    tokens, unknown = model.count_tokens(text)
    assert 0 <= unknown <= tokens


def test_no_texts_have_no_answers(make_classifier: MakeClassifier) -> None:
    """No reviews have no probabilities, no words no polarities."""
    for fields in KINDS.values():
        model = ReviewModel(make_classifier(**fields))
        assert model.probabilities([]).shape == model.polarities([]).shape == (0,)


def test_a_certain_answer_does_not_overflow(make_classifier: MakeClassifier) -> None:
    """Logits far from 0 give probabilities 0 and 1 without a warning."""
    for sign, certain in ((-1, 0), (1, 1)):
        classifier = make_classifier()
        classifier.weights["layers/dense/vars/1"][:] = sign * 1e30
        assert ReviewModel(classifier).probabilities(["good"]).tolist() == [certain]


def test_an_empty_review_is_judged_by_the_last_layers(make_classifier: MakeClassifier) -> None:
    """Keras's masked average of nothing is NaN; here the last layers read zeros instead."""
    classifier = make_classifier(**KINDS["subword average"])
    bias = float(classifier.weights["layers/dense/vars/1"][0])
    assert ReviewModel(classifier).probabilities([""])[0] == pytest.approx(_plain_probability(bias))


def _edited(model: ReviewModel, text: str, word: Effect, words: list[Effect]) -> str:
    """The text without a word and, for subwords, without the white space before it."""
    start = word.start
    if model.checkpoint.network.tokens == "subwords":
        start = max((other.end for other in words if other.end <= word.start), default=0)
    return text[:start] + text[word.end :]


@every_kind
def test_an_effect_is_that_of_editing_the_text(
    make_classifier: MakeClassifier, fields: dict[str, Any]
) -> None:
    """Each effect is the probability of the text minus that of the text without the word."""
    model = ReviewModel(make_classifier(**fields))
    for text in ["A good film; it was not\n bad!", "great", "  awful,  awful film " * 2]:
        words = model.explain(text)
        for word in words:
            both = model.probabilities([text, _edited(model, text, word, words)])
            assert word.effect == pytest.approx(both[0] - both[1], abs=1e-6)
        assert max(abs(word.effect) for word in words) > 1e-4


def test_an_explanation_covers_the_words_of_the_text(make_classifier: MakeClassifier) -> None:
    """The words are listed in order, as written, with their places."""
    text = "Good, don't! <br />it WAS"
    words = ReviewModel(make_classifier()).explain(text)
    assert [word.text for word in words] == ["Good", "don't", "br", "it", "WAS"]
    assert [(word.start, word.end) for word in words] == [
        match.span() for match in re.finditer(r"[\w']+", text)
    ]
    spaced = ReviewModel(make_classifier(**SUBWORDS)).explain(text)
    assert [word.text for word in spaced] == text.split()


@pytest.mark.parametrize("kind", ["before", "after"])
def test_words_that_are_cut_off_cost_nothing(
    make_classifier: MakeClassifier, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Words before the last `max_length` tokens have no effect and are not computed."""
    model = ReviewModel(make_classifier(**KINDS[kind]))
    read: list[int] = []
    compute = model._compute_logits

    def spy(reviews: list[Any]) -> Any:
        read.append(len(reviews))
        return compute(reviews)

    monkeypatch.setattr(model, "_compute_logits", spy)
    effects = [word.effect for word in model.explain("good bad " * 5000)]
    assert effects[:-6] == [0.0] * 9994
    assert all(effects[-6:])
    assert read == [7]


def test_half_a_word_that_is_read_has_an_effect(make_classifier: MakeClassifier) -> None:
    """If a word's subwords are cut through, leaving it out lets earlier ones in."""
    model = ReviewModel(make_classifier(**(SUBWORDS | {"max_length": 3, "mask": False})))
    text = "good bad extraordinary"
    first, second, last = model.explain(text)
    assert (first.effect, second.effect) == (0, 0)
    both = model.probabilities([text, "good bad"])
    assert last.effect == pytest.approx(both[0] - both[1], abs=1e-6) != 0


def test_neighbours_in_long_reviews_are_left_out_together(
    make_classifier: MakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the budget of tokens, neighbours are left out together and share the effect."""
    model = ReviewModel(make_classifier(max_length=0, mask=True))
    text = "a good film it was not very bad"  # 8 words, 9 ids: 72 tokens
    monkeypatch.setattr(review_model, "_BUDGET", 72 // 3)
    effects = [word.effect for word in model.explain(text)]
    left = [text, "it was not very bad", "a good film very bad", "a good film it was not"]
    whole, *rest = model.probabilities(left)
    shares = [(whole - rest[0]) / 3] * 3 + [(whole - rest[1]) / 3] * 3 + [(whole - rest[2]) / 2] * 2
    np.testing.assert_allclose(effects, shares, rtol=0, atol=1e-6)


def test_padding_counts_among_the_tokens_that_are_read(
    make_classifier: MakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short reviews that are padded to a great length are within the budget too."""
    model = ReviewModel(make_classifier(max_length=12))
    monkeypatch.setattr(review_model, "_BUDGET", 12)
    text = "good film bad"  # 3 words of 12 tokens each, if left out one by one
    whole, rest = model.probabilities([text, ""])
    effects = [word.effect for word in model.explain(text)]
    np.testing.assert_allclose(effects, [(whole - rest) / 3] * 3, rtol=0, atol=1e-6)


@every_kind
def test_a_polarity_is_a_word_s_logit_minus_that_of_nothing(
    make_classifier: MakeClassifier, fields: dict[str, Any]
) -> None:
    """It is the logit of the word alone, for subwords after a space, minus an empty review's."""
    model = ReviewModel(make_classifier(**fields))
    words = ["good", "don't", "zzz", "film"]
    space = " " if fields.get("tokens") == "subwords" else ""
    probability = model.probabilities(["", *(space + word for word in words)])
    logits = np.log(probability / (1 - probability))
    np.testing.assert_allclose(model.polarities(words), logits[1:] - logits[0], rtol=0, atol=1e-5)


def test_tokens_are_counted_in_the_whole_text(make_classifier: MakeClassifier) -> None:
    """The start of a review is no token, and what is cut off counts; subwords know every text."""
    model = ReviewModel(make_classifier(max_length=2))
    assert model.count_tokens("A good, zzz film (qqq) zzz") == (6, 3)
    assert model.count_tokens("") == (0, 0)
    subwords = ReviewModel(make_classifier(**SUBWORDS))
    assert subwords.count_tokens("zq好") == (5, 0)


def test_frequent_words(make_classifier: MakeClassifier) -> None:
    """The most frequent come first; subwords give those that stand for a word after a space."""
    words = ReviewModel(make_classifier())
    assert words.frequent_words(3) == ["the", "a", "and"]
    assert words.frequent_words(99) == words.checkpoint.encoder.decode(range(4, 21)).split()
    subwords = ReviewModel(make_classifier(**SUBWORDS))
    found = subwords.frequent_words(99)
    assert {"film", "bad", "was"} <= set(found)
    assert found[:2] == subwords.frequent_words(2)
    encoder = subwords.checkpoint.encoder
    assert all(word.isalpha() and len(encoder.encode(" " + word)) == 1 for word in found)


def _write_run(classifier: Classifier, folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "epoch-0002.weights.h5"
    write_checkpoint(path, classifier)
    Run(folder, CLASSIFIER).write_history(RESULTS)
    return path


@pytest.mark.parametrize("kind", ["before", "both", "subwords"])
def test_a_classifier_is_loaded_from_a_run_s_file(
    make_classifier: MakeClassifier, tmp_path: Path, kind: str
) -> None:
    """A file of a run, by path or by name from here, gives its answers, path and history."""
    made = make_classifier(**KINDS[kind])
    path = _write_run(made, tmp_path / "checkpoints" / "classify" / "tiny")
    for file in (path, "checkpoints/classify/tiny/epoch-0002.weights.h5"):
        model = load_classifier(file)
        assert model.path == Path(file)
        assert model.history == RESULTS
        expected = ReviewModel(made).probabilities(TEXTS)
        np.testing.assert_array_equal(model.probabilities(TEXTS), expected)


def test_a_damaged_history_keeps_nobody_from_loading(
    make_classifier: MakeClassifier, tmp_path: Path
) -> None:
    """A classifier with a damaged history still judges; its history is empty."""
    path = _write_run(make_classifier(), tmp_path / "tiny")
    (path.parent / "history.csv").write_text("epoch\n\0")
    model = load_classifier(path)
    assert model.history == []
    assert model.probabilities(["good"]) == ReviewModel(make_classifier()).probabilities(["good"])


def test_loading_names_what_is_wrong(tmp_path: Path, make_checkpoint: MakeCheckpoint) -> None:
    """The error names a file that is not there, and one of another kind."""
    with pytest.raises(CheckpointError, match=r"no file nowhere/at-all\.h5"):
        load_classifier("nowhere/at-all.h5")
    path = tmp_path / "epoch-0001.weights.h5"
    write_checkpoint(path, make_checkpoint())
    with pytest.raises(CheckpointError, match=rf"{re.escape(str(path))} is not a .*classifier"):
        load_classifier(path)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"units": (64, 32), "bidirectional": True}, "bidirectional lstm 64 and 32, "),
        ({"cell": "gru", "vocabulary_size": 10_000}, "gru 6, 10,000 words, trained on imdb, "),
        ({"cell": "none", "units": (), "bigrams": 30}, "<ReviewModel: words and pairs, 21 words, "),
        ({"bigrams": 30}, "<ReviewModel: lstm 6 with words and pairs, 21 words, "),
        ({"cell": "average", "units": ()}, "<ReviewModel: average, 21 words, "),
        ({"tokens": "subwords", "vocabulary_size": 20_000}, "lstm 6, 20,000 subwords, "),
        ({}, "21 words, trained on imdb, epoch 3, validation loss 0.2874>"),
    ],
)
def test_a_model_says_what_it_is(
    make_classifier: MakeClassifier, fields: dict[str, Any], words: str
) -> None:
    """Its repr has the layers and their units, vocabulary, corpus, epoch and loss."""
    provenance = Provenance("imdb", "0" * 64, 3, 0.25, 0.28741)
    shown = repr(ReviewModel(replace(make_classifier(**fields), provenance=provenance)))
    assert shown.startswith("<ReviewModel: ")
    assert words in shown


@pytest.mark.parametrize(
    ("probability", "label"),
    [(0.0, "negative"), (0.5, "negative"), (0.5000001, "positive"), (1.0, "positive")],
)
def test_a_label_is_the_more_probable_answer(probability: float, label: str) -> None:
    """Above one half the answer is positive, as in Keras's binary accuracy."""
    assert choose_label(probability) == label


BROKEN = {"layers/dense/vars/1": KINDS["before"], "layers/bigrams/vars/1": KINDS["bigrams"]}


@pytest.mark.parametrize(("name", "fields"), BROKEN.items(), ids=["lstm", "bigrams"])
@pytest.mark.parametrize("path", [None, Path("tiny/epoch-0002.weights.h5")])
def test_a_diverged_network_is_an_error_everywhere(
    make_classifier: MakeClassifier, name: str, fields: dict[str, Any], path: Path | None
) -> None:
    """NaN in the answer is an error in every method; a known path begins it."""
    classifier = make_classifier(**fields)
    broken = np.full_like(classifier.weights[name], np.nan)
    classifier = replace(classifier, weights={**classifier.weights, name: broken})
    model = ReviewModel(classifier, path=path)
    message = (
        "the network produced NaN or infinity: it diverged in training; choose an earlier epoch"
    )
    for ask in (
        lambda: model.probabilities(["good"]),
        lambda: model.explain("good film"),
        lambda: model.polarities(["good"]),
    ):
        with pytest.raises(CheckpointError) as caught:
            ask()
        assert str(caught.value) == (f"{path}: {message}" if path else message)


def test_overflow_is_an_error_without_a_warning(make_classifier: MakeClassifier) -> None:
    """Weights so large that infinity meets infinity give the error, and NumPy does not warn."""
    classifier = make_classifier(cell="average", units=(), dense=4)
    weights = {name: np.full_like(values, 3e38) for name, values in classifier.weights.items()}
    weights["layers/dense_1/vars/0"] = np.array([[1], [-1], [1], [-1]], np.float32)
    model = ReviewModel(replace(classifier, weights=weights))
    with pytest.raises(CheckpointError, match="NaN or infinity"):
        model.probabilities(["good"])
    with pytest.raises(CheckpointError, match="NaN or infinity"):
        model.polarities(["good"])


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("fields", [KINDS["before"], KINDS["bigrams"]], ids=["lstm", "bigrams"])
def test_many_answers_are_those_of_each_review(
    make_classifier: MakeClassifier, fields: dict[str, Any], jobs: int
) -> None:
    """Answers to many reviews, from an iterator, are what the other methods say of each."""
    model = ReviewModel(make_classifier(**fields))
    texts = [f"good film {'bad ' * (number % 9)}" for number in range(300)]
    answers = [*model.answer_many(iter(texts), jobs=jobs)]
    assert [answer.text for answer in answers] == texts
    found = [answer.probability for answer in answers]
    assert found == pytest.approx(model.probabilities(texts).tolist(), abs=1e-6)
    assert [(a.tokens, a.unknown) for a in answers] == [*map(model.count_tokens, texts)]
    assert {answer.effects for answer in answers} == {None}
    for answer in model.answer_many(texts[:9], explain=True, jobs=jobs):
        assert answer.effects == model.explain(answer.text)


def test_many_answers_are_of_many_reviews(make_classifier: MakeClassifier) -> None:
    """A single str is rejected, not taken for a sequence of letters."""
    model = ReviewModel(make_classifier())
    with pytest.raises(UsageError, match=r"^`texts` must be several str, not one$"):
        model.answer_many("good film")
    with pytest.raises(UsageError, match=r"^`jobs` must lie in 1 to 1,024, not 0$"):
        model.answer_many(["good film"], jobs=0)

"""Arguments of the models' methods: wrong types are rejected, NumPy's numbers are as good."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import LONGEST_TEXT
from charrnn.errors import UsageError
from charrnn.inference.choose import Choice
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.review_model import ReviewModel
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint, MakeClassifier

HUGE = 10**400  # no float is so large

WRITING: list[tuple[str, Any, str]] = [
    ("prompt", 5, "str, not int"),
    ("prompt", None, "str, not NoneType"),
    ("prompt", b"bad", "str, not bytes"),
    ("length", 2.5, "int, not float"),
    ("length", 2.0, "int, not float"),
    ("length", None, "int, not NoneType"),
    ("length", True, "int, not bool"),
    ("temperature", "hot", "float, not str"),
    ("temperature", None, "float, not NoneType"),
    ("temperature", True, "float, not bool"),
    ("temperature", 1j, "float, not complex"),
    ("top_k", 1.5, "int, not float"),
    ("top_k", np.float64(3), "int, not float64"),
    ("top_p", "0.9", "float, not str"),
    ("top_p", np.ones(2), "float, not ndarray"),
    ("seed", "x", "int, not str"),
    ("seed", 1.0, "int, not float"),
    ("num", 2.0, "int, not float"),
    ("num", "2", "int, not str"),
    ("stop", 5, "str, not int"),
    ("unknown", 5, '"error" or "skip", not 5'),
]


@pytest.mark.parametrize(("name", "value", "wanted"), WRITING)
def test_a_wrong_type_is_rejected_before_a_text_is_written(
    make_checkpoint: MakeCheckpoint, name: str, value: Any, wanted: str
) -> None:
    """Each way to write a text rejects it in the call itself, and names argument and types."""
    model = LanguageModel(make_checkpoint())
    message = f"`{name}` must be {wanted}"
    assert catch_message(UsageError, lambda: model.generate(**{name: value})) == message
    several = {"num": 1, name: value}
    assert catch_message(UsageError, lambda: model.stream_many(**several)) == message
    if name != "num":
        assert catch_message(UsageError, lambda: model.stream(**{name: value})) == message


READING: list[tuple[str, Callable[[LanguageModel], object]]] = [
    ("`text` must be str, not int", lambda model: model.next_probabilities(5)),  # type: ignore[arg-type]
    ("`temperature` must be float, not str", lambda model: model.next_probabilities("a", "hot")),  # type: ignore[arg-type]
    ("`count` must be int, not float", lambda model: model.next_probabilities().likeliest(2.0)),  # type: ignore[arg-type]
    ("`crop_length` must be int, not float", lambda model: model.score("abc", 2.0)),  # type: ignore[arg-type]
    ("`crop_length` must be int, not str", lambda model: model.evaluate("abc", "2")),  # type: ignore[arg-type]
    (
        "`text` must be str or an array (N,) of ids, not NoneType",
        lambda model: model.score(None),  # type: ignore[arg-type]
    ),
    (
        "`text` must be str or an array (N,) of ids, not list",
        lambda model: model.evaluate(["abc"]),  # type: ignore[arg-type]
    ),
    (
        "`text` must be str or an array (N,) of ids, not ndarray",
        lambda model: model.evaluate(np.zeros((2, 3), np.int32)),
    ),
    (
        "`text` must be str or an array (N,) of ids, not ndarray",
        lambda model: model.evaluate(np.zeros(3)),  # type: ignore[arg-type]
    ),
]


@pytest.mark.parametrize(("message", "ask"), READING)
def test_a_wrong_type_is_rejected_before_a_text_is_read(
    make_checkpoint: MakeCheckpoint, message: str, ask: Callable[[LanguageModel], object]
) -> None:
    """Predictions and scores reject it, and name the argument and both types."""
    model = LanguageModel(make_checkpoint())
    assert catch_message(UsageError, lambda: ask(model)) == message


@pytest.mark.parametrize("number", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("real", [np.float64, np.float32, np.float16])
def test_numpy_s_numbers_write_the_same_text(
    make_checkpoint: MakeCheckpoint, number: type[Any], real: type[Any]
) -> None:
    """NumPy's integers and floats give what Python's of the same value give."""
    model = LanguageModel(make_checkpoint())
    expected = model.generate("bad", 20, 0.5, 4, 0.875, 7, num=2)
    given = ("bad", number(20), real(0.5), number(4), real(0.875), number(7))
    assert model.generate(*given, num=number(2)) == expected
    assert model.generate(length=number(0), num=number(2)) == ["", ""]
    assert model.score("a bad cab", number(3)) == model.score("a bad cab", 3)
    after = model.next_probabilities("a", real(0.5))
    assert after.likeliest(number(2)) == model.next_probabilities("a", 0.5).likeliest(2)


def test_numbers_are_kept_as_python_s() -> None:
    """An int or a fraction can be the temperature; a number that no float holds is rejected."""
    choice = Choice(Fraction(1, 2), np.int64(3), np.float32(0.5))  # type: ignore[arg-type]
    assert repr(choice) == repr(Choice(0.5, 3, 0.5))
    assert repr(Choice(1)) == repr(Choice())
    message = catch_message(UsageError, lambda: Choice(HUGE))
    assert message == "`temperature` is too large for a float: give a smaller one"


def test_more_than_anyone_waits_for_is_rejected(make_checkpoint: MakeCheckpoint) -> None:
    """A text of days is a stream that begins at once; more than that can't be meant."""
    model = LanguageModel(make_checkpoint())
    stream = model.stream(length=LONGEST_TEXT, seed=1)
    assert len([next(stream) for _ in range(5)]) == 5
    for huge in (LONGEST_TEXT + 1, 10**20):
        message = catch_message(UsageError, lambda: model.stream(length=huge))  # noqa: B023
        assert message == f"`length` must lie in 0 to 1,000,000,000, not {huge}"
    message = catch_message(UsageError, lambda: model.generate(num=10**20))
    assert message == f"`num` must lie in 1 to 1,000,000,000, not {10**20}"
    message = catch_message(UsageError, lambda: model.stream_many(num=10_001))
    assert message == "`num` must lie in 1 to 10,000, not 10001"


JUDGING: list[tuple[str, Callable[[ReviewModel], object]]] = [
    (
        "`texts` must be a list, not str: give a list, even of one",
        lambda judge: judge.probabilities("good"),
    ),
    (
        "`words` must be a list, not str: give a list, even of one",
        lambda judge: judge.polarities("good"),
    ),
    (
        "`texts` must be a list, not bytes: give a list, even of one",
        lambda judge: judge.probabilities(b"good"),  # type: ignore[arg-type]
    ),
    (
        "`words` must be a list, not int: give a list, even of one",
        lambda judge: judge.polarities(5),  # type: ignore[arg-type]
    ),
    (
        "`texts` must be a list of str, not of float",
        lambda judge: judge.probabilities(["good", float("nan")]),  # type: ignore[list-item]
    ),
    (
        "`words` must be a list of str, not of NoneType",
        lambda judge: judge.polarities([None]),  # type: ignore[list-item]
    ),
    ("`text` must be str, not list", lambda judge: judge.explain(["good"])),  # type: ignore[arg-type]
    ("`text` must be str, not int", lambda judge: judge.count_tokens(5)),  # type: ignore[arg-type]
    ("`count` must be int, not float", lambda judge: judge.frequent_words(2.0)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("message", "ask"), JUDGING)
@pytest.mark.parametrize("tokens", ["words", "subwords"])
def test_a_wrong_type_is_not_judged(
    make_classifier: MakeClassifier,
    tokens: str,
    message: str,
    ask: Callable[[ReviewModel], object],
) -> None:
    """Most of all a single str, whose letters would each be judged as a review."""
    judge = ReviewModel(make_classifier(tokens=tokens))
    assert catch_message(UsageError, lambda: ask(judge)) == message


def test_all_that_holds_texts_is_judged(make_classifier: MakeClassifier) -> None:
    """A tuple, an iterator and an array of texts have the answers of the list."""
    judge, texts = ReviewModel(make_classifier()), ["good film", "bad", ""]
    for ask in (judge.probabilities, judge.polarities):
        expected = ask(texts).tolist()
        for given in (tuple(texts), iter(texts), np.array(texts), np.array(texts, object)):
            assert ask(given).tolist() == expected  # type: ignore[arg-type]
    assert judge.frequent_words(np.int64(2)) == judge.frequent_words(2)  # type: ignore[arg-type]

"""A network that reads and writes UTF-8 bytes."""

import math
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import Adaptation
from charrnn.data.byte_vocabulary import ByteVocabulary
from charrnn.errors import UsageError, VocabularyError
from charrnn.inference.language import Engine, NumpyStepper
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.rules import WholeCharacters
from tests.support.networks import make_reading_bytes

BYTES = ByteVocabulary()
TEXT = "Zürich, 水 und 🙂!\nЕще: naïve – 東京 🙂🙂 end"


def _native(checkpoint: Any, batch_size: int) -> Any:
    from charrnn.networks.native.stepper import NativeStepper

    return NativeStepper(checkpoint, batch_size)


def _keras(checkpoint: Any, batch_size: int) -> Any:
    from charrnn.networks.stepper import KerasStepper

    return KerasStepper(checkpoint, batch_size)


ENGINES: dict[str, Engine] = {"numpy": NumpyStepper, "native": _native, "keras": _keras}


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """A network that finds no byte rare: most of what it would write by itself is invalid."""
    return LanguageModel(make_reading_bytes())


def compute_losses(model: LanguageModel, ids: Any) -> Any:
    """The loss of each byte but the first, in nats, (M - 1,), by the definition."""
    logits = NumpyStepper(model.checkpoint).read(ids[None])[0, :-1].astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(ids) - 1), ids[1:]])


def sum_up(losses: Any, text: str) -> list[float]:
    """The loss of each character of a text but the first, from those of its bytes."""
    sums, place = [], len(text[0].encode())
    for character in text[1:]:
        size = len(character.encode())
        sums.append(math.fsum(losses[place - 1 : place - 1 + size]))
        place += size
    return sums


@pytest.mark.parametrize(
    "name", ["numpy", *(pytest.param(n, marks=pytest.mark.slow) for n in ("native", "keras"))]
)
def test_only_whole_characters_are_written(name: str) -> None:
    """Whatever the settings, a text has as many characters as are asked for, in valid UTF-8."""
    model = LanguageModel(make_reading_bytes(), engine=ENGINES[name])
    settings: list[dict[str, Any]] = [
        {},
        {"temperature": 3},
        {"temperature": 0},
        {"top_k": 2},
        {"top_p": 0.5},
    ]
    lengths = set()
    for seed, how in enumerate(settings):
        for text in model.generate("水", 400, **how, seed=seed, num=2):
            assert len(text) == 400
            assert text.encode().decode() == text
            lengths |= {len(character.encode()) for character in text}
    assert lengths == {1, 2, 3, 4}


def test_what_may_come_next_is_sampled_by_its_probability(model: LanguageModel) -> None:
    """The bytes that can't come next have none, and the others keep their ratios."""
    after = model.next_probabilities("水")
    logits = NumpyStepper(model.checkpoint).read(np.array([[*"水".encode()]]))[0, -1].astype(float)
    allowed = [*range(0x80), *range(0xC2, 0xF5)]
    expected = np.zeros(256)
    expected[allowed] = np.exp(logits[allowed]) / np.exp(logits[allowed]).sum()
    np.testing.assert_allclose(after.probabilities, expected, rtol=1e-5)
    assert dict(zip(*after, strict=True))[r"\xe6"] == after.probabilities[0xE6]


def test_each_text_has_a_state_of_its_own() -> None:
    """What may come next depends on a text's own bytes alone."""
    rules, logits = WholeCharacters(3), np.zeros((3, 256))
    rules.follow(np.array([0xE0, 0x41, 0xF4]))
    allowed = np.isfinite(rules.rule_out(logits))
    assert [np.flatnonzero(row)[[0, -1]].tolist() for row in allowed] == [
        [0xA0, 0xBF],
        [0, 0xF4],
        [0x80, 0x8F],
    ]
    assert not logits.any()


def test_a_seed_gives_the_same_text_however_it_is_asked_for(model: LanguageModel) -> None:
    """One, many, a character at a time, or in turns."""
    text = model.generate("é", 60, seed=5)
    many = model.generate("é", 60, seed=5, num=4)
    assert many[0] == text
    assert len(set(many)) == 4
    assert model.generate("é", 60, seed=5, num=2) == many[:2]
    assert [*model.stream("é", 60, seed=5)] == [*text]
    draft = model.begin_draft(5)
    draft.read("é")
    turns = ["".join(draft.write(length)) for length in (1, 0, 20, 39)]
    assert "".join(turns) == text
    assert draft.text == "é" + text


def test_a_text_ends_once_it_has_written_stop(model: LanguageModel) -> None:
    """`stop` is characters, of any length in bytes; the text that wrote it ends with it."""
    text = model.generate("a", 200, seed=2)
    place = next(
        at for at, character in enumerate(text) if len(character.encode()) == 4 and at > 20
    )
    stop = text[place - 1 : place + 1]
    first = text[: text.index(stop) + 2]
    assert model.generate("a", 200, seed=2, stop=stop) == first
    assert model.generate("a", 200, seed=2, stop=stop, num=3)[0] == first
    with pytest.raises(VocabularyError, match="halves of characters"):
        model.generate("a", 10, stop="\ud800")


def test_proposals_are_whole(model: LanguageModel) -> None:
    """Each has as many characters as were asked for; what was stopped ends with a whole one."""
    draft = model.begin_draft(1)
    draft.read(TEXT)
    assert {len(text) for text in draft.propose(4, 15)} == {15}
    answers = iter([False] * 5 + [True])
    for text in draft.propose(4, 15, is_stopped=lambda: next(answers)):
        assert len(text) <= 6
        assert text.encode().decode() == text
    assert draft.undo() == TEXT


def test_every_prompt_is_known(model: LanguageModel) -> None:
    """Any character, but no half of one."""
    assert len(model.generate("\x00߿\uffff\U0010ffff", 5, seed=0)) == 5
    assert model.generate("", 5, seed=0) == model.generate("\n", 5, seed=0)
    with pytest.raises(VocabularyError, match=r"halves of characters.*set `unknown` to skip"):
        model.generate("a\ud800", 5)
    skipped = model.generate("a\ud800", 5, seed=0, unknown="skip")
    assert skipped == model.generate("a", 5, seed=0)


@pytest.mark.parametrize("text", [TEXT, "ab", "水東", "🙂a", "a" * 50, TEXT * 9])
def test_losses_are_per_character(model: LanguageModel, text: str) -> None:
    """Each character's is the sum of its bytes', and the first one has none."""
    score = model.evaluate(text)
    sums = sum_up(compute_losses(model, BYTES.encode(text)), text)
    assert score.characters == len(sums) == len(text) - 1
    assert score.bytes == len(text[1:].encode())
    assert score.loss == pytest.approx(math.fsum(sums) / len(sums), rel=1e-5)
    assert score.loss_per_byte == pytest.approx(math.fsum(sums) / score.bytes, rel=1e-5)
    assert model.evaluate(BYTES.encode(text)) == score
    assert model.score(text) == score.loss


@pytest.mark.parametrize("length", [1, 2, 5, 7, 10**9])
@pytest.mark.parametrize("text", [TEXT, TEXT * 20, "🙂a🙂"])
def test_crops_are_of_characters(model: LanguageModel, text: str, length: int) -> None:
    """Each reads from a state of zero, as it would alone, and predicts all but its first."""
    size = min(length, len(text))
    found: list[float] = []
    for first in range(0, len(text) - 1, size):
        crop = text[first : first + size + 1]
        found += sum_up(compute_losses(model, BYTES.encode(crop)), crop)
    counted: list[int] = []
    score = model.evaluate(text, length, progress=counted.append)
    assert score.characters == len(found) == len(text) - 1
    assert score.bytes == sum(counted) == len(text[1:].encode())
    assert score.loss == pytest.approx(math.fsum(found) / len(found), rel=1e-5)


def test_an_ascii_text_is_scored_as_characters_are(model: LanguageModel) -> None:
    """Where each character is a byte, both losses are the same."""
    score = model.evaluate("To be, or not to be", 4)
    assert score.loss_per_byte == score.loss
    assert score.bytes == score.characters == 18


def test_adapting_at_rate_zero_changes_no_loss(model: LanguageModel) -> None:
    """The adapting stream counts the same characters; and what adapted writes valid text."""
    still = model.evaluate(TEXT * 3, adaptation=Adaptation(rate=0))
    plain = model.evaluate(TEXT * 3)
    assert still.loss == pytest.approx(plain.loss, rel=1e-5)
    assert still[1:] == plain[1:]
    adapted = model.adapt(TEXT * 9)
    assert len(adapted.generate("東", 50, seed=1)) == 50
    assert f"{9 * len(TEXT)} characters" in adapted.checkpoint.provenance.adapted


@pytest.mark.parametrize(
    "score", [LanguageModel.evaluate, LanguageModel.inspect, LanguageModel.adapt]
)
@pytest.mark.parametrize("text", ["🙂", np.array([0xE6, 0xB0], np.uint8), "a"])
def test_one_character_is_too_few(
    model: LanguageModel, score: Callable[..., Any], text: Any
) -> None:
    """However many bytes it has; half a character is none."""
    with pytest.raises(
        (UsageError, VocabularyError), match=r"at least two characters|no whole UTF-8"
    ):
        score(model, text)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_inspection_is_by_characters(cell: str) -> None:
    """Surprise is the sum over a character's bytes, states are those after its last byte."""
    model = LanguageModel(make_reading_bytes(cell=cell, layers=2))
    seen, ids = model.inspect(TEXT), BYTES.encode(TEXT)
    assert seen.text == TEXT
    sums = sum_up(compute_losses(model, ids), TEXT)
    assert math.isnan(seen.surprise[0])
    np.testing.assert_allclose(seen.surprise[1:], sums, rtol=1e-5)
    assert seen.loss == pytest.approx(model.score(TEXT), rel=1e-6)
    ends = np.cumsum([len(character.encode()) for character in TEXT]) - 1
    _, states = NumpyStepper(model.checkpoint).trace(ids.astype(np.int32))
    for layer in range(2):
        np.testing.assert_array_equal(seen.outputs[layer], states[layer][0][ends])
    if cell == "lstm":
        np.testing.assert_array_equal(seen.states(3)["cell state"], states[1][1][ends, 3])


def test_gates_are_those_at_the_last_byte() -> None:
    """An LSTM's cell state follows from its gates, byte by byte."""
    model = LanguageModel(make_reading_bytes(cell="lstm", layers=2))
    text = "é🙂a水"
    seen, gates = model.inspect(text), model.inspect(text).gates((1, 4))
    last = BYTES.encode(text)[:-1]  # all but the last byte, whose state is the one before
    before = NumpyStepper(model.checkpoint).trace(last.astype(np.int32))[1][1][1][-1, 4]
    expected = gates["forget gate"][-1] * before + gates["input gate"][-1] * gates["candidate"][-1]
    assert seen.states((1, 4))["cell state"][-1] == pytest.approx(expected, abs=1e-5)
    assert {len(values) for values in gates.values()} == {len(text)}


def test_guesses_are_first_bytes(model: LanguageModel) -> None:
    """Before each character those of its first byte, likeliest first, as can be read."""
    seen = model.inspect(TEXT)
    guesses = seen.guesses(3)
    assert guesses[0] == []
    ids = BYTES.encode(TEXT)
    logits = NumpyStepper(model.checkpoint).read(ids[None])[0].astype(np.float64)
    starts = BYTES.find_starts(ids)
    for place in (1, 2, 9, len(TEXT) - 1):
        row = logits[starts[place] - 1]
        shares = np.exp(row) / np.exp(row).sum()
        best = np.argsort(-shares)[:3]
        assert [symbol for symbol, _ in guesses[place]] == [BYTES.symbols[byte] for byte in best]
        assert [share for _, share in guesses[place]] == pytest.approx(
            shares[best].tolist(), rel=1e-4
        )


def test_stream_waits_for_whole_characters(model: LanguageModel) -> None:
    """What `stream_many` gives is a character of each text or nothing, and never nothing at all."""
    steps = [*islice(model.stream_many("a", 40, seed=3, num=3), 200)]
    assert all(any(step) for step in steps)
    assert {len(piece) for step in steps for piece in step} == {0, 1}
    assert ["".join(pieces) for pieces in zip(*steps, strict=True)] == model.generate(
        "a", 40, seed=3, num=3
    )

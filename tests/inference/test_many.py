"""Many texts from one seed: in groups, in order, the same for any number of processes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from charrnn.errors import CheckpointError, UsageError
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.many import TOGETHER, count_groups, divide
from tests.support.networks import MakeCheckpoint, MakeRealistic


@pytest.mark.parametrize("num", [1, 2, 63, 64, 65, 100, 128, 129, 1000, 9_999])
def test_groups(num: int) -> None:
    """Every text is in one group, in order; no group is larger than it may be, or much smaller."""
    groups = [*divide(num)]
    assert [number for group in groups for number in group] == [*range(num)]
    sizes = {len(group) for group in groups}
    assert max(sizes) <= TOGETHER
    assert max(sizes) - min(sizes) <= 1
    assert len(groups) == count_groups(num) == int(np.ceil(num / TOGETHER))


def test_groups_are_made_one_by_one() -> None:
    """There may be more texts than memory could hold numbers of."""
    groups = divide(10**9)
    assert next(groups).start == 0
    assert 0 < next(groups).start <= TOGETHER


def write_alone(model: LanguageModel, prompt: str, length: int, seed: int, number: int) -> str:
    """A text written character by character, by the rules alone."""
    network, vocabulary = NumpyStepper(model.checkpoint), model.vocabulary
    random, text = np.random.default_rng([seed, number]), ""
    for character in vocabulary.encode(prompt):
        logits = network.step(np.array([character]))
    for _ in range(length):
        weights = np.exp(logits[0].astype(float) - logits.max())
        place = np.searchsorted(np.cumsum(weights) / weights.sum(), random.random(), "right")
        text += vocabulary.symbols[int(place)]
        logits = network.step(np.array([place]))
    return text


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_text_is_its_numbers(make_realistic: MakeRealistic, jobs: int) -> None:
    """Text k depends on the seed and on k alone, and comes at place k."""
    model = LanguageModel(make_realistic())
    texts = [*model.generate_many("ABC", 20, num=130, seed=7, jobs=jobs)]
    assert texts == [write_alone(model, "ABC", 20, 7, number) for number in range(130)]
    assert len({*texts}) > 100


def test_all_ways_agree(make_realistic: MakeRealistic) -> None:
    """Python's three ways give the same texts, with a stop and units that are held too."""
    model = LanguageModel(make_realistic())
    ways: list[dict[str, Any]] = [
        {},
        {"stop": "B"},
        {"set_units": {3: 0.5}},
        {"temperature": 0.5, "top_k": 5},
    ]
    for more in ways:
        alone = model.generate("A", 30, seed=2, num=70, **more)
        assert model.generate("A", 30, seed=2, num=70, jobs=2, **more) == alone
        assert [*model.generate_many("A", 30, seed=2, num=70, jobs=3, **more)] == alone
        few = model.generate("A", 30, seed=2, num=5, **more)
        assert few == alone[:5]


def test_an_adapted_network_is_shared_too(make_realistic: MakeRealistic) -> None:
    """What exists in memory alone reaches the workers."""
    model = LanguageModel(make_realistic()).adapt("ABCABD" * 20)
    one, two = (model.generate("A", 10, seed=1, num=70, jobs=jobs) for jobs in (1, 2))
    assert one == two


def test_nothing_is_written_before_it_is_wanted(make_checkpoint: MakeCheckpoint) -> None:
    """The first of a billion texts is there at once."""
    texts = LanguageModel(make_checkpoint()).generate_many("abc", 5, num=10**9, seed=1)
    assert len(next(texts)) == 5


@pytest.mark.parametrize("num", [3, 70])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_network_that_diverged(make_checkpoint: MakeCheckpoint, num: int, jobs: int) -> None:
    """NaN is the same error from any process."""
    checkpoint = make_checkpoint()
    checkpoint.weights["layers/dense/vars/1"][:] = np.nan
    texts = LanguageModel(checkpoint).generate_many("abc", 5, num=num, jobs=jobs)
    with pytest.raises(CheckpointError, match=r"^the network produced NaN or infinity"):
        next(texts)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda model: model.generate_many(num=0), "`num` must lie in 1 to "),
        (lambda model: model.generate_many(num=2, jobs=0), "`jobs` must lie in 1 to 1,024, not 0"),
        (lambda model: model.generate(num=2, jobs=1.5), "`jobs` must be int, not float"),
        (lambda model: model.generate_many(num=2, seed=-1), "`seed` must lie in"),
        (lambda model: model.evaluate("abc", jobs=2), "a stream can't be shared among `jobs`"),
        (lambda model: model.evaluate("abc", 3, jobs=0), "`jobs` must lie in 1 to 1,024, not 0"),
    ],
)
def test_what_is_rejected_at_once(
    make_checkpoint: MakeCheckpoint, ask: Callable[[LanguageModel], object], message: str
) -> None:
    with pytest.raises(UsageError, match=f"^{message}"):
        ask(LanguageModel(make_checkpoint()))


def test_other_engines_have_no_jobs(make_checkpoint: MakeCheckpoint) -> None:
    """Several processes would each load TensorFlow, or share their cores twice."""
    model = LanguageModel(make_checkpoint(), engine=NumpyStepper)
    for ask in (
        lambda: model.generate(num=2, jobs=2),
        lambda: model.evaluate("abc", 1, jobs=2),
    ):
        with pytest.raises(UsageError, match=r"^`jobs` is for NumPy: leave out `engine`$"):
            ask()
    assert len(model.generate("abc", 3, num=70, seed=1)) == 70


@pytest.mark.parametrize("length", [10, 256])
def test_a_score_is_the_same_for_any_number_of_jobs(
    make_realistic: MakeRealistic, length: int
) -> None:
    """Crops that processes share have the very loss of those that one reads, to the last bit."""
    model, random = LanguageModel(make_realistic()), np.random.default_rng(0)
    ids = random.integers(0, len(model.vocabulary), 128 * length * 3 // 2 + 7).astype(np.int32)
    scores, counted = [], []
    for jobs in (1, 2, 3):
        read: list[int] = []
        scores.append(model.evaluate(ids, length, jobs=jobs, progress=read.append))
        counted.append(sum(read))
    assert scores[0] == scores[1] == scores[2]
    assert counted == [len(ids) - 1] * 3

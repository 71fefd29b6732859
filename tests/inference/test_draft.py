"""A text written in turns is the text that the network would have written in one go."""

from itertools import islice

import pytest

from charrnn.errors import UsageError, VocabularyError
from charrnn.inference.language_model import LanguageModel
from tests.support.networks import MakeCheckpoint

CELLS = ["rnn", "lstm", "gru"]


@pytest.mark.parametrize("cell", CELLS)
def test_turns_of_the_network_are_one_text(make_checkpoint: MakeCheckpoint, cell: str) -> None:
    """However many turns a text is written in, it is the text of its seed."""
    model = LanguageModel(make_checkpoint(cell=cell, layers=2))
    draft = model.begin_draft(7)
    draft.read("ab")
    parts = ["".join(draft.write(length)) for length in (1, 0, 5, 14)]
    assert "".join(parts) == model.generate("ab", 20, seed=7)
    assert draft.text == "ab" + "".join(parts)


@pytest.mark.parametrize("cell", CELLS)
def test_words_between_turns_are_read(make_checkpoint: MakeCheckpoint, cell: str) -> None:
    """After a person's words the network writes what it would after the whole text so far."""
    model = LanguageModel(make_checkpoint(cell=cell))
    draft = model.begin_draft(0)
    list(draft.write(10))
    draft.read("cafe!\n")
    before = "\n" + draft.text  # an empty text begins after a line end
    greedy = "".join(draft.write(12, temperature=0))
    assert greedy == model.generate(before, 12, temperature=0)


def test_a_turn_that_is_not_finished_counts_as_far_as_it_came(
    make_checkpoint: MakeCheckpoint,
) -> None:
    """Who stops iterating keeps what was given, and the next turn goes on after it."""
    model = LanguageModel(make_checkpoint(cell="gru"))
    draft = model.begin_draft(3)
    draft.read("a")
    text = "".join(islice(draft.write(1000), 5)) + "".join(draft.write(5))
    assert text == model.generate("a", 10, seed=3)


@pytest.mark.parametrize("cell", CELLS)
def test_undo_forgets_a_turn(make_checkpoint: MakeCheckpoint, cell: str) -> None:
    """What was taken back has no effect on what is written afterwards."""
    model = LanguageModel(make_checkpoint(cell=cell, layers=2))
    draft = model.begin_draft(1)
    draft.read("dead")
    written = "".join(draft.write(8))
    draft.read("beef")
    assert draft.undo() == "beef"
    assert draft.last_is_network
    assert draft.undo() == written
    assert not draft.last_is_network
    draft.set_seed(9)
    assert "".join(draft.write(20)) == model.generate("dead", 20, seed=9)
    draft.undo()
    assert draft.undo() == "dead"
    assert draft.text == ""
    with pytest.raises(UsageError, match="nothing to take back"):
        draft.undo()
    draft.set_seed(2)
    assert "".join(draft.write(9)) == model.generate("", 9, seed=2)


@pytest.mark.parametrize("cell", CELLS)
def test_proposals_follow_the_text(make_checkpoint: MakeCheckpoint, cell: str) -> None:
    """Each proposal continues the text, they differ, and proposing leaves the text alone."""
    model = LanguageModel(make_checkpoint(cell=cell))
    draft = model.begin_draft(4)
    draft.read("bad ")
    proposals = draft.propose(5, 30)
    assert len(set(proposals)) == 5
    assert {len(text) for text in proposals} == {30}
    greedy = draft.propose(3, 15, temperature=0)
    assert greedy == [model.generate("bad ", 15, temperature=0)] * 3
    assert draft.text == "bad "
    assert "".join(draft.write(15, temperature=0)) == greedy[0]
    assert model.begin_draft(4).propose(2, 0) == ["", ""]


def test_proposals_can_be_stopped(make_checkpoint: MakeCheckpoint) -> None:
    """They end where they were stopped, all after as many characters."""
    model = LanguageModel(make_checkpoint())
    answers = iter([False, False, True])
    stopped = model.begin_draft(4).propose(3, 30, is_stopped=lambda: next(answers))
    assert stopped == [text[:3] for text in model.begin_draft(4).propose(3, 30)]


def test_mistakes_leave_the_text_alone(make_checkpoint: MakeCheckpoint) -> None:
    """Words that the network doesn't know and numbers out of range are errors, not turns."""
    draft = LanguageModel(make_checkpoint()).begin_draft(0)
    draft.read("abc")
    with pytest.raises(VocabularyError, match="'z'"):
        draft.read("xyz")
    for mistake in (lambda: draft.write(-1), lambda: draft.propose(0, 5)):
        with pytest.raises(UsageError, match="must lie in"):
            mistake()
    draft.read("")
    assert draft.text == "abc"
    assert draft.undo() == "abc"

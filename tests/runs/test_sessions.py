"""What is known of how a run came about."""

from dataclasses import replace

from charrnn.config.language import TrainingConfig
from charrnn.runs.sessions import Session, add_session

FIRST = Session(0, TrainingConfig(epochs=3), "2026-11-30T08:00:00+00:00", {"keras": "3.15"})


def test_a_resume_with_other_settings_is_a_session_of_its_own() -> None:
    """So is one on another machine; with the same on the same, it belongs to the last."""
    assert add_session([], FIRST) == [FIRST]
    same = replace(FIRST, after=2, began="2026-11-30T09:00:00+00:00")
    assert add_session([FIRST], same) == [FIRST]
    for other in (
        replace(same, training=TrainingConfig(epochs=5)),
        replace(same, environment={"keras": "3.16"}),
    ):
        assert add_session([FIRST], other) == [FIRST, other]


def test_a_session_that_took_no_step_leaves_no_trace() -> None:
    """The next one begins where it did, and takes its place."""
    second = replace(FIRST, after=2, training=TrainingConfig(epochs=9))
    third = replace(FIRST, after=2, training=TrainingConfig(epochs=4))
    assert add_session([FIRST, second], third) == [FIRST, third]
    assert add_session([FIRST], replace(FIRST, began="later")) == [replace(FIRST, began="later")]
    later = replace(second, step=5)
    assert add_session([FIRST, replace(second, step=3)], later)[1:] == [replace(second, step=3)]
    assert add_session([FIRST, replace(third, step=3)], later)[2:] == [later]

"""A run ends early when no epoch gets better, or when the user asks, and keeps what it has."""

import os
import signal
import threading
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

import charrnn
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.resume import read_progress
from charrnn.training.language_batches import count_steps
from charrnn.training.stop import Interrupted, StopWithoutTrace, catch_interrupts
from tests.support.training import MakeTraining, SmallRun, list_weights


def make_worsening(make_training: MakeTraining, **values: Any) -> SmallRun:
    """A run that learns "a" and is validated on "b", worse after each epoch."""
    return make_training(text="a" * 300 + "b" * 100, validation=0.25, **values)


@pytest.mark.slow
def test_patience_stops_a_run_that_no_longer_improves(make_training: MakeTraining) -> None:
    """A run ends after `patience` epochs in a row that were not the best; the best one stays."""
    small = make_worsening(make_training, epochs=9, patience=2)
    small.start()
    losses = [result.loss for result in small.recording.results]
    assert losses == sorted(losses)
    assert len(losses) == 3
    assert small.run.find_best_epoch() == 1


@pytest.mark.slow
def test_no_patience_never_stops(make_training: MakeTraining) -> None:
    """With `patience` 0 a run that gets worse takes all its epochs."""
    small = make_worsening(make_training, epochs=4, patience=0)
    small.start()
    assert small.run.list_epochs() == [1, 2, 3, 4]
    assert small.run.find_best_epoch() == 1


@pytest.mark.slow
def test_patience_counts_epochs_before_a_resume(make_training: MakeTraining) -> None:
    """Epochs that were not the best count whether or not the run was resumed between them."""
    small = make_worsening(make_training, epochs=2, patience=2)
    small.start()
    assert small.run.list_epochs() == [1, 2]
    small.resume(epochs=9)
    assert small.run.list_epochs() == [1, 2, 3]


@pytest.mark.slow
def test_an_interrupted_epoch_is_kept_until_it_is_done(make_training: MakeTraining) -> None:
    """An interruption keeps the weights of the epoch under way; they go once it has ended."""
    small = make_training(epochs=3)
    with pytest.raises(Interrupted):
        small.start(lambda: small.recording.is_at(2, "step", 3))
    assert small.run.list_epochs() == [1]
    kept = charrnn.load(small.run.interrupted_file).checkpoint
    source = kept.provenance
    assert (source.epoch, source.step, source.validation_loss) == (2, 3, None)
    assert source.steps == count_steps(small.recipe.split(small.ids), small.recipe.training)
    assert source.train_loss == small.recording.events[-1][2]
    pairs = zip(kept.weights.values(), list_weights(small, 1), strict=True)
    assert any(np.abs(now - before).max() > 1e-4 for now, before in pairs)
    small.resume()
    assert not small.run.interrupted_file.exists()
    assert small.run.list_epochs() == [1, 2, 3]


@pytest.mark.slow
def test_an_interruption_of_the_first_epoch_leaves_something_to_sample(
    make_training: MakeTraining,
) -> None:
    """Interrupted before any epoch has ended, a run is sampled from what there is."""
    small = make_training()
    with pytest.raises(Interrupted):
        small.start(lambda: small.recording.is_at(1, "step", 1))
    assert charrnn.load(small.run.folder).checkpoint.provenance.step == 1
    assert read_progress(small.run, LanguageRecipe).results == []


@pytest.mark.slow
def test_an_interruption_while_validating_loses_nothing(make_training: MakeTraining) -> None:
    """Asked to stop during validation, a run ends with that epoch saved."""
    small = make_training(epochs=2)
    with pytest.raises(Interrupted):
        small.start(lambda: ("validation",) in small.recording.events)
    assert small.run.list_epochs() == [1]
    assert not small.run.interrupted_file.exists()
    assert len(read_progress(small.run, LanguageRecipe).results) == 1


@pytest.mark.slow
def test_an_interruption_after_the_last_epoch_is_none(make_training: MakeTraining) -> None:
    """Asked to stop when all is done, a run simply ends."""
    small = make_training(epochs=1)
    small.start(lambda: small.recording.is_at(1, "end"))
    assert small.run.list_epochs() == [1]


def test_what_is_thrown_away_can_be_stopped_too() -> None:
    """A network that is not kept trains until the user asks."""
    answers = iter([False, False, True])
    stop = StopWithoutTrace(lambda: next(answers))
    stop.on_train_batch_end(0)
    stop.on_train_batch_end(1)
    with pytest.raises(Interrupted):
        stop.on_train_batch_end(2)


SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def handlers() -> Iterator[list[Any]]:
    """Handlers of this test's own, in the order of SIGNALS; the runner's come back afterwards."""

    def on_signal(_number: int, _frame: object) -> None: ...

    before = [signal.signal(number, on_signal) for number in SIGNALS]
    yield [on_signal] * len(SIGNALS)
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


PAIRS = set(product(SIGNALS, SIGNALS)) - {(signal.SIGHUP, signal.SIGHUP)}


@pytest.mark.parametrize(("first", "second"), sorted(PAIRS))
def test_the_first_signal_is_noted_and_the_second_raises(
    handlers: list[Any], first: signal.Signals, second: signal.Signals
) -> None:
    """The first is noted and announced; any after it raises; then the handlers are restored."""
    happened: list[object] = []

    def run_and_signal_twice() -> None:
        with catch_interrupts(*SIGNALS, announce=lambda: happened.append("announced")) as stop:
            happened.append(stop())
            signal.raise_signal(first)
            happened.extend((stop(), stop.number))
            signal.raise_signal(second)
            happened.append("resumed")

    with pytest.raises(KeyboardInterrupt):
        run_and_signal_twice()
    assert happened == [False, "announced", True, first]
    assert [signal.getsignal(one) for one in SIGNALS] == handlers


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.usefixtures("handlers")
def test_a_signal_before_the_first_step_raises(number: signal.Signals) -> None:
    """Until a step has been taken a signal ends the run at once, however long its network takes.

    Should a library swallow that, the run ends after its first step.
    """
    announced: list[str] = []
    with catch_interrupts(*SIGNALS, announce=lambda: announced.append("")) as interrupted:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert interrupted()
        assert interrupted.number == number
    assert announced == []


@pytest.mark.usefixtures("handlers")
def test_an_ignored_signal_stays_ignored() -> None:
    """What nohup or a shell's background job has the program ignore does not end a run."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with catch_interrupts(*SIGNALS) as interrupted:
        signal.raise_signal(signal.SIGHUP)
        assert not interrupted()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_handlers_come_back_without_a_signal(handlers: list[Any]) -> None:
    """Whether a run ends or fails, the handlers are those from before."""
    with catch_interrupts(*SIGNALS) as interrupted:
        assert not interrupted()
        assert not {signal.getsignal(one) for one in SIGNALS} & {*handlers}
    assert [signal.getsignal(one) for one in SIGNALS] == handlers
    with pytest.raises(LookupError), catch_interrupts(*SIGNALS):
        raise LookupError
    assert [signal.getsignal(one) for one in SIGNALS] == handlers


def test_only_the_given_signals_are_caught(handlers: list[Any]) -> None:
    """A signal that was not named keeps its handler."""
    with catch_interrupts(signal.SIGINT) as interrupted:
        assert signal.getsignal(signal.SIGTERM) is handlers[-1]
        signal.raise_signal(signal.SIGTERM)
        assert not interrupted()


def test_nothing_is_caught_outside_the_main_thread(handlers: list[Any]) -> None:
    """Another thread may not handle signals: a run there works, and no handler changes."""
    found: list[Any] = []

    def work() -> None:
        with catch_interrupts(*SIGNALS) as interrupted:
            found.extend(signal.getsignal(one) for one in SIGNALS)
            found.append(interrupted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert found == [*handlers, False]


def test_one_closed_terminal_may_send_two_signals() -> None:
    """A shell passes its SIGHUP on and the kernel sends another: that is one wish to stop."""
    asked: list[str] = []
    with catch_interrupts(signal.SIGHUP, announce=lambda: asked.append("stop")) as interrupted:
        assert not interrupted()
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        assert interrupted()
    assert asked == ["stop"]

"""Which processes train together: given by hand, or by the environment's TF_CONFIG."""

import json
from typing import Any

import pytest
import tensorflow as tf

from charrnn.config.cluster import VARIABLE, Cluster, Devices, choose_team
from charrnn.errors import UsageError

TWO = ("one:1", "[::1]:65535")


def make_environment(cluster: Any, kind: str = "worker", index: Any = 0) -> dict[str, str]:
    return {
        VARIABLE: json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}}),
    }


def test_devices() -> None:
    """Several of this machine are trained on by one process, whatever the environment says."""
    assert choose_team(None, None, 2, make_environment({"worker": ["a:1", "b:1"]})) == Devices(2)
    with pytest.raises(UsageError, match="`devices` must be at least 2, not 1"):
        choose_team(None, None, 1, {})
    with pytest.raises(UsageError, match="don't go together: start a worker for each device"):
        choose_team(TWO, 1, 2, {})


def test_by_hand() -> None:
    """Addresses and a number, whatever the environment says."""
    environment = make_environment({"worker": ["a:1", "b:1", "c:1"]})
    cluster = choose_team(TWO, 1, None, environment)
    assert cluster == Cluster(TWO, 1)
    assert isinstance(cluster, Cluster)
    assert not cluster.is_chief
    assert cluster.describe(0) == "worker 0 (one:1)"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {VARIABLE: ""},
        {VARIABLE: "{}"},
        make_environment({"worker": ["a:1"]}),
        make_environment({"chief": ["a:1"]}, "chief"),
    ],
)
def test_one_process_is_no_cluster(environment: dict[str, str]) -> None:
    """Nor is an environment that names none, or this one alone."""
    assert choose_team(None, None, None, environment) is None


@pytest.mark.parametrize(
    ("jobs", "kind", "index"),
    [
        ({"worker": ["a:1", "b:2"]}, "worker", 1),
        ({"worker": ["a:1", "b:2"]}, "worker", "1"),
        ({"chief": ["a:1"], "worker": ["b:2", "c:3"]}, "worker", 1),
        ({"worker": ["b:2", "c:3"], "chief": ["a:1"]}, "chief", 0),
    ],
)
def test_the_environment_is_read_the_way_tensorflow_reads_it(
    jobs: Any, kind: str, index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chief comes first; address and number are those of TensorFlow's own resolver."""
    environment = make_environment(jobs, kind, index)
    monkeypatch.setenv(VARIABLE, environment[VARIABLE])
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    own = resolver.cluster_spec().task_address(resolver.task_type, int(resolver.task_id))
    cluster = choose_team(None, None, None, environment)
    assert isinstance(cluster, Cluster)
    assert cluster.workers[cluster.index] == own
    assert sorted(cluster.workers) == sorted(address for job in jobs.values() for address in job)
    assert cluster.is_chief == (own == "a:1")


@pytest.mark.parametrize(
    ("workers", "worker", "expected"),
    [
        (TWO, None, "`workers` and `worker` need each other"),
        (None, 0, "`workers` and `worker` need each other"),
        (("one:1",), 0, "`workers` must be two or more"),
        ((), 0, "`workers` must be two or more"),
        (TWO, 2, "`worker` must be from 0 to 1, not 2"),
        (TWO, -1, "`worker` must be from 0 to 1, not -1"),
        (("one:1", "one:1"), 0, "`workers` lists one:1 twice"),
        (("one:1", "two"), 0, "`workers` must each be host:port, not 'two'"),
        (("one:1", "two:0"), 0, "not 'two:0'"),
        (("one:1", "two:65536"), 0, "not 'two:65536'"),
        (("one:1", "two:x"), 0, "not 'two:x'"),
        (("one:1", " two:2"), 0, "not ' two:2'"),
        (("one:1", "http://two:2"), 0, "not 'http://two:2'"),
    ],
)
def test_what_is_no_cluster_is_rejected(workers: Any, worker: Any, expected: str) -> None:
    """The line names the keyword and what it must be."""
    with pytest.raises(UsageError, match=expected):
        choose_team(workers, worker, None, {})


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "3",
        '{"cluster": 3}',
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker"}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": "x"}}',
        '{"cluster": {"worker": 3}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": -1}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "evaluator", "index": 0}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "chief", "index": 0}}',
    ],
)
def test_an_environment_that_is_not_tensorflows_is_rejected(text: str) -> None:
    """One line that shows the form."""
    with pytest.raises(UsageError, match="TF_CONFIG is not of the form"):
        choose_team(None, None, None, {VARIABLE: text})


@pytest.mark.parametrize("job", ["ps", "evaluator"])
def test_jobs_that_do_not_train_are_rejected(job: str) -> None:
    """Parameter servers and evaluators have nothing to do here."""
    with pytest.raises(UsageError, match=f"has the job {job}"):
        choose_team(None, None, None, make_environment({"worker": ["a:1", "b:1"], job: ["c:1"]}))

"""Which processes, or which devices of one, train a network together."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charrnn.config.fields import require
from charrnn.errors import UsageError

VARIABLE = "TF_CONFIG"
"""Of the environment, in which schedulers describe a cluster the way TensorFlow reads it."""

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/,\[\]]+):([0-9]{1,5})")
_JOBS = ("chief", "worker")  # in the order in which TensorFlow numbers them
_EXAMPLE = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Cluster:
    """The workers of a cluster, as one of them sees it.

    Attributes:
        workers: the address of each, host:port; the first is the chief's, which alone writes.
        index: which of them this process is.
    """

    workers: tuple[str, ...]
    index: int

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            UsageError: an address is malformed or occurs twice, or there is no such worker.
        """
        for address in self.workers:
            found = _ADDRESS.fullmatch(address)
            valid = found is not None and 0 < int(found[2]) < 2**16
            require(valid, f"`workers` must each be host:port, not {address!r}")
        require(len(self.workers) > 1, "`workers` must be two or more, each a host:port")
        twice = [one for one in self.workers if self.workers.count(one) > 1]
        require(not twice, f"`workers` lists {twice[0]} twice" if twice else "")
        require(
            0 <= self.index < len(self.workers),
            f"`worker` must be from 0 to {len(self.workers) - 1}, not {self.index}",
        )

    @property
    def is_chief(self) -> bool:
        """Whether this process writes and shows the run."""
        return self.index == 0

    def describe(self, index: int) -> str:
        """A worker by its number and address."""
        return f"worker {index} ({self.workers[index]})"


@dataclass(frozen=True)
class Devices:
    """Several devices of this machine, GPUs or, if there are none, virtual processors.

    Attributes:
        count: how many.
    """

    count: int
    is_chief = True

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            UsageError: there are fewer than two.
        """
        require(self.count > 1, f"`devices` must be at least 2, not {self.count}")


Team = Cluster | Devices
"""Who trains a network together."""


def choose_team(
    workers: Sequence[str] | None,
    worker: int | None,
    devices: int | None,
    environment: Mapping[str, str],
) -> Team | None:
    """Who was asked for or, if nobody was, the environment's cluster.

    Args:
        workers: the address of each; None to look at the environment.
        worker: which of them this process is.
        devices: how many devices this process, which is alone then, trains on.
        environment: its variables.

    Returns:
        None for one device alone.

    Raises:
        UsageError: they don't describe a cluster.
    """
    require(
        (workers is None) == (worker is None),
        "`workers` and `worker` need each other: the addresses of all, and which of them this is",
    )
    require(
        workers is None or devices is None,
        "`workers` and `devices` don't go together: start a worker for each device",
    )
    if workers is not None and worker is not None:
        return Cluster(tuple(workers), worker)
    if devices is not None:
        return Devices(devices)
    text = environment.get(VARIABLE, "")
    return _parse(text) if text else None


def split_address(address: str) -> tuple[str, int]:
    """The host, without the brackets of IPv6, and the port."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _parse(text: str) -> Cluster | None:
    try:
        values = json.loads(text)
        jobs, task = values.get("cluster", {}), values.get("task", {})
        strange = set(jobs) - set(_JOBS)
        addresses = {job: list(jobs.get(job, [])) for job in _JOBS}
        workers = tuple(str(one) for job in _JOBS for one in addresses[job])
        if len(workers) < 2 and not strange:  # noqa: PLR2004 - one alone is no cluster
            return None
        index = _find_index(task, addresses)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"the environment's {VARIABLE} is not of the form {_EXAMPLE}: fix or unset it"
        ) from error
    require(
        not strange,
        f"the environment's {VARIABLE} has the job {', '.join(sorted(strange))}, and only chief "
        "and worker train here: leave it out",
    )
    return Cluster(workers, index)


def _find_index(task: Mapping[str, Any], addresses: Mapping[str, list[Any]]) -> int:
    """The number of a task among the workers of all jobs.

    Raises:
        ValueError: the cluster has no such task.
    """
    job, index = task["type"], int(task["index"])
    if not 0 <= index < len(addresses[job]):
        raise ValueError(f"there is no {job} {index}")
    before = _JOBS[: _JOBS.index(job)]
    return index + sum(len(addresses[one]) for one in before)

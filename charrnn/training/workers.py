"""What the processes that train one network together exchange.

Each worker has the same weights and its own rows of every batch. After each step's gradients are
averaged, all take the same step of the optimizer. What they exchange travels by TensorFlow's own
collective operations, see docs/decisions/0021-many-workers.md.

Shapes: B the rows of a batch, N workers.
"""

import contextlib
import hashlib
import logging
import queue
import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.eager import context  # collective operations can't be ended otherwise

from charrnn.config.cluster import Cluster, Devices, Team
from charrnn.config.fields import require
from charrnn.errors import UsageError, WorkerLostError, WorkersDifferError
from charrnn.training.rendezvous import Contacts, Facts, meet

SAVE, STOP = range(2)
"""What a worker may wish for between two steps."""

_TASK = re.compile(r"/job:worker(?:/replica:\d+)?/task:(\d+)")
_JOINING = 50  # seconds in which workers that have met must be connected
_LOOKING = 10  # seconds between two looks at the other workers
_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)


class Workers:
    """One process that trains alone, on one device: it has nothing to exchange.

    Attributes:
        devices: how many devices each process trains on.
        is_chief: whether it writes and shows the run.
    """

    devices = 1
    is_chief = True

    def choose_rows(self, batch_size: int) -> slice:
        """Which rows of a batch are this worker's."""
        return slice(0, batch_size)

    def scope(self) -> AbstractContextManager[Any]:
        """In which a model and its optimizer are built."""
        return contextlib.nullcontext()

    def average(self, values: Sequence[Any]) -> list[Any]:
        """The means of tensors over the workers; part of a step's graph."""
        return [*values]

    def join_rows(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array (B, ...) of all workers' rows; all call it at the same time."""
        return rows

    def agree(self, wish: int, own: bool) -> bool:
        """Whether all act on a wish now.

        All workers call it after each step and each epoch, and get the same answer.

        Args:
            wish: `SAVE` or `STOP`.
            own: whether this worker wishes for it, which the others learn with the next step.
        """
        del wish
        return own

    def compare(self, digest: int) -> None:
        """Raise unless all workers have the same weights; all call it at the same time.

        Args:
            digest: of this one's, 32 bits.

        Raises:
            WorkersDifferError: they have not.
        """

    @contextlib.contextmanager
    def stay_together(self) -> Iterator[None]:
        """Within the block the workers train.

        Raises:
            WorkerLostError: another worker has ended, or answers no more.
        """
        yield

    def part(self) -> None:
        """Wait for all, and leave: one that leaves without is lost to the others."""


ALONE = Workers()


class DeviceWorkers(Workers):
    """The devices of one machine, on which Keras's `fit` shares the rows out by itself.

    Args:
        count: how many.

    Raises:
        UsageError: there are not so many.
    """

    def __init__(self, count: int) -> None:
        self.devices = count
        self._strategy = tf.distribute.MirroredStrategy(_list_devices(count))

    def choose_rows(self, batch_size: int) -> slice:
        """Check that the devices get equal shares."""
        _require_divisible(batch_size, self.devices, "devices")
        return slice(0, batch_size)

    def scope(self) -> AbstractContextManager[Any]:
        """In which each variable has a copy on each device."""
        return self._strategy.scope()  # type: ignore[no-any-return]

    def average(self, values: Sequence[Any]) -> list[Any]:
        """Add the tensors up: Keras has divided a device's loss by their number."""
        replica = tf.distribute.get_replica_context()
        return [*replica.all_reduce(tf.distribute.ReduceOp.SUM, [*values])]


class ClusterWorkers(Workers):
    """The workers of a cluster.

    Args:
        cluster: who they are, and which of them this is.
        contacts: find out who was lost.

    Raises:
        UsageError: this worker's port is taken.
        WorkerLostError: another one has ended.
    """

    def __init__(self, cluster: Cluster, contacts: Contacts) -> None:
        self._cluster, self._contacts = cluster, contacts
        self.count, self.index = len(cluster.workers), cluster.index
        self.is_chief = cluster.is_chief
        with self._explain_losses():
            self._strategy = _join(cluster, contacts)
        with tf.init_scope():
            self._wishes = tf.Variable(tf.zeros(2), trainable=False)
            self._heard = tf.Variable(tf.zeros(2), trainable=False)
        self._sum_eagerly = tf.function(self._sum, autograph=False)

    def choose_rows(self, batch_size: int) -> slice:
        """Choose an equal share for each worker, in their order."""
        _require_divisible(batch_size, self.count, "workers")
        rows = batch_size // self.count
        return slice(self.index * rows, (self.index + 1) * rows)

    def average(self, values: Sequence[Any]) -> list[Any]:
        """Add the tensors up, and what the workers wish for with them."""
        *sums, wishes = self._sum([*values, self._wishes])
        self._heard.assign(wishes)
        return [value / self.count for value in sums]

    def join_rows(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Put each worker's rows at their place."""
        whole = np.zeros((self.count, *rows.shape), rows.dtype)
        whole[self.index] = rows
        return self._exchange(whole).reshape(-1, *rows.shape[1:])

    def agree(self, wish: int, own: bool) -> bool:
        """Answer what was heard in the last step; a wish that was heard is withdrawn."""
        heard = bool(self._heard[wish].numpy() > 0)
        self._wishes[wish].assign(float(own and not heard))
        return heard

    def compare(self, digest: int) -> None:
        """Compare it with the chief's."""
        digests = np.zeros(self.count, np.int64)
        digests[self.index] = digest
        digests = self._exchange(digests)
        if others := np.flatnonzero(digests != digests[0]).tolist():
            raise WorkersDifferError(
                f"{self._cluster.describe(others[0])} begins with other weights than worker 0: "
                "give all the same run, from a folder that they share"
            )

    @contextlib.contextmanager
    def stay_together(self) -> Iterator[None]:
        """Name a worker that was lost; the others learn if this one leaves by an error."""
        with contextlib.closing(self._contacts), self._explain_losses():
            yield

    def part(self) -> None:
        """Wait for all: the chief may still be writing."""
        self._exchange(np.zeros(1, np.int32))
        self._contacts.take_leave()

    def _exchange(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The sum of all workers' arrays."""
        return np.asarray(self._sum_eagerly([tf.constant(array)])[0])

    def _sum(self, values: Sequence[Any]) -> list[Any]:
        """The sums of tensors of one type over the workers, the same bits for each of them.

        They travel as one vector, because each exchange is several round trips of the network.
        """
        tensors = [tf.convert_to_tensor(value) for value in values]
        replica = tf.distribute.ReplicaContext(self._strategy, replica_id_in_sync_group=0)

        def reduce(strategy: Any, vector: Any) -> Any:
            device = strategy.extended.worker_devices[0]
            return strategy.extended.reduce_to(tf.distribute.ReduceOp.SUM, vector, device)

        with replica:
            vector = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)
            sums = replica.merge_call(reduce, args=(vector,))
        parts = tf.split(sums, [tensor.shape.num_elements() for tensor in tensors])
        return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    @contextlib.contextmanager
    def _explain_losses(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            said = [int(task) for task in _TASK.findall(str(error)) if int(task) != self.index]
            lost = self._contacts.find_lost(said[-1] if said else None)
            if lost is None and not isinstance(error, _LOST):
                raise
            who = "another worker" if lost is None else self._cluster.describe(lost)
            raise WorkerLostError(who) from error


def join_workers(team: Team | None, facts: Facts) -> Workers:
    """Wait for all workers of a cluster; must come before TensorFlow computes anything.

    Args:
        team: who they are; None for one device alone.
        facts: what must be the same for all, besides the program itself.

    Raises:
        UsageError: TensorFlow has been used, a port is taken, there are fewer devices, or the
            workers were not started alike.
        TrainingError: others did not come, or one was lost.
    """
    if team is None:
        return ALONE
    if isinstance(team, Devices):
        return DeviceWorkers(team.count)
    if context.context()._context_handle is not None:  # noqa: SLF001 - nothing public says it
        raise UsageError(
            "TensorFlow has been used in this process, and can't join other `workers` now: train "
            "in a new one"
        )
    contacts = meet(team, {"charrnn's code": _digest_code(), **facts})
    try:
        return ClusterWorkers(team, contacts)
    except BaseException:
        contacts.close()
        raise


def _require_divisible(batch_size: int, count: int, whose: str) -> None:
    require(
        batch_size % count == 0,
        f"`batch_size` {batch_size} can't be divided among {count} {whose}: choose a multiple",
    )


def _list_devices(count: int) -> list[str]:
    """The names of GPUs or, if there are none, of virtual processors."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        require(count <= len(gpus), f"`devices` is {count}, and TensorFlow finds {len(gpus)} GPUs")
        return [f"GPU:{index}" for index in range(count)]
    (processor,) = tf.config.list_physical_devices("CPU")
    virtual = [tf.config.LogicalDeviceConfiguration()] * count
    try:
        tf.config.set_logical_device_configuration(processor, virtual)
    except RuntimeError as error:
        raise UsageError(
            "TensorFlow has been used in this process, and can't make virtual `devices` now: train "
            "in a new one"
        ) from error
    return [f"CPU:{index}" for index in range(count)]


def _join(cluster: Cluster, contacts: Contacts) -> Any:
    """The strategy that connects the workers, once all are there."""
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": [*cluster.workers]}),
        task_type="worker",
        task_id=cluster.index,
        rpc_layer="grpc",
    )
    ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def join() -> None:
        try:
            strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
            strategy.extended._check_health_interval = _LOOKING  # noqa: SLF001 - 30 otherwise
            ended.put(strategy)
        except Exception as error:  # noqa: BLE001 - raised below
            ended.put(error)

    def abort() -> None:
        lost = tf.errors.UnavailableError(None, None, f"/job:worker/task:{contacts.lost} was lost")
        ended.put(lost)
        context.context().abort_collective_ops(tf.errors.UNAVAILABLE, lost.message)

    logging.getLogger("tensorflow").setLevel(logging.CRITICAL)  # a loss is told once, below
    handler = signal.getsignal(signal.SIGTERM)
    contacts.watch(abort)
    # TensorFlow's coordination service would wait for ever for a worker that is lost now, with
    # Python's lock held. Without it, workers look after each other once in a while.
    context.context().configure_coordination_service("")
    threading.Thread(target=join, daemon=True).start()
    try:
        result = ended.get(timeout=_JOINING)
        if isinstance(result, Exception):
            raise result
    except queue.Empty:
        raise WorkerLostError("another worker") from None
    except tf.errors.UnknownError as error:
        raise UsageError(
            f"the port of {cluster.describe(cluster.index)} can't be used: choose another in "
            "`workers`"
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread() and handler is not None:
            signal.signal(signal.SIGTERM, handler)  # TensorFlow has put its own there
    return result


def _digest_code() -> str:
    """A short digest of this package's source."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent.parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]

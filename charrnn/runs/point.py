"""A moment within an epoch at which a run was saved."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from charrnn.config.fields import read_mapping


@dataclass(frozen=True)
class Point:
    """Where in the epoch after its last finished one a run stands.

    Attributes:
        step: how many steps of the epoch have been taken, at least one.
        loss: their mean, in nats.
        seconds: how long they took.
    """

    step: int
    loss: float
    seconds: float

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)


def read_point(values: Any) -> Point | None:
    """The point again; None for none.

    Raises:
        CharrnnError, ValueError, TypeError: they are not as `Point.to_values` gives them.
    """
    if values is None:
        return None
    point = read_mapping(Point, values)
    if point.step < 1 or not (math.isfinite(point.loss) and 0 <= point.seconds < math.inf):
        raise ValueError("the point in an epoch is none")
    return point

"""A network's layers as a table."""

from collections.abc import Sequence
from typing import Any

from charrnn.cli.columns import align
from charrnn.config.layers import LayerRow


def draw_layers(rows: Sequence[LayerRow], name: str) -> list[str]:
    """A line for each layer, and one with the name and the sum of all parameters."""
    total = sum(row.parameters for row in rows)
    columns = {
        "layer": [*(row.name for row in rows), name],
        "output": [*map(_format_shape, rows), ""],
        "parameters": [*(f"{row.parameters:,}" for row in rows), f"{total:,}"],
    }
    return align(columns, ("layer", "output"))


def list_values(rows: Sequence[LayerRow]) -> list[dict[str, Any]]:
    """What JSON can hold of the layers."""
    return [{"layer": row.name, "output": row.output, "parameters": row.parameters} for row in rows]


def _format_shape(row: LayerRow) -> str:
    return " × ".join(str(size or "length") for size in row.output)

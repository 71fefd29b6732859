"""What will be trained, in the lines that stand before a language model's run."""

from typing import TYPE_CHECKING

from charrnn.errors import say_count

if TYPE_CHECKING:
    from charrnn.planning.language import LanguagePlan, Proposal


def introduce(name: str, run: "LanguagePlan | Proposal") -> str:
    """What will be trained, and what is odd about it.

    Args:
        name: the run's.
        run: what it is.
    """
    from charrnn.data.byte_vocabulary import BYTE

    recipe, network, config = run.recipe, run.recipe.network, run.recipe.training
    is_bytes = recipe.vocabulary.unit == BYTE
    length = say_count(recipe.vocabulary.count_characters(run.ids), "character")
    length += f" in {len(run.ids):,} bytes" if is_bytes else ""
    held_back = (
        f"the last {100 * config.validation:g}% for validation"
        if config.validation
        else "all for training"
    )
    about = (
        f"{name}: {network.describe()}, {network.parameters:,} parameters; "
        f"{length}, {run.distinct:,} distinct, {held_back}; "
        f"{say_count(run.steps, 'step')} an epoch; "
        f"{run.precision.name} products ({run.precision.reason})"
    )
    lines = [about]
    if is_bytes:
        lines.append("it reads and writes bytes: losses while it trains are in nats per byte")
    if run.origin:
        lines.append(run.origin.introduce())
    elif recipe.begun_from:
        lines.append(f"began with {recipe.begun_from}")
    if config.order == "shuffled" and config.state == "carry":
        lines.append(
            "note: shuffled windows with a carried state give each window the state of an "
            "unrelated one, as in the tutorial; --order streams carries the true one"
        )
    return "\n".join(lines)

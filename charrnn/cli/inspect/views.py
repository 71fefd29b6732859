"""What `charrnn inspect` shows of a text: itself in colours, units, gates, or copies."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.cli.inspect import rows, shades, tables
from charrnn.cli.units import UnitName, spell_unit
from charrnn.cli.visible import echo
from charrnn.inference.units import find_unit
from charrnn.runs.outputs import check_output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from charrnn.cli.inspect.source import Source

_LISTED = 10  # units that were found


def show_text(
    source: "Source",
    unit: UnitName | None,
    unknown: str,
    page: Path | None,
    *,
    guesses: bool,
    as_json: bool,
) -> None:
    """Print a text by its surprise or a unit's output, and a summary; or make a page of it.

    Args:
        source: the network and the text.
        unit: the unit, if one is to be shown.
        unknown: what to do about characters that the network doesn't know.
        page: where to write a page, if one is wanted; the text itself is not printed then.
        guesses: whether to print what the network expected.
        as_json: whether to print an object for each character instead.
    """
    which = None if unit is None else find_unit(source.model.checkpoint.network, unit)
    if page:
        check_output(page, (".html",), "page")
        source.require_other(page, "page")
    seen = source.inspect(source.encode(unknown))
    states = {} if which is None else seen.states(which)
    if page:
        from charrnn.views.inspection import write_inspection

        name = source.path.parent.name or source.path.name
        title = f"What {name} thinks while it reads {source.shown}"
        write_inspection(page, seen, title, f"{source.title}.", which)
        source.terminal.note(f"page: {page}")
    if as_json:
        _print_rows(rows.make_characters(seen, states))
        return
    if not page:
        scale = shades.scale_unit(states["output"]) if which else None
        expected = seen.guesses() if guesses else None
        shades.show_text(
            seen.text, scale or shades.scale_surprise(seen.surprise), expected, seen.surprise
        )
        echo()
    tables.show_summary(seen)


def show_followers(source: "Source", what: str, unknown: str, named: str, *, as_json: bool) -> None:
    """Print the units that follow a property of the text, and the command that holds the best.

    Args:
        source: the network and the text.
        what: the property.
        unknown: what to do about characters that the network doesn't know.
        named: the network, as it is typed for `charrnn sample`.
        as_json: whether to print an object for each unit instead.
    """
    from charrnn.inference.follow import require_property

    ids = source.encode(unknown)
    require_property(source.model.vocabulary.decode(ids), what)  # before the text is read
    found = source.inspect(ids).find_units(what, _LISTED)
    if as_json:
        _print_rows(rows.make_found(found, what, source.facts))
        return
    network, best = source.model.checkpoint.network, found[0]
    tables.show_found(found, what, network)
    held = f"--set-unit {spell_unit(best.unit, network)}={best.value:g}"
    source.terminal.note(f"Hold the first while it writes: charrnn sample {named} {held}")


def show_gates(
    source: "Source", unit: UnitName, unknown: str, out: Path | None, *, as_json: bool
) -> None:
    """Draw a unit's gates and states over time.

    Args:
        source: the network and the text.
        unit: the unit.
        unknown: what to do about characters that the network doesn't know.
        out: where to save the picture; None for the working folder.
        as_json: whether to print them too, an object for each character.
    """
    from charrnn.inference.gates import CANDIDATE
    from charrnn.views.figure import check_form
    from charrnn.views.gates import write_gates

    network = source.model.checkpoint.network
    which = find_unit(network, unit, "gates")
    named = spell_unit(which, network)
    picture = out or Path(
        f"{source.path.absolute().parent.name}-gates-{named.replace(':', '-')}.png"
    )
    check_form(picture)
    source.require_other(picture, "out")
    seen = source.inspect(source.encode(unknown))
    states, gates = seen.states(which), seen.gates(which)
    if as_json:
        _print_rows(rows.make_characters(seen, states | gates))
    if CANDIDATE in gates:
        states = {CANDIDATE: gates.pop(CANDIDATE)} | states
    write_gates(picture, seen.text, gates, states, f"{source.title}\nunit {named}")
    source.terminal.note(f"picture: {picture}")


def show_copies(source: "Source", shortest: int, *, as_json: bool) -> None:
    """Print the stretches of the text that stand in what the network learnt from."""
    from charrnn.data.copied import find_copies

    text, learnt = str(source.text), source.load_training_text()
    source.note(len(text))
    copies = find_copies(text, learnt, shortest)
    if as_json:
        _print_rows(iter([rows.make_copies(text, copies, shortest, source.facts)]))
    else:
        tables.show_copies(text, copies, shortest)


def _print_rows(found: "Iterator[rows.Row]") -> None:
    for row in found:
        echo(json.dumps(row))

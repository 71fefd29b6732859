"""Numbers that are typed: what is rejected, and what is said then."""

import re
from collections.abc import Iterator
from math import inf

import click
import pytest

from charrnn.cli.program import program
from tests.support.commands import Fails, parse_command

Parameter = tuple[list[str], click.Parameter]


def list_numbers(command: click.Command, *names: str) -> Iterator[Parameter]:
    """The parameters of a command, and of those below it, that are numbers."""
    for parameter in command.params:
        if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType):
            yield [*names], parameter
    for name, below in getattr(command, "commands", {}).items():
        yield from list_numbers(below, *names, name)


NUMBERS = list(list_numbers(program))
WHOLE = [given for given in NUMBERS if isinstance(given[1].type, click.IntRange)]
REAL = [given for given in NUMBERS if isinstance(given[1].type, click.FloatRange)]


def with_each(numbers: list[Parameter]) -> pytest.MarkDecorator:
    """A test for each of these parameters."""
    ids = [f"{' '.join(names)} {parameter.opts[0]}" for names, parameter in numbers]
    return pytest.mark.parametrize(("names", "parameter"), numbers, ids=ids)


def reject(fails: Fails, names: list[str], parameter: click.Parameter, value: str) -> str:
    """What is said of a value, after the parameter's name."""
    typed = [parameter.opts[-1], value] if isinstance(parameter, click.Option) else ["--", value]
    line = fails(2, *names, *typed)
    start = f"charrnn: Invalid value for {parameter.get_error_hint(None)}: "
    end = f" (see charrnn {' '.join(names)} --help)"
    assert line.startswith(start)
    assert line.endswith(end)
    return line.removeprefix(start).removesuffix(end)


def read_range(said: str) -> tuple[float, float, bool, bool]:
    """Least, most, and whether these are excluded, of a range in words."""
    words = r"(?:from (?P<first>\S+) to (?P<last>\S+)|(?P<low>above|of at least) (?P<least>\S+))"
    found = re.search(rf"give (?:one|a (?:whole )?number) {words}", said.replace(",", ""))
    assert found
    if found["first"]:
        return float(found["first"]), float(found["last"]), False, False
    least, above = float(found["least"]), found["low"] == "above"
    end = re.search(r" and (below|at most) (\S+)", said.replace(",", ""))
    return (least, float(end[2]), above, end[1] == "below") if end else (least, inf, above, False)


def test_all_numbers_are_bounded() -> None:
    """There are many, and each has a range that a message can give."""
    assert len(WHOLE) > 20
    assert len(REAL) > 10
    assert len(WHOLE) + len(REAL) == len(NUMBERS)


@pytest.mark.parametrize("value", ["0,5", "warm"])
@with_each(REAL)
def test_what_is_no_number(
    fails: Fails, names: list[str], parameter: click.Parameter, value: str
) -> None:
    """It is shown, with what is expected: a number, its range, and how decimals are written."""
    said = reject(fails, names, parameter, value)
    assert said.startswith(f"{value!r} is not a number: give a number ")
    assert said.endswith(", with a point before the decimals")


@pytest.mark.parametrize("value", ["1e3", "2.5"])
@with_each(WHOLE)
def test_what_is_no_whole_number(
    fails: Fails, names: list[str], parameter: click.Parameter, value: str
) -> None:
    """It is shown, with what is expected: a whole number, and its range."""
    said = reject(fails, names, parameter, value)
    assert said.startswith(f"{value!r} is not a whole number: give a whole number ")


@pytest.mark.parametrize("value", ["nan", "1e999"])
@with_each(REAL)
def test_infinity_is_named_as_the_problem(
    fails: Fails, names: list[str], parameter: click.Parameter, value: str
) -> None:
    """A number that is too large for a float, or none at all, is not called out of range."""
    said = reject(fails, names, parameter, value)
    assert said.startswith(f"{value!r} is not a finite number: give a number ")


@with_each(NUMBERS)
def test_the_range_that_is_said_is_the_one_that_counts(
    fails: Fails, names: list[str], parameter: click.Parameter
) -> None:
    """What lies just within the range of the message is taken, what lies just outside is not."""
    step = 1 if isinstance(parameter.type, click.IntRange) else 2**-20
    least, most, above, below = read_range(reject(fails, names, parameter, "x"))
    inside = [least + step * above] + ([most - step * below] if most < inf else [])
    outside = [least - step * (not above)] + ([most + step * (not below)] if inside[1:] else [])
    for value in outside:
        shown = repr(int(value) if step == 1 else value)
        assert reject(fails, names, parameter, shown).startswith(f"{shown!r} is out of range: ")
    for value in inside:
        shown = repr(int(value) if step == 1 else value)
        option = isinstance(parameter, click.Option)
        needed = {"classify show": ["1"], "export": ["--to", "int8"], "compare": ["novel"]}
        more = needed.get(" ".join(names), [])
        typed = [parameter.opts[-1], shown, *more] if option else [shown]
        context = parse_command(*names, *typed)
        assert context.params[parameter.name or ""] == value

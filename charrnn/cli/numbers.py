"""Numbers that are typed: one that can't be used is answered with those that can."""

import math
from typing import Any

import click


class WholeNumber(click.IntRange):
    """A whole number within a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that is meant."""
        try:
            number = int(value)
        except ValueError:
            self.fail(_explain(value, "not a whole number", self), param, ctx)
        if not _contains(self, number):
            self.fail(_explain(value, "out of range", self), param, ctx)
        return number


class Number(click.FloatRange):
    """A finite number within a range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number that is meant."""
        try:
            number = float(value)
        except ValueError:
            advice = _explain(value, "not a number", self)
            self.fail(f"{advice}, with a point before the decimals", param, ctx)
        if not math.isfinite(number):
            self.fail(_explain(value, "not a finite number", self), param, ctx)
        if not _contains(self, number):
            self.fail(_explain(value, "out of range", self), param, ctx)
        return number


def _contains(limits: click.IntRange | click.FloatRange, number: float) -> bool:
    least = -math.inf if limits.min is None else limits.min
    most = math.inf if limits.max is None else limits.max
    high_enough = number > least if limits.min_open else number >= least
    low_enough = number < most if limits.max_open else number <= most
    return high_enough and low_enough


def _explain(value: Any, problem: str, limits: click.IntRange | click.FloatRange) -> str:
    """What is wrong with a value, and what to give instead."""
    kind = "whole number" if isinstance(limits, click.IntRange) else "number"
    return f"{value!r} is {problem}: give a {kind} {_describe(limits)}"


def _describe(limits: click.IntRange | click.FloatRange) -> str:
    """A range in words."""
    start = f"above {limits.min:,}" if limits.min_open else f"of at least {limits.min:,}"
    if limits.max is None:
        return start
    if not (limits.min_open or limits.max_open):
        return f"from {limits.min:,} to {limits.max:,}"
    return f"{start} and {'below' if limits.max_open else 'at most'} {limits.max:,}"

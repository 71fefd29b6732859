"""What a command line adds to facts: commands to type next, and settings as flags."""

import re
import shlex
from collections.abc import Iterable, Mapping
from functools import singledispatch
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from charrnn.errors import (
    CharrnnError,
    MissingTextError,
    NoCheckpointError,
    NoRunError,
    RunExistsError,
    UsageError,
)
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind

_SETTING = re.compile(r"`(\w+)`")
_USES = {
    LANGUAGE: "Read what it writes: {} --run {}",
    CLASSIFIER: 'Ask it: {} --run {} "What a film!"',
    WORD_MODEL: "Begin a classifier from it: {} --embedding-from {}",
}
_ALSO_TRAIN = {CLASSIFIER: ("charrnn classify train",)}
_SWITCHES = {
    ("bidirectional", True): "--bidirectional",
    ("bidirectional", False): "--one-way",
    ("mask", True): "--mask",
    ("mask", False): "--no-mask",
    ("clean", True): "--clean",
}
_BY_NAME = {kind.name: kind for kind in KINDS}


def render_error(error: CharrnnError, context: click.Context) -> str:
    """An error's message with settings as they are typed here, and what to type next."""
    message = spell_message(str(error), context)
    see = f" (see {context.command_path} --help)" if isinstance(error, UsageError) else ""
    return message + advise(error, context) + see


def spell_message(message: str, context: click.Context) -> str:
    """A message with settings as they are typed here."""
    return _SETTING.sub(lambda match: _spell(match[1], context.command), message)


def suggest_use(kind: Kind, name: str, context: click.Context) -> str:
    """A line with the command that a run's network is for."""
    return _USES[kind].format(kind.use, type_run(name, context))


def suggest_resume(kind: Kind, name: str, context: click.Context, corpus: str = "") -> str:
    """The command that resumes a run.

    Args:
        kind: of the run.
        name: the run's.
        context: the command under way; flags for folders are repeated if they were typed there.
        corpus: where its text is now; empty if it is where it was.
    """
    command = [_training_command(kind, context), *([corpus] if corpus else [])]
    data = _repeat("data_dir", context)
    return f"{' '.join(command)} --resume {type_run(name, context)}{data}"


def type_run(name: str, context: click.Context) -> str:
    """A run's name as it is typed, with --checkpoints if that was typed too."""
    return f"{shlex.quote(name)}{_repeat('checkpoints', context)}"


@singledispatch
def advise(error: CharrnnError, context: click.Context) -> str:  # noqa: ARG001
    """What to type next, to follow an error's message; empty if the message says enough."""
    return ""


@advise.register
def _(error: NoRunError, context: click.Context) -> str:
    kind = _BY_NAME[error.kind]
    if error.other:
        return f". {suggest_use(kind, error.other, context)}"
    return f" with {_training_command(kind, context)}" if error.empty else ""


@advise.register
def _(error: RunExistsError, context: click.Context) -> str:
    resume = suggest_resume(_BY_NAME[error.kind], error.name, context)
    return f" with {resume}"


@advise.register
def _(error: NoCheckpointError, context: click.Context) -> str:
    resume = suggest_resume(_BY_NAME[error.kind], error.name, context)
    return f" with {resume}"


@advise.register
def _(error: MissingTextError, context: click.Context) -> str:
    trains = context.info_name == "train"
    if trains and error.changed:
        command = (
            f"charrnn train {shlex.quote(error.changed)} --from {type_run(error.run, context)}"
        )
        return f": {command}"
    if not error.piped:
        return ""
    if trains:
        return f"; to pipe it in again: ... | {suggest_resume(LANGUAGE, error.run, context, '-')}"
    return "; to pipe it in again, give --corpus -"


def suggest_comparison(names: Iterable[str], context: click.Context) -> str:
    """The command that compares language models."""
    return f"charrnn compare {shlex.join(names)}{_repeat('checkpoints', context)}"


def spell_settings(given: Mapping[str, Any]) -> list[str]:
    """Settings as words of a command; a switch and its opposite are one setting."""
    words = []
    for name, value in given.items():
        if isinstance(value, bool):
            words.append(_SWITCHES[name, value])
        else:
            values = value if isinstance(value, tuple | list) else [value]
            words += ["--" + name.replace("_", "-"), ",".join(map(str, values))]
    return words


def repeat_folders(context: click.Context) -> str:
    """The options for folders that were typed, to follow a command."""
    return "".join(_repeat(name, context) for name in ("checkpoints", "data_dir"))


def _training_command(kind: Kind, context: click.Context) -> str:
    """The command under way if it trains this kind of network, else the one that usually does."""
    under_way = context.command_path
    return under_way if under_way in {kind.command, *_ALSO_TRAIN.get(kind, ())} else kind.command


def _spell(setting: str, command: click.Command) -> str:
    """How a setting is typed in a command."""
    for parameter in command.params:
        if parameter.name == setting and isinstance(parameter, click.Argument):
            return parameter.human_readable_name.strip("[].")
        if parameter.name == setting:
            return max(parameter.opts, key=len)
    return f"--{setting.strip('_').replace('_', '-')}"


def _repeat(name: str, context: click.Context) -> str:
    """An option for a folder, if it was typed."""
    if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
        return ""
    value: Any = context.params.get(name)
    flag = f"--{name.replace('_', '-')}"
    return f" {flag} {shlex.quote(str(value))}" if isinstance(value, Path) else ""

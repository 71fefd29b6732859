"""What all commands share: help, errors, exit codes and shell completion."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import click
import pytest
from click.testing import CliRunner

from charrnn.cli import options
from charrnn.cli.program import _is_verbose, program
from charrnn.errors import CharrnnError, CheckpointError, RunError, UsageError
from tests.support.commands import Fails, Invoke, parse_command
from tests.support.networks import MakeRun


def list_commands(command: click.Command, *names: str) -> Iterator[tuple[list[str], click.Command]]:
    yield [*names], command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from list_commands(inner, *names, name)


COMMANDS = list(list_commands(program))
NAMED = [pytest.param(names, command, id=" ".join(names)) for names, command in COMMANDS if names]
LEAVES = [
    pytest.param(names, id=" ".join(names))
    for names, command in COMMANDS
    if not isinstance(command, click.Group)
]


def find_examples(command: click.Command) -> list[str]:
    """The calls of charrnn in a command's help: what stands after the name, to the next pipe."""
    return re.findall(r"charrnn ([^|>)\n]+)", command.epilog or "")


class AddBoom(Protocol):
    """Adds a command `boom` that raises."""

    def __call__(self, error: BaseException) -> None: ...


@pytest.fixture
def add_boom(monkeypatch: pytest.MonkeyPatch) -> AddBoom:
    """Adds a command `boom` that raises."""

    def add(error: BaseException) -> None:
        @click.command("boom")
        @options.loudness
        def boom(**_: Any) -> None:
            raise error

        monkeypatch.setitem(program.commands, "boom", boom)

    return add


def test_the_commands_are_these() -> None:
    """The commands that are documented are the ones there are."""
    assert {" ".join(names) for names, _ in COMMANDS} - {""} == {
        *("train", "sample", "play", "evaluate", "inspect", "export", "import"),
        *("data", "data list", "data fetch", "data path", "data prepare"),
        *("classify", "classify imdb", "classify predict", "classify compare", "classify words"),
        *("classify train", "classify show", "classify pretrain"),
        *("runs", "runs show", "runs remove", "runs rename", "runs thin", "plot", "compare"),
    }


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize(("names", "command"), NAMED)
def test_help_has_examples(
    invoke: Invoke, names: list[str], command: click.Command, flag: str
) -> None:
    """Every command explains itself, with examples, on stdout."""
    result = invoke(*names, flag)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.startswith(f"Usage: charrnn {' '.join(names)} ")
    after = result.stdout.split("Examples:\n")[1].splitlines()
    assert [line.strip() for line in after if line] == [
        line.strip() for line in (command.epilog or "").splitlines()[2:]
    ]
    assert len(after) >= 1


@pytest.mark.parametrize(("names", "command"), NAMED)
def test_examples_are_valid(names: list[str], command: click.Command) -> None:
    """What the help shows can be typed: the parser accepts each example."""
    found = find_examples(command)
    assert found
    for line in found:
        words = shlex.split(line)
        assert words[: len(names)] == names
        parse_command(*words)


def test_top_help_says_how_to_start(invoke: Invoke) -> None:
    """`charrnn --help` lists the commands and what to type first."""
    shown = invoke("--help").stdout
    assert all(re.search(rf"^  {name} +\w.*\.$", shown, re.MULTILINE) for name in program.commands)
    assert "charrnn train" in shown
    assert "charrnn sample" in shown


@pytest.mark.parametrize("names", [[], ["data"]])
def test_no_command_shows_the_help(invoke: Invoke, names: list[str]) -> None:
    """`charrnn` alone is a question, not a mistake: the help, undisturbed."""
    result = invoke(*names)
    assert result.output.strip() == invoke(*names, "--help").output.strip()


@pytest.mark.parametrize(("names", "command"), NAMED)
def test_every_option_is_explained(names: list[str], command: click.Command) -> None:
    """No option is without a help text."""
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{names} {option.opts}"


SECTIONED = [
    pytest.param(names, command, id=" ".join(names))
    for names, command in COMMANDS
    if isinstance(command, options.Sectioned)
]


@pytest.mark.parametrize(("names", "command"), SECTIONED)
def test_many_options_stand_under_headings(
    invoke: Invoke, names: list[str], command: click.Command
) -> None:
    """A long help shows each option once, in order, under headings that each have some."""
    shown = invoke(*names, "--help").stdout
    flags = [param.opts[0] for param in command.params if isinstance(param, click.Option)]
    assert re.findall(r"^  (-[\w-]+)", shown, re.MULTILINE) == [*flags, "-h"]
    assert isinstance(command, options.Sectioned)
    headings = re.findall(r"^(\S.*):$", shown.split("Examples:")[0], re.MULTILINE)
    assert headings == [*command.headings.values()]
    assert len(headings) >= 3


@pytest.mark.parametrize("flag", ["-v", "--verbose", "-q", "--quiet"])
@pytest.mark.parametrize("names", LEAVES)
def test_every_command_can_be_loud_and_quiet(invoke: Invoke, names: list[str], flag: str) -> None:
    """-v and -q, which error messages mention, are options of every command."""
    assert re.search(rf"(^|\s){flag}\b", invoke(*names, "--help").stdout, re.MULTILINE)


@pytest.mark.parametrize("names", [["train"], ["sample"], ["data", "fetch"]])
def test_loud_and_quiet_exclude_each_other(fails: Fails, names: list[str]) -> None:
    """-v with -q is a mistake in the call."""
    assert "-q" in fails(2, *names, "-v", "-q")


def test_version(invoke: Invoke) -> None:
    """--version prints name and version, nothing else."""
    result = invoke("--version")
    assert re.fullmatch(r"charrnn \d+\.\d+\.\d+\n", result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["tarin"], "tarin"),
        (["data", "get"], "fetch, list, path"),
        (["train", "--cel", "lstm"], "--cel"),
        (["train", "--cell", "transformer"], "rnn"),
        (["train", "--preset", "huge"], "tutorial"),
        (["sample", "--temp", "warm"], "warm"),
        (["data", "fetch", "pydocs"], "shakespeare"),
    ],
)
def test_wrong_call_is_one_line(fails: Fails, words: list[str], named: str) -> None:
    """A mistake in the call exits with 2, says what it is, and where help is."""
    line = fails(2, *words)
    assert named in line
    command = "charrnn data" if words[0] == "data" else "charrnn"
    assert re.search(rf"\(see {command}.* --help\)$", line)


GROUPS = [
    pytest.param(names, inner, id=" ".join([*names, inner]))
    for names, command in COMMANDS
    if isinstance(command, click.Group)
    for inner in command.commands
]


@pytest.mark.parametrize(("names", "inner"), GROUPS)
def test_a_misspelt_command_is_answered_with_the_closest(
    fails: Fails, names: list[str], inner: str
) -> None:
    """A command with a letter too many is recognized."""
    assert re.search(rf"Did you mean .*'{inner}'", fails(2, *names, f"{inner}{inner[-1]}"))


@pytest.mark.parametrize(
    ("names", "option"), [(["train"], "--preset"), (["classify", "imdb"], "--model")]
)
def test_a_misspelt_preset_is_answered_with_the_closest(
    fails: Fails, names: list[str], option: str
) -> None:
    """Of any preset, beside the names of all; what resembles none is answered with these alone."""
    command = parse_command(*names).command
    (parameter,) = (one for one in command.params if option in one.opts)
    assert isinstance(parameter.type, click.Choice)
    for name in parameter.type.choices:
        line = fails(2, *names, option, f"{name[0]}{name}")
        assert f": did you mean '{name}'? (see " in line
        assert all(repr(other) in line for other in parameter.type.choices)
    assert "did you mean" not in fails(2, *names, option, "zzz")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (RunError("no run 'x'"), 1, "no run 'x'"),
        (UsageError("too small"), 2, "too small (see charrnn boom --help)"),
        (CharrnnError("two\nlines"), 1, "two lines"),
        (OSError(28, "No space left on device", "runs/a"), 1, "runs/a: No space left on device"),
        (PermissionError(13, "Permission denied", "x.txt"), 1, "x.txt: Permission denied"),
        (OSError(28, "No space left on device"), 1, "can't write: No space left on device"),
    ],
    ids=repr,
)
def test_expected_errors_are_one_line(
    invoke: Invoke,
    add_boom: AddBoom,
    error: Exception,
    code: int,
    line: str,
) -> None:
    """A failure is one line on stderr, with an exit code that tells calls from circumstances."""
    add_boom(error)
    result = invoke("boom")
    assert (result.stdout, result.stderr) == ("", f"charrnn: {line}\n")
    assert result.exit_code == code


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (RuntimeError("first\nsecond"), "RuntimeError: first"),
        (MemoryError(), "MemoryError"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
    ids=repr,
)
def test_unexpected_errors_are_one_line_too(
    invoke: Invoke, add_boom: AddBoom, error: Exception, named: str
) -> None:
    """A bug is no excuse for a traceback: one line that says how to see more."""
    add_boom(error)
    result = invoke("boom")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"charrnn: unexpected {named}")
    assert "-v" in line
    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize("flag", ["-v", "--verbose"])
def test_verbose_shows_where(invoke: Invoke, add_boom: AddBoom, flag: str) -> None:
    """-v shows the traceback of an unexpected error, and the line after it."""
    add_boom(RuntimeError("broken"))
    result = invoke("boom", flag)
    first, *_, last = result.stderr.splitlines()
    assert first.startswith("Traceback")
    assert __file__ in result.stderr
    assert last.startswith("charrnn: unexpected RuntimeError: broken")
    assert result.exit_code == 1


def make_chain() -> CheckpointError:
    """An error of ours that came from two others, the way `raise ... from ...` links them."""
    error, middle, first = CheckpointError("x.h5 is damaged"), OSError("can't\nread"), ValueError()
    error.__cause__, middle.__cause__ = middle, first
    return error


def test_verbose_shows_causes(invoke: Invoke, add_boom: AddBoom) -> None:
    """-v shows what an expected error came from, a line each; without -v the error is one line."""
    add_boom(make_chain())
    causes = ["caused by OSError: can't read", "caused by ValueError"]
    line = "charrnn: x.h5 is damaged"
    verbose = invoke("boom", "-v")
    assert verbose.stderr.splitlines() == [*causes, line]
    assert (verbose.exit_code, verbose.stdout) == (1, "")
    assert invoke("boom").stderr.splitlines() == [line]


@pytest.mark.parametrize(
    "error",
    [RunError("no run 'x'"), click.UsageError("no"), FileNotFoundError(2, "No such file", "x.txt")],
    ids=repr,
)
def test_an_error_without_causes_stays_one_line(
    invoke: Invoke, add_boom: AddBoom, error: Exception
) -> None:
    """-v adds nothing to an expected error that came from no other."""
    add_boom(error)
    assert len(invoke("boom", "-v").stderr.splitlines()) == 1


def test_verbose_shows_the_causes_of_a_damaged_file(make_run: MakeRun, invoke: Invoke) -> None:
    """What a library reported of a file is kept behind the line that says what is wrong."""
    content = make_run().read_bytes()
    Path("bad.weights.h5").write_bytes(content[:600])
    words = ["sample", "abc", "--checkpoint", "bad.weights.h5"]
    (line,) = invoke(*words).stderr.splitlines()
    *causes, last = invoke(*words, "-v").stderr.splitlines()
    assert last == line
    assert all(cause.startswith("caused by ") for cause in causes)
    assert not any(line.removeprefix("charrnn: ") in cause for cause in causes)


@pytest.mark.parametrize(
    ("words", "verbose"),
    [
        (["train", "-v"], True),
        (["train", "--verbose", "novel.txt"], True),
        (["train", "-qv"], True),
        (["train", "--validation", "0.1"], False),
        (["train", "-q"], False),
        (["sample", "--", "-v"], False),
        ([], False),
    ],
    ids=repr,
)
def test_what_counts_as_verbose(words: list[str], *, verbose: bool) -> None:
    """-v counts wherever it is typed, also with other letters, but not as a text."""
    assert _is_verbose(words) == verbose


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()], ids=repr)
def test_ctrl_c_is_no_failure(invoke: Invoke, add_boom: AddBoom, error: BaseException) -> None:
    """Ctrl-C ends with 130, as shells expect, without a word."""
    add_boom(error)
    result = invoke("boom", "-v")
    assert result.exit_code == 130
    assert result.output.strip() == ""


def test_ctrl_c_while_a_library_is_loaded(invoke: Invoke, add_boom: AddBoom) -> None:
    """C makes an ImportError of it, and it ends with 130 all the same; another one is shown."""
    error = ImportError("initialization failed")
    error.__cause__ = KeyboardInterrupt()
    add_boom(error)
    result = invoke("boom")
    assert (result.exit_code, result.output) == (130, "")


def test_path_with_a_line_end_is_shown_in_one_line(fails: Fails) -> None:
    """Whatever a user's file is called, the error stays one line."""
    assert "odd name.txt" in fails(1, "train", "odd\nname.txt")


def test_reader_that_goes_away_is_no_failure(make_run: MakeRun, tmp_path: Path) -> None:
    """`charrnn sample | head` ends silently when head has enough."""
    make_run()
    program = f"{shlex.quote(sys.executable)} -m charrnn"
    line = f"{program} sample -q abc --temp 0 --length 100000000 2>errors | head -c 10"
    done = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, check=True, cwd=tmp_path, timeout=60
    )
    assert len(done.stdout) == 10
    assert done.stdout.startswith(b"abc")
    assert (tmp_path / "errors").read_bytes() == b""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """Each shell gets click's script, for the name charrnn."""
    result = CliRunner().invoke(
        program, [], prog_name="charrnn", env={"_CHARRNN_COMPLETE": f"{shell}_source"}
    )
    assert result.exit_code == 0
    assert f"_CHARRNN_COMPLETE={shell}_complete" in result.stdout


def completions(*words: str) -> list[str]:
    """What bash would offer for the last of these words, which is being typed."""
    env = {
        "_CHARRNN_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["charrnn", *words]),
        "COMP_CWORD": str(len(words)),
    }
    result = CliRunner().invoke(program, [], prog_name="charrnn", env=env)
    return [line.split(",")[1] for line in result.stdout.splitlines() if line]


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "--run"),
        ("train", "--resume"),
        ("train", "--from"),
        ("runs", "show"),
        ("runs", "remove"),
    ],
)
def test_run_names_are_completed(make_run: MakeRun, words: tuple[str, str]) -> None:
    """The tab key knows the runs there are."""
    for name in ("tiny", "tall", "other"):
        make_run(name)
    assert set(completions(*words, "")) == {"tiny", "tall", "other"}
    assert set(completions(*words, "t")) == {"tiny", "tall"}
    assert completions(*words, "tin") == ["tiny"]


def test_texts_are_completed(make_run: MakeRun) -> None:
    """The tab key knows what a run can be measured on, and that a file will do."""
    make_run("tiny")
    assert completions("evaluate", "") == ["tiny"]
    assert completions("evaluate", "tiny", "t") == ["training", "t"]
    assert {"validation", "training", "shakespeare"} < set(completions("evaluate", "tiny", ""))


def test_completion_looks_where_runs_are(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Completion follows --checkpoints and CHARRNN_CHECKPOINTS."""
    make_run("mine")
    (tmp_path / "checkpoints").rename("elsewhere")
    assert completions("sample", "--run", "") == []
    assert completions("sample", "--checkpoints", "elsewhere", "--run", "") == ["mine"]
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "elsewhere")
    assert completions("sample", "--run", "") == ["mine"]


def test_commands_and_options_are_completed() -> None:
    """The tab key knows commands, options and choices."""
    assert set(completions("")) == {
        *("train", "sample", "play", "evaluate", "inspect", "export", "import"),
        *("compare", "plot", "runs", "data", "classify"),
    }
    assert completions("train", "--cell", "") == ["rnn", "lstm", "gru", "all"]
    assert "--temp" in completions("sample", "--")

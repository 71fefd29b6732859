"""The lines of `charrnn play`: words for the text, or commands that begin with a slash."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.cli.options import expand_home
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.cli.writing import Out
from charrnn.errors import UsageError, say_count
from charrnn.inference.draft import Draft, check_settings
from charrnn.runs.atomic import write_atomically

_TAIL = 60  # characters of the text that are shown after some were taken back


class _Command(NamedTuple):
    usage: str
    run: Callable[[str], None]
    help: str


class Turns:
    """Answers one typed line after another.

    Args:
        draft: the text.
        settings: what `Draft.write` takes; commands change it.
        terminal: for what is not part of the text.
        is_stopped: asked after each character whether the network should stop there; that is, since
            it was asked before.

    Attributes:
        ended: whether a line asked to leave.
    """

    def __init__(
        self,
        draft: Draft,
        settings: Mapping[str, Any],
        terminal: Terminal,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._draft, self._settings = draft, dict(settings)
        self._terminal, self._is_stopped = terminal, is_stopped
        self._proposed: list[str] = []
        self._saved: set[Path] = set()
        self._commands = {each.usage[1:].split()[0]: each for each in self._make_commands()}
        self.ended = False

    def answer(self, line: str) -> None:
        r"""Do what a line asks for.

        A command; the number of a proposal; or words, after which the network writes. Words that
        begin with / are typed with another / before them, and a line that ends with \ stands for
        itself and a line end.

        Raises:
            CharrnnError: it can't be done; the text is as before.
            OSError: the text can't be saved.
        """
        self._is_stopped()  # what was pressed before this line was typed is not meant for it
        if line.startswith("/") and not line.startswith("//"):
            self._run(line)
        elif self._proposed:
            self._accept(line.strip())
        else:
            words = line[1:] if line.startswith("//") else line
            self._draft.read(words[:-1] + "\n" if words.endswith("\\") else words)
            self._write("")

    def _run(self, line: str) -> None:
        name, _, value = line[1:].partition(" ")
        command = self._commands.get(name)
        if command is None:
            raise UsageError(f"there is no command /{name}: /help lists them")
        if bool(value.strip()) != (" " in command.usage):
            raise UsageError(f"type it as {command.usage}: {command.help}")
        command.run(value.strip())

    def _accept(self, number: str) -> None:
        proposed = self._proposed
        if number and not (number.isdecimal() and 1 <= int(number) <= len(proposed)):
            raise UsageError(f"type a number from 1 to {len(proposed)}, or Enter for none of them")
        self._proposed = []
        if number:
            self._draft.read(proposed[int(number) - 1])
            self._show_end()

    def _write(self, _: str) -> None:
        out = Out()
        for character in self._draft.write(**self._settings):
            out.write(character)
            if self._is_stopped():
                break
        out.end_line(always=True)

    def _write_again(self, _: str) -> None:
        if not self._draft.last_is_network:
            raise UsageError("the network has not written since your last words: press Enter")
        self._undo()
        self._write("")

    def _undo(self) -> str:
        taken = self._draft.undo()
        self._proposed = []  # they continue what was taken back
        return taken

    def _take_back(self, _: str) -> None:
        taken = self._undo()
        self._terminal.note(f"took back {say_count(len(taken), 'character')}")
        self._show_end()

    def _show_end(self) -> None:
        text = self._draft.text
        tail = ("…" if len(text) > _TAIL else "") + text[-_TAIL:]
        self._terminal.note(f"the text ends with: {tail}" if text else "the text is empty")

    def _choose(self, value: str) -> None:
        count = _read_int("/choose", value)
        self._proposed = self._draft.propose(count, **self._settings, is_stopped=self._is_stopped)
        for number, text in enumerate(self._proposed, 1):
            echo(f"[{number}] {text}\n")
        self._terminal.note("type the number of the one to keep, or press Enter for none")

    def _set_temperature(self, value: str) -> None:
        self._set(temperature=_read_float("/temp", value))

    def _set_top_k(self, value: str) -> None:
        self._set(top_k=_read_int("/top-k", value))

    def _set_top_p(self, value: str) -> None:
        self._set(top_p=_read_float("/top-p", value))

    def _set_length(self, value: str) -> None:
        self._set(length=_read_int("/length", value))

    def _set(self, **given: float) -> None:
        settings = self._settings | given
        check_settings(**settings)
        self._settings = settings

    def _set_seed(self, value: str) -> None:
        self._draft.set_seed(_read_int("/seed", value))

    def _show_text(self, _: str) -> None:
        out = Out()
        out.write(self._draft.text)
        out.end_line(always=True)

    def _save(self, value: str) -> None:
        path = Path(expand_home(value))
        try:
            if path.exists() and path.resolve() not in self._saved:
                raise UsageError(f"{path} exists: choose another name")
            write_atomically(path, self._draft.text.encode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise UsageError(f"no file can be called {value!r}: choose another name") from error
        self._saved.add(path.resolve())
        self._terminal.note(f"{say_count(len(self._draft.text), 'character')} in {path}")

    def _list_commands(self, _: str) -> None:
        width = max(len(command.usage) for command in self._commands.values())
        for command in self._commands.values():
            echo(f"{command.usage:{width}}  {command.help}", err=True)
        echo(r"Words that begin with / are typed with //; \ at the end is a line end.", err=True)

    def _leave(self, _: str) -> None:
        self.ended = True

    def _make_commands(self) -> tuple[_Command, ...]:
        return (
            _Command("/again", self._write_again, "have the network write its last turn anew"),
            _Command(
                "/choose N", self._choose, "see N turns the network could write, and keep one"
            ),
            _Command("/undo", self._take_back, "take back the last turn, yours or the network's"),
            _Command(
                "/temp T", self._set_temperature, "below 1 safer, above 1 wilder, 0 no chance"
            ),
            _Command(
                "/top-k K", self._set_top_k, "sample from the K likeliest characters; 0 for all"
            ),
            _Command("/top-p P", self._set_top_p, "sample from the likeliest that add up to P"),
            _Command("/length N", self._set_length, "characters that the network writes in a turn"),
            _Command("/seed N", self._set_seed, "the same seed and lines give the same text"),
            _Command("/text", self._show_text, "show the whole text"),
            _Command("/save FILE", self._save, "keep the whole text in a file"),
            _Command("/help", self._list_commands, "list the commands"),
            _Command("/quit", self._leave, "leave, like Ctrl-D"),
        )


def _read_float(command: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise UsageError(f"{command} needs a number such as 0.8, not {value!r}") from error


def _read_int(command: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise UsageError(f"{command} needs a whole number, not {value!r}") from error

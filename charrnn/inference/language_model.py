"""The Python interface to a trained language model: it writes, predicts and scores text."""

import hashlib
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, overload

from charrnn.config.fields import require
from charrnn.config.language import (
    LONGEST_TEXT,
    MOST_SIDE_BY_SIDE,
    MOST_TEXTS,
    SHORTEST_COPY,
    Adaptation,
)
from charrnn.data.byte_vocabulary import AnyVocabulary, ByteVocabulary
from charrnn.data.copied import Copies, find_copies
from charrnn.data.files import spell_plainly
from charrnn.data.text import Text
from charrnn.data.vocabulary import Ids
from charrnn.errors import RunError, say_count
from charrnn.inference.adapt import adapt, score_adaptively
from charrnn.inference.arguments import (
    require_adaptation,
    require_ids,
    require_integer,
    require_range,
    require_text,
)
from charrnn.inference.choose import Choice, NextCharacter, compute_probabilities
from charrnn.inference.draft import Draft
from charrnn.inference.encode import check_stop, encode_prompt, encode_text
from charrnn.inference.finite import check_finite, name_in_errors
from charrnn.inference.generate import make_generators, read_prompt
from charrnn.inference.helpers import require_jobs, share
from charrnn.inference.inspect import Inspection, inspect
from charrnn.inference.language import Engine, NumpyStepper
from charrnn.inference.many import TOGETHER, Order, Writer, count_groups, divide
from charrnn.inference.provenance import describe_provenance, read_history_beside
from charrnn.inference.rules import make_rules
from charrnn.inference.score import OnProgress, Score, score_crops, score_stream
from charrnn.inference.units import SetUnits, Unit, find_held_units
from charrnn.runs.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from charrnn.runs.claim import claim, hold_lock
from charrnn.runs.gradient_rms import GradientRms
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.names import is_reserved
from charrnn.runs.run import Run

_Result = TypeVar("_Result")

FindRms = Callable[[int], GradientRms | None]
"""Finds the size of a network's gradients on its training text, in pieces of that many characters;
None if that text is unavailable."""


class LanguageModel:
    """A trained character network.

    Texts are the same for the same seed, whichever method gives them.

    Args:
        checkpoint: the network.
        history: the epochs of its run.
        path: the file that it was read from; errors about the network begin with it.
        engine: makes what runs the network; None for `NumpyStepper`.

    Attributes:
        checkpoint: its configuration, vocabulary, weights and provenance.
        history: the `EpochResult` of each of its run's epochs, in order; empty if the file does not
            lie in a run.
        path: the file that it was read from, if any.
        find_rms: finds what scales the steps when the network adapts; None to measure it on what
            the network has read so far.
        load_training_text: loads what the network learnt from, as it is where it was.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        history: Sequence[EpochResult] = (),
        path: Path | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._engine = engine
        self.find_rms: FindRms = lambda _: None
        self.load_training_text: Callable[[], Text] = _know_no_text
        self.checkpoint = checkpoint
        self.history = list(history)
        self.path = path
        self._make_network = partial(engine or NumpyStepper, checkpoint)

    def __repr__(self) -> str:
        network = self.checkpoint.network.describe()
        characters = say_count(len(self.vocabulary), self.vocabulary.unit)
        origin = describe_provenance(self.checkpoint.provenance)
        return f"<LanguageModel: {network}, {characters}, {origin}>"

    @property
    def vocabulary(self) -> AnyVocabulary:
        """What the network's ids mean: the characters that it knows, or bytes."""
        return self.checkpoint.vocabulary

    @overload
    def generate(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        *,
        num: None = None,
        stop: str | None = None,
        set_units: SetUnits | None = None,
        unknown: str = "error",
    ) -> str: ...

    @overload
    def generate(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        *,
        num: int,
        jobs: int = 1,
        stop: str | None = None,
        set_units: SetUnits | None = None,
        unknown: str = "error",
    ) -> list[str]: ...

    def generate(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        *,
        num: int | None = None,
        jobs: int = 1,
        stop: str | None = None,
        set_units: SetUnits | None = None,
        unknown: str = "error",
    ) -> str | list[str]:
        r"""Write the text that follows `prompt`; the prompt itself is not repeated.

        Args:
            prompt: what the network reads first; empty for a line end.
            length: how many characters to write, at most.
            temperature: below 1 safer, above 1 wilder; 0 always takes the likeliest character.
            top_k: sample from the k likeliest characters only; 0 for all.
            top_p: sample from the fewest likeliest characters that together have this
                probability; 1 for all.
            seed: the same seed gives the same text; None for a new one each time.
            num: write so many different texts; the first is the one without `num`.
            jobs: with `num`, how many processes share the texts, as in `generate_many`.
            stop: end a text once it has written this.
            set_units: units whose outputs are held at a value, from the prompt's first character
                on: a unit's number in the last layer, or a layer and a number, to the value.
                `Inspection.find_units` says which do what. Outputs lie in [-1, 1].
            unknown: what to do about characters of the prompt that the network doesn't know:
                "error" or "skip".

        Returns:
            One string or, with `num`, a list of `num` strings.

        Raises:
            UsageError: a value of the wrong type or outside its range.
            VocabularyError: the prompt or `stop` has characters that the network doesn't know.
            CheckpointError: the network produced NaN or infinity.
            CharrnnError: one of several processes died.

        Example:
            >>> print(model.generate("ROMEO:\n", length=200, temperature=0.8, seed=1))
            >>> for text in model.generate("JULIET:\n", num=3, stop="\n"):
            ...     print(text)
            >>> print(model.generate("ROMEO:\n", length=200, set_units={3: 0.9}))
        """
        count = 1 if num is None else num
        choice = (temperature, top_k, top_p, seed)
        more: Any = {"jobs": jobs, "stop": stop, "set_units": set_units, "unknown": unknown}
        texts = [*self.generate_many(prompt, length, *choice, num=count, **more)]
        return texts[0] if num is None else texts

    def generate_many(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        *,
        num: int,
        jobs: int = 1,
        stop: str | None = None,
        set_units: SetUnits | None = None,
        unknown: str = "error",
    ) -> Generator[str]:
        """Write `num` texts, and yield them one by one, in order; memory doesn't grow with `num`.

        They are written in groups of up to 64 side by side, and `jobs` processes share the groups,
        each on one core and with a copy of the network: the same texts for any number of them. A
        single group is written by this process. Other arguments and errors as in `generate`; NaN,
        infinity or the death of a process is an error while iterating.

        Example:
            >>> for text in model.generate_many("ROMEO:", length=100, num=200, seed=1):
            ...     print(len(text))
        """
        how: Any = {"stop": stop, "set_units": set_units, "unknown": unknown}
        make = self._plan_texts(prompt, length, Choice(temperature, top_k, top_p), seed, **how)
        num = require_integer("num", num)
        require_range("num", num, 1, MOST_TEXTS)
        jobs, groups = self._require_jobs(jobs), divide(num)
        alone = num <= TOGETHER  # products of one group may use all cores
        texts = map(make(), groups) if alone else share(make, groups, min(jobs, count_groups(num)))
        return self._name_file(chain.from_iterable(texts))

    def stream(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        *,
        stop: str | None = None,
        set_units: SetUnits | None = None,
        unknown: str = "error",
    ) -> Iterator[str]:
        """Yield one by one the characters that `generate` gives at once; arguments as there.

        Example:
            >>> for character in model.stream("ROMEO:", length=200):
            ...     print(character, end="", flush=True)
        """
        choice = (temperature, top_k, top_p, seed)
        more: Any = {"stop": stop, "set_units": set_units, "unknown": unknown}
        steps = self.stream_many(prompt, length, *choice, num=1, **more)
        return (character for (character,) in steps)

    def stream_many(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        *,
        num: int,
        stop: str | None = None,
        set_units: SetUnits | None = None,
        unknown: str = "error",
    ) -> Iterator[list[str]]:
        """Write `num` texts side by side; arguments and errors as in `generate`.

        The call itself rejects a value of the wrong type or outside its range; NaN or infinity is
        an error while iterating.

        Returns:
            An iterator over lists of each text's next character, empty for a text that has ended.
            Of a network of bytes it is empty too until the next character is whole.
        """
        how: Any = {"stop": stop, "set_units": set_units, "unknown": unknown}
        make = self._plan_texts(prompt, length, Choice(temperature, top_k, top_p), seed, **how)
        num = require_integer("num", num)
        require_range("num", num, 1, MOST_SIDE_BY_SIDE)
        return self._name_file(make().stream(range(num)))

    def next_probabilities(
        self, text: str = "", temperature: float = 1.0, *, unknown: str = "error"
    ) -> NextCharacter:
        r"""Compute how probable each character is to follow `text`.

        These are the probabilities that `generate` samples from.

        Args:
            text: what the network reads first; empty for a line end.
            temperature: the logits are divided by it; 0 leaves the likeliest character alone.
            unknown: what to do about characters that the network doesn't know: "error" or "skip".

        Raises:
            UsageError: a value of the wrong type or outside its range.
            VocabularyError: the text has characters that the network doesn't know.
            CheckpointError: the network produced NaN or infinity.

        Example:
            >>> after = model.next_probabilities("ROMEO:")
            >>> after.likeliest(5)
            >>> after.characters[after.probabilities.argmax()]
            >>> dict(zip(*after))["\n"]
        """
        choice = Choice(temperature)
        ids = encode_prompt(self.vocabulary, require_text("text", text), unknown)
        with name_in_errors(self.path):
            logits = check_finite(read_prompt(self._make_network(1), ids))
        logits = make_rules(self.vocabulary).rule_out(logits)
        return NextCharacter(self.vocabulary.symbols, compute_probabilities(logits, choice)[0])

    def score(self, text: str, crop_length: int | None = None, *, unknown: str = "error") -> float:
        """Measure how well the network predicts `text`: its mean loss, in nats per character.

        The perplexity is exp of it. Arguments and errors as in `evaluate`.

        Example:
            >>> model.score("To be, or not to be")
        """
        return self.evaluate(text, crop_length, unknown=unknown).loss

    def evaluate(
        self,
        text: str | Ids,
        crop_length: int | None = None,
        *,
        adaptation: Adaptation | None = None,
        jobs: int = 1,
        unknown: str = "error",
        progress: OnProgress = lambda _: None,
    ) -> Score:
        """Measure how well the network predicts each character of `text` but the first.

        Args:
            text: what to predict, or its ids, shape (N,).
            crop_length: how many characters to predict before the state is set to zero again;
                None for one stream, whose state is never reset.
            adaptation: how to learn from the text while reading it, each piece after it was
                predicted; None for a network that stays as it is. The two losses can't be compared.
            jobs: how many processes share the crops, each on one core and with a copy of the
                network; the score is the same for any number. Only this process can read a stream,
                each character of which needs the state after the one before.
            unknown: what to do about characters that the network doesn't know: "error" or "skip".
            progress: called after each block with the number of characters predicted in it.

        Returns:
            The loss in nats per character, and the number of characters; perplexity and bits per
            character follow from the loss.

        Raises:
            UsageError: a value of the wrong type, fewer than two characters, `crop_length` is below
                one, it is given with `adaptation`, or several jobs are to read a stream.
            VocabularyError: the text has characters that the network doesn't know.
            CheckpointError: the network produced NaN or infinity.
            CharrnnError: one of several processes died.

        Example:
            >>> score = model.evaluate("To be, or not to be")
            >>> score.loss, score.perplexity, score.bits
            >>> model.evaluate("Words, words, words. " * 9, adaptation=charrnn.Adaptation()).loss
        """
        ids, jobs = self._encode(text, unknown), self._require_jobs(jobs)
        if jobs > 1:
            require(
                crop_length is not None,
                "a stream can't be shared among `jobs`: leave it out, or read crops",
            )
        if adaptation is not None:
            require_adaptation(adaptation)
            require(crop_length is None, "a network adapts in one stream: leave out `crop_length`")
        with name_in_errors(self.path):
            if adaptation is not None:
                rms = self.find_rms(adaptation.piece)
                return score_adaptively(self.checkpoint, ids, rms, adaptation, progress)
            size, starts = len(self.vocabulary), self.vocabulary.find_starts(ids)
            if crop_length is None:
                return score_stream(self._make_network(1), ids, size, progress, starts)
            return score_crops(self._make_network, ids, crop_length, size, progress, starts, jobs)

    def inspect(
        self, text: str | Ids, *, unknown: str = "error", progress: OnProgress = lambda _: None
    ) -> Inspection:
        """Read a text, and keep what the network computes on the way.

        NumPy computes it, whatever the engine.

        Args:
            text: what to read, or its ids, shape (N,).
            unknown: what to do about characters that the network doesn't know: "error" or "skip".
            progress: called after each block with the number of characters read in it.

        Returns:
            Surprise, shape (N,), and the outputs of every unit, shape (L, N, H), of L layers of H
            units; guesses and gates follow from them.

        Raises:
            UsageError: a value of the wrong type, fewer than two characters, or so many that the
                states would take a gigabyte.
            VocabularyError: the text has characters that the network doesn't know.
            CheckpointError: the network produced NaN or infinity.

        Example:
            >>> seen = model.inspect("To be, or not to be: that is the question")
            >>> seen.surprise.round(2), seen.guesses(3)[5]
            >>> seen.outputs[-1, :, 3].round(2)
        """
        with name_in_errors(self.path):
            return inspect(self.checkpoint, self._encode(text, unknown), progress)

    def find_copies(
        self, text: str, source: str | None = None, *, shortest: int = SHORTEST_COPY
    ) -> Copies:
        """Find the stretches of a text that stand word for word in what the network learnt from.

        Each is as long as can be. By chance alone some of twenty characters are found.

        Args:
            text: for example one that the network wrote.
            source: what the network learnt from; None for its run's training text, from where it
                was.
            shortest: how many characters a stretch has at least.

        Raises:
            UsageError: a value of the wrong type or outside its range.
            CharrnnError: the training text can't be had again, or nothing says where it was.

        Example:
            >>> copies = charrnn.load("novel").find_copies("And then he said: what is it?")
            >>> print(copies.share, [one.length for one in copies.stretches])
        """
        require_text("text", text)
        require_range("shortest", require_integer("shortest", shortest), 1, LONGEST_TEXT)
        if source is None:
            return find_copies(text, self.load_training_text(), shortest)
        require(bool(require_text("source", source)), "source must not be empty")
        return find_copies(text, Text.of(source), shortest)

    def adapt(
        self,
        text: str | Ids,
        adaptation: Adaptation | None = None,
        *,
        passes: int = 1,
        name: str = "a text",
        unknown: str = "error",
        progress: OnProgress = lambda _: None,
    ) -> "LanguageModel":
        """Make another model, which has learnt from a text; this one stays as it is.

        Args:
            text: what it reads, some thousand characters or more, or its ids, shape (N,).
            adaptation: how it learns; None for the defaults.
            passes: how often it reads the text.
            name: what the new model's provenance calls the text.
            unknown: what to do about characters that the network doesn't know: "error" or "skip".
            progress: called after each piece with the number of characters read in it.

        Raises:
            UsageError: a value of the wrong type or outside its range, or fewer than two
                characters.
            VocabularyError: the text has characters that the network doesn't know.
            CheckpointError: the network produced NaN or infinity.

        Example:
            >>> mine = model.adapt("Your letter came to me this morning, sir. " * 50)
            >>> print(mine.generate("Dear ", length=200, seed=1))
        """
        adaptation = require_adaptation(adaptation or Adaptation())
        passes = require_integer("passes", passes)
        name = spell_plainly(require_text("name", name))
        ids = self._encode(text, unknown)
        with name_in_errors(self.path):
            rms = self.find_rms(adaptation.piece)
            adapted = adapt(self.checkpoint, ids, rms, adaptation, passes, progress)
        digest = hashlib.sha256(self.vocabulary.decode(ids).encode("utf-8", "surrogatepass"))
        count = say_count(self.vocabulary.count_characters(ids), "character")
        read = f"{name}, {count}, sha256 {digest.hexdigest()}"
        how = f"{read}, {adaptation.describe()}, passes {passes}"
        earlier = self.checkpoint.provenance.adapted
        provenance = replace(
            self.checkpoint.provenance, adapted=f"{earlier}; {how}" if earlier else how
        )
        model = LanguageModel(replace(adapted, provenance=provenance), engine=self._engine)
        model.find_rms = lambda piece: rms if piece == adaptation.piece else None
        model.load_training_text = self.load_training_text
        return model

    def save(self, folder: str | Path) -> Path:
        """Keep the network as a run, in a folder that is made if there is none.

        Returns:
            The checkpoint file that was written.

        Raises:
            RunError: the folder is another run's, or its name is that of other kinds of run.
            OSError: the disk is full or the folder can't be written.

        Example:
            >>> mine.save("checkpoints/letters")
        """
        run = Run(Path(folder), LANGUAGE)
        if is_reserved(run.name):
            raise RunError(f"{folder} is named like the folder of other kinds of run: rename it")
        if not claim(run):
            raise RunError(f"{folder} has a run, or belongs to one: choose another folder")
        path = run.epoch_file(self.checkpoint.provenance.epoch)
        with hold_lock(run):
            write_checkpoint(path, self.checkpoint)
        return path

    def begin_draft(self, seed: int | None = None) -> Draft:
        """Begin a text that a person and the network write in turns.

        Args:
            seed: the same seed and turns give the same text; None for a new one each time.

        Raises:
            UsageError: the seed is not an int or outside [0, 2^32).

        Example:
            >>> draft = model.begin_draft()
            >>> draft.read("ROMEO:")
            >>> print("".join(draft.write(200)))
        """
        return Draft(self.checkpoint, seed)

    def _plan_texts(
        self,
        prompt: str,
        length: int,
        choice: Choice,
        seed: int | None,
        *,
        stop: str | None,
        set_units: SetUnits | None,
        unknown: str,
    ) -> Callable[[], Writer]:
        """Check what is to be written, and how; errors as in `generate`."""
        require_text("prompt", prompt)
        if stop is not None:
            check_stop(self.vocabulary, require_text("stop", stop))
        length = require_integer("length", length)
        require_range("length", length, 0, LONGEST_TEXT)
        ids = encode_prompt(self.vocabulary, prompt, unknown)
        seed = secrets.randbits(32) if seed is None else seed
        make_generators(seed, 0)  # rejects what is no seed
        held: Mapping[Unit, float] = {}
        if set_units:
            require(self._engine is None, "`set_units` is for NumPy: leave out `engine`")
            held = find_held_units(self.checkpoint.network, set_units)
        order = Order(ids, length, choice, seed, stop, held)
        return partial(Writer, self.checkpoint, order, self._engine)

    def _require_jobs(self, jobs: int) -> int:
        jobs = require_jobs(jobs)
        require(jobs == 1 or self._engine is None, "`jobs` is for NumPy: leave out `engine`")
        return jobs

    def _encode(self, text: str | Ids, unknown: str) -> Ids:
        if isinstance(text, str):
            return encode_text(self.vocabulary, text, unknown)
        ids = require_ids("text", text)
        if isinstance(self.vocabulary, ByteVocabulary):
            self.vocabulary.decode(ids)  # rejects halves of characters
        return ids

    def _name_file(self, results: Iterable[_Result]) -> Generator[_Result]:
        with name_in_errors(self.path):
            yield from results


def load_model(path: str | Path, engine: Engine | None = None) -> LanguageModel:
    """Load a language model from one checkpoint file, with the history of its run if it has one.

    Args:
        path: a `.weights.h5` file.
        engine: makes what runs the network; None for NumPy.

    Raises:
        CheckpointError: there is no such file, or it can't be used.
    """
    path = Path(path)
    checkpoint = read_checkpoint(path)
    return LanguageModel(checkpoint, read_history_beside(path, LANGUAGE), path, engine)


def _know_no_text() -> Text:
    raise RunError("nothing says what the network learnt from: give that text as source")

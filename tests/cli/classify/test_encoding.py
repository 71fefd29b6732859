"""Reviews in another encoding than UTF-8, wherever a command of `charrnn classify` reads them."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from charrnn.runs.kinds import CLASSIFIER
from tests.support import kinds
from tests.support.commands import Fails, Invoke
from tests.support.reviews import QUICK, PlanClassifier

REVIEW = "Un film “très” bon"
ENCODINGS = ["cp1252", "utf-16"]


def write_csv(encoding: str) -> Path:
    """A table of reviews, good and bad in turn."""
    rows = [f"{REVIEW} {number};{number % 2}\n" for number in range(20)]
    return write("table.csv", "text;label\n" + "".join(rows), encoding)


def write_jsonl(encoding: str) -> Path:
    """A table of reviews, good and bad in turn."""
    rows = [{"text": f"{REVIEW} {number}", "label": number % 2} for number in range(20)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return write("table.jsonl", lines, encoding)


def write_folder(encoding: str) -> Path:
    """A folder of reviews."""
    for part in ("train", "test"):
        for label in ("pos", "neg"):
            write(f"mine/{part}/{label}/0_1.txt", f"{REVIEW} {label}", encoding)
    return Path("mine")


def write_archive(encoding: str) -> Path:
    """An archive of reviews."""
    with tarfile.open("mine.tar.gz", "w:gz") as archive:
        archive.add(write_folder(encoding))
    return Path("mine.tar.gz")


def write(name: str, text: str, encoding: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("make", [write_csv, write_jsonl, write_folder, write_archive])
def test_every_form_of_reviews(
    invoke: Invoke, fails: Fails, make: Callable[[str], Path], encoding: str
) -> None:
    """With --encoding they are those that they would be in UTF-8; without, the error names it."""
    show = ["classify", "show", 1, "--json", "--data"]
    expected = invoke(*show, make("utf-8")).stdout
    assert "très" in json.loads(expected)["text"]
    path = make(encoding)
    assert invoke(*show, path, "--encoding", encoding).stdout == expected
    line = fails(1, *show, path)
    assert "given as --encoding" in line or f"give {encoding} as --encoding" in line
    assert "iconv" not in line


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("words", [["--file", "reviews.txt"], ["--file", "-"], ["-"]])
def test_reviews_to_judge(invoke: Invoke, fails: Fails, words: list[object], encoding: str) -> None:
    """A file, its lines from standard input, and one review from there."""
    kinds.write_epoch(kinds.make_run(Path("checkpoints"), CLASSIFIER, "critic"))
    predict = ["classify", "predict", *words]

    def answer(encoding: str, *more: object) -> str:
        text = f"{REVIEW}\r\ngood\n".encode(encoding)
        Path("reviews.txt").write_bytes(text)
        result = invoke(*predict, *more, stdin=text)
        assert result.exit_code == 0, result.output
        return result.stdout

    expected = answer("utf-8")
    assert "très” bon" in expected
    assert answer(encoding, "--encoding", encoding) == expected
    text = Path("reviews.txt").read_bytes()
    failed = invoke(*predict, stdin=text)
    line = failed.stderr.splitlines()[-1]
    assert failed.exit_code == 1
    assert "given as --encoding" in line or f"give {encoding} as --encoding" in line
    assert "iconv" not in line
    assert "--encoding can't be 'elvish'" in fails(2, *predict, "--encoding", "elvish", stdin=text)


def test_a_run_remembers_the_encoding(plan_classifier: PlanClassifier, fails: Fails) -> None:
    """By Python's own name; a resume can't change it, and IMDB's reviews have their own."""
    words = ["--data", write_csv("cp1252"), *QUICK]
    assert (
        plan_classifier("train", *words, "--encoding", "Windows-1252").recipe.encoding == "cp1252"
    )
    for command in ("train", "imdb", "pretrain"):
        line = fails(2, "classify", command, "--resume", "x", "--encoding", "cp1252")
        assert "--encoding" in line
    assert "--encoding is for reviews of your own" in fails(
        2, "classify", "imdb", "--encoding", "cp1252"
    )
    assert "leave out --encoding" in fails(
        2, "classify", "imdb", "--dry-run", "--encoding", "cp1252"
    )

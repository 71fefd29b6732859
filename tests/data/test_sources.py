"""Which texts files, folders and patterns stand for, against plain Python."""

import errno
import os
from pathlib import Path

import pytest

from charrnn.data import sources
from charrnn.data.sources import Skipped, describe_skipped, find_places, is_pattern
from charrnn.errors import CorpusError


@pytest.fixture
def letters() -> Path:
    """A folder with texts at several depths."""
    folder = Path("letters")
    for name in ("b.txt", "a.txt", "notes.md", "z/1.txt", "z/deep/2.txt", "c.txt", "z/2.md"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def list_found(*named: str, globs: tuple[str, ...] = ("*.txt",)) -> list[str]:
    """What is found, as it is called."""
    return [place.shown for place in find_places(named, ["pydoc"], globs).texts]


def list_skipped(*named: str) -> set[tuple[str, str]]:
    """What is left out, and why."""
    return {(one.shown, one.reason) for one in find_places(named, [], ["*.txt"]).skipped}


def catch(*named: str) -> str:
    with pytest.raises(CorpusError) as failure:
        find_places(named, [], ["*.txt"])
    return str(failure.value)


def test_what_is_named_keeps_its_order() -> None:
    """Files are read in the order they are named in, whether or not they are there."""
    assert list_found("b.txt", "a.txt", "pydoc", "c") == ["b.txt", "a.txt", "pydoc", "c"]
    places = find_places(["b.txt", "pydoc", "-"], ["pydoc"], ["*.txt"]).texts
    assert [place.name for place in places] == [str(Path("b.txt").resolve()), "pydoc", "-"]
    assert not any(place.found for place in places)


def test_a_folder_stands_for_its_texts(letters: Path) -> None:
    """All *.txt files in it and below are found, sorted by their path."""
    expected = ["a.txt", "b.txt", "c.txt", "z/1.txt", "z/deep/2.txt"]
    assert list_found("letters") == [str(letters / name) for name in expected]
    assert all(place.found for place in find_places(["letters"], [], ["*.txt"]).texts)
    assert list_skipped("letters") == {
        (str(letters / name), sources.OTHER_NAME) for name in ("notes.md", "z/2.md")
    }


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        (("*.md",), ["notes.md", "z/2.md"]),
        (("1.*", "a.*"), ["a.txt", "z/1.txt"]),
        (("z/*",), ["z/1.txt", "z/2.md", "z/deep/2.txt"]),
        (("[!ab].txt",), ["c.txt", "z/1.txt", "z/deep/2.txt"]),
    ],
)
def test_patterns_choose_a_folders_files(
    letters: Path, globs: tuple[str, ...], names: list[str]
) -> None:
    """A pattern is of names; one with a slash is of paths in the folder."""
    assert list_found("letters", globs=globs) == [str(letters / name) for name in names]


def test_a_file_is_read_once(letters: Path) -> None:
    """A file that is named again, or is in a folder that is named too, is left out then."""
    link = Path("link.txt")
    link.symlink_to(letters / "b.txt")
    named = ("letters/c.txt", "letters", "letters/a.txt", "link.txt")
    expected = ["c.txt", "a.txt", "b.txt", "z/1.txt", "z/deep/2.txt"]
    assert list_found(*named) == [str(letters / name) for name in expected]
    twice = {shown for shown, reason in list_skipped(*named) if reason == sources.TWICE}
    assert twice == {"letters/c.txt", "letters/a.txt", "link.txt"}


@pytest.mark.timeout(20)
def test_a_folder_is_not_left(letters: Path, tmp_path: Path) -> None:
    """Links never lead in circles or out of the folder, and what is no file is not opened."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (tmp_path / "other").mkdir()
    (letters / "loop").symlink_to(".")
    (letters / "z/up").symlink_to("..")
    (letters / "out").symlink_to(tmp_path / "other")
    (letters / "out.txt").symlink_to(secret)
    (letters / "self.txt").symlink_to("self.txt")
    (letters / "gone.txt").symlink_to("nothing.txt")
    (letters / "notes.txt").symlink_to("notes.md")
    (letters / "a link.txt").symlink_to("a.txt")
    (letters / ".hidden.txt").write_text("hidden")
    (letters / ".git").mkdir()
    (letters / ".git/1.txt").write_text("hidden")
    os.mkfifo(letters / "pipe.txt")
    found = [name.removeprefix("letters/") for name in list_found("letters")]
    assert found == ["a link.txt", "b.txt", "c.txt", "notes.txt", "z/1.txt", "z/deep/2.txt"]
    assert list_skipped("letters") == {
        (str(letters / name), reason)
        for name, reason in {
            "loop": sources.LINK_IN,
            "z/up": sources.LINK_IN,
            "out": sources.LINK_OUT,
            "out.txt": sources.LINK_OUT,
            "self.txt": sources.UNREADABLE,
            "gone.txt": sources.UNREADABLE,
            "a.txt": sources.TWICE,
            ".hidden.txt": sources.HIDDEN,
            ".git": sources.HIDDEN,
            "pipe.txt": sources.OTHER_KIND,
            "notes.md": sources.OTHER_NAME,
            "z/2.md": sources.OTHER_NAME,
        }.items()
    }


def test_an_unreadable_folder_is_named(letters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder below that can't be listed is left out, with the system's reason."""
    scandir = os.scandir

    def fail(path: str) -> object:
        if path == str(letters / "z"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    places = find_places(["letters"], [], ["*.txt"])
    assert [Path(place.shown).name for place in places.texts] == ["a.txt", "b.txt", "c.txt"]
    (skipped,) = [one for one in places.skipped if one.reason == sources.UNREADABLE]
    assert skipped.problem == f"{letters / 'z'}: Permission denied"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("letters/*.txt", ["a.txt", "b.txt", "c.txt"]),
        ("letters/[bc].*", ["b.txt", "c.txt"]),
        ("letters/?.txt", ["a.txt", "b.txt", "c.txt"]),
        ("letters/**/*.txt", ["a.txt", "b.txt", "c.txt", "z/1.txt", "z/deep/2.txt"]),
        ("*/z/*.txt", ["z/1.txt"]),
    ],
)
@pytest.mark.parametrize("absolute", [False, True])
def test_a_pattern_stands_for_what_matches(
    letters: Path, pattern: str, names: list[str], absolute: bool
) -> None:
    """What a shell would replace is found if it comes in quotes, sorted."""
    (letters / ".hidden.txt").write_text("hidden")
    base = f"{Path.cwd()}/" if absolute else ""
    assert list_found(base + pattern) == [f"{base}{letters / name}" for name in names]


def test_what_a_pattern_leaves_out(letters: Path) -> None:
    """Hidden files, unless they are asked for, and folders."""
    (letters / ".hidden.txt").write_text("hidden")
    assert list_skipped("letters/*") == {
        ("letters/.hidden.txt", sources.HIDDEN),
        ("letters/z", sources.FOLDER),
    }
    assert list_found("letters/.*") == ["letters/.hidden.txt"]


def test_a_file_with_wildcards_in_its_name() -> None:
    """A file that is there is meant, not a pattern."""
    Path("a[1].txt").write_text("one")
    assert not is_pattern("a[1].txt")
    assert is_pattern("a[2].txt")
    assert list_found("a[1].txt") == ["a[1].txt"]


def test_what_finds_nothing(letters: Path) -> None:
    """A folder without such files and a pattern without a match are errors that say what to do."""
    assert letters.is_dir()
    Path("empty").mkdir()
    assert catch("empty") == "empty has no file named *.txt: name other files by `glob`"
    assert catch("empty/*.txt") == (
        "no file matches empty/*.txt: give a text file, a folder or a pattern"
    )


def test_no_endless_list(letters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit to the number of files, for a run keeps all their names."""
    assert letters.is_dir()
    monkeypatch.setattr(sources, "_MOST", 4)
    assert catch("letters") == "there are over 4 files: join some of them"


def test_what_was_left_out_is_counted_and_named() -> None:
    """There is a line for each reason, with a few names or problems; the rest is told apart."""
    skipped = [Skipped(f"{name}.txt", "empty") for name in "abcde"]
    skipped.insert(1, Skipped("x.txt", "not readable as text", "x.txt is an image"))
    assert list(describe_skipped(skipped)) == [
        ("skipped 5 (empty): a.txt; b.txt; c.txt; and 2 more", ["d.txt", "e.txt"]),
        ("skipped 1 (not readable as text): x.txt is an image", []),
    ]

"""Where reviews come from, and what encodes them."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from charrnn.config.reviews import ClassifierConfig
from charrnn.data.padding import hash_bigrams
from charrnn.data.reviews import Labelled, RankReviews, TextReviews, load_reviews
from charrnn.data.subwords import Subwords
from charrnn.data.words import Words
from charrnn.errors import ReviewsError, UsageError
from charrnn.planning.report import Silence
from charrnn.planning.review_sources import (
    ReviewSource,
    encode_reviews,
    find_reviews,
    find_reviews_again,
    make_encoder,
    make_examples,
)
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.run import Run
from tests.support.kinds import REVIEW_RECIPE
from tests.support.messages import catch_message
from tests.support.reporting import RecordingReporter
from tests.support.reviews import WORDS, write_npz, write_table

DATA = Path("data")
RUN = Run(Path("checkpoints/classify/mine"), CLASSIFIER)


def find(tokens: str, *paths: Path) -> RankReviews | TextReviews:
    return find_reviews(tokens, ReviewSource(paths), DATA, Silence())


@pytest.mark.parametrize(
    ("tokens", "name"), [("words", "imdb.npz"), ("subwords", "aclImdb_v1.tar.gz")]
)
def test_without_files_the_reviews_are_imdbs(
    monkeypatch: pytest.MonkeyPatch, npz: Path, reporter: RecordingReporter, tokens: str, name: str
) -> None:
    """Words are read from IMDB's ranks, subwords from its texts; the reporter shows a download."""
    asked = []

    def fetch(remote: object, data_dir: Path, progress: object) -> Path:
        asked.append((data_dir, callable(progress)))
        assert getattr(remote, "name", "") == name
        return npz

    monkeypatch.setattr("charrnn.planning.review_sources.fetch", fetch)
    find_reviews(tokens, ReviewSource(), DATA, reporter)
    assert asked == [(DATA, True)]
    assert reporter.downloads == [name]


@pytest.mark.parametrize("turn", [1, -1])
def test_words_read_ranks_and_subwords_read_text(npz: Path, folder: Path, turn: int) -> None:
    """Of a file of ranks and a folder of text, in any order, each kind of token takes its own."""
    paths = (npz, folder)[::turn]
    assert isinstance(find("words", *paths), RankReviews)
    assert isinstance(find("subwords", *paths), TextReviews)
    assert isinstance(find("words", folder), TextReviews)


def test_what_is_left_out_is_said(folder: Path, reporter: RecordingReporter) -> None:
    """A third class is named with its number; that aclImdb has unlabelled reviews is a detail."""
    for name in (
        "train/neutral/1.txt",
        "train/neutral/2.txt",
        "test/odd/1.txt",
        "train/unsup/1.txt",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("so so")
    find_reviews("words", ReviewSource((folder,)), DATA, reporter)
    read = "only {train,test}/{pos,neg}/*.txt is read"
    assert sorted(reporter.notes) == [
        f"{folder.name}: 1 file is left out in test/odd; {read}",
        f"{folder.name}: 2 files are left out in train/neutral; {read}",
    ]
    assert reporter.details == [f"{folder.name}: 1 file is left out in train/unsup; {read}"]


def test_columns_of_a_table_are_handed_on() -> None:
    """The chosen columns are the ones that are read."""
    path = write_table(Path("mine.csv"), columns=("what", "how"))
    source = ReviewSource((path,), "what", "how")
    reviews = find_reviews("words", source, DATA, Silence())
    assert reviews.sha256 == load_reviews(path, "what", "how").sha256
    with pytest.raises(ReviewsError):
        find("words", path)


def test_columns_are_the_tables_and_not_the_ranks(npz: Path) -> None:
    """Beside a file of ranks, columns are those of the table, which subwords read."""
    table = write_table(Path("mine.csv"), columns=("what", "how"))
    source = ReviewSource((npz, table), "what", "how")
    ranks, texts = (
        find_reviews(tokens, source, DATA, Silence()) for tokens in ("words", "subwords")
    )
    assert ranks.sha256 == load_reviews(npz).sha256
    assert texts.sha256 == load_reviews(table, "what", "how").sha256
    with pytest.raises(UsageError):
        find_reviews("words", ReviewSource((npz,), "what"), DATA, Silence())


def test_two_files_of_a_kind_are_too_many(npz: Path, folder: Path) -> None:
    """There is one file of ranks and one of text at most."""
    for paths in ((npz, npz), (folder, folder), (npz, folder, npz)):
        message = catch_message(ReviewsError, partial(find, "words", *paths))
        assert message == "`data` takes one .npz and one other file or folder, not two of a kind"


def test_subwords_need_text(npz: Path) -> None:
    """Ranks have no letters to make subwords of."""
    assert catch_message(ReviewsError, lambda: find("subwords", npz)) == (
        "subwords are made of the reviews' text, which an .npz does not hold: add a table, a "
        "folder or an archive to `data`"
    )


def test_paths_are_remembered_from_any_folder(tmp_path: Path) -> None:
    """Relative paths are kept as absolute ones."""
    source = ReviewSource((Path("mine.csv"), Path("a/../b")))
    assert source.absolute_paths == (str(tmp_path / "mine.csv"), str(tmp_path / "b"))


# Again, for a resume.


def test_a_runs_reviews_are_found_where_they_were(tmp_path: Path, npz: Path) -> None:
    """They are read from where they were, or from where they are said to be now."""
    sha256 = load_reviews(npz).sha256
    recipe = replace(
        REVIEW_RECIPE, sources=(str(npz),), corpus_sha256=sha256, text_column="", label_column=""
    )
    assert find_reviews_again(RUN, recipe, (), DATA, Silence()).sha256 == sha256
    moved = npz.rename(tmp_path / "moved.npz")
    with pytest.raises(ReviewsError):
        find_reviews_again(RUN, recipe, (), DATA, Silence())
    assert find_reviews_again(RUN, recipe, (moved,), DATA, Silence()).sha256 == sha256


def test_a_runs_columns_are_chosen_again() -> None:
    """A resume reads the table's columns that the run was trained on."""
    path = write_table(Path("mine.csv"), columns=("what", "how"))
    recipe = replace(
        REVIEW_RECIPE,
        sources=(str(path),),
        corpus_sha256=load_reviews(path, "what", "how").sha256,
        text_column="what",
        label_column="how",
    )
    assert len(find_reviews_again(RUN, recipe, (), DATA, Silence()).train) > 0


def test_a_runs_encoding_is_used_again(folder: Path) -> None:
    """A resume reads the reviews as they were read when the run began."""
    review = folder / "train/pos/0_1.txt"
    review.write_bytes("un café".encode("cp1252"))
    sha256 = load_reviews(folder, encoding="cp1252").sha256
    recipe = replace(
        REVIEW_RECIPE,
        sources=(str(folder),),
        corpus_sha256=sha256,
        text_column="",
        encoding="cp1252",
    )
    again = find_reviews_again(RUN, recipe, (), DATA, Silence())
    assert "un café" in again.train.reviews
    with pytest.raises(ReviewsError, match=r"train/pos/0_1\.txt in .* is not UTF-8 text"):
        find_reviews_again(RUN, replace(recipe, encoding="utf-8"), (), DATA, Silence())


@pytest.mark.parametrize(
    ("paths", "encoding", "message"),
    [
        ((), "cp1252", "`encoding` is for reviews of your own: give them as `data`"),
        (
            ("a.csv",),
            "elvish",
            "`encoding` can't be 'elvish': give a text encoding that Python knows",
        ),
        (("imdb.npz",), "cp1252", "`encoding` is for texts, and an .npz has none: leave it out"),
    ],
)
def test_an_encoding_is_for_ones_own_texts(
    paths: tuple[str, ...], encoding: str, message: str
) -> None:
    """If there is no text, or no such encoding, it is a mistake, found before anything is read."""
    said = catch_message(
        UsageError,
        lambda: find_reviews(
            "words", ReviewSource(tuple(map(Path, paths)), encoding=encoding), DATA, Silence()
        ),
    )
    assert said.startswith(message)


def test_an_encoding_is_the_texts_and_not_the_ranks(npz: Path, folder: Path) -> None:
    """Given both, ranks are read whatever the encoding of the texts is."""
    source = ReviewSource((npz, folder), encoding="utf-16")
    assert find_reviews("words", source, DATA, Silence()).sha256 == load_reviews(npz).sha256
    with pytest.raises(ReviewsError, match="byte order mark of UTF-16"):
        find_reviews("subwords", source, DATA, Silence())


def test_other_reviews_are_rejected(npz: Path) -> None:
    """Reviews that have changed are not resumed on."""
    sha256 = load_reviews(npz).sha256
    recipe = replace(
        REVIEW_RECIPE, sources=(str(npz),), corpus_sha256=sha256, text_column="", label_column=""
    )
    write_npz(npz, train=20)
    message = catch_message(
        ReviewsError, lambda: find_reviews_again(RUN, recipe, (), DATA, Silence())
    )
    assert message == (
        f"{npz.resolve()} does not hold, or no longer, the reviews that mine was trained on: give "
        "those as `data`"
    )


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["a.npz", "a.tar.gz", "a.csv"])
def test_what_a_run_names_is_not_read_unless_it_is_a_file(tmp_path: Path, name: str) -> None:
    """A run from a stranger may name a device or a pipe as its reviews."""
    path = tmp_path / name
    recipe = replace(REVIEW_RECIPE, sources=(str(path),), text_column="", label_column="")
    os.mkfifo(path)
    for _ in range(2):
        message = catch_message(
            ReviewsError, lambda: find_reviews_again(RUN, recipe, (), DATA, Silence())
        )
        assert message.startswith(f"can't read {path}: it is no regular file")
        path.unlink()
        path.symlink_to("/dev/zero")


# What encodes them.


def test_ranks_have_the_word_index_beside_them(npz: Path, reporter: RecordingReporter) -> None:
    """The words of ranks are those of the index in the same folder; which one is a detail."""
    encoder = make_encoder(load_reviews(npz), "words", 9, DATA, reporter)
    assert isinstance(encoder, Words)
    assert encoder.words == WORDS[:5]
    index = npz.resolve().with_name("imdb_word_index.json")
    assert reporter.details == [f"word index: {index}"]
    assert reporter.downloads == []


def test_imdbs_word_index_stands_in(
    monkeypatch: pytest.MonkeyPatch, npz: Path, reporter: RecordingReporter
) -> None:
    """If there is no index beside the ranks, IMDB's is used."""
    moved = npz.with_name("imdb_word_index.json").rename("elsewhere.json")
    monkeypatch.setattr("charrnn.planning.review_sources.fetch", lambda *_: moved)
    encoder = make_encoder(load_reviews(npz), "words", 11, DATA, reporter)
    assert isinstance(encoder, Words)
    assert encoder.words == WORDS
    assert reporter.downloads == ["imdb_word_index.json"]


def test_texts_have_a_vocabulary_of_their_own(folder: Path) -> None:
    """It is learnt from the training reviews alone."""
    reviews = load_reviews(folder)
    assert isinstance(reviews, TextReviews)
    words = make_encoder(reviews, "words", 7, DATA, Silence())
    assert words.to_values() == Words.from_texts(reviews.train.reviews, 7).to_values()
    subwords = make_encoder(reviews, "subwords", 280, DATA, Silence())
    assert isinstance(subwords, Subwords)
    assert len(subwords) <= 280


def test_examples_are_what_the_network_reads(npz: Path) -> None:
    """Ids are ranks + 3 behind a start, those beyond the vocabulary unknown, cut to their end."""
    part = load_reviews(npz).train
    assert not isinstance(part.reviews[0], str)
    network = ClassifierConfig(vocabulary_size=9, max_length=4, bigrams=50)
    examples = make_examples(part, Words(WORDS[:5]), network)
    assert examples.labels.tolist() == part.labels.tolist()
    assert examples.bigrams is not None
    for ranks, ids, bigrams in zip(part.reviews, examples.ids, examples.bigrams, strict=True):
        whole = [1, *(rank + 3 if rank + 3 < 9 else 2 for rank in np.array(ranks).tolist())]
        assert ids.tolist() == whole[-4:]
        expected = hash_bigrams(np.array(whole, np.int32), 50)
        assert bigrams.tolist() == expected.tolist(), "of the whole review"


def test_texts_are_encoded_whole() -> None:
    """Reviews of text are the encoder's ids; empty reviews are allowed."""
    encoder = Words(["film", "good"])
    part = Labelled(["good film", "", "bad"], np.array([1, 0, 0], np.int8))
    expected = [ids.tolist() for ids in encoder.encode_batch(["good film", "", "bad"])]
    assert [ids.tolist() for ids in encode_reviews(part, encoder, 9)] == expected

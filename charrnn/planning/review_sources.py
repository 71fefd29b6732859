"""Where reviews come from: downloads, or the user's own files; and what encodes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charrnn.config.fields import require
from charrnn.config.reviews import ClassifierConfig
from charrnn.data import layout
from charrnn.data.download import Remote, fetch
from charrnn.data.encoders import Encoder
from charrnn.data.encodings import UTF8, find_encoding
from charrnn.data.imdb import IMDB_NPZ, IMDB_TEXT, IMDB_WORD_INDEX
from charrnn.data.padding import Examples, cut_review, hash_bigrams
from charrnn.data.reviews import Labelled, RankReviews, TextReviews, load_reviews
from charrnn.data.subwords import Subwords
from charrnn.data.vocabulary import Ids
from charrnn.data.words import Words, convert_ranks
from charrnn.errors import ReviewsError
from charrnn.planning.report import Reporter
from charrnn.runs.recipe import ReviewRecipe, WordRecipe
from charrnn.runs.run import Run

Reviews = RankReviews | TextReviews

IMDB = "imdb"
"""The short name of the reviews that are used unless others are given."""


@dataclass(frozen=True)
class ReviewSource:
    """Which reviews are asked for.

    Attributes:
        paths: the user's own files; none for IMDB's reviews.
        text_column: of a table; None for the first that is usual.
        label_column: of a table; None for the first that is usual.
        encoding: of the files' texts; None for UTF-8.

    Raises:
        UsageError: columns or an encoding without a file, or no such encoding.
    """

    paths: tuple[Path, ...] = ()
    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        require(
            bool(self.paths) or not (self.text_column or self.label_column),
            "`text_column` and `label_column` are for a table: give it as `data`",
        )
        require(
            bool(self.paths) or self.encoding is None,
            "`encoding` is for reviews of your own: give them as `data`",
        )
        find_encoding(self.encoding or UTF8)

    @property
    def text_encoding(self) -> str:
        """Python's own name of the encoding."""
        return find_encoding(self.encoding or UTF8)

    @property
    def absolute_paths(self) -> tuple[str, ...]:
        """Where the files will be found from any folder."""
        return tuple(str(path.resolve()) for path in self.paths)


def find_reviews(tokens: str, source: ReviewSource, data_dir: Path, reporter: Reporter) -> Reviews:
    """The reviews that suit the tokens: for words ranks before text, for subwords text alone.

    Args:
        tokens: "words" or "subwords".
        source: which reviews; IMDB's are downloaded if they are not there.
        data_dir: where downloads are kept.
        reporter: shows a download.

    Raises:
        ReviewsError: a file can't be used, or subwords are to be made of ranks.
        DownloadError: IMDB can't be downloaded.
    """
    reviews = _load(tokens, source, data_dir, reporter)
    for folder, count in reviews.left_out.items():
        files = "1 file is" if count == 1 else f"{count:,} files are"
        say = reporter.detail if folder == layout.UNLABELLED else reporter.note
        say(f"{reviews.name}: {files} left out in {folder}; only {layout.PATTERN} is read")
    return reviews


def _load(tokens: str, source: ReviewSource, data_dir: Path, reporter: Reporter) -> Reviews:
    if not source.paths:
        return load_reviews(
            _fetch(IMDB_NPZ if tokens == "words" else IMDB_TEXT, data_dir, reporter)
        )
    ranks = [path for path in source.paths if path.suffix == ".npz"]
    texts = [path for path in source.paths if path not in ranks]
    if max(len(ranks), len(texts)) > 1:
        raise ReviewsError("`data` takes one .npz and one other file or folder, not two of a kind")
    if tokens == "subwords" and not texts:
        raise ReviewsError(
            "subwords are made of the reviews' text, which an .npz does not hold: add a table, a "
            "folder or an archive to `data`"
        )
    path = [*ranks, *texts][0] if tokens == "words" else texts[0]
    if not texts:
        require(
            source.encoding is None, "`encoding` is for texts, and an .npz has none: leave it out"
        )
    if path in ranks and texts:  # columns and encoding are the other file's
        return load_reviews(path)
    return load_reviews(path, source.text_column, source.label_column, source.text_encoding)


def find_reviews_again(
    run: Run,
    recipe: ReviewRecipe | WordRecipe,
    paths: Sequence[Path],
    data_dir: Path,
    reporter: Reporter,
) -> Reviews:
    """The reviews that a run was trained on, at `paths` or, if there are none, where they were.

    Raises:
        ReviewsError: they are not the same any more.
    """
    source = ReviewSource(
        tuple(paths or map(Path, recipe.sources)),
        recipe.text_column or None,
        recipe.label_column or None,
        None if recipe.encoding == UTF8 else recipe.encoding,
    )
    reviews = find_reviews(recipe.network.tokens, source, data_dir, reporter)
    if reviews.sha256 != recipe.corpus_sha256:
        raise ReviewsError(
            f"{reviews.source} does not hold, or no longer, the reviews that {run.name} was "
            "trained on: give those as `data`"
        )
    return reviews


def make_encoder(
    reviews: Reviews, tokens: str, size: int, data_dir: Path, reporter: Reporter
) -> Encoder:
    """A vocabulary for ranks from the word index, else one learnt from the training reviews.

    The word index is the one beside the reviews' file, or IMDB's.

    Raises:
        ReviewsError, DownloadError: there is no word index, or it can't be used.
    """
    if isinstance(reviews, RankReviews):
        beside = Path(reviews.source).with_name(IMDB_WORD_INDEX.name)
        index = beside if beside.exists() else _fetch(IMDB_WORD_INDEX, data_dir, reporter)
        reporter.detail(f"word index: {index}")
        return Words.from_index(index, size)
    texts = reviews.train.reviews
    learn = Words.from_texts if tokens == "words" else Subwords.learn
    return learn(texts, size)


def make_examples(
    part: Labelled[Ids] | Labelled[str], encoder: Encoder, config: ClassifierConfig
) -> Examples:
    """Reviews of ranks or of text in the form that the network reads."""
    reviews = encode_reviews(part, encoder, config.vocabulary_size)
    bigrams = [hash_bigrams(ids, config.bigrams) for ids in reviews] if config.bigrams else None
    return Examples([cut_review(ids, config.max_length) for ids in reviews], part.labels, bigrams)


def encode_reviews(part: Labelled[Ids] | Labelled[str], encoder: Encoder, size: int) -> list[Ids]:
    """The ids of whole reviews, of ranks those below `size`."""
    texts = [review for review in part.reviews if isinstance(review, str)]
    if texts:
        return encoder.encode_batch(texts)
    ranks = [review for review in part.reviews if not isinstance(review, str)]
    return [convert_ranks(review, size) for review in ranks]


def _fetch(remote: Remote, data_dir: Path, reporter: Reporter) -> Path:
    with reporter.download(remote.name) as progress:
        return fetch(remote, data_dir, progress)

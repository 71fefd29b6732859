"""Where the reviews come from: downloads, or the user's own files; and what encodes them."""

from collections.abc import Sequence
from pathlib import Path

from charrnn.classifiers import ClassifierConfig
from charrnn.cli.display import download_bar
from charrnn.cli.plan import Places
from charrnn.cli.terminal import Terminal
from charrnn.data.download import Remote, fetch
from charrnn.data.encoders import Encoder
from charrnn.data.padding import Examples, cut, hash_bigrams
from charrnn.data.reviews import (
    IMDB_NPZ,
    IMDB_TEXT,
    IMDB_WORD_INDEX,
    Labelled,
    RankReviews,
    TextReviews,
    load,
)
from charrnn.data.subwords import Subwords
from charrnn.data.vocabulary import Ids
from charrnn.data.words import Words, word_ids
from charrnn.errors import ReviewsError
from charrnn.runs import Run
from charrnn.settings import ReviewSettings, WordSettings

Reviews = RankReviews | TextReviews


def load_reviews(tokens: str, data: Sequence[Path], data_dir: Path, terminal: Terminal) -> Reviews:
    """The reviews that suit the tokens: for words ranks before text, for subwords text alone.

    Args:
        tokens: "words" or "subwords".
        data: the user's files; none for IMDB's, which are downloaded if they are not there.
        data_dir: where downloads are kept.
        terminal: where a download shows itself.

    Raises:
        ReviewsError: a file can't be used, or subwords are to be made of ranks.
        DownloadError: IMDB can't be downloaded.
    """
    if not data:
        return load(_fetched(IMDB_NPZ if tokens == "words" else IMDB_TEXT, data_dir, terminal))
    ranks = [path for path in data if path.suffix == ".npz"]
    texts = [path for path in data if path not in ranks]
    if max(len(ranks), len(texts)) > 1:
        raise ReviewsError("--data takes one .npz and one folder or archive, not two of a kind")
    if tokens == "words":
        return load([*ranks, *texts][0])
    if not texts:
        raise ReviewsError(
            "subwords are made of the reviews' text, which an .npz does not hold: add --data with "
            "a folder or archive like aclImdb"
        )
    return load(texts[0])


def load_again(
    run: Run, settings: ReviewSettings | WordSettings, data: Sequence[Path], places: Places
) -> Reviews:
    """The reviews that a run was trained on, from `data` or from where they were.

    Raises:
        ReviewsError: they are not the same any more.
    """
    paths = data or tuple(map(Path, settings.sources))
    tokens = settings.network.tokens
    reviews = load_reviews(tokens, paths, places.data_dir, places.terminal)
    if reviews.sha256 != settings.corpus_sha256:
        raise ReviewsError(
            f"{reviews.source} does not hold, or no longer, the reviews that {run.name} was "
            "trained on: give those with --data"
        )
    return reviews


def make_encoder(
    reviews: Reviews, tokens: str, size: int, data_dir: Path, terminal: Terminal
) -> Encoder:
    """A vocabulary for ranks from the word index, else one learned from the training reviews.

    The word index is the one beside the reviews' file, or IMDB's.

    Raises:
        ReviewsError, DownloadError: there is no word index, or it can't be used.
    """
    if isinstance(reviews, RankReviews):
        beside = Path(reviews.source).with_name(IMDB_WORD_INDEX.name)
        index = beside if beside.exists() else _fetched(IMDB_WORD_INDEX, data_dir, terminal)
        terminal.detail(f"words by {index}")
        return Words.from_index(index, size)
    texts = reviews.train.reviews
    learn = Words.from_texts if tokens == "words" else Subwords.learn
    return learn(texts, size)


def examples(
    part: Labelled[Ids] | Labelled[str], encoder: Encoder, config: ClassifierConfig
) -> Examples:
    """Reviews of ranks or of text as the network reads them."""
    reviews = encoded(part, encoder, config.vocabulary_size)
    bigrams = [hash_bigrams(ids, config.bigrams) for ids in reviews] if config.bigrams else None
    return Examples([cut(ids, config.max_length) for ids in reviews], part.labels, bigrams)


def encoded(part: Labelled[Ids] | Labelled[str], encoder: Encoder, size: int) -> list[Ids]:
    """The ids of whole reviews, of ranks those below `size`."""
    texts = [review for review in part.reviews if isinstance(review, str)]
    if texts:
        return encoder.encode_batch(texts)
    ranks = [review for review in part.reviews if not isinstance(review, str)]
    return [word_ids(review, size) for review in ranks]


def _fetched(remote: Remote, data_dir: Path, terminal: Terminal) -> Path:
    with download_bar(terminal, remote.name) as progress:
        return fetch(remote, data_dir, progress)

"""Where the IMDB reviews are downloaded from."""

from charrnn.data import imdb


def test_remotes_are_the_published_files() -> None:
    """The downloads have the addresses, sizes and hashes of Keras's and Stanford's files."""
    keras = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
    assert imdb.IMDB_NPZ.url == f"{keras}/imdb.npz"
    assert imdb.IMDB_NPZ.size == 17_464_789
    assert imdb.IMDB_NPZ.sha256 == (
        "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
    )
    assert imdb.IMDB_WORD_INDEX.url == f"{keras}/imdb_word_index.json"
    assert imdb.IMDB_WORD_INDEX.size == 1_641_221
    assert imdb.IMDB_TEXT.url == ("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz")
    assert imdb.IMDB_TEXT.size == 84_125_825
    assert imdb.IMDB_TEXT.sha256 == (
        "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"
    )

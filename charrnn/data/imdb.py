"""Where the IMDB reviews, which are used unless others are given, can be downloaded."""

from charrnn.data.download import Remote

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"

IMDB_NPZ = Remote(
    name="imdb.npz",
    url=f"{_KERAS}/imdb.npz",
    sha256="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    size=17_464_789,
)
IMDB_WORD_INDEX = Remote(
    name="imdb_word_index.json",
    url=f"{_KERAS}/imdb_word_index.json",
    sha256="027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
    size=1_641_221,
)
IMDB_TEXT = Remote(
    name="aclImdb_v1.tar.gz",
    url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    size=84_125_825,
)

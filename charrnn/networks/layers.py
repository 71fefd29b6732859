"""The recurrent layers, named in this one place."""

import keras

CELLS = {
    "rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}
"""Cell name to the layer that runs it."""

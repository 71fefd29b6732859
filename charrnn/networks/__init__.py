"""Integers to logits: the Keras networks. Importing this room imports TensorFlow, quietly."""

from charrnn.networks.backend import import_keras_quietly

import_keras_quietly()

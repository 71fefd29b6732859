"""The name under which Keras finds this package's own layers again."""

import keras

register = keras.saving.register_keras_serializable(package="charrnn")

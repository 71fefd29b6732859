"""Recurrent loops compiled to machine code by numba, for the shapes that TensorFlow is slow at.

A step of a recurrence multiplies a few rows by one large kernel, and TensorFlow's libraries pack
that kernel anew for each of a batch's steps. Here it is packed once a batch, and a whole loop runs
without returning to TensorFlow. `charrnn.networks.scan` computes the same where numba is missing.
"""

"""Datasets, logs and results of icrl in Python: read in bounded memory, as numpy arrays, pyarrow datasets or for PyTorch."""

from .errors import DataError

__all__ = ["DataError"]

"""What a pickle names that has numpy's arrays in it, and what stands for that while it is read: nothing of what is named is called.

Source: numpy's ndarray.__reduce__, dtype.__reduce__ and _frombuffer, versions 1 and 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .trial import Array


class UnreadablePickle(Exception):
    """Why it is not read."""


class NumberType:
    """A type of numbers that is being described."""

    def __init__(self, code: str) -> None:
        if re.fullmatch(r"[<>=|]?([iu][1248]|f[248]|b1)", code) is None:
            raise UnreadablePickle(f"an array is of type {code[:20]!r}: arrays of whole numbers, floats and booleans are read")
        self.dtype = np.dtype(code)


class Named:
    """A function or class by its name, which is not called: `make` does what it would have done with harmless arguments."""

    def __init__(self, name: str, make: Callable[..., Any]) -> None:
        self.name = name
        self.make = make


def empty_array(kind: Any, shape: Any, code: Any) -> Array:
    """What numpy's _reconstruct begins an array with; its state follows."""
    if kind is not _NDARRAY or shape != (0,):
        raise UnreadablePickle("an array is not begun as numpy begins one")
    return np.empty(0, np.int8)  # a Slot takes its place


def _type(code: Any, *_: Any) -> NumberType:
    if not isinstance(code, str):
        raise UnreadablePickle("an array's type is no text")
    return NumberType(code)


def _scalar(kind: Any, content: Any = b"") -> Any:
    if not isinstance(kind, NumberType) or not isinstance(content, (bytes, memoryview)) or len(content) != kind.dtype.itemsize:
        raise UnreadablePickle("a number of numpy's is not as numpy writes one")
    return np.frombuffer(content, kind.dtype)[0]


def _from_buffer(content: Any, kind: Any, shape: Any, order: Any) -> Array:
    """Protocol 5's way to write an array."""
    return array_of(content, kind, shape, order == "F")


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    """Protocol 2's way to write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise UnreadablePickle("bytes are not written as Python writes them")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Protocol 2's way to write none."""
    return b""


def _nothing(*_: Any) -> Any:
    raise UnreadablePickle("an array's class is called")


_NDARRAY = Named("numpy.ndarray", _nothing)
NAMES: dict[str, Named] = {
    "numpy ndarray": _NDARRAY,
    "numpy dtype": Named("numpy.dtype", _type),
    "_codecs encode": Named("_codecs.encode", _encoded),
    "__builtin__ bytes": Named("bytes", _no_bytes),
}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    NAMES[f"{_module} _reconstruct"] = Named("_reconstruct", empty_array)
    NAMES[f"{_module} scalar"] = Named("scalar", _scalar)
for _module in ("numpy.core.numeric", "numpy._core.numeric"):
    NAMES[f"{_module} _frombuffer"] = Named("_frombuffer", _from_buffer)


def array_of(content: Any, kind: Any, shape: Any, by_columns: bool) -> Array:
    """An array of a type and a shape, whose numbers are bytes that are there."""
    whole = isinstance(shape, tuple) and len(shape) <= 8 and all(type(side) is int and side >= 0 for side in shape)
    if not isinstance(content, (bytes, memoryview)) or not isinstance(kind, NumberType) or not whole:
        raise UnreadablePickle("an array is not as numpy writes one")
    if prod(shape) * kind.dtype.itemsize != len(content):
        raise UnreadablePickle(f"an array of shape {list(shape)} has {len(content)} bytes")
    return np.frombuffer(content, kind.dtype).reshape(shape, order="F" if by_columns else "C")


class Slot:
    """An array that is begun, and gets its content later; whoever refers to it before sees it then."""

    def __init__(self) -> None:
        self.array: Array | None = None


def value_of(value: Any) -> Any:
    """What stands for a value that was read: an array where it was begun before its content came."""
    if not isinstance(value, Slot):
        return value
    if value.array is None:
        raise UnreadablePickle("an array has no content")
    return value.array

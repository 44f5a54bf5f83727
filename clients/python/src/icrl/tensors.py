"""Tensors of the protocol as numpy arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._proto.icrl.v1 import tensor_pb2
from .errors import IcrlError

_DTYPES: dict[int, np.dtype[Any]] = {
    tensor_pb2.DATA_TYPE_FLOAT32: np.dtype("<f4"),
    tensor_pb2.DATA_TYPE_FLOAT64: np.dtype("<f8"),
    tensor_pb2.DATA_TYPE_INT32: np.dtype("<i4"),
    tensor_pb2.DATA_TYPE_BOOL: np.dtype("?"),
}
_NUMBERS = {dtype: number for number, dtype in _DTYPES.items()}


def array_of(tensor: tensor_pb2.Tensor) -> npt.NDArray[Any]:
    """The elements, row-major, of the tensor's shape. Read-only: it shows the message's own bytes.

    Raises:
        IcrlError: MALFORMED_MESSAGE if type, shape and data do not fit.
    """
    dtype = _DTYPES.get(tensor.dtype)
    size = 1
    for length in tensor.shape:
        size *= length
    if dtype is None or len(tensor.data) != size * dtype.itemsize:
        shown = f"dtype {tensor.dtype}, shape {list(tensor.shape)} and {len(tensor.data)} bytes"
        raise IcrlError("MALFORMED_MESSAGE", f"a tensor has {shown}, which do not fit")
    return np.frombuffer(tensor.data, dtype).reshape(tuple(tensor.shape))


def tensor_of(values: npt.NDArray[Any]) -> tensor_pb2.Tensor:
    """A tensor of an array of float32, float64, int32 or bool.

    Raises:
        TypeError: for another dtype.
    """
    number = _NUMBERS.get(values.dtype.newbyteorder("<"))
    if number is None:
        raise TypeError(f"dtype {values.dtype} is none of float32, float64, int32 and bool")
    data = np.ascontiguousarray(values, _DTYPES[number]).tobytes()
    return tensor_pb2.Tensor(dtype=number, shape=values.shape, data=data)  # type: ignore[arg-type]

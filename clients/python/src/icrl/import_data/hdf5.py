"""HDF5 files that somebody else has made.

Such a file can lead to others, by links or by data that lie elsewhere, and can say that it holds far more than its bytes: neither is followed.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..data.files import UnreadableFile, require_regular_file
from .trial import Array, invalid

_MOST_EXPANSION = 1100
"""By which a file is packed at most: deflate's best is 1,032."""
_SLACK = 1 << 20
_MOST_CHUNK = 64 << 20
"""Bytes of what is packed together, and is unpacked to look at any of it; so many are kept."""
_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
"""HDF5's own, by their numbers; others are programs that it would look for and load."""


def open_hdf5(path: Path) -> h5py.File:
    """A file, to be read.

    Raises:
        DataError: IMPORT_INVALID if it is no HDF5 file.
    """
    try:
        require_regular_file(path)
        return h5py.File(path, "r", rdcc_nbytes=_MOST_CHUNK)
    except UnreadableFile as error:
        raise invalid(str(path), str(error)) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise invalid(str(path), f"cannot be read as HDF5 ({first_line(error)})") from None


def first_line(error: BaseException) -> str:
    """What an error says, shortly."""
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__


def member(group: Any, name: str, place: str) -> Any:
    """A member of a group that lies in the same file; None where there is none.

    Raises:
        DataError: IMPORT_INVALID if it is a link, or cannot be read.
    """
    try:
        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise invalid(place, "is a link: what is imported is in the file itself")
        return group[name]
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        if isinstance(error, KeyError) and name not in group:
            return None
        raise invalid(place, f"cannot be read ({first_line(error)})") from None


def require_plain(dataset: Any, place: str) -> h5py.Dataset:
    """Sees that something is an array of numbers in this file, and no larger than its bytes can hold.

    Raises:
        DataError: IMPORT_INVALID.
    """
    if not isinstance(dataset, h5py.Dataset):
        raise invalid(place, "is no array")
    try:
        if dataset.is_virtual or dataset.external:
            raise invalid(place, "has its data in other files: what is imported is in the file itself")
        if dataset.dtype.kind not in "biuf" or dataset.dtype.subdtype is not None:
            raise invalid(place, f"is of type {str(dataset.dtype)[:80]}, expected numbers")
        made = dataset.id.get_create_plist()
        for at in range(made.get_nfilters()):
            code = made.get_filter(at)[0]
            if code not in _FILTERS:
                raise invalid(place, f"is packed by filter {code}, which is not HDF5's own: pack it anew with gzip")
        stored = dataset.id.get_storage_size()
        chunk = prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
    except (OSError, RuntimeError) as error:
        raise invalid(place, f"cannot be read ({first_line(error)})") from None
    if chunk > _MOST_CHUNK:
        raise invalid(place, f"is packed in pieces of {chunk:,} bytes: pack it anew, in chunks of at most {_MOST_CHUNK:,}")
    size = dataset.size * dataset.dtype.itemsize if dataset.size is not None else 0
    if size > _MOST_EXPANSION * stored + _SLACK:
        raise invalid(place, f"says that it holds {size:,} bytes, in {stored:,} bytes of the file")
    return dataset


def read(dataset: h5py.Dataset, index: Any, place: str) -> Array:
    """Some of an array.

    Raises:
        DataError: IMPORT_INVALID if the file is damaged there.
    """
    try:
        return np.asarray(dataset[index])
    except (OSError, RuntimeError, ValueError) as error:
        raise invalid(place, f"cannot be read ({first_line(error)})") from None


def text_of(attributes: Any, name: str) -> str | None:
    """An attribute that is a short text or a whole number, as text; None where it is none."""
    try:
        value = attributes.get(name)
    except (OSError, RuntimeError, ValueError, TypeError):
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value[:200]
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "iu":
        value = value.reshape(-1)[0]
    return str(int(value)) if isinstance(value, (int, np.integer)) else None

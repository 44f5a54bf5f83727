"""The safetensors format, float32 alone: 8 bytes that say how long the header is (little-endian), the header in JSON, the values.

Source: github.com/huggingface/safetensors, "Format". Read here and not by its package, so that a file is as long as its model's
parameters at most and is read nowhere beyond them, and so that what is written has the very bytes that icrl writes: tensors by name, the
header padded with spaces so that the values begin at a multiple of 8.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

MOST_HEADER_BYTES = 10_000_000
"""The longest header that is read: ten thousand times what a tensor's entry takes."""


def encode(tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """A file with these float32 arrays, in the order of their names."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    values: list[bytes] = []
    at = 0
    for name in sorted(tensors):
        array = tensors[name]
        values.append(array.astype("<f4", copy=False).tobytes())
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + len(values[-1])]}
        at += len(values[-1])
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *values])


def decode(content: bytes, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """The arrays of a file that holds these shapes and nothing else; copies, in the order of the shapes.

    Raises:
        ValueError: it is not such a file; the message says why.
    """
    if len(content) < 8:
        raise ValueError(f"it has {len(content)} bytes, its header's length alone takes 8")
    length = int.from_bytes(content[:8], "little")
    if length > min(MOST_HEADER_BYTES, len(content) - 8):
        raise ValueError(f"its header should have {length} bytes, and {len(content) - 8} are there")
    try:
        header = json.loads(content[8 : 8 + length].decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("its header is no JSON") from None
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    header.pop("__metadata__", None)
    _require_names(list(header), list(shapes))

    reached = 0
    places: dict[str, int] = {}
    # In the order of the values: nothing may lie between, on top of each other or behind.
    for name, entry in sorted(header.items(), key=lambda item: _begin_of(item[0], item[1])):
        shape = shapes[name]
        begin = _begin_of(name, entry)
        if entry.get("dtype") != "F32":
            raise ValueError(f"tensor {name!r} is of type {entry.get('dtype')!r}, only F32 is read")
        if entry.get("shape") != list(shape):
            raise ValueError(f"{name} is {entry.get('shape')}, the model of its config.json has {list(shape)}")
        if begin != reached:
            raise ValueError(f"tensor {name!r} begins at {begin}, the one before it ends at {reached}")
        reached = begin + 4 * math.prod(shape)
        if entry["data_offsets"][1] != reached:
            raise ValueError(f"tensor {name!r} of shape {list(shape)} has {entry['data_offsets'][1] - begin} bytes")
        places[name] = 8 + length + begin
    if reached != len(content) - 8 - length:
        raise ValueError(f"its tensors have {reached} bytes, and {len(content) - 8 - length} are there")
    return {
        name: np.frombuffer(content, "<f4", math.prod(shape), places[name]).reshape(shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def most_bytes(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Bytes of the longest file that holds these shapes."""
    return MOST_HEADER_BYTES + 8 + 4 * sum(math.prod(shape) for shape in shapes.values())


def _require_names(found: list[str], wanted: list[str]) -> None:
    there, asked = set(found), set(wanted)
    missing = [name for name in wanted if name not in there]
    more = [name for name in found if name not in asked]
    if missing:
        raise ValueError(f"it lacks {_listed(missing)}")
    if more:
        raise ValueError(f"it has {_listed(more)}, which the model of its config.json has not")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _begin_of(name: str, entry: object) -> int:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if isinstance(offsets, list) and len(offsets) == 2 and all(type(offset) is int and offset >= 0 for offset in offsets):
        return int(offsets[0])
    raise ValueError(f"tensor {name!r} has no place")

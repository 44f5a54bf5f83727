"""How trials are handed on: messages on a pipe, one after the other.

A message is four bytes `ICRI`, the size of its head and of its body (uint32 and uint64, little-endian), the head, a JSON object in UTF-8, and the
body: arrays, one after the other, little-endian, in the order of the head's `arrays`, [name, number of items] each.

| head's `type` | has | body |
|---|---|---|
| begin | trials (how many there are), observation_space, options | |
| trial | file (which, from 0), key, tags, arrays | lengths int32, actions int32, rewards float32, observations int32, features float32, trial_features float32, label int32, of which the last four may be missing; ends uint8 |
| end | num_actions, trial_features_shape | |
| error | reason, message: nothing follows | |
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from .source import Found
from .states import StateSpace
from .trial import Array, ImportedTrial

_TYPES = {
    "lengths": "<i4",
    "actions": "<i4",
    "rewards": "<f4",
    "observations": "<i4",
    "features": "<f4",
    "trial_features": "<f4",
    "label": "<i4",
    "ends": "u1",
}
"""Arrays and their items, those of one byte last: so all are aligned where they are read."""


class MessageWriter:
    """Writes messages."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def begin(self, trials: int, space: StateSpace, found: Found) -> None:
        options = {"states": list(space.sizes)} if len(space.sizes) > 1 else {}
        self._write({"type": "begin", "trials": trials, "observation_space": _observation_space(space, found), "options": options}, [])

    def trial(self, file: int, trial: ImportedTrial) -> None:
        arrays = [(name, np.ascontiguousarray(array, kind)) for name, kind in _TYPES.items() if (array := getattr(trial, name)) is not None]
        head = {
            "type": "trial",
            "file": file,
            "key": trial.key,
            "tags": trial.tags,
            "arrays": [[name, array.size] for name, array in arrays],
        }
        self._write(head, [array for _, array in arrays])

    def end(self, found: Found) -> None:
        shape = [found.actions, found.arms] if found.arms > 0 else []
        self._write({"type": "end", "num_actions": found.actions, "trial_features_shape": shape}, [])

    def error(self, reason: str, message: str) -> None:
        self._write({"type": "error", "reason": reason, "message": message[:4000]}, [])

    def _write(self, head: Mapping[str, Any], arrays: list[Array]) -> None:
        text = json.dumps(head).encode()
        self._pipe.write(struct.pack("<4sIQ", b"ICRI", len(text), sum(array.nbytes for array in arrays)))
        self._pipe.write(text)
        for array in arrays:
            self._pipe.write(array.reshape(-1).view(np.uint8).data)
        self._pipe.flush()


def _observation_space(space: StateSpace, found: Found) -> dict[str, Any]:
    if space.kind == "discrete":
        return {"type": "discrete", "n": space.count}
    if space.kind == "box":
        return {"type": "box", "shape": list(found.box_shape or (space.parts,))}
    return {"type": "none"}

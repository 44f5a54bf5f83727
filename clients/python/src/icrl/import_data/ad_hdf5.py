"""Algorithm Distillation's learning histories as XLand-100B has them: an HDF5 file with a group for each task.

| in a group | shape | is |
|---|---|---|
| states | [histories, N, ...] | what each action was chosen in |
| actions | [histories, N] | |
| rewards | [histories, N] | |
| dones | [histories, N] | true where an episode ended with the step |
| expert_actions | [histories, N], may be missing | what an expert would have done: the label, none where negative |
| trial_features | [histories, A, d], may be missing | features of the arms: in exports of icrl |

Without the first axis there is one history. A file whose arrays are at its root is one group. A trial is a history. Episodes are cut at
`dones`; a last one without an end is cut off. The state that an episode ended in is not in such a file: the next one is the next episode's.

Source: github.com/dunnolab/xland-minigrid-datasets, collection/ and baselines/; Nikulin et al. (2024), arXiv 2406.08973.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .hdf5 import first_line, member, open_hdf5, read, require_plain, text_of
from .limits import MOST_EPISODES, MOST_TRIAL_BYTES
from .source import Found
from .states import MOST_PARTS, StateScan, StateSpace, as_rows, require_parts
from .trial import CUT_OFF, DONE, NONE, Array, ImportedTrial, described, floats_of, indices_of, invalid, require_length, rewards_of

_ARRAYS = ("states", "actions", "rewards", "dones")
_TAGS = ("env-id", "benchmark-id", "ruleset-id")
"""Attributes of a group that are kept, as tags."""
_MOST_NAME = 100
"""Letters of a group's name."""
_TOLD = "num-actions"
"""The attribute that says how many actions there are: in exports of icrl."""


@dataclass(frozen=True)
class _Group:
    """A group whose arrays go with each other."""

    name: str
    arrays: dict[str, h5py.Dataset]
    batched: bool
    """Whether there is an axis of histories."""
    histories: int
    steps: int
    parts: int
    tags: dict[str, str]

    def read(self, key: str, history: int, place: str) -> Array:
        """An array of a history."""
        return read(self.arrays[key], history if self.batched else (), place)


class AdSource:
    """A file of histories; one of them is in memory at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_hdf5(path)
        self._names = self._group_names()

    def count(self) -> int:
        return sum(self._group(name, Found()).histories for name in self._names)

    def scan(self, scan: StateScan, found: Found) -> None:
        for name in self._names:
            group = self._group(name, found)
            scan.parts(group.parts, self._place(name, "states"))
            if group.parts > MOST_PARTS or not scan.needed(group.parts):
                continue
            for history in range(group.histories):
                place = self._place(name, "states", history)
                states = group.read("states", history, place)
                scan.see(as_rows(states, group.steps, place))

    def trials(self, space: StateSpace, found: Found) -> Iterator[ImportedTrial]:
        for name in self._names:
            group = self._group(name, found)
            for history in range(group.histories):
                yield self._trial(group, history, space, found)

    def close(self) -> None:
        self._file.close()

    def _place(self, group: str, key: str = "", history: int | None = None) -> str:
        parts = [*([f"group {group}"] if group else []), *([] if history is None else [f"history {history}"]), *([key] if key else [])]
        return f"{self._path}: {', '.join(parts)}" if parts else str(self._path)

    def _group_names(self) -> list[str]:
        try:
            names = list(self._file.keys())
        except (OSError, RuntimeError) as error:
            raise invalid(str(self._path), f"cannot be read ({first_line(error)})") from None
        if "actions" in names:
            return [""]
        if not names:
            raise invalid(str(self._path), f"is empty, expected groups with {', '.join(_ARRAYS)}")
        long = next((name for name in names if len(name) > _MOST_NAME), None)
        if long is not None:
            raise invalid(self._place(f"{long[:_MOST_NAME]}..."), f"has a name of {len(long)} letters: at most {_MOST_NAME} are taken")
        # 2 before 10, as they were made.
        return sorted(names, key=lambda name: [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]{1,18})", name)])

    def _group(self, name: str, found: Found) -> _Group:
        group = self._file if name == "" else member(self._file, name, self._place(name))
        if not isinstance(group, h5py.Group):
            raise invalid(self._place(name), f"is no group with {', '.join(_ARRAYS)}")
        arrays = {}
        for key in (*_ARRAYS, "expert_actions", "trial_features"):
            there = member(group, key, self._place(name, key))
            if there is not None:
                arrays[key] = require_plain(there, self._place(name, key))
            elif key in _ARRAYS:
                raise invalid(self._place(name), f"has no {key}")
        told = text_of(group.attrs, _TOLD)
        if told is not None:
            found.tells_actions(int(told) if told.isdigit() else -1, self._place(name, _TOLD))
            shown = arrays["states"].shape[arrays["actions"].ndim :]
            if len(shown) == 2 and shown[0] == found.num_actions:
                found.box_shape = shown  # arms drawn anew at each step
        return self._checked(name, arrays, {tag: text for tag in _TAGS if (text := text_of(group.attrs, tag)) is not None})

    def _checked(self, name: str, arrays: dict[str, h5py.Dataset], tags: dict[str, str]) -> _Group:
        shape = arrays["actions"].shape
        if len(shape) not in (1, 2) or 0 in shape:
            raise invalid(self._place(name, "actions"), f"has the shape {list(shape)}, expected [histories, steps]")
        for key in ("rewards", "dones", "expert_actions"):
            if key in arrays and arrays[key].shape != shape:
                raise invalid(self._place(name, key), f"has the shape {list(arrays[key].shape)}, and actions {list(shape)}")
        states = arrays["states"].shape
        if states[: len(shape)] != shape:
            raise invalid(self._place(name, "states"), f"has the shape {list(states)}, expected {list(shape)} and what a state has")
        parts = prod(states[len(shape) :])
        require_parts(parts, self._place(name, "states"))
        steps = shape[-1]
        if steps * parts * 4 > MOST_TRIAL_BYTES:
            raise invalid(self._place(name, "states"), f"has {steps} x {parts} numbers a history: {MOST_TRIAL_BYTES // 4} are taken at most")
        batched = len(shape) == 2
        features = arrays.get("trial_features")
        if features is not None and (features.ndim != 3 if batched else features.ndim != 2):
            raise invalid(self._place(name, "trial_features"), f"has the shape {list(features.shape)}, expected [histories, A, d]")
        if features is not None and batched and features.shape[0] != shape[0]:
            raise invalid(self._place(name, "trial_features"), f"is of {features.shape[0]} histories, and actions of {shape[0]}")
        if features is not None and prod(features.shape[-2:]) * 4 > MOST_TRIAL_BYTES:
            raise invalid(self._place(name, "trial_features"), f"has the shape {list(features.shape)}: that is more than is taken")
        return _Group(name, arrays, batched, shape[0] if batched else 1, steps, parts, {**({"group": name} if name else {}), **tags})

    def _trial(self, group: _Group, history: int, space: StateSpace, found: Found) -> ImportedTrial:
        def place(key: str) -> str:
            return self._place(group.name, key, history)

        def array(key: str) -> Array:
            return group.read(key, history, place(key))

        actions = indices_of(array("actions"), place("actions"), below=found.below)
        found.sees_action(int(actions.max()))
        label = None
        if "expert_actions" in group.arrays:
            label = indices_of(array("expert_actions"), place("expert_actions"), below=found.below, none=True)
            found.sees_action(int(label.max()))
        ended = self._ended(array("dones"), group.steps, place("dones"))
        last = ended.copy()
        last[-1] = True
        lengths = np.diff(np.flatnonzero(last), prepend=-1)
        if len(lengths) > MOST_EPISODES:
            raise invalid(place("dones"), f"has {len(lengths)} episodes, at most {MOST_EPISODES} are taken")
        states = as_rows(array("states"), group.steps, place("states")) if space.kind != "none" else None
        observations = features = None
        if space.kind == "discrete" and states is not None:
            numbers = space.numbers(states, place("states"))
            observations = np.insert(numbers, np.flatnonzero(last) + 1, NONE).astype(np.int32)
        elif states is not None:
            features = space.features(states, place("states"))
        arms: Any = floats_of(array("trial_features"), place("trial_features")) if "trial_features" in group.arrays else None
        found.sees_arms(() if arms is None else arms.shape, place("trial_features"))
        rewards = rewards_of(array("rewards"), place("rewards"))
        require_length(rewards, group.steps, place("rewards"))
        return ImportedTrial(
            key=", ".join([*([f"group {group.name}"] if group.name else []), f"history {history}"]),
            lengths=lengths.astype(np.int32),
            ends=np.where(ended[last], DONE, CUT_OFF).astype(np.uint8),
            actions=actions,
            rewards=rewards,
            observations=observations,
            features=features,
            trial_features=arms,
            label=label,
            tags={**group.tags, "history": str(history)},
        )

    @staticmethod
    def _ended(dones: Array, steps: int, place: str) -> Array:
        if dones.dtype.kind not in "biuf" or dones.shape != (steps,) or not ((dones == 0) | (dones == 1)).all():
            raise invalid(place, f"is {described(dones)}, expected true or false for each of {steps} steps")
        return dones.astype(np.bool_)

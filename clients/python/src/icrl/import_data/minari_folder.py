"""Minari's datasets of discrete actions: a folder with data/metadata.json, its episodes as HDF5, Arrow or Parquet.

| space | becomes |
|---|---|
| actions Discrete(A) | actions from 0 |
| observations Discrete(n) | states from 0; of Discrete(1) nothing |
| observations Box | so many numbers, in a row |

Other spaces are refused, and so are images that are packed as JPEG. A trial is an episode, or the episodes that follow each other with one
`trial_id` in their metadata, as in exports of icrl; these tell the features of arms (`trial_features`) and a label (`label_action` among the infos),
too. The environment is never made: its description could name any program.

Source: Minari 0.5, minari/dataset and minari/serialization.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from ..data.errors import DataError
from ..data.files import read_json
from .limits import MOST_ACTIONS, MOST_EPISODES, MOST_NUMBERS, MOST_STATES, MOST_TRIAL_BYTES
from .source import Found
from .states import StateScan, StateSpace
from .trial import (
    CUT_OFF,
    DONE,
    NONE,
    TRUNCATED,
    Array,
    Floats,
    ImportedTrial,
    Ints,
    described,
    floats_of,
    indices_of,
    invalid,
    require_length,
    rewards_of,
)

_FORMATS = ("hdf5", "arrow", "parquet")


class MinariSource:
    """A folder; one trial is in memory at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = path if (path / "metadata.json").is_file() else path / "data"
        document = self._document()
        self._episodes: int = document["total_episodes"]
        self._icrl: Any = document.get("icrl")
        if document["data_format"] == "hdf5":
            self._require_plain_file()
        import minari
        from minari.dataset.minari_storage import is_image_space

        try:
            self._dataset = minari.MinariDataset(self._data)
        except DataError:
            raise
        except Exception as error:  # whatever a damaged folder makes of it
            raise invalid(str(path), f"is not read by Minari {minari.__version__} ({_said(error)})") from None
        space = self._dataset.observation_space
        if is_image_space(space) and document.get("jpeg_encoding", True) is not False:
            raise invalid(str(path), f"has images as observations, packed as JPEG ({space}): spaces Discrete and Box are read")
        self._kind, self._start, self._shape = self._observation_space(space)
        self._actions, self._first_action = self._action_space(self._dataset.action_space)

    def count(self) -> int:
        return self._episodes

    def scan(self, scan: StateScan, found: Found) -> None:
        found.tells_actions(self._actions, f"{self._path}, action_space")
        parts = prod(self._shape) if self._kind == "box" else 1
        space = StateSpace(self._kind, parts, self._shape if self._kind == "discrete" else ())
        scan.tell(space, f"{self._path}, observation_space")
        ours = self._tells("observation_space")
        if self._kind == "box" and isinstance(ours, dict) and ours.get("shape") == list(self._shape):
            found.box_shape = self._shape

    def trials(self, space: StateSpace, found: Found) -> Iterator[ImportedTrial]:
        waiting: list[_Episode] = []
        for index in range(self._episodes):
            episode = self._episode(index, space)
            if waiting and (episode.trial is None or episode.trial != waiting[0].trial):
                yield self._trial(waiting, found)
                waiting = []
            waiting.append(episode)
            if len(waiting) > MOST_EPISODES or sum(one.bytes for one in waiting) > MOST_TRIAL_BYTES:
                raise invalid(f"{self._path}: episode {index}", "is of a trial that is larger than is taken")
        if waiting:
            yield self._trial(waiting, found)

    def close(self) -> None:
        pass

    def _document(self) -> Any:
        path = self._data / "metadata.json"
        document = read_json(path, "IMPORT_INVALID", "give the folder of a Minari dataset, in which data/ is")
        if not isinstance(document, dict):
            raise invalid(str(path), "is no JSON object")
        for key in ("observation_space", "action_space"):
            if not isinstance(document.get(key), str):
                # Minari would make the environment to ask it.
                raise invalid(str(path), f"has no {key}, which only the environment would tell, and that is not made")
        total = document.get("total_episodes")
        if type(total) is not int or not 0 <= total < 2**40:
            raise invalid(str(path), f"has total_episodes {total!r}")
        if total == 0:
            raise invalid(str(path), "has no episodes")
        if document.get("data_format") not in _FORMATS:
            raise invalid(str(path), f"has data_format {document.get('data_format')!r}, expected one of {', '.join(_FORMATS)}")
        return document

    def _require_plain_file(self) -> None:
        """Sees that nothing in the file leads out of it, or says that it is far larger."""
        from .hdf5 import member, open_hdf5, require_plain

        path = self._data / "main_data.hdf5"
        with open_hdf5(path) as file:
            groups: list[tuple[Any, str, int]] = [(file, "", 0)]
            while groups:
                group, name, depth = groups.pop()
                for key in group:
                    place = f"{path}: {name}{key}"
                    there = member(group, key, place)
                    if hasattr(there, "keys"):
                        if depth >= 8:
                            raise invalid(place, "is nested too deeply")
                        groups.append((there, f"{name}{key}/", depth + 1))
                    elif "/infos/" not in f"/{name}" or there.dtype.kind in "biuf":
                        require_plain(there, place)

    def _observation_space(self, space: Any) -> tuple[str, int, tuple[int, ...]]:
        """Its kind, what it begins with, and its shape, or how many there are."""
        place = f"{self._path}, observation_space"
        if isinstance(space, gymnasium.spaces.Discrete):
            n = int(space.n)
            if not 1 <= n <= MOST_STATES:
                raise invalid(place, f"is {space}: at most {MOST_STATES} states are taken")
            return ("none" if n == 1 else "discrete"), int(space.start), (n,)
        if isinstance(space, gymnasium.spaces.Box) and space.dtype.kind in "biuf":
            size = prod(space.shape)
            if not 1 <= size <= MOST_NUMBERS:
                raise invalid(place, f"is a Box of {size} numbers: 1 to {MOST_NUMBERS} are taken")
            return "box", 0, tuple(space.shape)
        raise invalid(place, f"is {str(space)[:200]}: Discrete and Box can be imported")

    def _action_space(self, space: Any) -> tuple[int, int]:
        place = f"{self._path}, action_space"
        if not isinstance(space, gymnasium.spaces.Discrete):
            raise invalid(place, f"is {str(space)[:200]}: Discrete can be imported")
        if not 1 <= int(space.n) <= MOST_ACTIONS:
            raise invalid(place, f"is {space}: at most {MOST_ACTIONS} actions are taken")
        return int(space.n), int(space.start)

    def _tells(self, member: str) -> Any:
        """What an export of icrl's own says of its task; None of other folders."""
        tasks = self._icrl.get("tasks") if isinstance(self._icrl, dict) else None
        task = tasks[0] if isinstance(tasks, list) and tasks else None
        return task.get(member) if isinstance(task, dict) else None

    def _episode(self, index: int, space: StateSpace) -> _Episode:
        place = f"{self._path}: episode {index}"
        try:
            [raw] = self._dataset.storage.get_episodes([index])
            [metadata] = self._dataset.storage.get_episode_metadata([index])
        except MemoryError:
            raise
        except Exception as error:  # whatever a damaged file makes of it
            raise invalid(place, f"cannot be read ({_said(error)})") from None
        rewards = rewards_of(np.asarray(raw["rewards"]), f"{place}, rewards")
        steps = len(rewards)
        if steps == 0:
            raise invalid(place, "has no steps")
        actions = np.asarray(raw["actions"])
        require_length(actions, steps, f"{place}, actions")
        for key in ("terminations", "truncations"):
            ends = np.asarray(raw[key])
            if ends.shape != (steps,) or ends.dtype.kind not in "biu":
                raise invalid(f"{place}, {key}", f"is {described(ends)}, expected one for each of {steps} steps")
        ended = DONE if raw["terminations"][-1] else TRUNCATED if raw["truncations"][-1] else CUT_OFF
        observations = np.asarray(raw["observations"])
        require_length(observations, steps + 1, f"{place}, observations")
        states: Ints | None = None
        features: Floats | None = None
        if space.kind == "discrete":
            states = indices_of(self._from_zero(observations, f"{place}, observations"), f"{place}, observations", below=self._shape[0])
        elif space.kind == "box":
            if observations.shape[1:] != self._shape:
                raise invalid(f"{place}, observations", f"is {described(observations)}, expected [{steps + 1}] of {list(self._shape)}")
            features = floats_of(observations[:-1].reshape(steps, -1), f"{place}, observations")
        first = actions.astype(np.int64) - self._first_action if actions.dtype.kind in "iu" else actions
        return _Episode(
            index=index,
            trial=self._trial_id(metadata),
            arms=self._arms(metadata, place),
            actions=indices_of(first, f"{place}, actions", below=self._actions),
            rewards=rewards,
            states=states,
            features=features,
            label=self._label(raw["infos"], steps, f"{place}, infos, label_action"),
            ended=ended,
        )

    def _from_zero(self, states: Array, place: str) -> Array:
        if states.dtype.kind not in "iu":
            raise invalid(place, f"is {described(states)}, expected whole numbers")
        return states.astype(np.int64) - self._start

    def _trial_id(self, metadata: Any) -> str | None:
        trial = metadata.get("trial_id") if isinstance(metadata, dict) else None
        return trial[:200] if isinstance(trial, str) else None

    def _arms(self, metadata: Any, place: str) -> Floats | None:
        shape = self._tells("trial_features_shape")
        values = metadata.get("trial_features") if isinstance(metadata, dict) else None
        if not isinstance(shape, list) or len(shape) != 2 or values is None:
            return None
        try:
            return floats_of(np.array(values, np.float64).reshape(shape), f"{place}, trial_features")
        except (TypeError, ValueError):
            raise invalid(f"{place}, trial_features", f"is not of the shape {json.dumps(shape)[:80]}") from None

    def _label(self, infos: Any, steps: int, place: str) -> Ints | None:
        if not isinstance(self._icrl, dict) or not isinstance(infos, dict) or "label_action" not in infos:
            return None
        label = np.asarray(infos["label_action"])
        require_length(label, steps + 1, place)  # the first is the reset's
        return indices_of(label[1:], place, below=self._actions, none=True)

    def _trial(self, episodes: list[_Episode], found: Found) -> ImportedTrial:
        first = episodes[0]
        place = f"{self._path}: episode {first.index}, trial_features"
        found.sees_arms(() if first.arms is None else first.arms.shape, place)
        states = [one.states for one in episodes if one.states is not None]
        features = [one.features for one in episodes if one.features is not None]
        labels = [np.full(len(one.actions), NONE, np.int32) if one.label is None else one.label for one in episodes]
        return ImportedTrial(
            key=f"episode {first.index}",
            lengths=np.array([len(one.actions) for one in episodes], np.int32),
            ends=np.array([one.ended for one in episodes], np.uint8),
            actions=np.concatenate([one.actions for one in episodes]),
            rewards=np.concatenate([one.rewards for one in episodes]),
            observations=np.concatenate(states) if states else None,
            features=np.concatenate(features) if features else None,
            trial_features=first.arms,
            label=np.concatenate(labels) if any(one.label is not None for one in episodes) else None,
            tags={"episode": str(first.index)},
        )


class _Episode:
    """An episode of a folder."""

    def __init__(
        self,
        *,
        index: int,
        trial: str | None,
        arms: Floats | None,
        actions: Ints,
        rewards: Floats,
        states: Ints | None,
        features: Floats | None,
        label: Ints | None,
        ended: int,
    ) -> None:
        self.index = index
        self.trial = trial
        self.arms = arms
        self.actions = actions
        self.rewards = rewards
        self.states = states
        self.features = features
        self.label = label
        self.ended = ended
        self.bytes = actions.nbytes if features is None else features.nbytes


def _said(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"

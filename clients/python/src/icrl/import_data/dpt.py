"""DPT's pickles: a list of dicts, each a context of steps and a state to act in, with the best action there.

| key | shape | is |
|---|---|---|
| context_states | [H, k] | what each action was chosen in |
| context_actions | [H, A] | actions, one-hot |
| context_next_states | [H, k] | where each led |
| context_rewards | [H] or [H, 1] | |
| query_state | [k] | |
| optimal_action | [A] | one-hot |
| arms | [A, d], may be missing | features of the arms, in its linear bandits |
| context_dones | [H], may be missing | 1 where an episode ends with the step: in exports of icrl |

What else an entry has (goal, means, theta, perm_index, ...) is left out: it is its author's truth, which nobody here can check.

A trial is an entry. Where there is nothing to observe (all states are the same) it is one episode, and the best action is the label of every
step. Elsewhere the context is one episode where each state is the one that the step before led to; where they are drawn one by one, as DPT
draws them, each step is an episode of its own, cut short. The query is an episode of one step after them; it alone has a label. Nobody acted
there: what stands as its action is the label, and its reward is 0.

Source: github.com/jon--lee/decision-pretrained-transformer, collect_data.py and dataset.py; Lee et al. (2023), arXiv 2306.14892.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.files import UnreadableFile, read_regular_file
from .limits import MOST_EPISODES, MOST_PICKLE_BYTES, MOST_TRIAL_BYTES
from .pickled_arrays import UnreadablePickle, value_of
from .pickles import read_pickle
from .source import Found
from .states import StateScan, StateSpace, as_rows, require_parts
from .trial import CUT_OFF, DONE, NONE, TRUNCATED, Array, Floats, ImportedTrial, Ints, described, floats_of, invalid, rewards_of

_KEYS = ("context_states", "context_actions", "context_next_states", "context_rewards", "query_state", "optimal_action")


@dataclass(frozen=True)
class _Entry:
    """An entry, its shapes checked."""

    states: Array
    """[H, k]."""
    next_states: Array
    """[H, k]."""
    actions: Ints
    """[H]."""
    rewards: Floats
    """[H]."""
    query: Array
    """[1, k]."""
    optimal: int
    dones: Array | None
    """[H]."""
    arms: Floats | None
    """[A, d]."""


class DptSource:
    """A pickle, read whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            content = read_regular_file(path, MOST_PICKLE_BYTES)
            found = read_pickle(content)
        except (UnreadableFile, UnreadablePickle, OSError) as error:
            raise invalid(str(path), str(error)) from None
        if type(found) is not list or len(found) == 0:
            what = "an empty list" if found == [] and type(found) is list else f"a {type(found).__name__}"
            raise invalid(str(path), f"holds {what}, expected a list of dicts")
        self._entries: list[Any] = found

    def count(self) -> int:
        return len(self._entries)

    def scan(self, scan: StateScan, found: Found) -> None:
        for index in range(len(self._entries)):
            entry = self._entry(index, found)
            parts = entry.states.shape[1]
            scan.parts(parts, self._place(index, "context_states"))
            if scan.needed(parts):
                for states in (entry.states, entry.next_states, entry.query):
                    scan.see(states)

    def trials(self, space: StateSpace, found: Found) -> Iterator[ImportedTrial]:
        for index in range(len(self._entries)):
            entry = self._entry(index, found)
            steps = len(entry.actions)
            if space.kind == "none":
                yield ImportedTrial(
                    key=f"entry {index}",
                    lengths=np.array([steps], np.int32),
                    ends=np.array([DONE], np.uint8),
                    actions=entry.actions,
                    rewards=entry.rewards,
                    trial_features=entry.arms,
                    label=np.full(steps, entry.optimal, np.int32),
                    tags={"entry": str(index)},
                )
            else:
                yield self._with_query(index, entry, space)

    def close(self) -> None:
        self._entries = []

    def _place(self, index: int, key: str = "") -> str:
        return f"{self._path}: entry {index}{key and f', {key}'}"

    def _entry(self, index: int, found: Found) -> _Entry:
        entry = self._entries[index]
        if type(entry) is not dict:
            raise invalid(self._place(index), f"is a {type(entry).__name__}, expected a dict")
        if "context_images" in entry:
            raise invalid(self._place(index, "context_images"), "holds images, which are in other files: entries of states are read")
        arrays = {}
        for key in _KEYS:
            if key not in entry:
                raise invalid(self._place(index), f"has no {key}")
            arrays[key] = self._array(index, key, entry[key])
        place = {key: self._place(index, key) for key in _KEYS}
        actions = one_hot(arrays["context_actions"], place["context_actions"])
        steps = len(actions)
        if steps == 0:
            raise invalid(self._place(index), "has no steps")
        if steps >= MOST_EPISODES:
            raise invalid(self._place(index), f"has {steps} steps, expected fewer than {MOST_EPISODES}")
        width = arrays["context_actions"].shape[1]
        found.tells_actions(width, place["context_actions"])
        optimal = arrays["optimal_action"]
        if optimal.ndim != 1 or len(optimal) != width:
            raise invalid(place["optimal_action"], f"is {described(optimal)}, expected [{width}], one-hot")
        states = as_rows(arrays["context_states"], steps, place["context_states"])
        next_states = as_rows(arrays["context_next_states"], steps, place["context_next_states"])
        query = arrays["query_state"]
        if query.dtype.kind not in "biuf":
            raise invalid(place["query_state"], f"is {described(query)}, expected a state")
        require_parts(query.size, place["query_state"])
        for other, key in ((next_states.shape[1], "context_next_states"), (query.size, "query_state")):
            if other != states.shape[1]:
                raise invalid(place[key], f"has {other} numbers a state, and context_states {states.shape[1]}")
        if steps * states.shape[1] * 4 > MOST_TRIAL_BYTES:
            raise invalid(place["context_states"], f"is {described(states)}: a trial has {MOST_TRIAL_BYTES} bytes of them at most")
        rewards = rewards_of(arrays["context_rewards"], place["context_rewards"])
        if len(rewards) != steps:
            raise invalid(place["context_rewards"], f"has {len(rewards)} rewards for {steps} steps")
        arms = None if "arms" not in entry else self._array(index, "arms", entry["arms"])
        found.sees_arms(() if arms is None else arms.shape, self._place(index, "arms"))
        return _Entry(
            states=states,
            next_states=next_states,
            actions=actions,
            rewards=rewards,
            query=query.reshape(1, -1),
            optimal=int(one_hot(optimal.reshape(1, -1), place["optimal_action"])[0]),
            dones=self._dones(index, entry, steps),
            arms=None if arms is None else floats_of(arms, self._place(index, "arms")),
        )

    def _array(self, index: int, key: str, value: Any) -> Array:
        try:
            found = value_of(value)
        except UnreadablePickle as error:
            raise invalid(self._place(index, key), str(error)) from None
        if not isinstance(found, np.ndarray):
            raise invalid(self._place(index, key), f"is a {type(found).__name__}, expected an array")
        return found

    def _dones(self, index: int, entry: dict[str, Any], steps: int) -> Array | None:
        if "context_dones" not in entry:
            return None
        dones = self._array(index, "context_dones", entry["context_dones"])
        if dones.dtype.kind not in "biu" or dones.shape != (steps,) or not ((dones == 0) | (dones == 1)).all():
            raise invalid(self._place(index, "context_dones"), f"is {described(dones)}, expected 0 or 1 for each of {steps} steps")
        return dones.astype(np.bool_)

    def _with_query(self, index: int, entry: _Entry, space: StateSpace) -> ImportedTrial:
        """The context's episodes, and the query's."""
        steps = len(entry.actions)
        connected: Array = (entry.next_states[:-1] == entry.states[1:]).all(1)  # [H - 1]
        if entry.dones is None:
            one = bool(connected.all())
            last: Array = np.arange(steps) == steps - 1 if one else np.ones(steps, np.bool_)
            ends: Array = np.full(int(last.sum()), DONE if one else TRUNCATED, np.uint8)
        else:
            astray = np.flatnonzero(~connected & ~entry.dones[:-1])
            if len(astray) > 0 and space.kind == "discrete":
                place = self._place(index, "context_dones")
                raise invalid(f"{place}[{astray[0]}]", "is 0, and the state that the step led to is not the one after it")
            last = entry.dones.copy()
            last[-1] = True
            ends = np.where(entry.dones[last], DONE, CUT_OFF).astype(np.uint8)
        lengths = np.diff(np.flatnonzero(last), prepend=-1)
        label = np.full(steps + 1, NONE, np.int32)
        label[steps] = entry.optimal
        observations: Ints | None = None
        features: Floats | None = None
        if space.kind == "discrete":
            numbers = space.numbers(entry.states, self._place(index, "context_states"))
            led_to = space.numbers(entry.next_states, self._place(index, "context_next_states"))
            query = space.numbers(entry.query, self._place(index, "query_state"))
            after = np.flatnonzero(last) + 1  # where the state an episode ended in is put in
            observations = np.concatenate([np.insert(numbers, after, led_to[last]), query, [NONE]]).astype(np.int32)
        else:
            states = space.features(entry.states, self._place(index, "context_states"))
            features = np.concatenate([states, space.features(entry.query, self._place(index, "query_state"))])
        return ImportedTrial(
            key=f"entry {index}",
            lengths=np.append(lengths, 1).astype(np.int32),
            ends=np.append(ends, np.uint8(CUT_OFF)),
            actions=np.append(entry.actions, entry.optimal).astype(np.int32),
            rewards=np.append(entry.rewards, np.float32(0)),
            observations=observations,
            features=features,
            trial_features=entry.arms,
            label=label,
            tags={"entry": str(index)},
        )


def one_hot(array: Array, place: str) -> Ints:
    """[N, A] of one 1 a row and zeros, as the place of the 1, [N].

    Raises:
        DataError: IMPORT_INVALID.
    """
    if array.dtype.kind not in "biuf" or array.ndim != 2 or array.shape[1] == 0:
        raise invalid(place, f"is {described(array)}, expected one-hot actions, [steps, actions]")
    wrong = np.flatnonzero(((array != 0) & (array != 1)).any(1) | ((array == 1).sum(1) != 1))
    if len(wrong) > 0:
        raise invalid(f"{place}[{wrong[0]}]", "is not one-hot: one 1, and zeros")
    places: Ints = array.argmax(1).astype(np.int32)
    return places



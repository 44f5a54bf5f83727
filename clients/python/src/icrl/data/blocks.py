"""Rows of the log as trials: a block is a batch of rows in memory, and a trial some of its rows, or rows of several.

Lists of a block are flat arrays with offsets, so a trial is cut out of each with a copy and nothing is done row by row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .errors import DataError
from .manifest import Task
from .trial import Label, Trial

Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

REQUIRED = ("episode_id", "trial_id", "trial_index", "episode_index", "task", "agent", "length", "complete", "actions")
"""Columns that every trial needs. They are in every file."""
OPTIONAL = ("task_id", "entrant", "behaviour_component", "terminated", "truncated", "tags")
"""Columns that every trial needs, where a file has them: an earlier schema has no task_id."""
STEPS = ("rewards", "observations", "step_features", "trial_features", "propensities", "probabilities", "regrets", "optimal_actions")
"""Columns that become members of a trial, where they are asked for."""

_INTEGERS = ("actions", "observations", "optimal_actions")


@dataclass(frozen=True)
class Lists:
    """A column of lists: row i has values[offsets[i]:offsets[i + 1]]."""

    offsets: Offsets
    values: npt.NDArray[Any]
    nulls: Mask
    """[rows]."""

    def of(self, row: int) -> npt.NDArray[Any]:
        """A row's values; none where it is null."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]


class Block:
    """Rows of the log, decoded, with the labels beside them.

    Args:
        data: rows, of all columns that are wanted.
        labels: of each label by name, as many rows; their columns are episode_id, actions and probabilities.
        what: the file, for messages.

    Raises:
        DataError: LOG_CORRUPT if a column is missing or of another type, or a list is not as long as its row says; DATASET_CORRUPT if a
            label's rows are not those of the data.
    """

    def __init__(self, data: pa.Table, labels: Mapping[str, pa.Table], what: str) -> None:
        self.rows = data.num_rows
        self._what = what
        missing = [name for name in REQUIRED if name not in data.column_names]
        if missing:
            raise self._corrupt(f"it has no column {missing[0]}")
        self.lists = {name: self._lists(data, name) for name in ("actions", *STEPS) if name in data.column_names}
        self.scalars = {
            name: data.column(name).to_pylist() for name in data.column_names if not pa.types.is_list(data.schema.field(name).type)
        }
        self.lengths = np.array([self._length(length) for length in self.scalars["length"]], np.int64)
        for name in ("actions", "rewards", "propensities", "regrets", "optimal_actions"):
            self._require_lengths(self.lists, name, self.lengths)
        self._require_lengths(self.lists, "observations", np.where(self.lengths > 0, self.lengths + 1, -1))
        for name in ("step_features", "probabilities"):
            self._require_multiples(self.lists, name)
        self.labels: dict[str, dict[str, Lists]] = {}
        for label, table in labels.items():
            if table.column("episode_id").to_pylist() != self.scalars["episode_id"]:
                text = f"the rows of label {label!r} are not those of {what}: label again, or restore it from a backup"
                raise DataError("DATASET_CORRUPT", text)
            said = {name: self._lists(table, name) for name in ("actions", "probabilities")}
            self._require_lengths(said, "actions", self.lengths)
            self._require_multiples(said, "probabilities")
            self.labels[label] = said

    def task_id(self, row: int) -> str:
        """The id of a row's task. In the log's first schema it was a tag of what had an entrant."""
        stored = self.scalars.get("task_id", [None] * self.rows)[row]
        if stored is not None:
            return str(stored)
        family = str(self.scalars["task"][row])
        if self.scalars.get("entrant", [None] * self.rows)[row] is None or "tags" not in self.scalars:
            return family
        try:
            tags = json.loads(self.scalars["tags"][row])
        except (TypeError, ValueError, RecursionError):
            return family
        return str(tags.get("task", family)) if isinstance(tags, dict) else family

    def behaviour(self, row: int) -> str:
        """Who acted."""
        for name in ("behaviour_component", "entrant", "agent"):
            named = self.scalars[name][row] if name in self.scalars else None
            if named is not None:
                return str(named)
        raise self._corrupt(f"row {row} has no agent")

    def _lists(self, data: pa.Table, name: str) -> Lists:
        if name not in data.column_names:
            raise self._corrupt(f"it has no column {name}")
        column = data.column(name).combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # of no rows
            column = pa.concat_arrays(column.chunks) if column.num_chunks > 0 else pa.array([], column.type)
        kind = pa.int32() if name in _INTEGERS else pa.float32()
        if not pa.types.is_list(column.type) or column.type.value_type != kind:
            raise self._corrupt(f"column {name} is of type {column.type}, and should be list<{kind}>")
        offsets = column.offsets.to_numpy().astype(np.int64)
        values = column.values.slice(offsets[0], offsets[-1] - offsets[0]).to_numpy(zero_copy_only=False)
        if kind == pa.int32() and values.dtype != np.int32:  # nulls among whole numbers
            raise self._corrupt(f"column {name} has items that are null")
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        return Lists(offsets - offsets[0], values, nulls)

    def _require_lengths(self, lists: Mapping[str, Lists], name: str, wanted: Offsets) -> None:
        if name not in lists:
            return
        found = np.diff(lists[name].offsets)
        # A row without steps says that a trial was cut short: it may have one observation, or none.
        wrong = np.flatnonzero((found != wanted) & (wanted >= 0) & ~lists[name].nulls)
        if len(wrong) > 0:
            row = wrong[0]
            raise self._corrupt(f"row {row} has {found[row]} {name}, and should have {wanted[row]}")
        if name == "actions" and lists[name].nulls.any():
            raise self._corrupt("it has rows without actions")

    def _require_multiples(self, lists: Mapping[str, Lists], name: str) -> None:
        if name not in lists:
            return
        found = np.diff(lists[name].offsets)
        wrong = np.flatnonzero(((found % np.maximum(self.lengths, 1) != 0) | ((self.lengths == 0) & (found > 0))) & ~lists[name].nulls)
        if len(wrong) > 0:
            raise self._corrupt(f"row {wrong[0]} has {found[wrong[0]]} {name} for {self.lengths[wrong[0]]} steps")

    def _length(self, length: Any) -> int:
        if isinstance(length, int) and length >= 0:
            return length
        raise self._corrupt(f"a row has the length {length!r}")

    def _corrupt(self, why: str) -> DataError:
        return DataError("LOG_CORRUPT", f"{self._what} is damaged: {why}")


Rows = Sequence[tuple[Block, int, int]]
"""Rows of blocks, [from, to) of each, in order."""


def make_trial(rows: Rows, tasks: Mapping[str, Task] | None) -> Trial:
    """The trial whose episodes these rows are.

    Args:
        tasks: by id, of a dataset, which shape its features; None: of a log.

    Raises:
        DataError: DATASET_CORRUPT if it is of a task that is not listed, or does not fit it.
    """
    block, first, _ = rows[0]
    get = {name: values[first] for name, values in block.scalars.items()}
    task_id = block.task_id(first)
    task = None if tasks is None else tasks.get(task_id)
    if tasks is not None and task is None:
        text = f"a trial is of task {task_id!r}, which dataset.json does not list: restore it from a backup"
        raise DataError("DATASET_CORRUPT", text)
    every = [(block, row) for block, start, end in rows for row in range(start, end)]
    # A row without steps says that the trial was cut short between two episodes; it is none itself.
    each = [(block, row) for block, row in every if block.lengths[row] > 0] or every[:1]
    lengths = np.array([block.lengths[row] for block, row in each], np.int64)
    count = int(lengths.sum())
    ends = np.cumsum(lengths)
    members: dict[str, Any] = {name: _flat(each, name, lengths) for name in STEPS if name in block.lists}
    observations = members.pop("observations", None)
    if observations is not None and count > 0:
        # Each episode has one more than steps: where it began, and where it went.
        marks = ends + np.arange(len(ends))
        members["observations"] = np.delete(observations, marks)
        members["next_observations"] = np.delete(observations, marks - lengths)
    for name in ("step_features", "trial_features", "probabilities"):
        if members.get(name) is not None:
            members[name] = _shaped(name, members[name], count, task)
    for name in ("terminated", "truncated"):
        if name in block.scalars:
            marked = np.zeros(count, np.bool_)
            for (where, row), end, length in zip(each, ends.tolist(), lengths.tolist()):
                if length > 0 and where.scalars[name][row]:
                    marked[end - 1] = True
            members[name] = marked
    trial = Trial(
        trial_id=str(get["trial_id"]),
        trial_index=int(get["trial_index"]),
        task_id=task_id,
        task=str(get["task"]),
        behaviour=block.behaviour(first),
        complete=all(bool(where.scalars["complete"][row]) for where, row in every),
        lengths=lengths.astype(np.int32),
        episodes=np.repeat(np.array([where.scalars["episode_index"][row] for where, row in each], np.int32), lengths),
        steps=(np.arange(count) - np.repeat(ends - lengths, lengths)).astype(np.int32),
        actions=_joined([where.lists["actions"].of(row) for where, row in each]),
        labels={name: _label(each, name, count) for name in block.labels},
        columns={name: value for name, value in get.items() if name not in _NOT_OF_A_TRIAL},
        **members,
    )
    if task is not None:
        _require_fits(trial, task)
    return trial


_NOT_OF_A_TRIAL = frozenset(
    "episode_id trial_id trial_index episode_index task_id task length complete terminated truncated end_reason return optimal_value "
    "regret started_at agent_ms schema_version".split()
)


def _flat(each: Sequence[tuple[Block, int]], name: str, lengths: Offsets) -> npt.NDArray[Any] | None:
    """A column of a trial's episodes, one after the other; None where it is null in one, unless it is made up for by NaN."""
    if name == "trial_features":  # the same in all of them
        found = each[0][0].lists[name]
        return None if found.nulls[each[0][1]] else found.of(each[0][1]).copy()
    nulls = [bool(block.lists[name].nulls[row]) for block, row in each]
    if all(nulls) or (any(nulls) and name not in ("propensities", "probabilities")):
        return None
    width = 1
    if name == "probabilities":
        known = next(i for i, null in enumerate(nulls) if not null and lengths[i] > 0) if lengths.any() else 0
        width = len(each[known][0].lists[name].of(each[known][1])) // max(1, int(lengths[known]))
    parts = [
        np.full(int(length) * width, np.nan, np.float32) if null else block.lists[name].of(row)
        for (block, row), null, length in zip(each, nulls, lengths)
    ]
    return _joined(parts)


def _joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(parts)  # a copy, also of one


def _label(each: Sequence[tuple[Block, int]], name: str, count: int) -> Label:
    actions = []
    laws = []
    for block, row in each:
        said = block.labels[name]
        length = int(block.lengths[row])
        actions.append(np.full(length, -1, np.int32) if said["actions"].nulls[row] else said["actions"].of(row))
        laws.append(None if said["probabilities"].nulls[row] else said["probabilities"].of(row).reshape(length, -1) if length else None)
    width = next((law.shape[1] for law in laws if law is not None), 0)
    if width == 0:
        return Label(_joined(actions))
    if any(law is not None and law.shape[1] != width for law in laws):
        raise DataError("DATASET_CORRUPT", f"label {name!r} has probabilities of other numbers of actions in one trial")
    whole = [
        np.full((len(said), width), np.nan, np.float32) if law is None else law for law, said in zip(laws, actions)
    ]
    return Label(_joined(actions), np.concatenate(whole).reshape(count, width))


def _shaped(name: str, values: npt.NDArray[Any], count: int, task: Task | None) -> npt.NDArray[Any]:
    """A flat list as the task shapes it; of a log [N, size], and of a trial's features as they are."""
    shape: tuple[int, ...]
    if name == "trial_features":
        shape = values.shape if task is None else task.trial_features_shape
    elif name == "step_features" and task is not None:
        shape = (count, *task.observation_shape)
    elif name == "probabilities" and task is not None:
        shape = (count, task.num_actions)
    else:
        shape = (count, len(values) // max(1, count))
    if len(values) != np.prod(shape, dtype=np.int64):
        raise DataError("DATASET_CORRUPT", f"a trial has {len(values)} {name}, and should have {' x '.join(map(str, shape))}")
    return values.reshape(shape)


def _require_fits(trial: Trial, task: Task) -> None:
    """Sees that a trial is one of its task: whoever learns from it uses actions and states as places."""

    def require(name: str, values: npt.NDArray[Any] | None, least: int, below: int) -> None:
        if values is not None and len(values) > 0 and not (values.min() >= least and values.max() < below):
            raise DataError(
                "DATASET_CORRUPT",
                f"trial {trial.trial_id} has {name} outside of [{least}, {below - 1}], those of task {task.id!r}: restore it from a backup",
            )

    require("actions", trial.actions, 0, task.num_actions)
    require("optimal actions", trial.optimal_actions, 0, task.num_actions)
    if task.observation == "discrete":
        require("observations", trial.observations, 0, task.num_states)
        require("observations", trial.next_observations, -1, task.num_states)  # -1: imported, and not known
    for name, label in trial.labels.items():
        require(f"actions of label {name!r}", label.actions, -(2**31), task.num_actions)
        if label.probabilities is not None and label.probabilities.shape[1] != task.num_actions:
            raise DataError("DATASET_CORRUPT", f"label {name!r} has probabilities of {label.probabilities.shape[1]} actions, not {task.num_actions}")


def trials_side_by_side(blocks: Iterable[Block], tasks: Mapping[str, Task] | None) -> Iterable[Trial]:
    """Trials of a dataset, whose episodes stand side by side, in their order."""
    rows: list[tuple[Block, int, int]] = []
    last: tuple[Any, int] | None = None  # trial and episode
    for block in blocks:
        ids, episodes = block.scalars["trial_id"], block.scalars["episode_index"]
        start = 0
        for row in range(block.rows):
            # The same trial may stand there twice: its episodes then begin anew.
            if last is not None and (ids[row] != last[0] or episodes[row] <= last[1]):
                if row > start:
                    rows.append((block, start, row))
                yield make_trial(rows, tasks)
                rows, start = [], row
            last = (ids[row], episodes[row])
        if block.rows > start:
            rows.append((block, start, block.rows))
    if rows:
        yield make_trial(rows, tasks)


def trials_of_slots(blocks: Iterable[Block]) -> Iterable[Trial]:
    """Trials of a log, in the order in which they end. There, episodes of trials that were played at once stand between each other; those
    of one slot of one session do not. Beside a block, one trial of each slot is in memory."""
    under_way: dict[tuple[Any, Any], list[tuple[Block, int, int]]] = {}
    for block in blocks:
        slots = zip(block.scalars["session_id"], block.scalars["env_index"])
        for row, slot in enumerate(slots):
            rows = under_way.setdefault(slot, [])
            if rows and _begins_anew(rows[-1], block, row):
                yield make_trial(rows, None)
                rows.clear()
            rows.append((block, row, row + 1))
        # What waits is copied, so that the block's memory is free.
        under_way = {slot: _kept(rows) for slot, rows in under_way.items()}
    for rows in under_way.values():
        yield make_trial(rows, None)


def _begins_anew(before: tuple[Block, int, int], block: Block, row: int) -> bool:
    last, start, _ = before
    if last.scalars["trial_id"][start] != block.scalars["trial_id"][row]:
        return True
    return bool(block.scalars["episode_index"][row] <= last.scalars["episode_index"][start])


def _kept(rows: Rows) -> list[tuple[Block, int, int]]:
    return [(_rows_of(block, start, end), 0, end - start) if block.rows > end - start else (block, start, end) for block, start, end in rows]


def _rows_of(block: Block, start: int, end: int) -> Block:
    """Some rows of a block, copied."""
    kept = object.__new__(Block)
    kept.rows = end - start
    kept._what = block._what
    kept.scalars = {name: values[start:end] for name, values in block.scalars.items()}
    kept.lengths = block.lengths[start:end].copy()
    kept.lists = {name: _slice(lists, start, end) for name, lists in block.lists.items()}
    kept.labels = {label: {name: _slice(lists, start, end) for name, lists in said.items()} for label, said in block.labels.items()}
    return kept


def _slice(lists: Lists, start: int, end: int) -> Lists:
    first, last = lists.offsets[start], lists.offsets[end]
    return Lists(lists.offsets[start : end + 1] - first, lists.values[first:last].copy(), lists.nulls[start:end].copy())

"""dataset.json: what a dataset is. docs/datasets.md describes the folder; here is what of it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import DataError
from .files import read_json

SCHEMA_VERSION = 3
COLUMN_LABELS = {"self": "actions", "optimal": "optimal_actions"}
"""Labels that are columns of the data."""

_REMEDY = "restore it from a backup"
_MOST = 2**31 - 1


@dataclass(frozen=True)
class Task:
    """A task of a dataset."""

    id: str
    task: str
    """Family."""
    options: Mapping[str, Any]
    num_actions: int
    horizon: int
    """Most steps of an episode."""
    episodes_per_trial: int
    observation: str
    """none, discrete or box."""
    num_states: int
    """Where observations are discrete; else 1."""
    observation_shape: tuple[int, ...]
    """Of a box; else empty."""
    trial_features_shape: tuple[int, ...]
    """Empty where there are none."""
    steps_per_trial: int | None = None
    """Most steps of a trial, where that is known to be less than so many episodes of so many steps."""
    instances: int | None = None
    """How many are in the data; None where that is not known."""
    trials: int = 0

    @property
    def fresh_arms(self) -> bool:
        """Whether arms are drawn anew at each step; where they are not, they are the trial's features."""
        return len(self.observation_shape) == 2 and self.observation_shape[0] == self.num_actions

    @property
    def dim(self) -> int:
        """d, features of an arm; 0 where arms have none."""
        if self.fresh_arms:
            return self.observation_shape[1]
        return self.trial_features_shape[1] if len(self.trial_features_shape) > 1 else 0


@dataclass(frozen=True)
class Manifest:
    """What a dataset is."""

    name: str
    id: str
    tasks: Mapping[str, Task]
    """By id."""
    labels: Mapping[str, str | None]
    """Names of labels to their folders; None: a column of the data."""
    shards: tuple[str, ...]
    """File names, in data/ and in a label's folder."""
    subsample: int | None
    """Every so manieth episode of each trial was kept; None: all."""
    trials: int
    episodes: int
    steps: int
    document: Mapping[str, Any]
    """All of dataset.json."""
    truth_known: bool = True
    """False where the truth of its instances is not known, for it was imported: no seeds, no regret, no best actions."""


def read_manifest(folder: Path) -> Manifest:
    """A dataset's manifest.

    Raises:
        DataError: NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW.
    """
    path = folder / "dataset.json"
    if not path.exists():
        raise DataError("NOT_A_DATASET", f"{folder} has no dataset.json: give a dataset's folder")
    document = read_json(path, "DATASET_CORRUPT", _REMEDY)
    version = document.get("schema_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise DataError(
            "DATASET_TOO_NEW",
            f"{path} has schema_version {version}, this version of icrl reads {SCHEMA_VERSION}: install a newer one",
        )
    try:
        return _manifest(document)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError("DATASET_CORRUPT", f"{path} is damaged ({what}): {_REMEDY}") from None


def _manifest(document: Any) -> Manifest:
    shards = tuple(_shard(entry["file"], "data") for entry in document["shards"])
    if len(set(shards)) < len(shards):
        raise ValueError("a shard is listed twice")
    labels = {_file_name(name): _label(name, entry, shards) for name, entry in document["labels"].items()}
    tasks = {task.id: task for task in map(_task, document["tasks"])}
    subsample = document["subsample"]
    return Manifest(
        name=_text(document["name"], "name"),
        id=_text(document["id"], "id"),
        tasks=tasks,
        labels=labels,
        shards=shards,
        subsample=None if subsample is None else _size(subsample, "subsample"),
        trials=_size(document["trials"], "trials", 0, 2**53),
        episodes=_size(document["episodes"], "episodes", 0, 2**53),
        steps=_size(document["steps"], "steps", 0, 2**53),
        document=document,
        truth_known=document.get("truth_known") is not False,
    )


def _task(entry: Any) -> Task:
    space = entry["observation_space"]
    kind = space["type"]
    if kind not in ("none", "discrete", "box"):
        raise ValueError(f"an observation space is of type {kind!r}")
    return Task(
        id=_text(entry["id"], "task's id"),
        task=_text(entry["task"], "task"),
        options=dict(entry["options"]),
        num_actions=_size(entry["num_actions"], "num_actions"),
        horizon=_size(entry["horizon"], "horizon"),
        episodes_per_trial=_size(entry["episodes_per_trial"], "episodes_per_trial"),
        observation=kind,
        num_states=_size(space["n"], "n") if kind == "discrete" else 1,
        observation_shape=_sizes(space.get("shape", []), "shape") if kind == "box" else (),
        trial_features_shape=_sizes(entry["trial_features_shape"], "trial_features_shape"),
        instances=None if (instances := entry.get("instances")) is None else _size(instances, "instances", 0, 2**53),
        trials=_size(entry["trials"], "trials", 0, 2**53),
        steps_per_trial=None if (steps := entry.get("steps_per_trial")) is None else _size(steps, "steps_per_trial"),
    )


def _label(name: str, entry: Any, shards: tuple[str, ...]) -> str | None:
    if "column" in entry:
        if COLUMN_LABELS.get(name) != entry["column"]:
            raise ValueError(f"label {name!r} is the column {entry['column']!r}")
        return None
    folder = f"labels/{name}"
    if entry["folder"] != folder:
        raise ValueError(f"label {name!r} is in {entry['folder']!r}, and should be in {folder}")
    if tuple(_shard(shard["file"], folder) for shard in entry["shards"]) != shards:
        raise ValueError(f"label {name!r} has other shards than the data")
    return folder


def _shard(file: Any, folder: str) -> str:
    """The name of a shard's file. A path that leads elsewhere would be read."""
    name = _text(file, "shard's file").removeprefix(f"{folder}/")
    if file != f"{folder}/{name}" or re.fullmatch(r"trajectories-[0-9]{1,15}\.parquet", name) is None:
        raise ValueError(f"{file!r} is no shard's path in {folder}/")
    return name


def _file_name(name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}", name) is None:
        raise ValueError(f"{name!r} is no label's name")
    return name


def _text(value: Any, what: str) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"the {what} is {value!r}")


def _size(value: Any, what: str, least: int = 1, most: int = _MOST) -> int:
    if type(value) is int and least <= value <= most:
        return value
    raise ValueError(f"{what} is {value!r}: it is a whole number in [{least}, {most}]")


def _sizes(value: Any, what: str) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 8:
        raise ValueError(f"{what} is {value!r}: it is a list of sizes")
    return tuple(_size(size, what) for size in value)

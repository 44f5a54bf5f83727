"""Spaces of a task's observations and actions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from .._proto.icrl.v1 import task_pb2


def observation_space_of(task: task_pb2.TaskDescription) -> spaces.Space[Any]:
    """What one env shows: arms [A, d] where they have features, fixed for the trial or new at each step, as a Box; else the state; a single
    value where nothing is shown."""
    space = task.observation_space
    kind = space.WhichOneof("space")
    if kind == "discrete":
        return spaces.Discrete(space.discrete.n)
    if kind == "box":
        box = space.box
        low = box.low if box.HasField("low") else -np.inf
        return _box(tuple(box.shape), low, box.high if box.HasField("high") else np.inf)
    if shows_features(task):
        low = task.trial_features_low if task.HasField("trial_features_low") else -np.inf
        high = task.trial_features_high if task.HasField("trial_features_high") else np.inf
        return _box(tuple(task.trial_features_shape), low, high)
    return spaces.Discrete(1)


def action_space_of(task: task_pb2.TaskDescription) -> spaces.Discrete:
    """Its actions, 0 .. num_actions - 1."""
    return spaces.Discrete(task.num_actions)


def shows_features(task: task_pb2.TaskDescription) -> bool:
    """Whether what an env shows is its trial's features: nothing else is observed, and there are some."""
    return task.observation_space.WhichOneof("space") in (None, "none") and len(task.trial_features_shape) > 0


def empty_observations(task: task_pb2.TaskDescription, num_envs: int) -> npt.NDArray[Any]:
    """Room for what N envs show, zeros: int64 [N], or float32 [N, ...]."""
    space = observation_space_of(task)
    if isinstance(space, spaces.Discrete):
        return np.zeros(num_envs, np.int64)
    return np.zeros((num_envs, *(space.shape or ())), np.float32)


def _box(shape: tuple[int, ...], low: float, high: float) -> spaces.Box:
    # The bounds as float32 are those of the elements, which are float32.
    return spaces.Box(np.float32(low), np.float32(high), shape, np.float32)

"""What an agent may know of a task, read from the server's description of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from ._proto.icrl.v1 import task_pb2
from .agents import Arms, RewardSpec, Trial

_REWARD_KINDS = {
    task_pb2.REWARD_KIND_GAUSSIAN: "gaussian",
    task_pb2.REWARD_KIND_BERNOULLI: "bernoulli",
    task_pb2.REWARD_KIND_DETERMINISTIC: "deterministic",
}


@dataclass(frozen=True)
class TaskShape:
    """A task's measures.

    Attributes:
        num_actions: A.
        num_states: number of states where the observation is one integer, else 1.
        dim: features of an arm, 0 where arms have none.
        fresh_arms: whether arms are drawn anew at each step; where they are not, they are the trial's features.
        discrete: whether the observation is one integer.
    """

    num_actions: int
    num_states: int
    dim: int
    fresh_arms: bool
    discrete: bool


def shape_of(task: task_pb2.TaskDescription) -> TaskShape:
    """The measures of a described task. Arms are what has the shape [num_actions, features]."""
    space = task.observation_space
    kind = space.WhichOneof("space")
    shown = list(space.box.shape) if kind == "box" else []
    fresh = len(shown) == 2 and shown[0] == task.num_actions
    features = shown if fresh else list(task.trial_features_shape)
    return TaskShape(
        num_actions=task.num_actions,
        num_states=space.discrete.n if kind == "discrete" else 1,
        dim=features[1] if len(features) > 1 else 0,
        fresh_arms=fresh,
        discrete=kind == "discrete",
    )


def trial_of(task: task_pb2.TaskDescription, arms: Arms | None) -> Trial:
    """What an agent may know of a trial of a task; `arms` [A, d] are those that are fixed for it."""
    shape = shape_of(task)
    reward = task.reward
    return Trial(
        task=task.name,
        task_options=options_of(task.options),
        kinds=tuple(task.kinds),
        num_actions=task.num_actions,
        num_states=shape.num_states,
        dim=shape.dim,
        arms=arms,
        horizon=task.horizon,
        episodes=task.episodes,
        reward=RewardSpec(
            kind=_REWARD_KINDS.get(reward.kind, "gaussian"),
            min=reward.min if reward.HasField("min") else None,
            max=reward.max if reward.HasField("max") else None,
            noise_std=reward.noise_std if reward.HasField("noise_std") else None,
        ),
    )


def options_of(struct: Any) -> dict[str, Any]:
    """The members of a google.protobuf.Struct: numbers are floats there."""
    return dict(json_format.MessageToDict(struct))

"""A trial as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Label:
    """What an expert would have done at each step of a trial."""

    actions: Ints
    """[N]; -1 where it gave none."""
    probabilities: Floats | None = None
    """[N, A] of all actions, NaN where unknown; None where it has none."""


@dataclass(frozen=True)
class Trial:
    """A trial: its steps over all its episodes, in order. Arrays are its own.

    Shapes: N steps, E episodes, A actions. What was not asked for, or is not known of the whole trial, is None.
    """

    trial_id: str
    trial_index: int
    task_id: str
    """The task's id in its tournament or collection; the family in free play."""
    task: str
    """Family."""
    behaviour: str
    """Who acted: the part of the mixture, else the entrant, else the agent."""
    complete: bool
    """Whether all its episodes ran to their own ends."""
    lengths: Ints
    """[E] steps of each episode."""
    episodes: Ints
    """[N] which episode of the trial each step is of: ascending, with gaps where a dataset was subsampled."""
    steps: Ints
    """[N] which step of its episode, from 0."""
    actions: Ints
    """[N] executed actions."""
    rewards: Floats | None = None
    """[N]."""
    observations: Ints | None = None
    """[N] the state that each action was chosen in; None unless observations are discrete."""
    next_observations: Ints | None = None
    """[N] the state that each action led to; -1 where it was imported and is not known."""
    step_features: Floats | None = None
    """[N, A, d], or as the task shapes it, what each action was chosen from; [N, size] of a log, which does not tell shapes; None unless a box."""
    trial_features: Floats | None = None
    """[A, d] a bandit's arm features where they are fixed; [size] of a log."""
    terminated: Bools | None = None
    """[N] where an episode reached the task's own horizon or goal with the step."""
    truncated: Bools | None = None
    """[N] where an episode was cut short with the step."""
    propensities: Floats | None = None
    """[N] probability of each executed action, NaN where unknown."""
    probabilities: Floats | None = None
    """[N, A] probability of every action, NaN where unknown."""
    regrets: Floats | None = None
    """[N] pseudo-regret of each action."""
    optimal_actions: Ints | None = None
    """[N] best action, the lowest index on ties."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """By name."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """The log's other columns as the trial's first episode has them: task_options, task_seed, noise_seed, agent_seed, agent, agent_version,
    agent_options, ... Seeds are whole numbers of 64 bits."""

    def __len__(self) -> int:
        """N."""
        return len(self.actions)

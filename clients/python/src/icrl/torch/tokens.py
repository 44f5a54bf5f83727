"""A trial as tokens: exactly what an agent that played it was shown, turn by turn.

Decision t of the trial, counted over all its episodes, is read at token t stride. Its outcome belongs into the token after that, in both
kinds of layouts. What came of the trial's last decision is in no token of a layout of one token a step.

Shapes: N decisions, L tokens, F features of a token, A most actions, d features of an arm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..data.errors import DataError
from ..data.manifest import Task
from ..data.trial import Trial
from .config import TokenConfig

Floats = npt.NDArray[np.float32]
Draws = Callable[[int], npt.NDArray[np.float64]]

TRIAL_COLUMNS = ("rewards", "observations", "step_features", "trial_features")
"""Columns of the log that tokens are made of, beside those that every trial has."""


@dataclass(frozen=True)
class Piece:
    """Decisions of a trial, [first, end), and their tokens, at most `length`."""

    first: int
    end: int
    length: int

    @staticmethod
    def of(trial: Trial, first: int, length: int, tokens: TokenConfig) -> Piece:
        """The piece that begins with a decision and takes so many tokens at most."""
        return Piece(first, min(first - (-length // tokens.stride), len(trial)), length)


def require_fits(tokens: TokenConfig, task: Task) -> None:
    """Sees that tokens can hold a task, and their targets its actions.

    Raises:
        DataError: TASK_UNSUPPORTED.
    """
    for what, has, most in (("actions", task.num_actions, tokens.max_actions), ("states", task.num_states, tokens.num_states)):
        if has > most:
            raise DataError("TASK_UNSUPPORTED", f"task {task.id!r} has {has} {what}, the model knows {most}: train one for more")
    if task.dim != tokens.dim and (task.dim > 0 or tokens.by_features):
        raise DataError("TASK_UNSUPPORTED", f"arms of task {task.id!r} have {task.dim} features, those of the model {tokens.dim}")


def arms_of(trial: Trial, task: Task) -> Floats | None:
    """Features of the arms at each decision, [N, A, d]; None where arms have none."""
    if task.dim == 0:
        return None
    features = trial.step_features if task.fresh_arms else trial.trial_features
    if features is None:
        raise DataError("DATASET_CORRUPT", f"trial {trial.trial_id} has no features of its arms: restore it from a backup")
    return features if task.fresh_arms else np.broadcast_to(features, (len(trial), *features.shape))


def write_tokens(
    target: Floats, tokens: TokenConfig, task: Task, trial: Trial, piece: Piece, hidden: float, draws: Draws
) -> None:
    """Writes the tokens of a piece of a trial.

    Args:
        target: [L, F], zeros.
        hidden: share of the outcomes that are left out.
        draws: gives uniforms for so many outcomes, one for each, in their order.
    """
    stride, length = tokens.stride, piece.length
    arms = arms_of(trial, task)
    if trial.rewards is None or trial.terminated is None or trial.truncated is None:
        raise DataError("DATASET_CORRUPT", f"trial {trial.trial_id} has no rewards or ends: restore it from a backup")

    # What decisions are made in.
    decisions = np.arange(piece.first, piece.end)
    situations = (decisions - piece.first) * stride
    if arms is not None and tokens.arms_size > 0:
        target[situations, : task.num_actions * task.dim] = arms[decisions].reshape(len(decisions), -1)
    column = tokens.arms_size
    states: npt.NDArray[np.int32] = np.zeros(len(trial), np.int32)  # where there is one state
    led_to = states
    if task.num_states > 1:
        if trial.observations is None or trial.next_observations is None:
            raise DataError("DATASET_CORRUPT", f"trial {trial.trial_id} has no observations: restore it from a backup")
        states, led_to = trial.observations, trial.next_observations
    if tokens.states > 0:
        target[situations, column + states[decisions]] = 1
        column += tokens.states
    target[situations, column] = trial.steps[decisions] / tokens.horizon
    target[situations, column + 1] = trial.steps[decisions] == 0

    # What came of decisions; of the one before the piece, too.
    each = np.arange(max(0, piece.first - 1), piece.end)
    after = (each - piece.first) * stride + 1
    shown = (after >= 0) & (after < min(length, (piece.end - piece.first) * stride))
    if hidden > 0:
        shown[shown] = draws(int(shown.sum())) >= hidden
    at, places = each[shown], after[shown]
    column = tokens.situation_size
    if tokens.is_whole:
        if tokens.states > 0:
            target[places, column + states[at]] = 1
        target[places, column + tokens.states] = trial.steps[at] / tokens.horizon
        column += tokens.origin_size
    actions = trial.actions[at]
    rewards = (trial.rewards[at].astype(np.float64) - tokens.reward_mean) / tokens.reward_std
    if tokens.by_features:
        assert arms is not None  # require_fits
        taken = arms[at, actions].astype(np.float64)
        target[places, column : column + task.dim] = taken
        target[places, column + task.dim : column + 2 * task.dim] = rewards[:, None] * taken
    else:
        target[places, column + actions] = 1
    column += tokens.action_size
    target[places, column] = rewards
    target[places, column + 1] = 1
    target[places, column + 2] = trial.terminated[at]
    target[places, column + 3] = trial.truncated[at]
    if tokens.is_whole and tokens.states > 0:
        known = led_to[at] >= 0
        target[places[known], column + 4 + led_to[at][known]] = 1


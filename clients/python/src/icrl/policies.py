"""The policies of a session: turns observations into what policies see, and their choices into actions."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ._proto.icrl.v1 import environment_pb2 as pb
from .agents import Agent, Outcome, VectorOutcome, VectorTurn
from .errors import IcrlError
from .options import OptionValue
from .rng import Rng, Rngs
from .task import shape_of, trial_of
from .tensors import array_of, tensor_of


class Policies(Protocol):
    """The policies of one open, for N envs."""

    def respond(self, observations: pb.Observations) -> pb.Actions | None:
        """Lets policies learn from what came of their last actions, begins those whose trial begins, and chooses the next actions; None where
        no env wants one."""


def policies_for(agent: Agent, options: Mapping[str, OptionValue], opened: pb.Opened) -> Policies:
    """Policies of an agent, its options resolved, for an opened task."""
    return (_VectorPolicies if agent.vectorised else _ScalarPolicies)(agent, options, opened)


class _Shown:
    """An observations message as arrays of N, with what is absent filled in."""

    def __init__(self, message: pb.Observations, opened: pb.Opened, acted: npt.NDArray[np.bool_]) -> None:
        shape = shape_of(opened.task)
        n = opened.num_envs

        def field(name: str, otherwise: Any) -> Any:
            return array_of(getattr(message, name)) if message.HasField(name) else otherwise

        self.reward = field("reward", np.zeros(n, np.float32))
        self.terminated = field("terminated", np.zeros(n, bool))
        self.truncated = field("truncated", np.zeros(n, bool))
        self.active = field("active", np.ones(n, bool))
        self.executed = field("executed_action", None)
        self.acted = acted if message.HasField("reward") else np.zeros(n, bool)
        observation = field("observation", None)
        self.state = observation if shape.discrete and observation is not None else np.zeros(n, np.int32)
        self.arms = observation if shape.fresh_arms else None
        self.next_state = self.state
        final = field("final_observation", None)
        if shape.discrete and final is not None:
            self.next_state = self.state.copy()
            self.next_state[self.terminated | self.truncated] = final


class _ScalarPolicies:
    """One policy for each trial."""

    def __init__(self, agent: Agent, options: Mapping[str, OptionValue], opened: pb.Opened) -> None:
        self._agent = agent
        self._options = options
        self._opened = opened
        self._shape = shape_of(opened.task)
        n = opened.num_envs
        self._policies: list[Any] = [None] * n
        self._views = [Outcome() for _ in range(n)]
        self._acted = np.zeros(n, bool)
        self._actions = np.zeros(n, np.int32)

    def respond(self, observations: pb.Observations) -> pb.Actions | None:
        shown = _Shown(observations, self._opened, self._acted)
        if shown.acted.any():
            self._learn(shown)
        for start in observations.trial_starts:
            self._begin(start)
        self._acted = shown.active
        return self._choose(observations.step_index, shown) if shown.active.any() else None

    def _begin(self, start: pb.TrialStart) -> None:
        arms = None
        if start.HasField("trial_features") and self._shape.dim > 0 and not self._shape.fresh_arms:
            arms = array_of(start.trial_features).reshape(-1, self._shape.dim)
        trial = trial_of(self._opened.task, arms)
        self._policies[start.env] = self._agent.make(trial, Rng(start.agent_seed), **self._options)
        self._views[start.env] = Outcome(arms=arms)

    def _learn(self, shown: _Shown) -> None:
        # Python's own numbers: what is read of an array one by one is slow, and surprises where it is kept.
        executed = (self._actions if shown.executed is None else shown.executed).tolist()
        rewards, next_states = shown.reward.tolist(), shown.next_state.tolist()
        terminated, truncated = shown.terminated.tolist(), shown.truncated.tolist()
        for n in np.flatnonzero(shown.acted).tolist():
            view = self._views[n]
            view.action = executed[n]
            view.reward = rewards[n]
            view.next_state = next_states[n]
            view.terminated = terminated[n]
            view.truncated = truncated[n]
            observe = getattr(self._policies[n], "observe", None)
            if observe is not None:
                observe(view)
            if view.terminated or view.truncated:
                view.episode += 1
                view.step = 0
            else:
                view.step += 1

    def _choose(self, step_index: int, shown: _Shown) -> pb.Actions:
        n, num_actions = self._opened.num_envs, self._shape.num_actions
        wanted = self._opened.want_probabilities
        actions = np.zeros(n, np.int32)
        propensities = np.full(n, np.nan, np.float32)
        laws = np.full((n, num_actions), np.nan, np.float32) if wanted else None
        states = shown.state.tolist()
        for env in np.flatnonzero(shown.active).tolist():
            policy, view = self._policies[env], self._views[env]
            view.state = states[env]
            if shown.arms is not None:
                view.arms = shown.arms[env]
            law = _law_of(policy, view, num_actions) if wanted else None
            action = _checked(self._agent, policy.act(view), num_actions)
            actions[env] = action
            propensity = getattr(policy, "propensity", None)
            if law is None and wanted and propensity == 1:
                law = np.zeros(num_actions)  # a sure choice is a law
                law[action] = 1
            if laws is not None and law is not None:
                laws[env] = law
                if propensity is None or propensity != propensity:
                    propensity = float(law[action])
            if propensity is not None:
                propensities[env] = propensity
        self._actions = actions
        return _answer(step_index, actions, propensities, laws)


class _VectorPolicies:
    """One policy over all envs."""

    def __init__(self, agent: Agent, options: Mapping[str, OptionValue], opened: pb.Opened) -> None:
        self._agent = agent
        self._opened = opened
        self._shape = shape_of(opened.task)
        n = opened.num_envs
        self._rngs = Rngs(n)
        self._policy = agent.make(trial_of(opened.task, None), n, self._rngs, **options)
        fixed = self._shape.dim > 0 and not self._shape.fresh_arms
        self._arms = np.zeros((n, self._shape.num_actions, self._shape.dim), np.float32) if fixed else None
        self._acted = np.zeros(n, bool)
        self._turn: VectorTurn | None = None
        self._actions: npt.NDArray[np.int32] = np.zeros(n, np.int32)
        self._episode = np.zeros(n, np.int32)
        self._step = np.zeros(n, np.int32)

    def respond(self, observations: pb.Observations) -> pb.Actions | None:
        shown = _Shown(observations, self._opened, self._acted)
        if self._turn is not None and shown.acted.any():
            self._learn(self._turn, shown)
        starts = observations.trial_starts
        if starts and self._arms is not None:
            self._arms = self._arms.copy()  # earlier turns show it
        for start in starts:
            self._rngs.seed(start.env, start.agent_seed)
            self._episode[start.env] = self._step[start.env] = 0
            if self._arms is not None and start.HasField("trial_features"):
                self._arms[start.env] = array_of(start.trial_features).reshape(self._arms.shape[1:])
        arms = self._arms if shown.arms is None else shown.arms
        turn = VectorTurn(shown.active, shown.state, arms, self._episode.copy(), self._step.copy())
        self._turn = turn
        self._acted = shown.active
        if starts:
            self._policy.begin(np.array([start.env for start in starts], np.intp), turn)
        return self._choose(observations.step_index, turn) if shown.active.any() else None

    def _learn(self, turn: VectorTurn, shown: _Shown) -> None:
        action = self._actions if shown.executed is None else shown.executed
        ends = shown.terminated | shown.truncated
        observe = getattr(self._policy, "observe", None)
        if observe is not None:
            observe(
                VectorOutcome(
                    *(shown.acted, turn.state, turn.arms, turn.episode, turn.step),
                    *(action, shown.reward, shown.next_state, shown.terminated, shown.truncated),
                )
            )
        self._episode[shown.acted & ends] += 1
        self._step[shown.acted] += 1
        self._step[ends] = 0

    def _choose(self, step_index: int, turn: VectorTurn) -> pb.Actions:
        n, num_actions = self._opened.num_envs, self._shape.num_actions
        laws = None
        if self._opened.want_probabilities:
            probabilities = getattr(self._policy, "probabilities", None)
            law = None if probabilities is None else probabilities(turn)
            laws = np.full((n, num_actions), np.nan, np.float32)
            if law is not None:
                laws[:] = law
        chosen = np.asarray(self._policy.act(turn))
        if chosen.shape != (n,) or chosen.dtype.kind not in "iu":
            shown = f"{chosen.dtype} of shape {chosen.shape}"
            raise IcrlError("ACTION_OUT_OF_RANGE", f'agent "{self._agent.name}" chose {shown}: actions are integers [{n}]')
        actions = np.where(turn.active, chosen, 0).astype(np.int32)
        wrong = (actions < 0) | (actions >= num_actions)
        if wrong.any():
            _checked(self._agent, int(chosen[wrong][0]), num_actions)
        propensities = np.full(n, np.nan, np.float32)
        known = getattr(self._policy, "propensities", None)
        if known is not None:
            propensities[:] = known
        if laws is not None:
            rows = np.arange(n)
            sure = np.isnan(laws[:, 0]) & (propensities == 1)
            laws[sure] = 0
            laws[rows[sure], actions[sure]] = 1
            unknown = np.isnan(propensities)
            propensities[unknown] = laws[rows[unknown], actions[unknown]]
        propensities[~turn.active] = np.nan
        self._actions = actions
        return _answer(step_index, actions, propensities, laws)


def _law_of(policy: Any, view: Outcome, num_actions: int) -> npt.NDArray[np.float64] | None:
    probabilities = getattr(policy, "probabilities", None)
    law = None if probabilities is None else probabilities(view)
    if law is None:
        return None
    law = np.asarray(law, np.float64)
    if law.shape != (num_actions,):
        raise IcrlError("PROBABILITIES_INVALID", f"probabilities have shape {law.shape}: give [{num_actions}]")
    return None if np.isnan(law[0]) else law


def _checked(agent: Agent, action: Any, num_actions: int) -> int:
    try:
        number = operator.index(action)
    except TypeError:
        number = -1
    if 0 <= number < num_actions:
        return number
    raise IcrlError(
        "ACTION_OUT_OF_RANGE",
        f'agent "{agent.name}" chose {action!r}: an action is an integer in [0, {num_actions})',
        {"action": str(action), "num_actions": str(num_actions)},
    )


def _answer(
    step_index: int,
    actions: npt.NDArray[np.int32],
    propensities: npt.NDArray[np.float32],
    laws: npt.NDArray[np.float32] | None,
) -> pb.Actions:
    answer = pb.Actions(step_index=step_index, actions=tensor_of(actions))
    if not np.isnan(propensities).all():
        answer.propensities.CopyFrom(tensor_of(propensities))
    if laws is not None and not np.isnan(laws[:, 0]).all():
        answer.probabilities.CopyFrom(tensor_of(laws))
    return answer

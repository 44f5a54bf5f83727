"""What an agent is: a name, the tasks it plays, a table of options, and what makes its policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .options import Option, OptionValue, resolve_options
from .rng import Rng, Rngs

#: Features of arms [A, d], float32: row a those of arm a.
Arms = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RewardSpec:
    """How rewards are distributed.

    Attributes:
        kind: "gaussian", "bernoulli" or "deterministic".
        min, max: inclusive bounds of one step's reward; None where there is none.
        noise_std: standard deviation of the noise where it is the same everywhere, else None.
    """

    kind: str
    min: float | None
    max: float | None
    noise_std: float | None


@dataclass(frozen=True)
class Trial:
    """What an agent may know when a trial begins.

    Attributes:
        task: name of the task's family.
        task_options: its options, resolved.
        kinds: what an algorithm can rely on: "bandit", "linear", "bernoulli", "tabular-mdp".
        num_actions: number of actions A; an action is an integer 0 <= a < A.
        num_states: number of states where the observation is one integer; 1 for bandits.
        dim: features of an arm d; 0 where arms have none.
        arms: [A, d] features of arms that are fixed for the trial; None where there are none, or each step has fresh ones.
        horizon: most steps of an episode.
        episodes: episodes of the trial.
        reward: how rewards are distributed.
    """

    task: str
    task_options: Mapping[str, Any]
    kinds: tuple[str, ...]
    num_actions: int
    num_states: int
    dim: int
    arms: Arms | None
    horizon: int
    episodes: int
    reward: RewardSpec


@dataclass
class Turn:
    """What a policy sees when it must act. The object is used again for the next turn, its arrays are not.

    Attributes:
        state: observed state, 0 <= state < num_states; 0 for bandits.
        arms: [A, d] features now, the trial's or this step's; None where arms have none.
        episode: episode of the trial, from 0.
        step: step of the episode, from 0.
    """

    state: int = 0
    arms: Arms | None = None
    episode: int = 0
    step: int = 0


@dataclass
class Outcome(Turn):
    """What came of an action; the turn's attributes are those that it was chosen at. Used again, as a turn is.

    Attributes:
        action: what was really done: not always what the policy chose (where it labels somebody else's trajectory).
        reward: its reward.
        next_state: the state after it; at an episode's end the last one of that episode.
        terminated: whether the episode ended by the task's own horizon or goal.
        truncated: whether it was cut short from outside.
    """

    action: int = 0
    reward: float = 0.0
    next_state: int = 0
    terminated: bool = False
    truncated: bool = False


class Policy(Protocol):
    """The memory of one trial. `act` is all that it must have; `observe`, `probabilities` and `propensity` it may."""

    def act(self, turn: Turn) -> int:
        """Chooses an action, 0 <= action < num_actions.

        `observe(outcome)` learns from what came of it. `probabilities(turn)` gives [A], the chance with which `act` would choose each action
        at this turn, or None where that is not known; it is asked before `act`, only where it is wanted, draws nothing and changes nothing.
        `propensity` is the chance with which the last action was chosen: 1 where it was sure, NaN where that is not known.
        """


@dataclass
class VectorTurn:
    """What a policy over N envs sees when it must act. Its arrays may be kept.

    Attributes:
        active: [N] bool, the envs that want an action; what is chosen for the others is ignored.
        state: [N] int32, 0 for bandits.
        arms: [N, A, d] float32, the trials' or this step's; None where arms have none.
        episode: [N] int32, episode of each env's trial, from 0.
        step: [N] int32, step of the episode, from 0.
    """

    active: npt.NDArray[np.bool_]
    state: npt.NDArray[np.int32]
    arms: npt.NDArray[np.float32] | None
    episode: npt.NDArray[np.int32]
    step: npt.NDArray[np.int32]


@dataclass
class VectorOutcome(VectorTurn):
    """What came of the last actions, where `active` says that the env took one; the turn's attributes are those that they were chosen at.

    Attributes:
        action: [N] int32, what was really done.
        reward: [N] float32.
        next_state: [N] int32; at an episode's end the last state of that episode.
        terminated, truncated: [N] bool, how episodes ended.
    """

    action: npt.NDArray[np.int32]
    reward: npt.NDArray[np.float32]
    next_state: npt.NDArray[np.int32]
    terminated: npt.NDArray[np.bool_]
    truncated: npt.NDArray[np.bool_]


class VectorPolicy(Protocol):
    """The memory of a trial in each of N envs. `begin` and `act` are what it must have; `observe`, `probabilities` ([N, A] or None) and
    `propensities` ([N]) it may."""

    def begin(self, envs: npt.NDArray[np.intp], turn: VectorTurn) -> None:
        """Trials begin in these envs: what was learnt in them is forgotten. Their streams of random numbers begin anew, too."""

    def act(self, turn: VectorTurn) -> npt.ArrayLike:
        """[N] actions."""


@dataclass(frozen=True)
class Agent:
    """An agent. `agent` makes one.

    Attributes:
        name: kebab-case; who acted, in the log.
        version: raised whenever the same seeds would give other actions.
        make: makes the policy of one trial of (trial, rng, **options), or the policy over N envs of (task, num_envs, rngs, **options).
        tasks: names or kinds of the tasks that it plays; empty: any.
        options: its table of options.
        summary: one sentence.
        source: where the algorithm is from.
        vectorised: whether it has one policy over all envs.
    """

    name: str
    version: str
    make: Callable[..., Any]
    tasks: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    summary: str = ""
    source: str = ""
    vectorised: bool = False

    def resolved(self, given: Mapping[str, Any]) -> dict[str, OptionValue]:
        """All its options, with the values that are given.

        Raises:
            IcrlError: OPTION_UNKNOWN, OPTION_INVALID.
        """
        return resolve_options(self.options, given, f'agent "{self.name}"')

    def policy(self, trial: Trial, rng: Rng, options: Mapping[str, Any] | None = None) -> Any:
        """The policy of one trial, all whose randomness comes from `rng`."""
        return self.make(trial, rng, **self.resolved(options or {}))

    def vector_policy(self, task: Trial, num_envs: int, rngs: Rngs, options: Mapping[str, Any] | None = None) -> Any:
        """The policy over N envs, all whose randomness comes from `rngs`, which whoever plays seeds where a trial begins."""
        return self.make(task, num_envs, rngs, **self.resolved(options or {}))


def agent(
    *,
    name: str,
    version: str,
    tasks: Sequence[str] = (),
    options: Mapping[str, Option] | None = None,
    summary: str = "",
    source: str = "",
    vectorised: bool = False,
) -> Callable[[Callable[..., Any]], Agent]:
    """Makes an agent of a class, or of any function that makes its policies.

        @icrl.agent(name="greedy", version="1", tasks=["bandit"], options={"start": icrl.number(0.0, help="first estimate of a mean")})
        class Greedy:
            def __init__(self, trial, rng, start): ...
            def act(self, turn): ...
            def observe(self, outcome): ...

    The class is made once for each trial, with the trial, a stream of random numbers that is the trial's own, and the options by name. With
    `vectorised` it is made once for all N envs of a session, with the task (a `Trial` without arms), N and `Rngs`: see `VectorPolicy`.

    Args:
        name: kebab-case; who acted, in the log.
        version: raised whenever the same seeds would give other actions.
        tasks: names or kinds of tasks that it plays ("linear-bandit", "bandit", "linear", "bernoulli", "tabular-mdp"); empty: any.
        options: a table of `number`, `integer`, `choice`, `boolean` and `text`.
        summary: one sentence, for --help.
        source: where the algorithm is from, for --help.
        vectorised: whether what is decorated is a `VectorPolicy`.
    """

    def decorated(make: Callable[..., Any]) -> Agent:
        return Agent(name, version, make, tuple(tasks), dict(options or {}), summary, source, vectorised)

    return decorated

"""One env of a task, as Gymnasium has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

import gymnasium
import numpy as np
from gymnasium import spaces

from ..errors import IcrlError
from .infos import info_of
from .lockstep import LockStep, Step
from .settings import check_options, check_unit, settings_of
from .spaces import action_space_of, observation_space_of


class IcrlEnv(gymnasium.Env[Any, Any]):
    """A task of icrl: `gymnasium.make("icrl/linear-bandit-v1", address="127.0.0.1:50551", dim=10)`.

    Observations are arms [A, d], float32, where arms have features; else the state, an integer; 0 where nothing is shown. Actions are
    integers. Every call gives arrays of its own.

    `reset(seed=S)` begins the series of trials of seed S; `reset()` goes on in it, with the trial's next episode and after its last one with
    the next trial; with unit "trial" with the next trial. An episode, or a trial, of which no step was taken stays as it is. Without any
    seed the first reset draws one.

    `info` has `episode`, the episode of the trial; `trial_start`, whether a trial begins; and `trial_end`, whether it ended with this step: then
    `trial_return` is the sum of the trial's rewards, and of a complete one `optimal_value` is what the best policy expects and `regret` what
    this one lost, in expectation. With unit "trial" the ends of the trial's episodes but the last one are in `episode_end`, with the
    episode's last observation in `last_observation`; the observation is the first one of the next.

    It connects when it is first used. Copies, pickles and forked processes have a session of their own, which begins with reset.
    """

    metadata = {"render_modes": []}

    def __init__(
        self,
        task: str,
        address: str | None = None,
        *,
        unit: str = "episode",
        agent: str = "gymnasium",
        record: bool | None = None,
        tags: Mapping[str, str] | None = None,
        connect: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """
        Args:
            task: name of a task's family.
            address: HOST:PORT of a server; None: a private one, which all environments of this process share, and which ends with the last
                of them. It is started by ICRL_COMMAND of the environment, else by `icrl` on the PATH, else by npx.
            unit: what an episode is: "episode", or "trial" for all episodes on one instance.
            agent: the name that the log shows as the agent's.
            record: whether trajectories go to the server's log; absent: where an address is given.
            tags: free labels of what is recorded.
            connect: further arguments of `icrl.connect`: token, ca, timeout, on_reconnect, ...
            render_mode: None; there is nothing to render.
            options: options of the task that differ from their defaults.
        """
        self._unit = check_unit(unit)
        if render_mode is not None:
            raise IcrlError("OPTION_INVALID", f'render_mode is "{render_mode}": there is none but None')
        self.render_mode = None
        self._core = LockStep(settings_of(task, address, agent, record, tags, connect or {}, options), 1)
        self._over = True

    @property
    def observation_space(self) -> spaces.Space[Any]:  # type: ignore[override]
        """Asks the server, the first time."""
        if "_observation_space" not in self.__dict__:
            self._observation_space = observation_space_of(self._core.task)
        return self._observation_space

    @property
    def action_space(self) -> spaces.Space[Any]:  # type: ignore[override]
        """Asks the server, the first time."""
        if "_action_space" not in self.__dict__:
            self._action_space = action_space_of(self._core.task)
        return self._action_space

    def reset(self, *, seed: Optional[int] = None, options: Optional[dict[str, Any]] = None) -> tuple[Any, dict[str, Any]]:
        """The first observation of the next episode, or of the series of a seed.

        Raises:
            IcrlError: OPTION_UNKNOWN for any options; the server's reason.
        """
        super().reset(seed=seed)
        check_options(options)
        core = self._core
        if seed is not None or not core.is_open:
            series = int(self.np_random.integers(1 << 63)) if seed is None else seed
            self._shown = core.begin([series]).observation
        elif (core.trial_steps if self._unit == "trial" else core.steps)[0] > 0:
            self._shown = core.reset([0], self._unit == "trial").observation
        self._over = False
        return self._observation(self._shown), info_of(core, 0, None, self._unit)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Takes an action, an integer.

        Raises:
            IcrlError: PROTOCOL_ORDER where the episode is over, or nothing was reset; ACTION_OUT_OF_RANGE.
        """
        core = self._core
        if self._over or not core.is_open:
            raise IcrlError("PROTOCOL_ORDER", "the episode is over, or none has begun here: call reset first")
        if not self.action_space.contains(action):
            text = f"action {action!r} is none of {self.action_space}"
            raise IcrlError("ACTION_OUT_OF_RANGE", text, {"action": str(action), "num_actions": str(core.task.num_actions)})
        step = core.step(np.array([action]))
        self._shown = step.observation
        terminated, truncated = ends_of(step, self._unit)
        self._over = bool(terminated[0] or truncated[0])
        shown = step.final if self._over else step.observation
        info = info_of(core, 0, step, self._unit)
        return self._observation(shown), float(step.reward[0]), bool(terminated[0]), bool(truncated[0]), info

    def close(self) -> None:
        """Ends what is played, and leaves the server. A second time it does nothing; reset begins again."""
        self._over = True
        self._core.close()

    def _observation(self, shown: Any) -> Any:
        return np.int64(shown[0]) if shown.ndim == 1 else shown[0].copy()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.pop("_shown", None)
        return {**state, "_over": True}


def ends_of(step: Step, unit: str) -> tuple[Any, Any]:
    """[N] whose episode terminated and was truncated, by the unit."""
    if unit == "episode":
        return step.terminated, step.truncated
    return step.trial_ended & ~step.truncated, step.trial_ended & step.truncated

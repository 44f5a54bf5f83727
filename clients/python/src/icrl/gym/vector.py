"""N envs of a task in lock-step, as Gymnasium's vector environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ..errors import IcrlError
from .env import ends_of
from .infos import Infos, put_reset, put_step
from .lockstep import Bools, LockStep
from .settings import check_options, check_unit, settings_of
from .spaces import action_space_of, observation_space_of


class IcrlVectorEnv(VectorEnv[Any, Any, Any]):
    """N envs of a task in one session: `gymnasium.make_vec("icrl/river-swim-v1", num_envs=256, address="127.0.0.1:50551")`.

    Spaces, units, seeds and infos are those of `IcrlEnv`, env by env, and the whole is what Gymnasium's SyncVectorEnv over N of those gives,
    in every autoreset mode: `NEXT_STEP`, where an episode that has ended is followed by a step that takes none and shows the next one's first
    observation; `SAME_STEP`, where that is shown at once, and what ended is in `final_obs` and `final_info`; `DISABLED`, where
    `reset(options={"reset_mask": mask})` begins what comes next in the envs of the mask, and the others wait.

    `reset(seed=S)` seeds env i with S + i, a list each env by itself.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        num_envs: int,
        task: str,
        address: str | None = None,
        *,
        unit: str = "episode",
        autoreset_mode: Union[AutoresetMode, str] = AutoresetMode.NEXT_STEP,
        agent: str = "gymnasium",
        record: bool | None = None,
        tags: Mapping[str, str] | None = None,
        connect: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """
        Args:
            num_envs: N.
            autoreset_mode: what follows the end of an episode.
            task, address, unit, agent, record, tags, connect, render_mode, options: as of `IcrlEnv`.
        """
        if num_envs < 1:
            raise IcrlError("ENVS_INVALID", f"num_envs is {num_envs}: give at least 1")
        if render_mode is not None:
            raise IcrlError("OPTION_INVALID", f'render_mode is "{render_mode}": there is none but None')
        self._unit = check_unit(unit)
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self._core = LockStep(settings_of(task, address, agent, record, tags, connect or {}, options), num_envs)
        self._over = np.ones(num_envs, bool)  # whose episode is over, and the next one is not shown yet

    @property
    def single_observation_space(self) -> spaces.Space[Any]:  # type: ignore[override]
        """Asks the server, the first time."""
        return self._spaces()[0]

    @property
    def single_action_space(self) -> spaces.Space[Any]:  # type: ignore[override]
        """Asks the server, the first time."""
        return self._spaces()[1]

    @property
    def observation_space(self) -> spaces.Space[Any]:  # type: ignore[override]
        """Of all N envs."""
        return self._spaces()[2]

    @property
    def action_space(self) -> spaces.Space[Any]:  # type: ignore[override]
        """Of all N envs."""
        return self._spaces()[3]

    def _spaces(self) -> tuple[spaces.Space[Any], ...]:
        if "_made_spaces" not in self.__dict__:
            single = (observation_space_of(self._core.task), action_space_of(self._core.task))
            self._made_spaces = (*single, *(batch_space(space, self.num_envs) for space in single))
        return self._made_spaces

    def reset(
        self,
        *,
        seed: Optional[Union[int, Sequence[Optional[int]]]] = None,
        options: Optional[dict[str, Any]] = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begins what comes next in all envs, or in those of `options["reset_mask"]`, bool [N], as `IcrlEnv.reset` does in one.

        Raises:
            ValueError, TypeError: for seeds or a mask that are not of N.
            IcrlError: OPTION_UNKNOWN for other options; the server's reason.
        """
        super().reset(seed=seed if isinstance(seed, int) else None)
        given = dict(options or {})
        mask = _checked_mask(given.pop("reset_mask"), self.num_envs) if "reset_mask" in given else None
        check_options(given)
        seeds = _seeds_of(seed, self.num_envs)
        core, infos = self._core, Infos(self.num_envs)
        envs = np.ones(self.num_envs, bool) if mask is None else mask
        if not core.is_open or (mask is None and all(one is not None for one in seeds)):
            drawn = self.np_random.integers(1 << 63, size=self.num_envs).tolist()
            self._shown = core.begin([own if one is None else one for one, own in zip(seeds, drawn)]).observation
            self._over[:] = False
            envs = np.ones(self.num_envs, bool)
        else:
            self._begin_next(envs, seeds)
        put_reset(infos, core, envs)
        return self._shown.copy(), infos.arrays

    def _begin_next(self, envs: Bools, seeds: Sequence[int | None]) -> None:
        core = self._core
        apart = {env: one for env, one in enumerate(seeds) if one is not None and envs[env]}
        begun = (core.trial_steps if self._unit == "trial" else core.steps) > 0
        early = [env for env in np.flatnonzero(envs & begun).tolist() if env not in apart]
        if early:
            core.reset(early, self._unit == "trial")
        if apart:
            core.begin_apart(apart)
        now = core.shown()
        self._shown = np.where(_rows(envs, now), now, self._shown)
        self._over &= ~envs

    def step(self, actions: Any) -> tuple[Any, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], dict[str, Any]]:
        """Takes an action in each env, integers [N].

        Raises:
            IcrlError: PROTOCOL_ORDER where nothing was reset, or in mode DISABLED an env whose episode is over was not; ACTION_OUT_OF_RANGE.
        """
        core, n = self._core, self.num_envs
        if not core.is_open:
            raise IcrlError("PROTOCOL_ORDER", "nothing is open here: call reset first")
        over, waits = self._over, bool(self._over.any())
        if waits and self.autoreset_mode == AutoresetMode.DISABLED:
            text = f"the episodes of envs {np.flatnonzero(over).tolist()} are over: reset them first, by reset_mask"
            raise IcrlError("PROTOCOL_ORDER", text)
        step = core.step(self._checked_actions(actions, over), over if waits else None)
        infos = Infos(n)
        terminated, truncated = ends_of(step, self._unit)
        ended = terminated | truncated
        took = ~over
        if self.autoreset_mode == AutoresetMode.SAME_STEP:
            put_step(infos, core, step, self._unit, took & ~ended)
            self._shown = step.observation
            if step.some_ended and ended.any():
                self._put_final(infos, step, ended)
                put_reset(infos, core, ended)
        else:
            put_step(infos, core, step, self._unit, took)
            self._shown = step.final if self._unit == "episode" else np.where(_rows(ended, step.final), step.final, step.observation)
            if waits:
                put_reset(infos, core, over)
            self._over = ended
        return self._shown.copy(), step.reward, terminated.copy(), truncated.copy(), infos.arrays

    def close_extras(self, **kwargs: Any) -> None:
        """Ends what is played, and leaves the server."""
        core = getattr(self, "_core", None)
        if core is not None:
            core.close()

    def _checked_actions(self, actions: Any, over: Bools) -> npt.NDArray[np.int32]:
        chosen, num_actions = np.asarray(actions), self._core.task.num_actions
        if chosen.shape != (self.num_envs,) or chosen.dtype.kind not in "iu":
            shown = f"{chosen.dtype} of shape {chosen.shape}"
            raise IcrlError("ACTION_OUT_OF_RANGE", f"actions are {shown}: give integers [{self.num_envs}]")
        wrong = ((chosen < 0) | (chosen >= num_actions)) & ~over
        if wrong.any():
            action = int(chosen[wrong][0])
            text = f"action {action} of env {int(np.flatnonzero(wrong)[0])} is not in [0, {num_actions})"
            raise IcrlError("ACTION_OUT_OF_RANGE", text, {"action": str(action), "num_actions": str(num_actions)})
        return np.where(over, 0, chosen).astype(np.int32, copy=False)

    def _put_final(self, infos: Infos, step: Any, ended: Bools) -> None:
        """What ended, where it is not what is shown: an object array of observations, and the infos of the envs that have one."""
        final = np.full(self.num_envs, None, object)
        # Elements of their own: integers of numpy's, or arrays.
        final[ended] = np.fromiter(step.final[ended], object, int(ended.sum()))
        infos.arrays["final_obs"], infos.arrays["_final_obs"] = final, ended.copy()
        of_final = Infos(self.num_envs)
        put_step(of_final, self._core, step, self._unit, ended)
        infos.arrays["final_info"], infos.arrays["_final_info"] = of_final.arrays, ended.copy()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.pop("_shown", None)
        return {**state, "_over": np.ones(self.num_envs, bool)}


def _rows(envs: Bools, like: npt.NDArray[Any]) -> Bools:
    return envs.reshape(-1, *(1 for _ in like.shape[1:]))


def _seeds_of(seed: Any, num_envs: int) -> list[int | None]:
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + i for i in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(f"there are {len(seed)} seeds for {num_envs} envs: give one for each")
    return [None if one is None else int(one) for one in seed]


def _checked_mask(mask: Any, num_envs: int) -> Bools:
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        raise TypeError(f"reset_mask is {type(mask).__name__}: give a numpy array of bool")
    if mask.shape != (num_envs,):
        raise ValueError(f"reset_mask has shape {mask.shape}: give [{num_envs}]")
    if not mask.any():
        raise ValueError("reset_mask has no env: give at least one")
    return mask.copy()

"""What infos say: facts of the trial, and nothing that differs between two runs of the same seed and actions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .lockstep import Bools, LockStep, Step

#: What is said of a trial at its end, where it is known.
TRIAL_FACTS = ("trial_return", "optimal_value", "regret")


def info_of(core: LockStep, env: int, step: Step | None, unit: str) -> dict[str, Any]:
    """The info of one env: of a reset, or of a step."""
    if step is None:
        return {"episode": int(core.episode[env]), "trial_start": bool(core.trial_steps[env] == 0), "trial_end": False}
    ended = bool(step.terminated[env] or step.truncated[env])
    trial_ended = bool(step.trial_ended[env])
    # The core has moved on to what comes next: of what ended the episode is the one before.
    info: dict[str, Any] = {
        "episode": int(core.ended_episode[env] if ended else core.episode[env]),
        "trial_start": False,
        "trial_end": trial_ended,
    }
    end = step.ends.get(env)
    if end is not None:
        for fact in TRIAL_FACTS:
            if fact == "trial_return" or end.HasField(fact):
                info[fact] = float(getattr(end, fact))
    if unit == "trial" and ended and not trial_ended:
        last = step.final[env]
        info["episode_end"] = True
        info["last_observation"] = np.int64(last) if step.final.ndim == 1 else last.copy()
    return info


class Infos:
    """Infos of N envs in the arrays of Gymnasium's vector environments: `infos[name]` [N], and in `infos["_" + name]` [N] which envs have it."""

    def __init__(self, num_envs: int) -> None:
        self._num_envs = num_envs
        self.arrays: dict[str, Any] = {}

    def put(self, name: str, envs: Bools, values: Any) -> None:
        """These envs have these values, [N] each or [N, ...]. There is at least one such env: a name is there where somebody has it."""
        array = self.arrays.get(name)
        if array is None:
            array = self.arrays[name] = np.zeros(values.shape, values.dtype)
            self.arrays[f"_{name}"] = np.zeros(self._num_envs, bool)
        array[envs] = values[envs]
        self.arrays[f"_{name}"] |= envs


def put_reset(infos: Infos, core: LockStep, envs: Bools) -> None:
    """What `info_of` a reset says, of these envs."""
    if not envs.any():
        return
    infos.put("episode", envs, core.episode)
    infos.put("trial_start", envs, core.trial_steps == 0)
    infos.put("trial_end", envs, np.zeros(len(envs), bool))


def put_step(infos: Infos, core: LockStep, step: Step, unit: str, envs: Bools) -> None:
    """What `info_of` a step says, of these envs."""
    if not envs.any():
        return
    ended = step.terminated | step.truncated
    infos.put("episode", envs, np.where(ended, core.ended_episode, core.episode))
    infos.put("trial_start", envs, np.zeros(len(envs), bool))
    infos.put("trial_end", envs, step.trial_ended)
    if not step.some_ended:
        return
    known = [(env, end) for env, end in step.ends.items() if envs[env]]
    for fact in TRIAL_FACTS if known else ():
        have, values = np.zeros(len(envs), bool), np.zeros(len(envs))
        for env, end in known:
            if fact == "trial_return" or end.HasField(fact):
                have[env], values[env] = True, getattr(end, fact)
        if have.any():
            infos.put(fact, have, values)
    inner = envs & ended & ~step.trial_ended
    if unit == "trial" and inner.any():
        infos.put("episode_end", inner, inner)
        infos.put("last_observation", inner, step.final)

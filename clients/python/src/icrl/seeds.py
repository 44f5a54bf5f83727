"""Where the seeds of a trial come from: docs/seeds.md."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class TrialSeeds:
    """The seeds of one trial, uint64 each: what draws the instance, the environment's noise, and the agent's own randomness."""

    task_seed: int
    noise_seed: int
    agent_seed: int


def hash64(*parts: str) -> int:
    """The first 8 bytes, big-endian, of the SHA-256 of the parts as a JSON array without white space."""
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def trial_seeds(
    task_id: str, trial_index: int, agent: str, seed: int = 0, purpose: str = "play", key: str = "", instances: int | None = None
) -> TrialSeeds:
    """The seeds of a trial of a series.

    Args:
        task_id: the family's name in free play, the task's id in a tournament.
        agent: the agent's name in free play, the entrant's in a tournament.
        key: a tournament's seed key in lower-case hexadecimal digits, where it has one.
        instances: how many the series has, which its trials take in turn; None: each trial has its own.
    """
    of_series = (purpose, str(seed), task_id)
    common = (*of_series, str(trial_index))
    instance = trial_index if instances is None else trial_index % instances
    keys = (key,) if key else ()
    return TrialSeeds(
        task_seed=hash64("icrl.v1", "task", *of_series, str(instance), *keys),
        noise_seed=hash64("icrl.v1", "noise", *common, *keys),
        agent_seed=hash64("icrl.v1", "agent", *common, agent, *keys),
    )

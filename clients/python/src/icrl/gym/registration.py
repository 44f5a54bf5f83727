"""The names by which Gymnasium knows the tasks."""

from __future__ import annotations

import gymnasium

#: Families of tasks with the versions of their dynamics, which are those of the names. A test holds it to what the server has.
TASKS = {
    "banded-mdp": 1,
    "bernoulli-bandit": 1,
    "chain": 1,
    "cliff-walking": 1,
    "dark-key-to-door": 1,
    "dark-room": 1,
    "deep-sea": 1,
    "frozen-lake": 1,
    "gap-bandit": 1,
    "garnet": 1,
    "gaussian-bandit": 1,
    "linear-bandit": 1,
    "maze": 1,
    "odd-even-bandit": 1,
    "one-fixed-arm-bandit": 1,
    "random-mdp": 1,
    "river-swim": 1,
    "taxi": 1,
}


def register_tasks() -> None:
    """Registers every task as `icrl/NAME-vVERSION`. A second time it does nothing."""
    for task, version in TASKS.items():
        name = f"icrl/{task}-v{version}"
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point="icrl.gym.env:IcrlEnv",
                vector_entry_point="icrl.gym.vector:IcrlVectorEnv",
                kwargs={"task": task},
            )

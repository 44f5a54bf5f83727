"""icrl's tasks as Gymnasium environments: `gymnasium.make("icrl/linear-bandit-v1")` and `gymnasium.make_vec`, once `icrl` is imported."""

from .env import IcrlEnv
from .registration import register_tasks
from .vector import IcrlVectorEnv

__all__ = ["IcrlEnv", "IcrlVectorEnv", "register_tasks"]

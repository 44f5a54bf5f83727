"""icrl in Python: agents that play on an icrl server, and its tasks as Gymnasium environments."""

import os
import pkgutil

# Modules that others generate from the protos are `icrl.v1`, wherever they are on the path: they stay what they are beside this package.
__path__ = pkgutil.extend_path(__path__, __name__)

# Read when grpc is imported: without it a forked process, as Gymnasium's AsyncVectorEnv makes them, cannot connect anew.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")

from .agents import (
    Agent,
    Outcome,
    Policy,
    RewardSpec,
    Trial,
    Turn,
    VectorOutcome,
    VectorPolicy,
    VectorTurn,
    agent,
)
from .connection import Connection, connect
from .data import DataError
from .data.open import open_trials as open
from .errors import IcrlError, ServerUnreachableError
from .gym import register_tasks
from .labels import LabelProgress, LabelTotals, label_dataset
from .matches import serve_matches
from .options import Option, boolean, choice, integer, number, text
from .play import PlayProgress, play_agent
from .program import run, run_agent
from .reconnection import Back, Lost, Reconnection
from .results import results
from .rng import Rng, Rngs
from .scores import MeanAndError, PlayTotals
from .server import PrivateServer
from .seeds import TrialSeeds, trial_seeds

register_tasks()  # gymnasium.make("icrl/...") finds them

__all__ = [
    "Agent",
    "Back",
    "Connection",
    "DataError",
    "IcrlError",
    "LabelProgress",
    "LabelTotals",
    "Lost",
    "MeanAndError",
    "Option",
    "Outcome",
    "PlayProgress",
    "PlayTotals",
    "Policy",
    "PrivateServer",
    "Reconnection",
    "RewardSpec",
    "Rng",
    "Rngs",
    "ServerUnreachableError",
    "Trial",
    "TrialSeeds",
    "Turn",
    "VectorOutcome",
    "VectorPolicy",
    "VectorTurn",
    "agent",
    "boolean",
    "choice",
    "connect",
    "integer",
    "label_dataset",
    "number",
    "open",
    "play_agent",
    "register_tasks",
    "results",
    "run",
    "run_agent",
    "serve_matches",
    "text",
    "trial_seeds",
]

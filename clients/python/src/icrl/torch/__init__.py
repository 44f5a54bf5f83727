"""icrl's transformer in PyTorch: `load` and `save` its checkpoints, `train` it by the files of `icrl train`, let a `Player` play many trials
at once."""

from .config import ModelConfig, TokenConfig
from .load import load, save
from .module import Transformer
from .player import Player
from .train import train

__all__ = ["ModelConfig", "Player", "TokenConfig", "Transformer", "load", "save", "train"]

"""icrl's transformer in PyTorch: `load` and `save` its checkpoints, `train` it by the files of `icrl train`."""

from .config import ModelConfig, TokenConfig
from .load import load, save
from .module import Transformer
from .train import train

__all__ = ["ModelConfig", "TokenConfig", "Transformer", "load", "save", "train"]

"""icrl's transformer in PyTorch: `load` and `save` its checkpoints."""

from .config import ModelConfig, TokenConfig
from .load import load, save
from .module import Transformer

__all__ = ["ModelConfig", "TokenConfig", "Transformer", "load", "save"]

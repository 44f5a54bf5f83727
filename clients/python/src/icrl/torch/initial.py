"""Initial values of a model's parameters: those of `icrl train` for the same seed.

Biases 0, norms 1 and 0, positions N(0, 0.02^2), weights N(0, 1 / inputs); those of a sub-layer's last product are divided by sqrt(2 layers), so
that the sum of all sub-layers has the size of one (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3);
the head's are divided by 10, so that first choices are nearly uniform. Each parameter has a random stream of its own, named as it is.
"""

from __future__ import annotations

import math

import numpy as np

from ..data.rng import Key
from .config import ModelConfig
from .safetensors import Array


def initial_parameters(config: ModelConfig, seed: int) -> dict[str, Array]:
    """Values by name, float32, of a training's seed."""
    key = Key.of(seed).split("parameters")
    return {name: _values(config, key, name, shape) for name, shape in config.parameter_shapes().items()}


def _values(config: ModelConfig, key: Key, name: str, shape: tuple[int, ...]) -> Array:
    if name.endswith(".bias"):
        return np.zeros(shape, np.float32)
    if "norm" in name:
        return np.ones(shape, np.float32)
    normals = key.split(name).normals(math.prod(shape)).reshape(shape)
    return (_deviation(config, name, shape) * normals).astype(np.float32)


def _deviation(config: ModelConfig, name: str, shape: tuple[int, ...]) -> float:
    if name == "position.weight":
        return 0.02
    scale = 1.0
    if name.endswith((".attention.out.weight", ".mlp.down.weight")):
        scale = 1 / math.sqrt(2 * config.layers)
    elif name == "head.weight":
        scale = 0.1
    return scale / math.sqrt(shape[1])

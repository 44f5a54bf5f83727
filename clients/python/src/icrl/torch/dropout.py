"""Dropout by numbers that any device makes alike: those of icrl's engine, so that a training here drops what a training there drops.

An element is kept where a hash of its place is at least the share that is dropped, and then divided by the share that is kept. The hash is
Wellons' lowbias32 of key + place, its highest 24 bits; the key is one of the seed, the sequence's number in the batch and the site in the
model (0: after the embedding; 2 i + 1 and 2 i + 2: the sub-layers of layer i), by the same mixing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Dropout:
    """Drops outputs.

    Attributes:
        share: of the outputs that are dropped, at most 0.9.
        seed: of the pass, below 2^32, a number or a tensor of one, which a compiled pass takes without being compiled anew; None: PyTorch's
            own random numbers.
    """

    share: float
    seed: int | Tensor | None

    def __call__(self, x: Tensor, site: int) -> Tensor:
        """Drops of x [B, L, D] at a site of the model."""
        if self.share == 0:
            return x
        if self.seed is None:
            return functional.dropout(x, self.share)
        threshold = math.floor(self.share * 2**24 + 0.5)
        batch, length, width = x.shape
        # int64 throughout: products wrap modulo 2^64, which leaves their lower 32 bits right.
        sequences = torch.arange(batch, device=x.device)
        keys = _mix(_mix(_mix(torch.as_tensor(self.seed, dtype=torch.int64, device=x.device)) + sequences) + site)
        places = torch.arange(length * width, device=x.device)
        kept = _hash(keys[:, None] + places) >> 8 >= threshold
        scale = torch.tensor(1 / (1 - threshold / 2**24), dtype=torch.float32, device=x.device)
        return x * kept.view(batch, length, width) * scale.to(x.dtype)


def _mix(x: Tensor) -> Tensor:
    return _hash(x + 0x9E3779B9)


def _hash(x: Tensor) -> Tensor:
    h = x & _MASK
    h = ((h ^ (h >> 16)) * 0x7FEB352D) & _MASK
    h = ((h ^ (h >> 15)) * 0x846CA68B) & _MASK
    return h ^ (h >> 16)

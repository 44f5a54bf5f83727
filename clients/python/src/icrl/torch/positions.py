"""What models without learned positions know of them: distances at most, and nothing that is a parameter.

`alibi`: a head's scores fall with distance (Press, Smith & Lewis 2022). `alibi-flat`: so they do in half of the heads, and the others count over
all that they see. `rotary`: queries and keys are turned by angles in proportion to their positions (Su et al. 2021, arXiv 2104.09864). `none`:
neither.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .config import ModelConfig


def distance_slopes(config: ModelConfig) -> Tensor | None:
    """Slopes of the heads' distance penalties [H]; None where no head has one.

    With `alibi` head h of H has 2^(-8 (h + 1) / H), also where H is no power of two. With `alibi-flat` the last floor(H / 2) heads have 0, and the
    others what as many heads have with `alibi`.
    """
    heads = config.heads
    if config.positions not in ("alibi", "alibi-flat"):
        return None
    steep = heads if config.positions == "alibi" else heads - heads // 2
    return torch.tensor([2.0 ** (-8 * (h + 1) / steep) if h < steep else 0.0 for h in range(heads)])


def rotation(config: ModelConfig, positions: Tensor) -> tuple[Tensor, Tensor] | None:
    """What `turn` takes at positions [..], cosines and sines [.., D / H] in float64, on the CPU; None where positions are not rotary.

    At position m columns 2i and 2i + 1 of a head's d are turned, as a vector of the plane, by the angle m 10000^(-2i / d): pairs are neighbours
    (interleaved). In float64 the angles are good to what float32 rounds their cosines by, up to positions of 2^26; beyond, their errors grow in
    proportion.
    """
    if config.positions != "rotary":
        return None
    columns = config.width // config.heads
    speeds = torch.tensor([10_000.0 ** (-2 * i / columns) for i in range(columns // 2)], dtype=torch.float64)
    angles = positions.to(torch.float64)[..., None] * speeds
    sines = torch.stack([-torch.sin(angles), torch.sin(angles)], dim=-1)
    return torch.cos(angles).repeat_interleave(2, dim=-1), sines.flatten(-2)


def turn(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Queries or keys [.., d], turned: x_c cosines_c + x_c' sines_c, c' the other column of its pair.

    It is computed in the wider of the types, and given in x's.
    """
    others = torch.stack([x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
    return (x * cosines + others * sines).to(x.dtype)

"""The model in PyTorch: a decoder-only transformer over a trial's tokens whose logits are those of the actions.

x = embed(tokens) + position, where positions are learned; then for each layer, with layer norm before (`pre`)
    x = x + attention(norm1(x));  x = x + mlp(norm2(x))
or after (`post`)
    x = norm1(x + attention(x));  x = norm2(x + mlp(x));
mlp(x) = down(relu(up(x))); logits = head(final_norm(x)) (`post`: without the norm) at decision tokens. Where arms are scored by their
features x, the head's outputs are weights w, W, and an arm's logit is w . x + sum over i <= j of W_ij x_i x_j. The head's last N outputs are
numbers of their own, where an objective wanted some.

Token i sees tokens j with j <= i and, where there is a window w, j > i - w; n_i is how many those are. With scores
s_ij = q_i . k_j / sqrt(D / H), less (i - j) times the head's slope, q and k turned where positions are rotary (positions.py), head h gives
    softmax: sum_j softmax_j(s_ij) v_j;   relu: sum_j relu(s_ij) v_j / n_i.

Shapes: B sequences, L tokens, T = ceil(L / stride) decisions, F token_size, D width, H heads, A max_actions, d arm_dim, N numbers, K outputs.
Sources: Vaswani et al. (2017); Xiong et al. (2020) for `pre`; Lin, Bai & Mei (2023), section 2 and appendix, for `relu`.
Differs: Lin, Bai & Mei divide by the position alone; here by the number of tokens seen, which is the same without a window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .checkpoint import UNTRAINED
from .config import ModelConfig, TokenConfig
from .dropout import Dropout
from .positions import distance_slopes, rotation, turn


class Transformer(nn.Module):
    """A model. Its parameters have the names and shapes of a checkpoint's.

    Args:
        config: its shape.
        tokens: how trials become its tokens.
        trained: how it was trained, `training` of config.json.
    """

    def __init__(self, config: ModelConfig, tokens: TokenConfig, trained: Mapping[str, Any] = UNTRAINED) -> None:
        super().__init__()
        self.config = config
        self.tokens = tokens
        self.trained = dict(trained)
        self.embed = nn.Linear(config.token_size, config.width)
        self.position = nn.Embedding(config.context, config.width) if config.positions == "learned" else None
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.final_norm = nn.LayerNorm(config.width) if config.norm == "pre" else None
        self.head = nn.Linear(config.width, config.head_outputs)

    def forward(self, tokens: Tensor, arms: Tensor | None = None, *, dropout_seed: int | Tensor | None = None) -> Tensor:
        """Logits [B, T, A] at all decisions; actions that a task does not have are not masked.

        Args:
            tokens: [B, L, F].
            arms: [B, T, A, d], the features of the arms that each decision is among, for a model that scores arms; any number A of them.
            dropout_seed: what dropout is drawn from, a whole number below 2^32, as icrl's engine draws it. Without one it is PyTorch's own
                while the module is in training mode, and there is none otherwise.

        Raises:
            ValueError: the tokens are of another size, or more than the context and the model is not unbounded; or arms are missing.
        """
        return self.answers(tokens, arms, dropout_seed=dropout_seed)[0]

    def answers(
        self, tokens: Tensor, arms: Tensor | None = None, *, dropout_seed: int | Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Logits as `forward` gives them, and the head's numbers [B, T, N], None where it has none."""
        outputs = self.outputs(tokens, dropout_seed=dropout_seed)
        weights = self.config.action_outputs
        numbers = outputs[..., weights:] if self.config.numbers > 0 else None
        if self.config.arm_dim == 0:
            return outputs[..., :weights], numbers
        if arms is None:
            raise ValueError("the model scores arms by their features: give arms [B, T, A, d]")
        return score_arms(outputs[..., :weights], arms), numbers

    def outputs(self, tokens: Tensor, *, dropout_seed: int | Tensor | None = None) -> Tensor:
        """All outputs of the head [B, T, K] at all decisions."""
        config = self.config
        length = tokens.shape[1]
        if tokens.dim() != 3 or tokens.shape[2] != config.token_size:
            raise ValueError(f"tokens have the shape {list(tokens.shape)}: it is [B, L, {config.token_size}]")
        if length > config.context and not config.is_unbounded:
            raise ValueError(f"{length} tokens are more than the model's context, {config.context}")
        drop = Dropout(config.dropout if self.training or dropout_seed is not None else 0.0, dropout_seed)
        x = self.embed(tokens)
        if self.position is not None:
            x = x + self.position.weight[:length]
        x = drop(x, 0)
        seen = Sight(config, length, x)
        for i, layer in enumerate(self.layers):
            x = layer(x, seen, drop, i)
        x = x[:, :: config.stride]
        if self.final_norm is not None:
            x = self.final_norm(x)
        outputs: Tensor = self.head(x)
        return outputs


class Block(nn.Module):
    """A layer: attention and a feed-forward network."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.is_pre = config.norm == "pre"
        self.norm1 = nn.LayerNorm(config.width)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width)
        self.mlp = FeedForward(config)

    def forward(self, x: Tensor, seen: Sight, drop: Dropout, layer: int) -> Tensor:
        """[B, L, D] to the same."""
        if self.is_pre:
            x = x + drop(self.attention(self.norm1(x), seen), 2 * layer + 1)
            x = x + drop(self.mlp(self.norm2(x)), 2 * layer + 2)
            return x
        x = self.norm1(x + drop(self.attention(x, seen), 2 * layer + 1))
        normed: Tensor = self.norm2(x + drop(self.mlp(x), 2 * layer + 2))
        return normed


class Attention(nn.Module):
    """Attention to the tokens before, and to itself."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, seen: Sight) -> Tensor:
        """[B, L, D] to the same."""
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        mixed: Tensor = self.out(seen.attend(q, k, v).transpose(1, 2).flatten(2))
        return mixed


class FeedForward(nn.Module):
    """The feed-forward network of a layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.width, config.ff_ratio * config.width)
        self.down = nn.Linear(config.ff_ratio * config.width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, D] to the same."""
        made: Tensor = self.down(torch.relu(self.up(x)))
        return made


class Sight:
    """Which tokens see which, what distance costs, and how queries and keys are turned: the same for all layers of a pass, and so made once.

    Args:
        like: a tensor of the pass, for its device and type.
    """

    def __init__(self, config: ModelConfig, length: int, like: Tensor) -> None:
        self.bias: Tensor | None = None  # [1 or H, L, L]: added to scores; -inf where a token is not seen, for softmax
        self.share: Tensor | None = None  # [L, L]: 1 / n_i where a token is seen, for relu; None for softmax
        positions = torch.arange(length, device=like.device)
        distance = positions[:, None] - positions[None, :]
        seen = distance >= 0
        if config.window > 0:
            seen &= distance < config.window
        slopes = distance_slopes(config)
        fall = torch.zeros(1) if slopes is None else slopes
        bias = -fall.to(like.device)[:, None, None] * distance
        if config.attention == "relu":
            self.share = (seen / seen.sum(dim=1, keepdim=True)).to(like.dtype)
            self.bias = None if slopes is None else bias.to(like.dtype)
        elif slopes is not None or 0 < config.window < length:
            self.bias = bias.masked_fill(~seen, -math.inf).to(like.dtype)
        # Softmax over all before needs no bias: PyTorch's fused kernels know that case by itself.
        table = rotation(config, torch.arange(length))
        # Not in fewer bits than float32, also where products are: angles would be other ones.
        exact = torch.promote_types(like.dtype, torch.float32)
        self.turns = None if table is None else tuple(part.to(like.device, exact) for part in table)  # [L, D / H] each

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """What heads make of queries, keys and values, [B, H, L, D / H] all."""
        if self.turns is not None:
            q, k = turn(q, *self.turns), turn(k, *self.turns)
        if self.share is None:
            return functional.scaled_dot_product_attention(q, k, v, self.bias, is_causal=self.bias is None)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if self.bias is not None:
            scores = scores + self.bias
        return (torch.relu(scores) * self.share) @ v


def score_arms(weights: Tensor, arms: Tensor) -> Tensor:
    """Logits [.., A] of arms [.., A, d] by weights [.., d + d (d + 1) / 2]: w, then the rows of W's upper triangle."""
    d = arms.shape[-1]
    i, j = torch.triu_indices(d, d, device=arms.device)
    terms = torch.cat([arms, arms[..., i] * arms[..., j]], dim=-1)
    return (terms @ weights.unsqueeze(-1)).squeeze(-1)

"""The transformer once more, in PyTorch: python transformer_twin.py CHECKPOINT TOKENS LOGITS.

Reads a checkpoint's config.json and model.safetensors, and `tokens` [B, L, F] and, for a model that scores arms, `arms` [B, T, A, d] from
a safetensors file; writes `logits` [B, T, A] at the tokens at which decisions are made. Written from the description of the model; its modules have the names of the parameters.
"""

import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def bias_and_mask(config: dict, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What is added to scores [H, L, L], and which of them count [L, L]."""
    heads = config["heads"]
    distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    seen = distance >= 0
    if config["window"] > 0:
        seen &= distance < config["window"]
    if config["positions"].startswith("alibi"):
        flat = heads // 2 if config["positions"] == "alibi-flat" else 0
        slopes = torch.tensor([2.0 ** (-8.0 * (h + 1) / (heads - flat)) for h in range(heads - flat)] + [0.0] * flat)
        return -slopes[:, None, None] * distance, seen
    return torch.zeros(heads, length, length), seen


def turned(x: torch.Tensor) -> torch.Tensor:
    """Queries or keys [B, H, L, d] at their positions: columns 2i and 2i + 1 are a complex number, turned by m 10000^(-2i / d)."""
    length, d = x.shape[-2:]
    angles = torch.arange(length).double()[:, None] / 10_000.0 ** (torch.arange(0, d, 2).double() / d)
    numbers = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(numbers * torch.polar(torch.ones_like(angles), angles)).flatten(-2).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        self.qkv = nn.Linear(config["width"], 3 * config["width"])
        self.out = nn.Linear(config["width"], config["width"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        heads = self.config["heads"]
        q, k, v = (part.view(batch, length, heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        if self.config["positions"] == "rotary":
            q, k = turned(q), turned(k)
        bias, seen = bias_and_mask(self.config, length)
        if self.config["attention"] == "softmax":
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, bias.masked_fill(~seen, -torch.inf))
        else:
            scores = torch.relu(q @ k.transpose(-1, -2) / math.sqrt(width // heads) + bias) * seen
            mixed = (scores / seen.sum(dim=-1, keepdim=True)) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class Mlp(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.up = nn.Linear(config["width"], config["ff_ratio"] * config["width"])
        self.down = nn.Linear(config["ff_ratio"] * config["width"], config["width"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(torch.relu(self.up(x)))


class Block(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.is_pre = config["norm"] == "pre"
        self.norm1 = nn.LayerNorm(config["width"])
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config["width"])
        self.mlp = Mlp(config)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.is_pre:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.mlp(x))


class Transformer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.embed = nn.Linear(config["token_size"], config["width"])
        self.position = nn.Embedding(config["context"], config["width"]) if config["positions"] == "learned" else None
        self.layers = nn.ModuleList(Block(config) for _ in range(config["layers"]))
        self.final_norm = nn.LayerNorm(config["width"]) if config["norm"] == "pre" else nn.Identity()
        d = config["arm_dim"]
        self.head = nn.Linear(config["width"], config["max_actions"] if d == 0 else d + d * (d + 1) // 2)
        self.stride = config["stride"]

    def forward(self, tokens: torch.Tensor, arms: torch.Tensor | None) -> torch.Tensor:
        x = self.embed(tokens)
        if self.position is not None:
            x = x + self.position(torch.arange(tokens.shape[1]))
        for layer in self.layers:
            x = layer(x)
        outputs = self.head(self.final_norm(x))[:, :: self.stride]
        if arms is None:
            return outputs
        d = arms.shape[-1]
        i, j = torch.triu_indices(d, d)
        squares = torch.einsum("btk,btak->bta", outputs[..., d:], arms[..., i] * arms[..., j])
        return torch.einsum("btk,btak->bta", outputs[..., :d], arms) + squares


def main(checkpoint: Path, tokens: Path, logits: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())["model"]
    model = Transformer(config).eval()
    model.load_state_dict(load_file(checkpoint / "model.safetensors"))  # strict: these names, these shapes, no other
    with torch.no_grad():
        given = load_file(tokens)
        result = model(given["tokens"], given.get("arms"))
    save_file({"logits": result.contiguous()}, logits, metadata={"from": "torch"})


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))

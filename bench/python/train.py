"""Training throughput of PyTorch 2 on a CPU, for `npm run bench:train`: the same model, in its fastest form.

Reads JSON lines on stdin: {layers, width, heads, features, actions, length, batch, threads} makes a model and takes two updates; {} takes
one more, forward, backward, clipping and AdamW. Each is answered with {"seconds": ...} of the last update.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.relu(self.up(self.norm2(x))))


class Model(nn.Module):
    def __init__(self, layers, width, heads, features, actions, length):
        super().__init__()
        self.embed = nn.Linear(features, width)
        self.position = nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, actions)

    def forward(self, tokens):
        return self.head(self.norm(self.blocks(self.embed(tokens) + self.position)))


def updates(layers, width, heads, features, actions, length, batch, threads):
    """Seconds of one update after the other."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Model(layers, width, heads, features, actions, length)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    tokens = torch.randn(batch, length, features)
    targets = torch.randint(actions, (batch * length,))
    while True:
        start = time.perf_counter()
        loss = F.cross_entropy(model(tokens).view(-1, actions), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        yield time.perf_counter() - start


torch.set_flush_denormal(True)
print(json.dumps({"torch": torch.__version__}), flush=True)
current = None
for line in sys.stdin:
    wanted = json.loads(line)
    if wanted:
        current = updates(**wanted)
        next(current)
    print(json.dumps({"seconds": next(current)}), flush=True)

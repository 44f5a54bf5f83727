"""Losses and gradients of batches, and AdamW: the arithmetic of icrl's engine, on any device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .batches import Batch
from .module import Transformer
from .safetensors import Array
from .training_file import TrainingOptions

# Logit of an action that a task does not have.
_ABSENT = -1e9


@dataclass(frozen=True)
class BatchLoss:
    """How well a batch was answered. Sums over decisions, so that batches can be added up."""

    loss: float
    """Cross-entropy, nats."""
    agreed: float
    """Decisions whose likeliest action is the target's likeliest, the lowest index on ties."""


class Learner:
    """Learns a model.

    Args:
        module: in training; its parameters are the learner's.
        compiled: what computes its logits: itself, or what torch.compile made of it.
        autocast: the type that products are computed in; None: the parameters' own.
        updates: made so far.
        moments: the first and second moments of the gradient, by the name of the parameter; none at the beginning.
    """

    def __init__(
        self,
        module: Transformer,
        options: TrainingOptions,
        *,
        compiled: Any = None,
        autocast: torch.dtype | None = None,
        updates: int = 0,
        moments: tuple[dict[str, Array], dict[str, Array]] | None = None,
    ) -> None:
        self.module = module
        self._options = options
        self._compute = module if compiled is None else compiled
        self._autocast = autocast
        self._parameters = dict(module.named_parameters())
        self._device = next(iter(self._parameters.values())).device
        decaying = [values for name, values in self._parameters.items() if _decays(name)]
        others = [values for name, values in self._parameters.items() if not _decays(name)]
        # Loshchilov & Hutter (2019), "Decoupled Weight Decay Regularization", algorithm 2.
        self._optimizer = torch.optim.AdamW(
            [{"params": decaying, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}],
            lr=options.learning_rate,
            betas=(options.beta1, options.beta2),
            eps=options.epsilon,
        )
        if moments is not None:
            for name, values in self._parameters.items():
                self._optimizer.state[values] = {
                    "step": torch.tensor(float(updates)),
                    "exp_avg": torch.from_numpy(moments[0][name]).to(self._device),
                    "exp_avg_sq": torch.from_numpy(moments[1][name]).to(self._device),
                }

    def accumulate(self, batch: Batch, dropout_seed: int) -> float:
        """The loss of a batch, a sum over its decisions; its gradient is added to what is accumulated."""
        self.module.train()
        loss, _ = self._losses(batch, dropout_seed)
        torch.autograd.backward(loss)
        return float(loss.item())

    def update(self, learning_rate: float, decisions: int) -> float:
        """One step along the mean gradient of what was accumulated over so many decisions, which is forgotten; the gradient's norm before
        clipping."""
        gradients = [values.grad for values in self._parameters.values() if values.grad is not None]
        norms = torch.stack([torch.linalg.vector_norm(gradient, dtype=torch.float64) for gradient in gradients])
        norm = float(torch.linalg.vector_norm(norms).item()) / decisions
        clip = self._options.clip
        scale = (clip / norm if 0 < clip < norm else 1.0) / decisions
        for gradient in gradients:
            gradient.mul_(scale)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return norm

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> BatchLoss:
        """The loss of a batch, without dropout."""
        self.module.eval()
        loss, agreed = self._losses(batch, None)
        return BatchLoss(loss.item(), agreed.item())

    def moments(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """Copies of the moments."""
        return self._copies("exp_avg"), self._copies("exp_avg_sq")

    def _copies(self, moment: str) -> dict[str, Array]:
        zeros = {name: np.zeros(tuple(values.shape), np.float32) for name, values in self._parameters.items()}
        state = self._optimizer.state
        return zeros | {
            name: state[values][moment].float().cpu().numpy().copy()
            for name, values in self._parameters.items()
            if moment in state.get(values, {})
        }

    def _losses(self, batch: Batch, dropout_seed: int | None) -> tuple[Tensor, Tensor]:
        """Sums over decisions, of weight times cross-entropy and of weights of those that agree."""
        tokens, targets, weights = (self._on_device(array) for array in (batch.tokens, batch.targets, batch.weights))
        arms = None if batch.arms is None else self._on_device(batch.arms)
        drops = dropout_seed is not None and self.module.config.dropout > 0
        # A tensor: a compiled pass is not compiled anew for each number.
        seed = torch.tensor(dropout_seed, device=self._device) if drops else None
        kind = self._device.type
        with torch.autocast(kind, self._autocast, enabled=self._autocast is not None):
            logits = self._compute(tokens, arms, dropout_seed=seed).float()
        if (batch.num_actions < logits.shape[-1]).any():
            actions = torch.arange(logits.shape[-1], device=self._device)
            absent = actions >= self._on_device(batch.num_actions)[:, None, None]
            logits = logits.masked_fill(absent, _ABSENT)
        loss = -(weights * (targets * torch.log_softmax(logits, dim=-1)).sum(dim=-1)).sum()
        agreed = (weights * (logits.argmax(dim=-1) == targets.argmax(dim=-1))).sum()
        return loss, agreed

    def _on_device(self, array: Any) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor.pin_memory().to(self._device, non_blocking=True) if self._device.type == "cuda" else tensor.to(self._device)


def _decays(name: str) -> bool:
    """Whether weight decay applies: to weights of products alone."""
    return name.endswith(".weight") and "norm" not in name and name != "position.weight"

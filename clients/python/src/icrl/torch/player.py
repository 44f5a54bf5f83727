"""Playing many trials at once, on the model's device: a token of each at a time, with the keys and values of the tokens before kept, so that no
token is computed twice. The laws are those of `icrl agent transformer`; the draws are PyTorch's.

Shapes: B envs, A actions, F features of a token, D width, H heads, C tokens that are remembered, d features of an arm.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from .module import Attention, Block, Transformer, score_arms
from .positions import distance_slopes, rotation, turn

ArrayLike = Tensor | npt.ArrayLike


class Player:
    """The player of a batch of envs, each with a trial of its own under way.

    In turn: `act` chooses an action in every env, `observe` is told what came of it, and `begin_trials` where a new trial begins. Where an episode
    ended, the next `act` is the first of the trial's next episode, unless a new trial was begun.

    Args:
        module: the model, whose device it plays on.
        envs: B.
        num_actions: A of the envs' task; at most the model's, or any where it scores arms.
        choose: `sample`: by its probabilities; `argmax`: the likeliest, drawn among those that are equally likely.
        temperature: what logits are divided by where it samples.
        seed: of the draws.

    Raises:
        ValueError: the task has more actions than the model knows.
    """

    def __init__(
        self,
        module: Transformer,
        envs: int,
        num_actions: int,
        *,
        choose: str = "sample",
        temperature: float = 1.0,
        seed: int = 0,
    ) -> None:
        config, tokens = module.config, module.tokens
        if not tokens.by_features and num_actions > tokens.max_actions:
            raise ValueError(f"the task has {num_actions} actions, the model knows {tokens.max_actions}: train one for more")
        if choose not in ("sample", "argmax"):
            raise ValueError(f"choose is {choose!r}: give sample or argmax")
        self._module = module
        self._config, self._tokens = config, tokens
        self._envs, self._actions = envs, num_actions
        self._choose, self._temperature = choose, temperature
        self._device = module.head.weight.device
        self._generator = torch.Generator(self._device).manual_seed(seed)
        self._remembered = config.window if config.window > 0 else config.context
        shape = (config.layers, envs, config.heads, self._remembered, config.width // config.heads)
        self._keys = torch.zeros(shape, device=self._device)
        self._values = torch.zeros(shape, device=self._device)
        slopes = distance_slopes(config)
        self._slopes = (torch.zeros(1) if slopes is None else slopes).to(self._device)[:, None]
        self._lengths = np.zeros(envs, np.int64)  # tokens of each env's trial so far
        self._steps = torch.zeros(envs, device=self._device)  # of each env's episode so far
        self._outcomes = torch.zeros(envs, tokens.size, device=self._device)
        self._has_outcome = np.zeros(envs, np.bool_)
        self._arms: Tensor | None = None
        self._states = torch.zeros(envs, dtype=torch.int64, device=self._device)  # that were acted in last
        self._acted: Tensor | None = None
        self._law = torch.full((envs, num_actions), 1 / num_actions, device=self._device)

    @property
    def probabilities(self) -> Tensor:
        """[B, A] with which `act` chose the last actions."""
        return self._law

    @torch.no_grad()
    def act(self, observations: ArrayLike | None = None, arms: ArrayLike | None = None) -> Tensor:
        """Actions [B], int64.

        Args:
            observations: [B], states, of a task that has some.
            arms: [B, A, d], features of the arms, of a task whose arms have some: those of the trial, or of this step.

        Raises:
            ValueError: a trial is longer than the model's context; or arms are missing, or of another shape.
        """
        tokens, envs = self._tokens, self._envs
        everywhere = np.ones(envs, np.bool_)
        self._arms = None if arms is None else self._tensor(arms, torch.float32)
        if self._arms is not None and self._arms.shape != (envs, self._actions, tokens.dim):
            raise ValueError(f"arms have the shape {list(self._arms.shape)}: it is {[envs, self._actions, tokens.dim]}")
        if self._arms is None and tokens.by_features:
            raise ValueError("the model scores arms by their features: give arms [B, A, d]")

        token = torch.zeros_like(self._outcomes)
        if tokens.stride == 2:
            if self._has_outcome.any():
                self._push(self._outcomes, self._has_outcome)
        else:
            token += self._outcomes
        self._outcomes = torch.zeros_like(token)
        self._has_outcome = np.zeros(envs, np.bool_)
        if self._arms is not None and tokens.arms_size > 0:
            token[:, : self._actions * tokens.dim] = self._arms.flatten(1)
        column = tokens.arms_size
        if tokens.states > 0:
            zeros = torch.zeros(envs, dtype=torch.int64, device=self._device)
            self._states = zeros if observations is None else self._tensor(observations, torch.int64)
            token[torch.arange(envs, device=self._device), column + self._states] = 1
            column += tokens.states
        token[:, column] = self._steps / tokens.horizon
        token[:, column + 1] = self._steps == 0
        outputs = self._push(token, everywhere)[:, : self._config.action_outputs]
        logits = outputs[:, : self._actions]
        if tokens.by_features:
            assert self._arms is not None
            logits = score_arms(outputs, self._arms)
        if self._choose == "argmax":
            best = (logits == logits.amax(dim=1, keepdim=True)).float()
            self._law = best / best.sum(dim=1, keepdim=True)
        else:
            self._law = torch.softmax(logits / self._temperature, dim=1)
        self._acted = torch.multinomial(self._law, 1, generator=self._generator)[:, 0]
        return self._acted

    @torch.no_grad()
    def observe(
        self,
        rewards: ArrayLike,
        terminated: ArrayLike,
        truncated: ArrayLike,
        actions: ArrayLike | None = None,
        next_observations: ArrayLike | None = None,
    ) -> None:
        """What came of the last actions, [B] each.

        Args:
            terminated, truncated: whether the episode ended with the step, and how.
            actions: those that were executed, where they are not those that `act` gave.
            next_observations: states that they led to, the last ones of episodes that ended, too (not the first ones of those that then
                began); what layout `transition` wants where there are states, and no other reads.

        Raises:
            ValueError: nothing was done yet, or next_observations are missing.
        """
        tokens, envs = self._tokens, torch.arange(self._envs, device=self._device)
        if self._acted is None:
            raise ValueError("nothing was done yet: act first")
        taken = self._acted if actions is None else self._tensor(actions, torch.int64)
        reward = (self._tensor(rewards, torch.float64) - tokens.reward_mean) / tokens.reward_std
        ends = [self._tensor(end, torch.bool) for end in (terminated, truncated)]
        outcome = torch.zeros_like(self._outcomes)
        column = tokens.situation_size
        if tokens.is_whole:
            if tokens.states > 0:
                outcome[envs, column + self._states] = 1
            outcome[:, column + tokens.states] = self._steps / tokens.horizon
            column += tokens.origin_size
        if tokens.by_features:
            assert self._arms is not None
            features = self._arms[envs, taken]
            outcome[:, column : column + tokens.dim] = features
            outcome[:, column + tokens.dim : column + 2 * tokens.dim] = (reward[:, None] * features).float()
        else:
            outcome[envs, column + taken] = 1
        column += tokens.action_size
        outcome[:, column] = reward.float()
        outcome[:, column + 1] = 1
        outcome[:, column + 2], outcome[:, column + 3] = (end.float() for end in ends)
        if tokens.is_whole and tokens.states > 0:
            if next_observations is None:
                raise ValueError("the model's tokens hold the states that actions led to: give next_observations [B]")
            outcome[envs, column + 4 + self._tensor(next_observations, torch.int64)] = 1
        self._outcomes = outcome
        self._has_outcome = np.ones(self._envs, np.bool_)
        self._steps = torch.where(ends[0] | ends[1], 0.0, self._steps + 1)

    def begin_trials(self, envs: npt.ArrayLike) -> None:
        """Forgets everything where a new trial begins.

        Args:
            envs: [B] whether one does.
        """
        begun = np.asarray(envs, np.bool_)
        self._lengths[begun] = 0
        self._has_outcome[begun] = False
        kept = torch.from_numpy(~begun).to(self._device)
        self._steps = self._steps * kept
        self._outcomes = self._outcomes * kept[:, None]

    def _push(self, token: Tensor, where: npt.NDArray[np.bool_]) -> Tensor:
        """Reads a token [B, F] in those envs, and gives the head's outputs [B, K] of all."""
        config, module = self._config, self._module
        if not config.is_unbounded and self._lengths[where].max() >= config.context:
            raise ValueError(f"a trial has more tokens than the model's context, {config.context}: begin another one")
        now = torch.from_numpy(self._lengths).to(self._device)
        # The last token that stands in each place of the memory, a ring: this one in its own, others before it.
        width = int(min(self._remembered, self._lengths.max() + 1))
        places = torch.arange(width, device=self._device)
        distance = (now[:, None] - places) % self._remembered
        seen = distance <= now[:, None]
        count = torch.clamp(now + 1, max=self._remembered)
        bias = -self._slopes[None] * distance[:, None]  # [B, 1 or H, C]
        # Also written where the token is not read: the next one takes its place.
        slots = now % self._remembered
        # Keys are kept as they were turned at their own positions, which trials of any length go on counting.
        table = rotation(config, torch.from_numpy(self._lengths)[:, None])
        turns = None if table is None else tuple(part.to(self._device, self._keys.dtype) for part in table)  # [B, 1, D / H] each

        x = module.embed(token)
        if module.position is not None:
            x = x + module.position.weight[torch.clamp(now, max=config.context - 1)]
        for layer, block in enumerate(module.layers):
            assert isinstance(block, Block)
            x = self._through(block, layer, x, slots, width, bias, seen, count, turns)
        if module.final_norm is not None:
            x = module.final_norm(x)
        outputs: Tensor = module.head(x)
        self._lengths[where] += 1
        return outputs

    def _through(
        self,
        block: Block,
        layer: int,
        x: Tensor,
        slots: Tensor,
        width: int,
        bias: Tensor,
        seen: Tensor,
        count: Tensor,
        turns: tuple[Tensor, ...] | None,
    ) -> Tensor:
        """A layer: [B, D] to the same; keys and values are kept in their slots."""
        envs = torch.arange(self._envs, device=self._device)

        def attend(attention: Attention, given: Tensor) -> Tensor:
            q, k, v = (part.unflatten(-1, (attention.heads, -1)) for part in attention.qkv(given).chunk(3, dim=-1))
            if turns is not None:
                q, k = turn(q, *turns), turn(k, *turns)
            self._keys[layer, envs, :, slots] = k
            self._values[layer, envs, :, slots] = v
            keys, values = self._keys[layer, :, :, :width], self._values[layer, :, :, :width]
            if self._config.attention == "softmax":
                mask = bias.masked_fill(~seen[:, None], -math.inf)[:, :, None]
                mixed = functional.scaled_dot_product_attention(q[:, :, None], keys, values, mask)
            else:
                scores = (q[:, :, None] @ keys.transpose(-1, -2))[:, :, 0] / math.sqrt(q.shape[-1]) + bias
                shares = torch.relu(scores) * seen[:, None] / count[:, None, None]
                mixed = shares[:, :, None] @ values
            made: Tensor = attention.out(mixed.flatten(1))
            return made

        if block.is_pre:
            x = x + attend(block.attention, block.norm1(x))
            return x + block.mlp(block.norm2(x))  # type: ignore[no-any-return]
        x = block.norm1(x + attend(block.attention, x))
        normed: Tensor = block.norm2(x + block.mlp(x))
        return normed

    def _tensor(self, values: ArrayLike, dtype: torch.dtype) -> Tensor:
        return torch.as_tensor(values).to(self._device, dtype)

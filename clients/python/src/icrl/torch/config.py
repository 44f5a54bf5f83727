"""What a model is, apart from its weights: its shape, and how a trial becomes its tokens; `model` and `tokens` of a checkpoint's config.json.

Names: F token_size, D width, H heads, A max_actions, S num_states, d arm_dim, N numbers, K head_outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MOST = 2**31 - 1
"""Of measures of tasks and of contexts: beyond it nothing could be in memory."""

LAYOUTS = ("step", "lin2023", "chosen-arm", "transition")

MODEL_OPTIONS: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "layers": (4, (1, 64)),
    "width": (32, (1, 4096)),
    "heads": (4, (1, 64)),
    "ff_ratio": (4, (1, 16)),
    "attention": ("softmax", ("softmax", "relu")),
    "norm": ("pre", ("pre", "post")),
    "positions": ("learned", ("learned", "alibi", "alibi-flat", "rotary", "none")),
    "window": (0, (0, 1_000_000)),
    "dropout": (0.0, (0.0, 0.9)),
}
"""What one may choose of a model: its default, and the least and largest number or the words that are allowed. docs/training.md has what they
mean."""


@dataclass(frozen=True)
class TokenConfig:
    """How trials become tokens.

    A token holds the features of a situation (what a decision is made in) and of an outcome (what came of a decision):
    the arms' features, row by row (A d; not in layout `chosen-arm`); the observed state, one-hot (S; nothing where there is one state);
    the step in the episode over the horizon; 1 where an episode begins; then the action taken, one-hot (A; in layout `chosen-arm` the
    features of the arm taken and those times the reward, 2 d); the reward less `reward_mean` over `reward_std`; 1: there is an outcome; 1
    where that step's episode terminated; 1 where it was truncated. In layout `transition` an outcome begins with the state that it was
    decided in (S) and the step in the episode that it was, over the horizon (1), and ends with the state that it led to (S).

    Layout `step` has one token a step, situation t and outcome t - 1. Layout `lin2023` has two, situation t and then outcome t (Lin, Bai &
    Mei 2023, section 2). Layout `chosen-arm` is `step` for arms that are known by their features alone. Layout `transition` is
    `step` for tasks with states: outcome t - 1 is all of (h, s, a, r, s').

    Raises:
        ValueError: a member is out of its range; the message names it.
    """

    layout: str
    max_actions: int
    num_states: int
    dim: int
    horizon: int
    reward_mean: float
    reward_std: float

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ValueError(f"the tokens' layout is {self.layout!r}: it is one of {', '.join(LAYOUTS)}")
        for name, least in (("max_actions", 1), ("num_states", 1), ("dim", 0), ("horizon", 1)):
            _require_whole(f"the tokens' {name}", getattr(self, name), least, MOST)
        _require_number("the tokens' reward_mean", self.reward_mean, -math.inf, math.inf)
        _require_number("the tokens' reward_std", self.reward_std, 0, math.inf)
        if self.reward_std == 0:
            raise ValueError("the tokens' reward_std is 0: it is positive")
        if self.layout == "chosen-arm" and self.dim == 0:
            raise ValueError("the tokens' layout is chosen-arm, and their arms have no features (dim 0)")

    @property
    def by_features(self) -> bool:
        """Whether arms are known by their features, and their places mean nothing."""
        return self.layout == "chosen-arm"

    @property
    def is_whole(self) -> bool:
        """Whether an outcome has the states that it led from and to."""
        return self.layout == "transition"

    @property
    def stride(self) -> int:
        """Tokens a step: a decision is read at tokens 0, stride, 2 stride, ..."""
        return 2 if self.layout == "lin2023" else 1

    @property
    def states(self) -> int:
        """Features that the observed state takes."""
        return self.num_states if self.num_states > 1 else 0

    @property
    def arms_size(self) -> int:
        """Features that the arms of a situation take."""
        return 0 if self.by_features else self.max_actions * self.dim

    @property
    def situation_size(self) -> int:
        """Features of a situation."""
        return self.arms_size + self.states + 2

    @property
    def origin_size(self) -> int:
        """Features of an outcome before its action."""
        return self.states + 1 if self.is_whole else 0

    @property
    def action_size(self) -> int:
        """Features that the action of an outcome takes."""
        return 2 * self.dim if self.by_features else self.max_actions

    @property
    def size(self) -> int:
        """F, features of a token."""
        return self.situation_size + self.origin_size + self.action_size + 4 + (self.states if self.is_whole else 0)


@dataclass(frozen=True)
class ModelConfig:
    """A model's shape.

    Raises:
        ValueError: a member is out of its range, the width is no multiple of the heads, or heads of rotary positions have an odd width; the
            message names it.
    """

    layers: int
    width: int
    heads: int
    ff_ratio: int
    attention: str
    norm: str
    positions: str
    window: int
    dropout: float
    token_size: int
    """F."""
    context: int
    """Tokens of the longest sequence it was trained on."""
    max_actions: int
    """A, actions it can tell apart."""
    arm_dim: int
    """d: the head's outputs score each arm by its d features; 0: they are the logits of the actions."""
    stride: int
    """Tokens a decision."""
    numbers: int = 0
    """N, numbers that the head gives at each decision beside what makes the logits."""

    def __post_init__(self) -> None:
        for name, (_, allowed) in MODEL_OPTIONS.items():
            require_option("the model", name, getattr(self, name), allowed)
        for name, least in (("token_size", 1), ("context", 1), ("max_actions", 1), ("arm_dim", 0), ("numbers", 0)):
            _require_whole(f"the model's {name}", getattr(self, name), least, 2**40)
        if self.stride not in (1, 2):
            raise ValueError(f"the model's stride is {self.stride!r}: it is 1 or 2")
        if self.width % self.heads != 0:
            raise ValueError(f"the model's width {self.width} is not a multiple of its {self.heads} heads: give a width that is")
        columns = self.width // self.heads
        if self.positions == "rotary" and columns % 2 != 0:
            raise ValueError(
                f"the model's heads have {columns} columns of its width {self.width}, and positions rotary turn pairs of them: give a width "
                f"that is an even multiple of its {self.heads} heads, or other positions"
            )

    @staticmethod
    def of(options: Mapping[str, Any], tokens: TokenConfig, context: int, numbers: int = 0) -> ModelConfig:
        """A model for tokens, by options as `model` of a training's file has them; what is left out has its default."""
        unknown = [name for name in options if name not in MODEL_OPTIONS]
        if unknown:
            raise ValueError(f"the model has no option {unknown[0]!r}: it has {', '.join(MODEL_OPTIONS)}")
        _require_whole("the model's context", context, 1, MOST)
        _require_whole("the model's numbers", numbers, 0, MOST)
        chosen = {name: options.get(name, default) for name, (default, _) in MODEL_OPTIONS.items()}
        return ModelConfig(
            **chosen,
            token_size=tokens.size,
            context=context,
            max_actions=tokens.max_actions,
            arm_dim=tokens.dim if tokens.by_features else 0,
            stride=tokens.stride,
            numbers=numbers,
        )

    @property
    def action_outputs(self) -> int:
        """Outputs of the head that make the logits: they are these, or the weights of the arms' scores, d + d (d + 1) / 2."""
        d = self.arm_dim
        return self.max_actions if d == 0 else d + d * (d + 1) // 2

    @property
    def head_outputs(self) -> int:
        """K, outputs of the head: those that make the logits, then the numbers."""
        return self.action_outputs + self.numbers

    @property
    def is_unbounded(self) -> bool:
        """Whether it can go on beyond its context: its weights know distances at most, and it forgets what is too far away."""
        return self.positions != "learned" and self.window > 0

    def stored(self) -> dict[str, Any]:
        """As `model` of config.json has it: `numbers` is absent where there are none."""
        members = asdict(self)
        if self.numbers == 0:
            del members["numbers"]
        return members

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all parameters, in the order of the forward pass. Linear weights are [out, in]."""
        shapes: dict[str, tuple[int, ...]] = {}

        def linear(name: str, out: int, inputs: int) -> None:
            shapes[f"{name}.weight"] = (out, inputs)
            shapes[f"{name}.bias"] = (out,)

        def norm(name: str) -> None:
            shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (self.width,)

        linear("embed", self.width, self.token_size)
        if self.positions == "learned":
            shapes["position.weight"] = (self.context, self.width)
        for layer in range(self.layers):
            norm(f"layers.{layer}.norm1")
            linear(f"layers.{layer}.attention.qkv", 3 * self.width, self.width)
            linear(f"layers.{layer}.attention.out", self.width, self.width)
            norm(f"layers.{layer}.norm2")
            linear(f"layers.{layer}.mlp.up", self.ff_ratio * self.width, self.width)
            linear(f"layers.{layer}.mlp.down", self.width, self.ff_ratio * self.width)
        if self.norm == "pre":
            norm("final_norm")
        linear("head", self.head_outputs, self.width)
        return shapes


def require_option(what: str, name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Sees that an option is one of the words, true or false, or a number between two that are allowed.

    Raises:
        ValueError: it is not.
    """
    if isinstance(allowed[0], (str, bool)):
        if not any(value is word or (isinstance(value, str) and value == word) for word in allowed):
            words = ", ".join(str(word).lower() if isinstance(word, bool) else word for word in allowed)
            raise ValueError(f"option {name!r} of {what} is {value!r}: give one of {words}")
        return
    least, largest = allowed
    if isinstance(least, int):
        _require_whole(f"option {name!r} of {what}", value, least, largest)
    else:
        _require_number(f"option {name!r} of {what}", value, least, largest)


def _require_whole(what: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return
    raise ValueError(f"{what} is {value!r}: it is a whole number in [{least}, {most}]")


def _require_number(what: str, value: Any, least: float, most: float) -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**1023 and least <= value <= most:
        return
    raise ValueError(f"{what} is {value!r}: it is a number in [{least}, {most}]")

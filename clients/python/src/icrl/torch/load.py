"""Models out of checkpoints, and into them."""

from __future__ import annotations

import os

import torch
from torch import nn

from .checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from .module import Transformer


def load(checkpoint: str | os.PathLike[str], device: torch.device | str | None = None) -> Transformer:
    """The model of a checkpoint, in evaluation mode: the logits of `icrl agent transformer`, within 1e-4.

    Args:
        checkpoint: a checkpoint's folder, or a training's output folder, whose latest is taken.
        device: where its parameters are; the CPU where not given.

    Raises:
        DataError: CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_TOO_NEW.
    """
    return module_of(read_checkpoint(checkpoint), device).eval()


def module_of(checkpoint: Checkpoint, device: torch.device | str | None = None) -> Transformer:
    """A model that was read."""
    with torch.device("meta"):  # no memory, and no random numbers, for parameters that are replaced
        module = Transformer(checkpoint.model, checkpoint.tokens, checkpoint.trained)
    parameters = {name: torch.from_numpy(values) for name, values in checkpoint.parameters.items()}
    module.load_state_dict(parameters, assign=True)
    return module.to(device or "cpu")


def save(module: nn.Module, checkpoint: str | os.PathLike[str]) -> None:
    """Writes a model as a checkpoint, which `icrl agent transformer` plays and `load` reads; in place of one that is there.

    Args:
        module: a `Transformer`, as it is or as `torch.compile` wraps it, on any device and of any float type; float32 is written.
        checkpoint: the folder.

    Raises:
        TypeError: it is another module.
        ValueError: a parameter is not finite.
        DataError: OUTPUT_EXISTS if something else is there.
    """
    write_checkpoint(checkpoint, checkpoint_of(module))


def checkpoint_of(module: nn.Module) -> Checkpoint:
    """A model as it is written: its parameters are copies."""
    model = getattr(module, "_orig_mod", module)  # what torch.compile has wrapped
    if not isinstance(model, Transformer):
        raise TypeError(f"a {type(model).__name__} is no icrl.torch.Transformer, whose checkpoints these are")
    parameters = {name: values.detach().float().cpu().numpy().copy() for name, values in model.state_dict().items()}
    return Checkpoint(model.config, model.tokens, parameters, model.trained)

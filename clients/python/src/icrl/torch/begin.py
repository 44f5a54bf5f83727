"""What a training begins with: a model of random parameters, or that of a checkpoint."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from ..data.errors import DataError
from .batches import BatchShape
from .checkpoint import MODEL, Checkpoint, find_checkpoint, read_checkpoint
from .config import ModelConfig, TokenConfig
from .initial import initial_parameters
from .sources import DataSource
from .tokens import require_fits
from .training_file import TrainingSpec

# What of a model its parameters depend on, by shape or by meaning.
_FIXED = ("layers", "width", "heads", "ff_ratio", "attention", "norm", "positions")


def begin_model(spec: TrainingSpec, data: DataSource) -> Checkpoint:
    """Makes it, and sees that what it learns it could play. Its `trained` has `from`, where it is of a checkpoint.

    Raises:
        DataError: OPTION_INVALID if it could not, or the checkpoint's model is another than the file's; TASK_UNSUPPORTED if the checkpoint's
            model cannot hold one of the tasks; as `read_checkpoint`, and what reading the data raises.
    """
    begun = _new(spec, data) if spec.from_path is None else _warm(spec, spec.from_path, data)
    model, whole = begun.model, data.trial_tokens(begun.tokens)
    anywhere = BatchShape.of(spec, begun.tokens, model).anywhere
    if spec.training.crop == "auto" and not anywhere and whole - model.stride >= model.context:
        text = (
            f"the model could not play what it is trained on: a trial has {whole} tokens, its context {model.context}, and it would know "
            f"beginnings alone; give context 0 for whole trials, crop random, to play with its last {model.context} tokens, or a window "
            "and any positions but learned; or crop prefix, if beginnings are all that it is for"
        )
        raise DataError("OPTION_INVALID", text)
    return begun


def _context(spec: TrainingSpec, data: DataSource, tokens: TokenConfig) -> int:
    """Tokens of a sequence."""
    whole = data.trial_tokens(tokens)
    return whole if spec.context == 0 else min(spec.context, whole)


def _model(spec: TrainingSpec, tokens: TokenConfig, context: int) -> ModelConfig:
    try:
        return ModelConfig.of(spec.model, tokens, context)
    except ValueError as error:
        raise DataError("OPTION_INVALID", str(error)) from None


def _new(spec: TrainingSpec, data: DataSource) -> Checkpoint:
    tokens = data.token_config()
    model = _model(spec, tokens, _context(spec, data, tokens))
    return Checkpoint(model, tokens, initial_parameters(model, spec.seed))


def _warm(spec: TrainingSpec, path: Path, data: DataSource) -> Checkpoint:
    """The parameters of a checkpoint, under its tokens: what its rewards were normalised by is what its weights know."""
    folder = find_checkpoint(path)
    checkpoint = read_checkpoint(folder)
    theirs, ours = {**checkpoint.model.stored(), "layout": checkpoint.tokens.layout}, {**spec.model, "layout": spec.layout}
    for name in ("layout", *_FIXED):
        if theirs[name] != ours[name]:
            remedy = f"give {name} {theirs[name]}, or another checkpoint"
            text = f"from: the model of {folder} has {name} {theirs[name]}, the file asks for {ours[name]}: {remedy}"
            raise DataError("OPTION_INVALID", text)
    if checkpoint.model.numbers > 0:
        text = f"from: the head of the model of {folder} gives {checkpoint.model.numbers} numbers beside the logits, and objective {spec.objective} wants 0"
        raise DataError("OPTION_INVALID", f"{text}: give another checkpoint")
    tasks = data.manifest.tasks.values()
    tokens = checkpoint.tokens
    if tokens.by_features:  # it takes any number of arms, and its targets have places for the most
        tokens = replace(tokens, max_actions=max(tokens.max_actions, *(task.num_actions for task in tasks)))
    for task in tasks:
        require_fits(tokens, task)
    wanted, known = _context(spec, data, tokens), checkpoint.model.context
    if spec.model["positions"] == "learned" and wanted > known:
        remedy = f"give context {known}, or a checkpoint of longer ones"
        text = f"the model of {folder} has learned {known} positions, and sequences are to have {wanted} tokens: {remedy}"
        raise DataError("OPTION_INVALID", text)
    model = _model(spec, tokens, known if spec.model["positions"] == "learned" else wanted)
    began = {
        "sha256": hashlib.sha256((folder / MODEL).read_bytes()).hexdigest(),
        "objective": checkpoint.trained["objective"],
        "step": checkpoint.trained["step"],
        "tokens": checkpoint.trained["tokens"],
    }
    return Checkpoint(model, tokens, checkpoint.parameters, {**checkpoint.trained, "from": began})

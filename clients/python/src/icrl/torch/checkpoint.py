"""A model on disk: a folder with config.json (what the model is, how trials become its tokens, how it was trained) and model.safetensors
(its parameters), and, to go on training, optimizer.safetensors and train-state.json. The same files as `icrl train` writes and `icrl agent
transformer` plays. The folder is there in whole or not at all, and nothing in it is ever unpickled.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..data.errors import DataError
from ..data.files import UnreadableFile, fsync_folder, json_bytes, read_json, read_regular_file, write_durably
from . import safetensors
from .config import MODEL_OPTIONS, ModelConfig, TokenConfig
from .safetensors import Array

FORMAT = "icrl-transformer"
FORMAT_VERSION = 1
CONFIG, MODEL, OPTIMIZER, STATE = "config.json", "model.safetensors", "optimizer.safetensors", "train-state.json"

UNTRAINED: Mapping[str, Any] = {
    "objective": "none",
    "step": 0,
    "tokens": 0,
    "data": None,
    "tasks": [],
    "icrl_version": "0",
    "backend": "pytorch",
}
"""How a model was trained that was not."""

_REMEDY = "use another checkpoint, or restore it from a backup"
# What of a stored model is no option: it follows from the tokens, the context and the objective.
_DERIVED = ("token_size", "context", "max_actions", "arm_dim", "stride", "numbers")


@dataclass(frozen=True)
class Checkpoint:
    """A trained model."""

    model: ModelConfig
    tokens: TokenConfig
    parameters: dict[str, Array]
    """By name, as `ModelConfig.parameter_shapes` lists them; float32."""
    trained: dict[str, Any] = field(default_factory=lambda: dict(UNTRAINED))
    """`training` of config.json: the objective, updates and tokens so far, the data and the tasks, versions."""


@dataclass(frozen=True)
class TrainState:
    """What a training needs to go on where it was."""

    first_moments: dict[str, Array]
    """The optimizer's, by the name of the parameter; m.NAME in the file."""
    second_moments: dict[str, Array]
    """v.NAME in the file."""
    state: Any
    """Whatever else, JSON."""


def find_checkpoint(path: str | os.PathLike[str]) -> Path:
    """The checkpoint's folder that a path means: itself, or the latest of a training's output folder.

    Raises:
        DataError: CHECKPOINT_NOT_FOUND.
    """
    folder = Path(path)
    if (folder / CONFIG).exists():
        return folder
    known = checkpoint_folders(folder)
    if known:
        return known[-1]
    raise DataError(
        "CHECKPOINT_NOT_FOUND",
        f"there is no checkpoint in {folder}: give a folder with {CONFIG} and {MODEL}, or the output folder of a training "
        "once it has written one",
    )


def checkpoint_folders(out: Path) -> list[Path]:
    """The whole checkpoints in a training's output folder, the latest last."""
    try:
        names = os.listdir(out / "checkpoints")
    except (FileNotFoundError, NotADirectoryError):
        return []
    steps = sorted((int(name[5:]), name) for name in names if re.fullmatch(r"step-[0-9]{1,15}", name))
    return [out / "checkpoints" / name for _, name in steps if (out / "checkpoints" / name / CONFIG).exists()]


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """A trained model, of a checkpoint's folder or the latest of a training's.

    Raises:
        DataError: CHECKPOINT_NOT_FOUND; CHECKPOINT_CORRUPT if a file is missing, is not what was written, or has values that are not
            finite; CHECKPOINT_TOO_NEW if a later version wrote it.
    """
    folder = find_checkpoint(path)
    model, tokens, trained = _read_config(folder / CONFIG)
    file = folder / MODEL
    parameters = _read_tensors(file, model.parameter_shapes())
    for name, values in parameters.items():
        if not np.isfinite(values).all():
            raise _corrupt(file, f"{name!r} has values that are not finite: the training diverged, use an earlier checkpoint")
    return Checkpoint(model, tokens, parameters, trained)


def read_train_state(path: str | os.PathLike[str]) -> TrainState | None:
    """What the training of a checkpoint needs to go on; None where it was not kept. Raises as `read_checkpoint`."""
    folder = find_checkpoint(path)
    if not (folder / OPTIMIZER).exists():
        return None
    model, _, _ = _read_config(folder / CONFIG)
    shapes = model.parameter_shapes()
    moments = _read_tensors(folder / OPTIMIZER, {f"{kind}.{name}": shape for kind in "mv" for name, shape in shapes.items()})
    return TrainState(
        {name: moments[f"m.{name}"] for name in shapes},
        {name: moments[f"v.{name}"] for name in shapes},
        read_json(folder / STATE, "CHECKPOINT_CORRUPT", _REMEDY),
    )


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint, train_state: TrainState | None = None) -> None:
    """Writes a checkpoint, in place of the one that is there: a reader sees the old one or the new one, also after a crash.

    Raises:
        DataError: OUTPUT_EXISTS if something else than a checkpoint is there.
        ValueError: a parameter is missing, is of another shape or not finite.
    """
    folder = Path(path)
    if folder.exists() and not (folder / CONFIG).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError("OUTPUT_EXISTS", f"{folder} is something else than a checkpoint: give a folder that is not there")
    shapes = checkpoint.model.parameter_shapes()
    files = {MODEL: _tensor_file(checkpoint.parameters, shapes)}
    if train_state is not None:
        moments = {f"m.{name}": values for name, values in train_state.first_moments.items()}
        moments |= {f"v.{name}": values for name, values in train_state.second_moments.items()}
        files[OPTIMIZER] = _tensor_file(moments, {f"{kind}.{name}": shape for kind in "mv" for name, shape in shapes.items()})
        files[STATE] = json_bytes(train_state.state)
    files[CONFIG] = json_bytes(
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "model": checkpoint.model.stored(),
            "tokens": asdict(checkpoint.tokens),
            "training": checkpoint.trained,
        }
    )
    partial, old = folder.with_name(f"{folder.name}.tmp"), folder.with_name(f"{folder.name}.old")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, content in files.items():
        write_durably(partial / name, content)
    fsync_folder(partial)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    fsync_folder(folder.absolute().parent)
    shutil.rmtree(old, ignore_errors=True)


def _tensor_file(arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> bytes:
    if set(arrays) != set(shapes):
        raise ValueError(f"the model has the parameters {', '.join(shapes)}, and {', '.join(arrays)} are given")
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has the shape {list(arrays[name].shape)}, the model's is {list(shape)}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} has values that are not finite: such a model cannot play")
    return safetensors.encode(arrays, {"format": FORMAT})


def _corrupt(what: Path, why: str) -> DataError:
    return DataError("CHECKPOINT_CORRUPT", f"{what} is damaged: {why}")


def _read_tensors(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    try:
        return safetensors.decode(read_regular_file(file, safetensors.most_bytes(shapes)), shapes)
    except FileNotFoundError:
        raise _corrupt(file.parent, f"it has no {file.name}") from None
    except UnreadableFile as error:
        raise _corrupt(file, f"it {error}") from None
    except ValueError as error:
        raise _corrupt(file, str(error)) from None


def _read_config(file: Path) -> tuple[ModelConfig, TokenConfig, dict[str, Any]]:
    config = read_json(file, "CHECKPOINT_CORRUPT", _REMEDY)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise _corrupt(file, f'its format is not "{FORMAT}"')
    version = config.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise DataError(
            "CHECKPOINT_TOO_NEW",
            f"{file} has format_version {version}, this version of icrl reads up to {FORMAT_VERSION}: use a newer one",
        )
    parts: dict[str, dict[str, Any]] = {}
    for name in ("model", "tokens", "training"):
        part = config.get(name)
        if not isinstance(part, dict):
            raise _corrupt(file, f"its {name} is no object")
        parts[name] = part
    try:
        tokens = _members(TokenConfig, "tokens", parts["tokens"])
        model = _model(parts["model"], tokens)
    except ValueError as error:
        raise _corrupt(file, str(error)) from None
    trained = parts["training"]
    wrong = next((name for name, is_right in _TRAINED.items() if not is_right(trained.get(name))), None)
    if wrong is not None:
        raise _corrupt(file, f"its training has no {wrong}")
    return model, tokens, trained


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_data(value: Any) -> bool:
    """Whether it names a dataset by its name, its id and the SHA-256 of its dataset.json, or a list of several with their weights; None:
    data were made in training."""
    if isinstance(value, list):
        return all(_is_dataset(one) and type(one.get("weight")) in (int, float) for one in value)
    return value is None or _is_dataset(value)


def _is_dataset(value: Any) -> bool:
    if not isinstance(value, dict) or not _is_text(value.get("name")) or not _is_text(value.get("id")):
        return False
    return re.fullmatch("[0-9a-f]{64}", str(value.get("sha256"))) is not None


def _are_tasks(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(task, dict) and _is_text(task.get("id")) and _is_text(task.get("task")) and isinstance(task.get("options"), dict)
        for task in value
    )


_TRAINED: Mapping[str, Callable[[Any], bool]] = {
    "objective": _is_text,
    "step": _is_count,
    "tokens": _is_count,
    "data": _is_data,
    "tasks": _are_tasks,
    "icrl_version": _is_text,
    "backend": _is_text,
}


def _members(kind: type[TokenConfig], what: str, stored: Mapping[str, Any]) -> TokenConfig:
    names = [each.name for each in fields(kind)]
    missing = [name for name in names if name not in stored]
    if missing:
        raise ValueError(f"its {what} have no {missing[0]}")
    return kind(**{name: stored[name] for name in names})


def _model(stored: Mapping[str, Any], tokens: TokenConfig) -> ModelConfig:
    """The model of a config.json, as its options, tokens and context make it: what is stored beside must be the same."""
    missing = [name for name in (*MODEL_OPTIONS, *_DERIVED) if name not in stored and name != "numbers"]
    if missing:
        raise ValueError(f"its model has no {missing[0]}")
    options = {name: value for name, value in stored.items() if name not in _DERIVED}
    model = ModelConfig.of(options, tokens, stored["context"], stored.get("numbers", 0))
    for name, value in model.stored().items():
        if stored.get(name) != value:
            raise ValueError(f"its model's {name} is {stored.get(name)!r}, and should be {value!r}")
    return model

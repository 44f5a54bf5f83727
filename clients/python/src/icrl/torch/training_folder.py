"""The output folder of a training: OUT/spec.json says what it is for; metrics.jsonl and checkpoints/ are what came of it. The same as `icrl train`
writes, so that either goes on with what the other began.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ..data.errors import DataError
from ..data.files import json_bytes, read_json, replace_durably
from .checkpoint import checkpoint_folders
from .config import MODEL_OPTIONS
from .training_file import TRAINING_OPTIONS, TrainingSpec

_REMEDY = "choose another folder"


def open_training_folder(out: Path, spec: TrainingSpec) -> list[dict[str, int]]:
    """Makes the folder, or goes on in one that was made for the same spec or a shorter training, or in one where nothing has been learned yet.

    Returns:
        How it was made longer, oldest first: {steps, after}, updates that it was to have until then and those that were made.

    Raises:
        DataError: OUTPUT_EXISTS if something else is there, or was learned there.
    """
    _require_own(out)
    wanted = spec.document(out)
    continued: list[dict[str, int]] = []
    file = out / "spec.json"
    if file.exists():
        known = read_json(file, "OUTPUT_EXISTS", _REMEDY)
        if not isinstance(known, dict):
            raise DataError("OUTPUT_EXISTS", f"{file} is not a training's: {_REMEDY}")
        before = known.pop("continued", [])
        for member, place in (("dataset", spec.dataset), ("from", spec.from_path)):
            if place is not None and _is_same_place(known.get(member), place, out):
                known[member] = wanted[member]
        for member, table in (("model", MODEL_OPTIONS), ("training", TRAINING_OPTIONS)):
            if isinstance(known.get(member), dict):  # options that an earlier version did not have are what they are by default
                known[member] = {name: default for name, (default, _) in table.items()} | known[member]
        checkpoints = checkpoint_folders(out)
        earlier = _earlier_steps(known, wanted)
        if known == wanted:
            continued = before
        elif checkpoints and (earlier is None or earlier > spec.training.steps):
            what = f"a training of {earlier} updates" if earlier is not None else f"another training ({_difference(known, wanted)})"
            raise DataError("OUTPUT_EXISTS", f"{out} holds {what}, and it can be made longer alone: {_REMEDY}")
        elif checkpoints and earlier is not None:
            continued = [*before, {"steps": earlier, "after": int(checkpoints[-1].name[5:])}]
    out.mkdir(parents=True, exist_ok=True)
    replace_durably(file, json_bytes({**wanted, "continued": continued} if continued else wanted))
    return continued


def keep_latest_checkpoints(out: Path, keep: int) -> None:
    """Removes all but the latest checkpoints."""
    for folder in checkpoint_folders(out)[:-keep]:
        shutil.rmtree(folder, ignore_errors=True)


def _require_own(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise DataError("OUTPUT_EXISTS", f"{out} is a file: {_REMEDY}")
    own = ("spec.json", "spec.json.tmp", "metrics.jsonl", "checkpoints", "dataset", "online")
    links = [name for name in own if (out / name).is_symlink()]
    if links:
        raise DataError("OUTPUT_EXISTS", f"{out / links[0]} is a link, and what is written must be in {out}: {_REMEDY}")
    if not (out / "spec.json").exists():
        other = next((path.name for path in out.iterdir() if path.name not in own), None)
        if other is not None:
            raise DataError("OUTPUT_EXISTS", f"{out} holds something else ({other}): {_REMEDY}")


def _is_same_place(known: Any, own: Path, out: Path) -> bool:
    """Whether a dataset or checkpoint that a spec.json names is the file's: there, or, where the folder was moved, by its name."""
    if not isinstance(known, str):
        return False
    place = (out / known).resolve()
    return place == own.resolve() or (not place.exists() and place.name == own.name)


def _earlier_steps(known: dict[str, Any], wanted: dict[str, Any]) -> int | None:
    """How many updates a training was to have that differs in nothing else; None if it differs in more."""
    training = known.get("training")
    if not isinstance(training, dict) or type(training.get("steps")) is not int:
        return None
    steps: int = training["steps"]
    return steps if {**known, "training": {**training, "steps": wanted["training"]["steps"]}} == wanted else None


def _difference(known: dict[str, Any], wanted: dict[str, Any]) -> str:
    name = next(name for name in {**known, **wanted} if known.get(name) != wanted.get(name))
    return f"its {name} is {known.get(name)!r}, not {wanted.get(name)!r}"

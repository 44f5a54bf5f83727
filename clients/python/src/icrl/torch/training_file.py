"""A training's file, as `icrl train` reads it: YAML or JSON, {name, seed, dataset, from, online: {trials}, validation, objective, layout, context, model: {...},
training: {...}}. docs/training.md tells what each means.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from ..data.errors import DataError
from ..data.files import UnreadableFile, read_regular_file
from .config import LAYOUTS, MODEL_OPTIONS, require_option

_MOST_BYTES = 1 << 20
_MEMBERS = ("name", "seed", "dataset", "from", "online", "validation", "objective", "layout", "context", "model", "training")
_COUNT = (1, 2**53)
_POSITIVE = (0.0, math.inf)

TRAINING_OPTIONS: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "steps": (2000, _COUNT),
    "batch": (64, (1, 65_536)),
    "accumulate": (1, (1, 4096)),
    "learning_rate": (1e-3, _POSITIVE),
    "schedule": ("cosine", ("cosine", "constant")),
    "final_learning_rate": (1e-5, _POSITIVE),
    "warmup": (100, (0, 2**53)),
    "weight_decay": (1e-4, _POSITIVE),
    "beta1": (0.9, (0.0, 0.9999)),
    "beta2": (0.999, (0.0, 0.999999)),
    "epsilon": (1e-8, (1e-12, 1.0)),
    "clip": (1, _POSITIVE),
    "label_smoothing": (0, (0.0, 0.99)),
    "token_mask": (0, (0.0, 0.99)),
    "crop": ("auto", ("auto", "prefix", "random")),
    "soft_targets": (True, (True, False)),
    "validation_share": (0.02, (0.0, 0.5)),
    "validation_sequences": (512, _COUNT),
    "validation_every": (250, _COUNT),
    "patience": (0, (0, 2**53)),
    "evaluation_trials": (0, (0, 2**53)),
    "evaluation_every": (500, _COUNT),
    "checkpoint_every": (250, _COUNT),
    "keep_checkpoints": (2, _COUNT),
    "keep_best": (False, (True, False)),
}
"""What one may choose of a training: its default, and what is allowed. docs/training.md has what they mean."""


@dataclass(frozen=True)
class TrainingOptions:
    """Choices made."""

    steps: int
    batch: int
    accumulate: int
    learning_rate: float
    schedule: str
    final_learning_rate: float
    warmup: int
    weight_decay: float
    beta1: float
    beta2: float
    epsilon: float
    clip: float
    label_smoothing: float
    token_mask: float
    crop: str
    soft_targets: bool
    validation_share: float
    validation_sequences: int
    validation_every: int
    patience: int
    evaluation_trials: int
    evaluation_every: int
    checkpoint_every: int
    keep_checkpoints: int
    keep_best: bool

    def learning_rate_at(self, update: int) -> float:
        """Learning rate of an update, from 0: a linear rise over `warmup` updates, then half a cosine down to the last, or none. Source:
        Loshchilov & Hutter (2017), "SGDR", equation 5, without restarts."""
        if update < self.warmup:
            return self.learning_rate * (update + 1) / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        progress = min(1.0, (update - self.warmup) / max(1, self.steps - 1 - self.warmup))
        low, high = self.final_learning_rate, self.learning_rate
        return low + (high - low) * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass(frozen=True)
class TrainingSpec:
    """What a training's file asks for."""

    name: str
    seed: int
    """Of the parameters, the order of the data, dropout."""
    dataset_given: str
    dataset: Path
    """A dataset's folder, or the file that `icrl dataset collect` makes one of."""
    from_given: str | None
    from_path: Path | None
    """The checkpoint whose parameters it begins with, or the training's folder whose latest; None: random ones."""
    online_trials: int | None
    """Trials of each task that are played afresh at a time; None: one dataset is read again and again."""
    validation_given: str | None
    validation: Path | None
    """A dataset's folder to validate with; None: instances of the training's data are held out, as validation_share says."""
    objective: str
    layout: str
    context: int
    """Tokens of a sequence; 0: a whole trial's."""
    model: Mapping[str, Any]
    training: TrainingOptions

    @property
    def label(self) -> str:
        """The label that the objective learns."""
        known = {"ad": "self", "dpt": "optimal", "posterior": "posterior"}.get(self.objective)
        return self.objective.removeprefix("expert:") if known is None else known

    def document(self, out: Path) -> dict[str, Any]:
        """As spec.json has it in a training's folder: every default filled in, and the dataset as it is found from there."""

        def found(given: str, path: Path) -> str:
            return given if os.path.isabs(given) else os.path.relpath(path.absolute(), out.absolute())

        stored: dict[str, Any] = {
            "name": self.name,
            "objective": self.objective,
            "layout": self.layout,
            "context": self.context,
            "model": dict(self.model),
            "training": asdict(self.training),
            "dataset": found(self.dataset_given, self.dataset),
            "seed": str(self.seed),
        }
        if self.from_path is not None and self.from_given is not None:
            stored["from"] = found(self.from_given, self.from_path)
        if self.online_trials is not None:
            stored["online"] = {"trials": self.online_trials}
        if self.validation is not None and self.validation_given is not None:
            stored["validation"] = found(self.validation_given, self.validation)
        return stored


def read_training_file(path: str | os.PathLike[str], steps: int | None = None) -> TrainingSpec:
    """Reads one.

    Args:
        steps: updates, instead of the file's.

    Raises:
        DataError: SPEC_INVALID if it is no such file; OPTION_INVALID, OPTION_UNKNOWN if an option is wrong.
    """
    file = Path(path)

    def invalid(what: str) -> DataError:
        return DataError("SPEC_INVALID", f"{file}: {what}")

    content = _read(file)
    if not isinstance(content, dict):
        raise invalid(f"it is no mapping: give {{{', '.join(_MEMBERS)}}}")
    unknown = [name for name in content if name not in _MEMBERS]
    if unknown:
        raise invalid(f"it has {unknown[0]!r}: it can have {', '.join(_MEMBERS)}")
    if isinstance(content.get("dataset"), list):
        raise invalid("dataset is a list, and only icrl train mixes datasets: merge them (icrl dataset merge), and give the folder of that")
    texts = {name: content.get(name) for name in ("name", "dataset", "objective")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise invalid(f"{name} is {text!r}: give a text")
    name, given, objective = (str(text) for text in texts.values())
    dataset = file.parent / given
    if not dataset.exists():
        raise invalid(f"dataset {dataset} does not exist: give a dataset's folder, or the file to collect one by")
    if objective not in ("ad", "dpt", "posterior") and (not objective.startswith("expert:") or objective == "expert:"):
        raise invalid(f"objective is {objective!r}: give ad, dpt, posterior or expert:NAME, NAME a label of the dataset")
    layout = content.get("layout", "step")
    if layout not in LAYOUTS:
        raise invalid(f"layout is {layout!r}: give one of {', '.join(LAYOUTS)}")
    online = content.get("online")
    if online is not None and (not isinstance(online, dict) or list(online) != ["trials"]):
        raise invalid(f"online is {online!r}: give {{trials}}")
    begins = content.get("from")
    if begins is not None and not isinstance(begins, str):
        raise invalid(f"from is {begins!r}: give a text")
    if begins is not None and not (file.parent / begins).exists():
        raise invalid(f"from {file.parent / begins} does not exist: give a checkpoint's folder, or a training's")
    own = content.get("validation")
    if own is not None and not isinstance(own, str):
        raise invalid(f"validation is {own!r}: give a text")
    if own is not None and not (file.parent / own / "dataset.json").exists():
        raise invalid(f"validation {file.parent / own} is no dataset: give the folder of one that is finished")
    if own is not None and "validation_share" in _mapping(content.get("training"), "training", invalid):
        raise invalid("validation is a dataset of its own, and validation_share holds out instances of the other: give one of them")
    if online is not None and not dataset.is_file():
        raise invalid("online needs the file to collect a dataset by, and dataset is a folder")
    chosen = {**_mapping(content.get("training"), "training", invalid), **({} if steps is None else {"steps": steps})}
    return TrainingSpec(
        name=name,
        seed=_seed(content.get("seed"), invalid),
        dataset_given=given,
        dataset=dataset,
        from_given=begins,
        from_path=None if begins is None else file.parent / begins,
        online_trials=None if online is None else _whole(online["trials"], "online.trials", 1, invalid),
        validation_given=own,
        validation=None if own is None else file.parent / own,
        objective=objective,
        layout=layout,
        context=_whole(content.get("context", 0), "context", 0, invalid),
        model=_options(MODEL_OPTIONS, _mapping(content.get("model"), "model", invalid), "the model"),
        training=_training_options(chosen),
    )


def _training_options(given: Mapping[str, Any]) -> TrainingOptions:
    options = TrainingOptions(**_options(TRAINING_OPTIONS, given, "the training"))
    asks = "patience" if options.patience > 0 else "keep_best" if options.keep_best else None
    if asks is not None and options.validation_share == 0:
        text = f"option {asks!r} of the training takes validations, and validation_share is 0: give a share of the instances, or leave {asks} out"
        raise DataError("OPTION_INVALID", text)
    return options


def _options(table: Mapping[str, tuple[Any, tuple[Any, ...]]], given: Mapping[str, Any], what: str) -> dict[str, Any]:
    unknown = [name for name in given if name not in table]
    if unknown:
        raise DataError("OPTION_UNKNOWN", f"{what} has no option {unknown[0]!r}: it has {', '.join(table)}")
    chosen = {name: given.get(name, default) for name, (default, _) in table.items()}
    for name, (_, allowed) in table.items():
        try:
            require_option(what, name, chosen[name], allowed)
        except ValueError as error:
            raise DataError("OPTION_INVALID", str(error)) from None
    return chosen


def _mapping(value: Any, what: str, invalid: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{what} is {value!r}: give {{name: value, ...}}")
    return value


def _whole(value: Any, what: str, least: int, invalid: Any) -> int:
    if type(value) is int and least <= value < 2**32:
        return value
    raise invalid(f"{what} is {value!r}: give a whole number of at least {least}")


def _seed(value: Any, invalid: Any) -> int:
    if value is None:
        return 0
    number = _number(value) if isinstance(value, str) else value
    if type(number) is int and 0 <= number < 2**64:
        return number
    raise invalid(f"seed is {value!r}: give a whole number from 0 to 18446744073709551615")


# Numbers as icrl has them in files: decimal, whole where their value is whole, 1e3 for example.
_NUMBER = re.compile(r"([+-]?)(?=\.?\d)(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*)?)?(?:[eE]([+-]?\d{1,3}))?", re.ASCII)


def _number(text: str) -> int | float | str:
    """The number that a text is; the text where it is none."""
    if len(text) > 400 or _NUMBER.fullmatch(text) is None:
        return text
    plain = text.replace("_", "")
    if re.fullmatch(r"[+-]?[0-9]+", plain):
        return int(plain)
    value = float(plain)
    return text if math.isinf(value) else int(value) if value.is_integer() and abs(value) < 2**53 else value


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML brings no types
    """YAML's core schema, where PyYAML has version 1.1, whose `1e-3` and `yes` are other things; and no key twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(made) < len(node.value):
            raise yaml.YAMLError(f"a key stands twice in the mapping at line {node.start_mark.line + 1}")
        return made


_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)$"), None)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(rf"(?:{_BOOL.pattern})$"), None)
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"(?:{_NUMBER.pattern})$", re.ASCII), None)
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: _number(node.value))


def _read(file: Path) -> Any:
    try:
        return yaml.load(read_regular_file(file, _MOST_BYTES).decode("utf-8"), _Loader)
    except (OSError, UnreadableFile) as error:
        raise DataError("SPEC_INVALID", f"{file}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError("SPEC_INVALID", f"{file}: is no YAML: {why}") from None


assert [field.name for field in fields(TrainingOptions)] == list(TRAINING_OPTIONS)

"""Data that are played while a training learns: rounds, each a dataset of fresh trials that is read once, and removed when a checkpoint has
passed it. The next round is collected while one is read. They are those of `icrl train`, which goes on with them, as these do with its.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data.trials import Trials
from ..seeds import hash64
from .batches import Batch, BatchShape, Position, TrainingData
from .collect import Collecting, CollectingStopped, collect
from .config import TokenConfig
from .training_file import TrainingSpec

_ROUND = re.compile(r"round-(\d+)$")

#: What a finished dataset has; anything else in its folder is somebody's own, and stays.
_FILES_OF_DATASETS = ("data/trajectories-*.parquet", "labels/*/trajectories-*.parquet", "labels/*/label.json", "README.md", "dataset.json")
_FOLDERS_OF_DATASETS = ("labels/*", "labels", "data")


@dataclass(frozen=True)
class OnlinePosition:
    """Where reading goes on: a round, from 0, and where in its dataset; None: at its beginning."""

    round: int = 0
    inside: Position | None = None

    def document(self) -> dict[str, Any]:
        """As a checkpoint's state has it."""
        return {"round": self.round, **({} if self.inside is None else {"inside": self.inside.document()})}

    @staticmethod
    def of(document: Any) -> OnlinePosition:
        """What `document` made of it.

        Raises:
            ValueError: for anything else.
        """
        number = document.get("round") if isinstance(document, dict) else None
        if type(number) is not int or number < 0:
            raise ValueError(f"{document!r} is no position")
        return OnlinePosition(number, Position.of(document["inside"]) if "inside" in document else None)


class OnlineRounds:
    """Rounds in FOLDER, and held-out trials beside them: a DataSource."""

    #: They are gone when the training is over.
    record: dict[str, str] | None = None

    def __init__(self, folder: Path, spec: TrainingSpec, trials: int, at: OnlinePosition | None) -> None:
        """Collects the round that comes next, and held-out trials.

        Args:
            trials: of each task, in a round.
            at: where reading goes on; None: it begins.

        Raises:
            DataError: as `collect`, and as TrainingData.
        """
        self._folder, self._spec, self._trials = folder, spec, trials
        self._next: Collecting | None = None
        self._stopped = False
        self._lock = threading.RLock()
        self.holds_out = spec.training.validation_share > 0 or spec.validation is not None
        self._first = self._data(self._collected(f"round-{0 if at is None else at.round}", trials))
        if spec.validation is not None:
            self._held_out = self._data(spec.validation)
        elif self.holds_out:
            self._held_out = self._data(self._collected("validation", spec.training.validation_sequences))
        self.manifest = self._first.manifest

    def token_config(self) -> TokenConfig:
        """See DataSource."""
        return self._first.token_config()

    def trial_tokens(self, tokens: TokenConfig) -> int:
        """See DataSource."""
        return self._first.trial_tokens(tokens)

    def training(self, shape: BatchShape, start: OnlinePosition | None) -> Iterator[Batch]:
        """See DataSource; `start` is where they were opened.

        Raises:
            CollectingStopped: once `stop` was called.
        """
        number, inside = (0, None) if start is None else (start.round, start.inside)
        while True:
            following = self._begin(f"round-{number + 1}")
            for batch in self._data(self._folder / f"round-{number}").training(shape, inside, epochs=1):
                yield replace(batch, position=OnlinePosition(number, batch.position))
            following.wait()
            number, inside = number + 1, None

    def validation(self, shape: BatchShape) -> Iterator[Batch]:
        """See DataSource."""
        return self._held_out.validation(shape)

    def release(self, before: OnlinePosition | None) -> None:
        """See DataSource."""
        for folder in list(self._folder.iterdir()) if self._folder.is_dir() else []:
            number = _ROUND.match(folder.name)
            past = before is None or (number is not None and int(number[1]) < before.round)
            if past and (number is not None or folder.name == "validation"):
                _remove_dataset(folder)
        if before is None:
            _remove_empty(self._folder)

    def stop(self) -> None:
        """See DataSource."""
        with self._lock:
            self._stopped = True
            if self._next is not None:
                self._next.stop()

    def close(self) -> None:
        """See DataSource."""
        self.stop()
        if self._next is not None:
            self._next.close()

    def _begin(self, name: str) -> Collecting:
        """Collects a round beside."""
        with self._lock:
            if self._stopped:
                raise CollectingStopped
            if self._next is not None:
                self._next.close()
            self._next = Collecting(*self._plan(name, self._trials))
            return self._next

    def _plan(self, name: str, trials: int) -> tuple[Path, Path, tuple[str, ...]]:
        """The file, the folder and the flags that a dataset of this name is collected by; the name makes its seed."""
        seed = hash64("icrl.v1", "online", str(self._spec.seed), name)
        flags = ("--name", f"{self._spec.name}-{name}", "--seed", str(seed), "--trials", str(trials))
        return self._spec.dataset, self._folder / name, flags

    def _collected(self, name: str, trials: int) -> Path:
        plan = self._plan(name, trials)
        collect(*plan)
        return plan[1]

    def _data(self, folder: Path) -> TrainingData:
        return TrainingData(Trials(folder), self._spec, hold_out=False)


def _remove_dataset(folder: Path) -> None:
    if folder.is_symlink():
        return
    for pattern in _FILES_OF_DATASETS:
        for file in folder.glob(pattern):
            file.unlink(missing_ok=True)
    for pattern in _FOLDERS_OF_DATASETS:
        for inner in folder.glob(pattern):
            _remove_empty(inner)
    if (folder / "collecting" / "spec.json").is_file():  # it was not finished
        shutil.rmtree(folder / "collecting", ignore_errors=True)
    _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass  # it is no folder, or has something of somebody else's

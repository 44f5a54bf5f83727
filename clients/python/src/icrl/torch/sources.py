"""Where a training's batches are from: one dataset that is read again and again, or those of rounds (rounds.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from ..data.manifest import Manifest
from ..data.trials import Trials
from .batches import Batch, BatchShape, TrainingData
from .config import TokenConfig
from .training_file import TrainingSpec


class DataSource(Protocol):
    """What a training needs of it."""

    #: A dataset of its: what tasks there are.
    manifest: Manifest
    #: The dataset, for the checkpoint: name, id and sha256; None where many are played in training.
    record: dict[str, str] | None
    #: Whether there is something to validate with.
    holds_out: bool

    def token_config(self) -> TokenConfig:
        """Tokens that hold all tasks, with the mean and the deviation of the rewards."""

    def trial_tokens(self, tokens: TokenConfig) -> int:
        """Tokens of the longest trial that there can be."""

    def training(self, shape: BatchShape, start: Any) -> Iterator[Batch]:
        """Endless batches, from a batch's `position` on; None: from the beginning."""

    def validation(self, shape: BatchShape) -> Iterator[Batch]:
        """Held-out batches, the same each time."""

    def release(self, before: Any) -> None:
        """What lies before a position is not asked for again; None: nothing is."""

    def stop(self) -> None:
        """Nothing more is asked for: whoever waits for a batch gets CollectingStopped. May come from a signal's handler."""

    def close(self) -> None:
        """Ends what it does beside."""


class OfflineData(TrainingData):
    """A dataset.

    Raises: as TrainingData.
    """

    def __init__(self, folder: Path, spec: TrainingSpec) -> None:
        super().__init__(Trials(folder), spec, hold_out=spec.training.validation_share > 0 and spec.validation is None)
        self._own = None if spec.validation is None else TrainingData(Trials(spec.validation), spec, hold_out=False)
        self.holds_out = self.holds_out or self._own is not None
        content = (folder / "dataset.json").read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        self.record: dict[str, str] | None = {"name": self.manifest.name, "id": self.manifest.id, "sha256": sha256}

    def validation(self, shape: BatchShape) -> Iterator[Batch]:
        """See DataSource."""
        return super().validation(shape) if self._own is None else self._own.validation(shape)

    def release(self, before: Any) -> None:
        """It stays."""

    def stop(self) -> None:
        """Nothing is done beside."""

    def close(self) -> None:
        """Nothing is done beside."""

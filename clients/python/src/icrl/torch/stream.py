"""Trials for a `torch.utils.data.DataLoader`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from ..data.order import ShuffledTrials
from ..data.served import ServedTrials
from ..data.trial import Trial
from ..data.trials import Trials


class TrialStream(IterableDataset[Any]):
    """A dataset's or a log's trials. Each goes to one worker of one process: whole shards where there are enough of them, so that a shard is
    decoded once; else every worker reads all and keeps its own.

    Args: as of `Trials.torch`.
    """

    def __init__(
        self,
        trials: Trials | ServedTrials,
        *,
        columns: Sequence[str] | None = None,
        labels: Sequence[str] = (),
        transform: Callable[[Trial], Any] | None = None,
        shuffle: int | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        super().__init__()
        index, parts = part
        if not 0 <= index < parts:
            raise ValueError(f"part is {part}: give (i, n) with 0 <= i < n")
        self.trials = trials
        self.columns = columns
        self.labels = tuple(labels)
        self.transform = transform or tensors_of
        self.shuffle = shuffle
        self.part = part
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Says which epoch comes next, from 0: each has an order of its own. To be said before the `DataLoader` is iterated."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        workers, worker = (1, 0) if info is None else (info.num_workers, info.id)
        index, parts = self.part
        share, shares = index * workers + worker, parts * workers
        # A log's trials may lie across its shards: they are not told apart by them.
        by_shard = self.trials.manifest is not None and len(self.trials.shards) >= shares
        shards = self.trials.shards[share::shares] if by_shard else self.trials.shards
        for i, trial in enumerate(self._read(shards)):
            if by_shard or i % shares == share:
                yield self.transform(trial)

    def _read(self, shards: Sequence[str]) -> Iterator[Trial]:
        if self.shuffle is None or isinstance(self.trials, ServedTrials):
            yield from self.trials.of_shards(shards, self.columns, self.labels)
            return
        order = ShuffledTrials(
            self.trials, columns=self.columns, labels=self.labels, seed=self.shuffle, batch=1, shards=shards
        )
        for batch in order.epoch(self.epoch):
            yield from batch


def tensors_of(trial: Trial) -> dict[str, Any]:
    """A trial as a dict: arrays as tensors under their members' names, labels as `labels.NAME.actions` and `labels.NAME.probabilities`, and its
    ids. What it has not is not in the dict."""
    made: dict[str, Any] = {}
    for field in fields(trial):
        value = getattr(trial, field.name)
        if isinstance(value, np.ndarray):
            made[field.name] = torch.from_numpy(value)
        elif isinstance(value, (str, int, bool)):
            made[field.name] = value
    for name, label in trial.labels.items():
        made[f"labels.{name}.actions"] = torch.from_numpy(label.actions)
        if label.probabilities is not None:
            made[f"labels.{name}.probabilities"] = torch.from_numpy(label.probabilities)
    return made

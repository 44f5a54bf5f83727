"""The order in which `icrl train` reads a dataset's trials: each epoch a permutation of them, a function of a seed and the epoch.

Shards come in a random order; the trials of so many shards at a time, a window, are put together and shuffled in full. What does not fill a
batch goes on into the next window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .rng import Key, Shuffle
from .trial import Trial
from .trials import Selection, Trials

WINDOW = 4
"""Shards that are shuffled together."""

Unit = TypeVar("Unit")


def shuffled(
    shards: Sequence[str], units_of: Callable[[str], Sequence[Unit]], *, seed: int, epoch: int, batch: int
) -> Iterator[list[Unit]]:
    """The batches of an epoch, from 0; the last may have fewer units, and is not there where nothing is left for it.

    Args:
        units_of: what is shuffled of a shard, by its name: its trials, or its episodes.
        seed: of the order.
        batch: units of a batch.
    """
    shuffle = Shuffle(Key.of(seed).split(f"epoch-{epoch}"))
    order = list(shards)
    shuffle(order)
    waiting: list[Unit] = []
    for begin in range(0, len(order), WINDOW):
        for name in order[begin : begin + WINDOW]:
            waiting.extend(units_of(name))
        shuffle(waiting)
        whole = len(waiting) - len(waiting) % batch
        for at in range(0, whole, batch):
            yield waiting[at : at + batch]
        waiting = waiting[whole:]
    if waiting:
        yield waiting


class ShuffledTrials:
    """Trials in that order, in batches. Shards that fit one window are decoded once, for all epochs.

    Args:
        columns: of the log that are wanted.
        labels: by name.
        selection: which trials.
        seed: of the order.
        batch: trials of a batch.
        shards: by name; all of them where not given.
    """

    def __init__(
        self,
        trials: Trials,
        *,
        columns: Sequence[str] | None,
        labels: Sequence[str] = (),
        selection: Selection = Selection(),
        seed: int,
        batch: int,
        shards: Sequence[str] | None = None,
    ) -> None:
        self._trials = trials
        self._columns = columns
        self._labels = tuple(labels)
        self._selection = selection
        self._seed = seed
        self._batch = batch
        self._shards = tuple(trials.shards if shards is None else shards)
        self._kept: dict[str, list[Trial]] = {}

    def epoch(self, epoch: int) -> Iterator[list[Trial]]:
        """The batches of an epoch, as `shuffled` gives them."""
        return shuffled(self._shards, self._shard, seed=self._seed, epoch=epoch, batch=self._batch)

    def _shard(self, name: str) -> list[Trial]:
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        read = [trial for trial in self._trials.of_shards([name], self._columns, self._labels) if self._selection.matches(trial)]
        if len(self._shards) <= WINDOW:
            self._kept[name] = read
        return read

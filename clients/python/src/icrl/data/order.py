"""The order in which `icrl train` reads a dataset's trials: each epoch a permutation of them, a function of a seed and the epoch.

Shards come in a random order; the trials of so many shards at a time, a window, are put together and shuffled in full. What does not fill a
batch goes on into the next window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .rng import Key, Shuffle
from .trial import Trial
from .trials import Selection, Trials

WINDOW = 4
"""Shards that are shuffled together."""


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
        self._key = Key.of(seed)
        self._batch = batch
        self._shards = tuple(trials.shards if shards is None else shards)
        self._kept: dict[str, list[Trial]] = {}

    def epoch(self, epoch: int) -> Iterator[list[Trial]]:
        """The batches of an epoch, from 0; the last may have fewer trials, and is not there where nothing is left for it."""
        shuffle = Shuffle(self._key.split(f"epoch-{epoch}"))
        order = list(self._shards)
        shuffle(order)
        waiting: list[Trial] = []
        for begin in range(0, len(order), WINDOW):
            for name in order[begin : begin + WINDOW]:
                waiting.extend(self._shard(name))
            shuffle(waiting)
            whole = len(waiting) - len(waiting) % self._batch
            for at in range(0, whole, self._batch):
                yield waiting[at : at + self._batch]
            waiting = waiting[whole:]
        if waiting:
            yield waiting

    def _shard(self, name: str) -> list[Trial]:
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        read = [trial for trial in self._trials.of_shards([name], self._columns, self._labels) if self._selection.matches(trial)]
        if len(self._shards) <= WINDOW:
            self._kept[name] = read
        return read

"""What trials came to: means of their regrets and returns, each with its standard error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ._proto.icrl.v1 import environment_pb2 as pb


@dataclass(frozen=True)
class MeanAndError:
    """A mean and how well it is known.

    Attributes:
        mean: None of no values.
        se: sample standard deviation / sqrt(n); None of fewer than two values, which say nothing about their spread.
    """

    mean: float | None
    se: float | None


def mean_and_error(values: Sequence[float]) -> MeanAndError:
    """The mean, summed as differences from the first value: equal values give exactly that value and 0."""
    n = len(values)
    if n == 0:
        return MeanAndError(None, None)
    origin = values[0]
    total = 0.0
    for value in values[1:]:
        total += value - origin
    mean = origin + total / n
    if n == 1:
        return MeanAndError(mean, None)
    squares = 0.0
    for value in values:
        squares += (value - mean) ** 2
    return MeanAndError(mean, math.sqrt(squares / (n - 1) / n))


@dataclass(frozen=True)
class PlayTotals:
    """What a session came to.

    Attributes:
        complete_trials: trials that ran to their end.
        incomplete_trials: trials cut short.
        episodes: episodes logged.
        steps: steps taken.
        durable_trials: recorded trials that survive the death of the server.
        regret: of a complete trial.
        trial_return: of a complete trial: the sum of its rewards.
    """

    complete_trials: int
    incomplete_trials: int
    episodes: int
    steps: int
    durable_trials: int
    regret: MeanAndError
    trial_return: MeanAndError


class TrialScoring:
    """Collects the ends of trials, in whatever order they come."""

    def __init__(self) -> None:
        self._ended: list[tuple[int, float, float]] = []

    def take(self, ends: Iterable[pb.TrialEnd]) -> None:
        """More trials have ended; those that were cut short have no regret, and do not count."""
        self._ended += [(end.trial_index, end.regret, end.trial_return) for end in ends if end.HasField("regret")]

    def totals(self, closed: pb.Closed) -> PlayTotals:
        """The server's totals with the means: the same for the same trials, in whatever order they ended."""
        self._ended.sort()
        return PlayTotals(
            complete_trials=closed.complete_trials,
            incomplete_trials=closed.incomplete_trials,
            episodes=closed.episodes,
            steps=closed.steps,
            durable_trials=closed.durable_trials,
            regret=mean_and_error([regret for _, regret, _ in self._ended]),
            trial_return=mean_and_error([total for _, _, total in self._ended]),
        )

"""What trials came to: means of their regrets and returns, each with its standard error."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from ._proto.icrl.v1 import environment_pb2 as pb


@dataclass(frozen=True)
class MeanAndError:
    """A mean and how well it is known.

    Attributes:
        mean: None of no values.
        se: sample standard deviation / sqrt(n), or that of a mean over instances where trials share them; None of fewer than two values, or
            instances, which say nothing about their spread.
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


def mean_and_error_of_trials(values: Sequence[float], instances: Sequence[Hashable]) -> MeanAndError:
    """The mean of trials that share instances: trials of one are not independent, so the error is that of a mean over instances.

    Args:
        instances: what each value is of.
    """
    mean = mean_and_error(values).mean
    if mean is None:
        return MeanAndError(None, None)
    deviations: dict[Hashable, float] = {}
    for value, instance in zip(values, instances, strict=True):
        deviations[instance] = deviations.get(instance, 0.0) + (value - mean)
    found = len(deviations)
    if found < 2:
        return MeanAndError(mean, None)
    squares = sum(deviation**2 for deviation in deviations.values())
    return MeanAndError(mean, math.sqrt(squares * found / (found - 1)) / len(values))


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
    """Collects the ends of trials, in whatever order they come.

    Args:
        instances, env_seeds: of the play: see `play_agent`.
    """

    def __init__(self, instances: int | None = None, env_seeds: Sequence[int] | None = None) -> None:
        self._instances = instances
        self._env_seeds = env_seeds
        self._ended: list[tuple[int, float, float, Hashable]] = []

    def take(self, ends: Iterable[pb.TrialEnd]) -> None:
        """More trials have ended; those that were cut short have no regret, and do not count."""
        self._ended += [
            (end.trial_index, end.regret, end.trial_return, self._instance(end)) for end in ends if end.HasField("regret")
        ]

    def _instance(self, end: pb.TrialEnd) -> Hashable:
        """What its instance is called; series of one seed have the same ones."""
        if self._instances is None:
            return None
        seed = self._env_seeds[end.env] if self._env_seeds else 0
        return seed, end.trial_index % self._instances

    def _mean(self, values: Sequence[float]) -> MeanAndError:
        if self._instances is None:
            return mean_and_error(values)
        return mean_and_error_of_trials(values, [instance for _, _, _, instance in self._ended])

    def totals(self, closed: pb.Closed) -> PlayTotals:
        """The server's totals with the means: the same for the same trials, in whatever order they ended."""
        self._ended.sort(key=lambda end: end[:3])
        return PlayTotals(
            complete_trials=closed.complete_trials,
            incomplete_trials=closed.incomplete_trials,
            episodes=closed.episodes,
            steps=closed.steps,
            durable_trials=closed.durable_trials,
            regret=self._mean([regret for _, regret, _, _ in self._ended]),
            trial_return=self._mean([total for _, _, total, _ in self._ended]),
        )

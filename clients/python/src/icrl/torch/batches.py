"""Batches to train on: a dataset's trials as token sequences of one length, with what should be decided at each step; the very batches of
`icrl train`, a function of the options, the epoch and the place in the epoch, so that reading can go on anywhere.

Each epoch is a permutation of the trials, the sequences of all tasks mixed. In training a batch is always full: what does not fill one at the
end of an epoch is left out of that epoch, other trials in each.

Shapes: B sequences, L tokens of a sequence, T = ceil(L / stride) decisions, F features of a token, A most actions, d features of an arm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.errors import DataError
from ..data.manifest import Manifest, Task
from ..data.order import ShuffledTrials, shuffled
from ..data.rng import Key
from ..seeds import hash64
from ..data.trial import Trial
from ..data.trials import Selection, Trials
from .config import ModelConfig, TokenConfig
from .tokens import TRIAL_COLUMNS, Floats, Piece, arms_of, require_fits, write_tokens
from .training_file import TrainingSpec

Ints = npt.NDArray[np.int32]

# Which of a sequence's random numbers: where a piece begins, and which outcomes are hidden.
_PIECE, _HIDDEN = 0, 1


@dataclass(frozen=True)
class Position:
    """Where reading goes on: the batch of the epoch that comes next, both from 0."""

    epoch: int = 0
    batch: int = 0

    def document(self) -> dict[str, Any]:
        """As a checkpoint's state has it."""
        return {"epoch": self.epoch, "batch": self.batch}

    @staticmethod
    def of(document: Any) -> Position:
        """What `document` made of it.

        Raises:
            ValueError: for anything else.
        """
        counts = [document.get(name) for name in ("epoch", "batch")] if isinstance(document, dict) else [None]
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError(f"{document!r} is no position")
        return Position(*counts)


@dataclass(frozen=True)
class Batch:
    """Sequences to learn from. All arrays are the batch's own."""

    tokens: Floats
    """[B, L, F]; those after a sequence's end are 0."""
    targets: Floats
    """[B, T, A]: what is to be answered, a distribution over the actions."""
    weights: Floats
    """[B, T]: how much that counts; 0: not at all."""
    num_actions: Ints
    """[B]: how many actions each sequence's task has; logits of others are left out."""
    arms: Floats | None
    """[B, T, A, d]: features of the arms that each decision is among, for a model whose head scores them; absent arms are 0."""
    decisions: int
    """Decisions that count: losses and gradients are for each of them."""
    position: Any
    """What comes next, of the training's source: a Position in a dataset."""


@dataclass(frozen=True)
class BatchShape:
    """What batches are cut to."""

    tokens: TokenConfig
    context: int
    """L."""
    anywhere: bool
    """What is taken of a trial longer than the context: a piece that begins at any step, all equally likely; else its beginning."""

    @staticmethod
    def of(spec: TrainingSpec, tokens: TokenConfig, model: ModelConfig) -> BatchShape:
        """As the training's file says."""
        crop = spec.training.crop
        return BatchShape(tokens, model.context, crop == "random" or (crop == "auto" and model.is_unbounded))


class TrainingData:
    """A dataset as a training reads it.

    Args:
        hold_out: whether a share of the instances is held out to validate with, by the training's file; else all are there for both.

    Raises:
        DataError: LABEL_UNKNOWN if it has not what the objective learns from; TRUTH_UNKNOWN if instances are to be held out, and which they are is not known;
            SELECTION_EMPTY if a task has but one.
    """

    def __init__(self, trials: Trials, spec: TrainingSpec, *, hold_out: bool) -> None:
        if trials.manifest is None:
            raise DataError("NOT_A_DATASET", f"{trials.path} is a log: a training learns from a dataset")
        self.manifest: Manifest = trials.manifest
        self._trials = trials
        self._spec = spec
        imported = f"{trials.path} was imported, without the truth of its instances"
        known = self.manifest.truth_known
        if spec.label not in trials.labels:
            text = f"{trials.path} has no label {spec.label!r}, it has {', '.join(trials.labels)}{'' if known else f'; {imported}'}"
            raise DataError("LABEL_UNKNOWN", text)
        holds_out = "validation_share holds out instances, so that none is on both sides"
        instead = "give validation, another dataset's folder, or validation_share 0"
        if hold_out and not known:
            raise DataError("TRUTH_UNKNOWN", f"{imported}: {holds_out}; {instead}")
        few = next((task for task in self.manifest.tasks.values() if task.instances is not None and task.instances < 2), None)
        if hold_out and few is not None:
            text = f"task {few.id!r} of {trials.path} has one instance in {few.trials} trials, and 2 parts have none in common"
            raise DataError("SELECTION_EMPTY", f"{text}: {holds_out}; {instead}")
        self.holds_out = hold_out
        cut = 1 - spec.training.validation_share
        self._train = Selection(part=(0.0, cut, spec.seed) if hold_out else None)
        self._held_out = Selection(part=(cut, math.inf, spec.seed) if hold_out else None)

    def token_config(self) -> TokenConfig:
        """Tokens that hold all tasks, with the mean and the deviation of the rewards.

        Raises:
            DataError: TASK_UNSUPPORTED if tasks differ in their number of features, or have none in layout `chosen-arm`.
        """
        tasks = list(self.manifest.tasks.values())
        layout = self._spec.layout
        dim = max(task.dim for task in tasks)
        for task in tasks:
            if task.observation == "box" and not task.fresh_arms:
                shown = "x".join(map(str, task.observation_shape))
                text = f"task {task.id!r} shows [{shown}] numbers at each step, which are no features of arms: tokens hold states by number, and arms' features"
                raise DataError("TASK_UNSUPPORTED", text)
            if task.dim == 0 and layout == "chosen-arm":
                text = f"actions of task {task.id!r} have no features, and layout chosen-arm tells them apart by these alone: give layout step"
                raise DataError("TASK_UNSUPPORTED", text)
            if 0 < task.dim < dim:
                text = f"arms have {task.dim} features in task {task.id!r} and {dim} in another: one model plays tasks of one number"
                raise DataError("TASK_UNSUPPORTED", text)
        mean, std = self._reward_statistics()
        return TokenConfig(
            layout=layout,
            max_actions=max(task.num_actions for task in tasks),
            num_states=max(task.num_states for task in tasks),
            dim=dim,
            horizon=max(task.horizon for task in tasks),
            reward_mean=mean,
            reward_std=std,
        )

    def trial_tokens(self, tokens: TokenConfig) -> int:
        """Tokens of the longest trial that the dataset can hold: all its episodes that were kept, each as long as the horizon."""
        kept = self.manifest.subsample or 1

        def steps(task: Task) -> int:
            most = -(-task.episodes_per_trial // kept) * task.horizon
            return most if task.steps_per_trial is None else min(most, task.steps_per_trial)

        return max(steps(task) for task in self.manifest.tasks.values()) * tokens.stride

    def training(self, shape: BatchShape, start: Position | None = None, epochs: float = math.inf) -> Iterator[Batch]:
        """Batches, from a batch's `position` on, to the end of so many epochs.

        Raises:
            DataError: OPTION_INVALID if there are fewer trials than a batch has; SELECTION_EMPTY if there are none.
        """
        size = self._spec.training.batch
        order = self._order(self._train, size)
        epoch, first = (start.epoch, start.batch) if start is not None else (0, 0)
        while epoch < epochs:
            empty = True
            for index, trials in enumerate(order.epoch(epoch)):
                empty = False
                if len(trials) < size and index == 0:
                    text = f"a batch of {size} sequences is more than the {len(trials)} trials of {self._trials.path} to train on: give a smaller one"
                    raise DataError("OPTION_INVALID", text)
                if len(trials) == size and index >= first:
                    yield self._batch(shape, trials, epoch, index, size, learning=True)
            if empty:
                raise DataError("SELECTION_EMPTY", f"there are no trials in {self._trials.path} to train on")
            epoch, first = epoch + 1, 0

    def validation(self, shape: BatchShape) -> Iterator[Batch]:
        """Held-out batches, the same each time, no larger than the training's; no smoothing, nothing hidden.

        Raises:
            DataError: SELECTION_EMPTY if none are held out.
        """
        most = self._spec.training.validation_sequences
        size = min(self._spec.training.batch, most)
        empty = True
        for index, trials in enumerate(self._order(self._held_out, size).epoch(0)):
            if index == most // size:
                break
            empty = False
            yield self._batch(shape, trials, 0, index, size, learning=False)
        if empty:
            share = self._spec.training.validation_share
            remedy = "give a larger validation_share, 0 for no validation, another seed, or validation, another dataset's folder"
            text = f"no instance of {self._trials.path} falls into the held-out share of {share}: {remedy}"
            raise DataError("SELECTION_EMPTY", text)

    def _order(self, selection: Selection, batch: int) -> ShuffledTrials:
        label = self._spec.label
        columns = (*TRIAL_COLUMNS, "task_seed", "instance")
        return ShuffledTrials(
            self._trials, columns=columns, labels=[label], selection=selection, seed=self._spec.seed, batch=batch
        )

    def _batch(self, shape: BatchShape, trials: list[Trial], epoch: int, index: int, size: int, *, learning: bool) -> Batch:
        tokens, length = shape.tokens, shape.context
        count = -(-length // tokens.stride)  # T
        options = self._spec.training
        key = Key.of(hash64("icrl.v1", "training-data", str(self._spec.seed)))
        made = np.zeros((len(trials), length, tokens.size), np.float32)
        targets = np.zeros((len(trials), count, tokens.max_actions), np.float32)
        weights = np.zeros((len(trials), count), np.float32)
        arms = np.zeros((len(trials), count, tokens.max_actions, tokens.dim), np.float32) if tokens.by_features else None
        tasks = [self.manifest.tasks[trial.task_id] for trial in trials]
        for i, (trial, task) in enumerate(zip(trials, tasks)):
            require_fits(tokens, task)
            place = index * size + i  # in the epoch
            beyond = len(trial) - count
            first = math.floor(key.noise(epoch, place, _PIECE) * (beyond + 1)) if beyond > 0 and shape.anywhere else 0
            piece = Piece.of(trial, first, length, tokens)
            hidden = options.token_mask if learning else 0
            draws = key.noise_key(epoch, place, _HIDDEN).uniforms
            write_tokens(made[i], tokens, task, trial, piece, hidden, draws)
            smoothing = options.label_smoothing if learning else 0
            self._write_targets(targets[i], weights[i], task, trial, piece, smoothing)
            if arms is not None:
                features = arms_of(trial, task)
                assert features is not None  # require_fits
                arms[i, : piece.end - piece.first, : task.num_actions] = features[piece.first : piece.end]
        decisions = int(np.count_nonzero(weights))
        if decisions == 0:
            what = f"has trials without a single action of label {self._spec.label!r}"
            text = f"{self._trials.path} {what}: leave them out, or give an objective that all have"
            raise DataError("LABEL_UNKNOWN", text)
        num_actions = np.array([task.num_actions for task in tasks], np.int32)
        return Batch(made, targets, weights, num_actions, arms, decisions, Position(epoch, index + 1))

    def _write_targets(
        self, targets: Floats, weights: Floats, task: Task, trial: Trial, piece: Piece, smoothing: float
    ) -> None:
        """What a label says at a piece's decisions: its probabilities where they are known and wanted, else its action; where it has none the
        weight stays 0. A target p becomes (1 - smoothing) p + smoothing / n over the n actions of the task."""
        label = trial.labels.get(self._spec.label)
        if label is None:
            return
        said = label.actions[piece.first : piece.end]
        at = np.flatnonzero(said >= 0)
        answers = np.zeros((len(at), task.num_actions), np.float32)
        answers[np.arange(len(at)), said[at]] = 1
        if self._spec.training.soft_targets and label.probabilities is not None:
            laws = label.probabilities[piece.first : piece.end][at]
            known = ~np.isnan(laws[:, 0])
            answers[known] = laws[known]
        if smoothing > 0:
            answers[:] = (1 - smoothing) * answers.astype(np.float64) + smoothing / task.num_actions
        targets[at, : task.num_actions] = answers
        weights[at] = 1

    def _reward_statistics(self, least: int = 20_000) -> tuple[float, float]:
        """Mean and standard deviation of the rewards, every step alike: of the first so many episodes in an order that depends on nothing but
        the dataset. A constant reward has the deviation 1."""

        def episodes(shard: str) -> list[Floats]:
            trials = self._trials.of_shards([shard], ("rewards", "task_seed", "instance"), ())
            return [
                rewards
                for trial in trials
                if self._train.matches(trial) and trial.rewards is not None
                for rewards in np.split(trial.rewards, np.cumsum(trial.lengths)[:-1])
            ]

        seen = count = 0
        mean = squares = 0.0
        for batch in shuffled(self._trials.shards, episodes, seed=0, epoch=0, batch=256):
            # Welford (1962), one after the other: to the last digit what icrl finds, and no loss of digits where the mean is large.
            for reward in np.concatenate(batch).tolist():
                count += 1
                difference = reward - mean
                mean += difference / count
                squares += difference * (reward - mean)
            seen += len(batch)
            if seen >= least:
                break
        if count == 0:
            raise DataError("SELECTION_EMPTY", f"there are no trials in {self._trials.path} to train on")
        std = math.sqrt(squares / count)
        return mean, 1.0 if std < 1e-6 else std

"""Training, from a file to its last checkpoint: what `icrl train` does, in PyTorch.

What is done at an update is a function of the seed and of the updates before: the same batches in the same order, the same initial values and the
same dropout as icrl's engine, so that losses differ by rounding alone, and a training goes on from its last checkpoint, whoever wrote that.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from ..data.errors import DataError
from ..seeds import hash64
from .batches import Batch, BatchShape, Position
from .begin import begin_model
from .checkpoint import Checkpoint, TrainState, checkpoint_folders, read_checkpoint, read_train_state, write_checkpoint
from .collect import CollectingStopped, collect
from .fresh import FreshTrials
from .learner import Learner
from .load import checkpoint_of, module_of
from .metrics import MetricsFile
from .module import Transformer
from .rounds import OnlinePosition, OnlineRounds
from .sources import DataSource, OfflineData
from .training_file import TrainingSpec, read_training_file
from .training_folder import keep_latest_checkpoints, open_training_folder

Item = TypeVar("Item")


def train(
    file: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    steps: int | None = None,
    device: torch.device | str | None = None,
    compile: bool = False,
    autocast: torch.dtype | None = None,
    on_metrics: Callable[[dict[str, Any]], None] | None = None,
) -> Transformer:
    """Trains the model of a file that `icrl train` trains, or goes on with what is in the folder.

    The folder is as `icrl train` leaves it: spec.json, metrics.jsonl, checkpoints/. Ctrl-C saves after the update under way; whatever ended it, the
    same call goes on from the last checkpoint.

    Args:
        file: the training's file. A dataset that it names a file for is collected by the program `icrl`, into OUT/dataset, and evaluation_trials
            are played by it, with the checkpoint, as `icrl train` plays them.
        out: the folder; NAME-output where not given, by the name in the file.
        steps: updates, instead of the file's; more than before make a training longer.
        device: CUDA where there is a GPU, else the CPU, where not given.
        compile: whether the model is compiled by torch.compile, which takes a minute and makes long trainings of small models on a GPU faster.
        autocast: a type that products are computed in, torch.bfloat16 for example; losses are then the engine's to some 2 digits alone.
        on_metrics: told every line of metrics.jsonl.

    Returns:
        The model after the last update, in evaluation mode.

    Raises:
        DataError: SPEC_INVALID, OPTION_INVALID, OPTION_UNKNOWN of the file; OUTPUT_EXISTS if something else is in the folder; what reading the
            dataset and the checkpoint raise; DATASET_MISMATCH if another dataset now lies where the checkpoint's was; TRAINING_DIVERGED if a
            loss is no number.
        KeyboardInterrupt: Ctrl-C, a checkpoint saved.
    """
    spec = read_training_file(file, steps)
    folder = Path(f"{spec.name}-output" if out is None else out)
    continued = open_training_folder(folder, spec)
    chosen = torch.device(device or _best_device())
    return _Training(spec, folder, continued, chosen, compile, autocast, on_metrics).run()


class _Training:
    """A run of a training."""

    def __init__(
        self,
        spec: TrainingSpec,
        out: Path,
        continued: list[dict[str, int]],
        device: torch.device,
        compile: bool,
        autocast: torch.dtype | None,
        on_metrics: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self._spec = spec
        self._options = spec.training
        self._out = out
        self._continued = continued
        self._on_metrics = on_metrics or (lambda _: None)
        self.step = 0
        self._tokens_seen = 0
        self._position: Any = None
        self._saved = True
        begun = read_checkpoint(out) if checkpoint_folders(out) else None
        state = None if begun is None else self._resume(begun)
        self._data = self._open_data(begun)
        checkpoint = begun or begin_model(spec, self._data)
        self._fresh = self._fresh_trials(checkpoint)
        self._from = checkpoint.trained.get("from")
        self._shape = BatchShape.of(spec, checkpoint.tokens, checkpoint.model)
        self.module = module_of(checkpoint, device)
        self._learner = Learner(
            self.module,
            self._options,
            compiled=torch.compile(self.module) if compile else None,
            autocast=autocast,
            updates=self.step,
            moments=None if state is None else (state.first_moments, state.second_moments),
        )

    def run(self) -> Transformer:
        """Trains to the last update, or until validations get no better where that is an end."""
        metrics = MetricsFile(self._out / "metrics.jsonl", self.step)
        self._begun = time.monotonic()

        def record(line: dict[str, Any]) -> None:
            metrics.record(line)
            self._on_metrics(line)

        try:
            self._record_continuation(metrics, record)
            batches = _ahead(self._data.training(self._shape, self._position))
            if self._data.holds_out:
                next(self._data.validation(self._shape))  # what is wrong with it is said now, not an hour later
            with _interruptible(self._stop) as interrupted, batches as stream, closing(self._data), suppress(CollectingStopped):
                while not interrupted():
                    self._evaluate(metrics, record)
                    if self._has_ended(metrics) or interrupted():
                        break
                    record(self._learn(stream))
                    if self._data.holds_out and self._is_due(self._options.validation_every):
                        record(self._validate())
                        if self._options.keep_best and metrics.best is not None and metrics.best["step"] == self.step:
                            write_checkpoint(self._out / "checkpoints" / "best", self._checkpoint())
                    if self._is_due(self._options.checkpoint_every):
                        self._save(metrics)
            self._save(metrics)
            if not self._has_ended(metrics) or self._evaluation_is_due(metrics):
                raise KeyboardInterrupt
            self._data.release(None)
        finally:
            metrics.close()
        return self.module.eval()

    def _fresh_trials(self, checkpoint: Checkpoint) -> FreshTrials | None:
        """Who plays evaluation_trials, where there are any."""
        trials = self._options.evaluation_trials
        if trials == 0:
            return None
        if not self._data.manifest.truth_known:
            text = "was imported, without the truth of its instances: evaluation_trials are for tasks that icrl has, and its are none: give evaluation_trials 0"
            raise DataError("TRUTH_UNKNOWN", f"{self._spec.dataset} {text}")
        model, tokens = checkpoint.model, self._data.trial_tokens(checkpoint.tokens)
        context = 0
        if not model.is_unbounded and tokens - model.stride >= model.context:  # what follows the last decision is not read
            if not BatchShape.of(self._spec, checkpoint.tokens, model).anywhere:
                text = f"the model cannot play evaluation_trials: a trial has {tokens} tokens, its context {model.context}"
                raise DataError("OPTION_INVALID", f"{text}; give evaluation_trials 0, a larger context, or crop random")
            context = model.context
        return FreshTrials(trials, self._spec.seed, context)

    def _stop(self) -> None:
        """Breaks off what is played and collected. May come from a signal's handler."""
        self._data.stop()
        if self._fresh is not None:
            self._fresh.stop()

    def _evaluation_is_due(self, metrics: MetricsFile) -> bool:
        """Whether fresh trials are to be played now and were not: also where that was broken off."""
        if self._fresh is None or self.step == 0:
            return False
        due = self.step % self._options.evaluation_every == 0 or self._has_ended(metrics)
        return due and metrics.last.get("evaluation", {}).get("step") != self.step

    def _evaluate(self, metrics: MetricsFile, record: Callable[[dict[str, Any]], None]) -> None:
        """Plays them, with a checkpoint of this moment."""
        if self._fresh is None or not self._evaluation_is_due(metrics):
            return
        played = self._fresh.play(self._data.manifest.tasks.values(), self._save(metrics))
        if played is not None:
            record({"type": "evaluation", "step": self.step, **played})

    def _resume(self, checkpoint: Checkpoint) -> TrainState:
        """What the latest checkpoint holds; counts go on from it."""
        state = read_train_state(self._out)
        if state is None:
            raise DataError("CHECKPOINT_CORRUPT", f"the latest checkpoint of {self._out} has no state to go on from: remove it")
        try:
            counts = [state.state["step"], state.state["tokens"]]
            position = Position if self._spec.online_trials is None else OnlinePosition
            self._position = position.of(state.state["position"])
        except (KeyError, TypeError, ValueError):
            counts = [None]
        if not all(type(count) is int and count >= 0 for count in counts):
            raise DataError("CHECKPOINT_CORRUPT", f"the state of the latest checkpoint of {self._out} is damaged: remove that checkpoint")
        self.step, self._tokens_seen = counts
        return state

    def _open_data(self, begun: Checkpoint | None) -> DataSource:
        """Opens what is learned from; what the file names a file for is collected."""
        spec, collected = self._spec, self._out / "dataset"
        data: DataSource
        if spec.online_trials is not None:
            data = OnlineRounds(self._out / "online", spec, spec.online_trials, self._position)
        elif spec.dataset.is_file():
            collect(spec.dataset, collected)
            data = OfflineData(collected, spec)
        else:
            data = OfflineData(spec.dataset, spec)
        was = None if begun is None else begun.trained["data"]
        if begun is not None and _id_of(was) != _id_of(data.record):
            raise DataError("DATASET_MISMATCH", f"{self._out} was begun with {_named(was)}, and there is now {_named(data.record)}: put it back")
        return data

    def _record_continuation(self, metrics: MetricsFile, record: Callable[[dict[str, Any]], None]) -> None:
        if not self._continued or metrics.last.get("continuation", {}).get("steps") == self._options.steps:
            return
        earlier = self._continued[-1]["steps"]
        record({"type": "continuation", "step": self.step, "steps": self._options.steps, "earlier_steps": earlier})

    def _learn(self, stream: Iterator[Batch]) -> dict[str, Any]:
        """One update; its line."""
        loss = 0.0
        decisions = 0
        for part in range(self._options.accumulate):
            batch = next(stream)
            loss += self._learner.accumulate(batch, _dropout_seed(self._spec.seed, self.step, part))
            decisions += batch.decisions
            self._tokens_seen += batch.tokens.shape[0] * batch.tokens.shape[1]
            self._position = batch.position
        if not math.isfinite(loss):
            text = f"the loss of update {self.step + 1} is {loss}: begin anew with a lower learning_rate, a longer warmup or a smaller clip"
            raise DataError("TRAINING_DIVERGED", text)
        rate = self._options.learning_rate_at(self.step)
        norm = self._learner.update(rate, decisions)
        self.step += 1
        self._saved = False
        return {
            "type": "update",
            "step": self.step,
            "loss": loss / decisions,
            "learning_rate": rate,
            "gradient_norm": norm,
            "decisions": decisions,
            "tokens": self._tokens_seen,
            "seconds": time.monotonic() - self._begun,
        }

    def _validate(self) -> dict[str, Any]:
        """A look at held-out batches; its line."""
        loss = agreed = entropy = 0.0
        decisions = 0
        marginal = np.zeros(self._shape.tokens.max_actions)
        for batch in self._data.validation(self._shape):
            answered = self._learner.evaluate(batch)
            loss += answered.loss
            agreed += answered.agreed
            decisions += batch.decisions
            counted = batch.targets[batch.weights > 0].astype(np.float64)
            entropy -= _plogp(counted)
            marginal += counted.sum(axis=0)
        return {
            "type": "validation",
            "step": self.step,
            "loss": loss / decisions,
            "target_entropy": entropy / decisions,
            "marginal_entropy": -_plogp(marginal / decisions),
            "agreement": agreed / decisions,
            "decisions": decisions,
        }

    def _has_ended(self, metrics: MetricsFile) -> bool:
        """Whether the last update is made, or validations got no better for as long as `patience` says."""
        return self.step >= self._options.steps or 0 < self._options.patience <= metrics.since_best

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self._options.steps

    def _save(self, metrics: MetricsFile) -> Path:
        """Saves a checkpoint where there is none of this update; its folder."""
        folder = self._out / "checkpoints" / f"step-{self.step:08}"
        if self._saved:
            return folder
        metrics.sync()
        state = {"step": self.step, "tokens": self._tokens_seen, "position": self._position.document()}
        write_checkpoint(folder, self._checkpoint(), TrainState(*self._learner.moments(), state))
        keep_latest_checkpoints(self._out, self._options.keep_checkpoints)
        self._data.release(self._position)
        self._saved = True
        return folder

    def _checkpoint(self) -> Checkpoint:
        """What was learned so far."""
        manifest = self._data.manifest
        self.module.trained = {
            "objective": self._spec.objective,
            "step": self.step,
            "tokens": self._tokens_seen,
            "data": self._data.record,
            "tasks": [{"id": task.id, "task": task.task, "options": dict(task.options)} for task in manifest.tasks.values()],
            "icrl_version": _version(),
            "backend": "pytorch",
            **({"continued": self._continued} if self._continued else {}),
            **({"from": self._from} if self._from is not None else {}),
        }
        return checkpoint_of(self.module)


def _id_of(data: dict[str, str] | list[dict[str, Any]] | None) -> str | list[str] | None:
    """A dataset's id; of a mixture, which no training here has, those of all."""
    if isinstance(data, list):
        return [one["id"] for one in data]
    return None if data is None else data["id"]


def _named(data: dict[str, str] | list[dict[str, Any]] | None) -> str:
    if isinstance(data, list):
        return "a mixture of datasets"
    return "data that are played while it learns" if data is None else f"the dataset {data['name']!r} ({data['id']})"


def _plogp(p: Any) -> float:
    """Sum of p log p."""
    positive = p[p > 0]
    return float((positive * np.log(positive)).sum())


def _dropout_seed(seed: int, step: int, part: int) -> int:
    """What a batch's dropout is drawn from, below 2^31."""
    return hash64("icrl.v1", "dropout", str(seed), str(step), str(part)) & 0x7FFFFFFF


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _version() -> str:
    try:
        return importlib.metadata.version("icrl")
    except importlib.metadata.PackageNotFoundError:
        return "0"


@contextmanager
def _ahead(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """The items, each made in a thread of its own while the one before is used."""
    with ThreadPoolExecutor(max_workers=1) as thread:

        def take() -> Iterator[Item]:
            following = thread.submit(next, items)
            while True:
                item = following.result()
                following = thread.submit(next, items)
                yield item

        yield take()


@contextmanager
def _interruptible(stop: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Says whether Ctrl-C was pressed, which is not raised meanwhile: `stop` is called then; a second one is."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield lambda: False
        return
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)
        stop()

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)

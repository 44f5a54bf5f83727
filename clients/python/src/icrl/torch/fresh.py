"""A model's play of fresh trials while it is trained: by the program `icrl`, which plays the checkpoint, so that it is what icrl's engine plays."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..data.errors import DataError
from ..data.manifest import Task
from ..errors import IcrlError
from ..server import icrl_command

#: How much of what the program said is told, in bytes.
_MOST_TOLD = 2000


class FreshTrials:
    """Trials of each task, the same ones each time. Their seeds are for the purpose "validate": no dataset has them."""

    def __init__(self, trials: int, seed: int, context: int) -> None:
        """
        Args:
            trials: of each task, at least 1.
            seed: of the training.
            context: tokens that the model may see, the last ones; 0: all.

        Raises:
            DataError: OPTION_INVALID if there is no `icrl` to play them.
        """
        self._trials, self._seed, self._context = trials, seed, context
        self._stopped = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._words = icrl_command()
        except IcrlError:
            text = "evaluation_trials are played by icrl, and there is none: put it on the PATH, name it in ICRL_COMMAND, or give evaluation_trials 0"
            raise DataError("OPTION_INVALID", text) from None

    def play(self, tasks: Iterable[Task], checkpoint: Path) -> dict[str, Any] | None:
        """Plays them: `trials`, and of each task's id in `tasks` regret and return, each `mean` and `se`. None once it was stopped.

        Raises:
            DataError: OPTION_INVALID if icrl could not.
        """
        results = {}
        for task in tasks:
            played = self._play(task, checkpoint)
            if played is None:
                return None
            results[task.id] = {"regret": played["regret"], "return": played["return"]}
        return {"trials": self._trials, "tasks": results}

    def stop(self) -> None:
        """Breaks it off. May come from a signal's handler."""
        self._stopped.set()
        if self._process is not None:
            self._process.terminate()

    def _play(self, task: Task, checkpoint: Path) -> dict[str, Any] | None:
        flags = ["--option", f"checkpoint={checkpoint}", "--option", f"context={self._context}", "--task", task.task]
        for name, value in task.options.items():
            flags += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        flags += ["--trials", str(self._trials), "--seed", str(self._seed), "--purpose", "validate", "--no-record", "--json"]
        with tempfile.TemporaryDirectory(prefix="icrl-evaluation-") as data:  # of its private server, which records nothing
            words = [*self._words, "play", "transformer", *flags, "--data", str(Path(data) / "log")]
            # Ctrl-C is for the training, which stops it.
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
            )
            self._process = process
            if self._stopped.is_set():
                process.terminate()
            said, complaints = process.communicate()
            self._process = None
        if self._stopped.is_set():
            return None
        if process.returncode != 0:
            told = complaints[-_MOST_TOLD:].decode(errors="replace").strip()
            raise DataError("OPTION_INVALID", f"icrl could not play evaluation_trials of {task.id!r} (exit code {process.returncode}): {told}")
        played: dict[str, Any] = json.loads(said)
        return played

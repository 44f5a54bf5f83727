"""Trainings whose data are played while they learn, held against those of icrl's engine, which ICRL_COMMAND starts."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import icrl.torch
from icrl.data import DataError
from icrl.torch.checkpoint import read_checkpoint, read_train_state

TASK = {"id": "bandit", "task": "linear-bandit", "options": {"dim": 3, "actions": 4, "horizon": 6}}
DATASET = {"name": "fresh", "trials": 5, "tasks": [TASK], "behaviours": [{"name": "learner", "agent": "lin-ucb"}], "labels": ["self"]}
TRAINING = {
    "name": "online",
    "seed": 3,
    "dataset": "data.yaml",
    "online": {"trials": 64},
    "objective": "ad",
    "model": {"layers": 1, "width": 16, "heads": 2},
    "training": {"steps": 7, "batch": 16, "validation_every": 4, "validation_sequences": 16, "validation_share": 0.1},
}
#: Updates that a round is enough for.
ROUND = 4


def course(out: Path) -> list[dict[str, Any]]:
    """A training's metrics, but for what depends on time."""
    return [{**json.loads(line), "seconds": None} for line in (out / "metrics.jsonl").read_text().splitlines()]


class OnlineTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        (self.folder / "data.yaml").write_text(json.dumps(DATASET))
        self.file = self.folder / "train.yaml"
        self.file.write_text(json.dumps(TRAINING))

    def engine(self, out: str) -> None:
        words = [*shlex.split(os.environ["ICRL_COMMAND"]), "train", str(self.file), "--out", str(self.folder / out), "--backend", "engine"]
        subprocess.run(words, check=True, capture_output=True)

    def assert_same_course(self, out: str, wanted: str) -> None:
        """That losses are the same but for rounding, and everything else is the same."""
        made, other = course(self.folder / out), course(self.folder / wanted)
        self.assertEqual([line["step"] for line in made], [line["step"] for line in other])
        for ours, theirs in zip(made, other):
            self.assertAlmostEqual(ours["loss"] / theirs["loss"], 1, 5, f"{ours}")
            self.assertEqual([ours.get(name) for name in ("tokens", "decisions")], [theirs.get(name) for name in ("tokens", "decisions")])

    def test_goes_as_the_engine_does_and_either_goes_on_with_the_others(self) -> None:
        self.engine("engine")
        icrl.torch.train(self.file, self.folder / "whole", device="cpu")
        self.assert_same_course("whole", "engine")
        self.assertIsNone(read_checkpoint(self.folder / "whole").trained["data"])
        self.assertEqual(sorted(os.listdir(self.folder / "whole")), ["checkpoints", "metrics.jsonl", "spec.json"])  # rounds are gone

        def interrupt(line: dict[str, Any]) -> None:
            if line["step"] == ROUND + 1:
                signal.raise_signal(signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            icrl.torch.train(self.file, self.folder / "parts", device="cpu", on_metrics=interrupt)
        state = read_train_state(self.folder / "parts")
        assert state is not None
        self.assertEqual(state.state["position"], {"round": 1, "inside": {"epoch": 0, "batch": 1}})
        rounds = self.folder / "parts/online"
        self.assertEqual(sorted(path.name for path in rounds.iterdir() if (path / "dataset.json").exists()), ["round-1", "validation"])
        shutil.copytree(self.folder / "parts", self.folder / "engines")
        # Whoever keeps something there finds it again.
        (rounds / "round-1/labels/self").mkdir(parents=True, exist_ok=True)
        own = [rounds / "notes.txt", rounds / "round-1/data/notes.txt", rounds / "round-1/labels/self/notes.txt"]
        for file in own:
            file.write_text("years of work")
        icrl.torch.train(self.file, self.folder / "parts", device="cpu")
        self.assert_same_course("parts", "engine")
        self.assertEqual(sorted(path for path in rounds.rglob("*") if path.is_file()), sorted(own))

        self.engine("engines")
        self.assert_same_course("engines", "engine")

    def test_says_what_became_of_rounds_that_cannot_be_collected(self) -> None:
        with self.assertRaises(DataError) as raised, mock.patch.dict(os.environ, ICRL_COMMAND="false"):
            icrl.torch.train(self.file, self.folder / "out", device="cpu")
        self.assertEqual(raised.exception.reason, "OPTION_INVALID")
        # The second one, beside the training.
        program = self.folder / "icrl.sh"
        program.write_text(
            f'#!/bin/sh\ncase "$*" in *round-1*) echo "error: the disk is full" >&2; exit 1;; esac\nexec {os.environ["ICRL_COMMAND"]} "$@"\n'
        )
        with self.assertRaisesRegex(DataError, r"round-1 \(exit code 1\): it said: error: the disk is full"):
            with mock.patch.dict(os.environ, ICRL_COMMAND=f"sh {program}"):
                icrl.torch.train(self.file, self.folder / "out", device="cpu")
        self.assertEqual(len(course(self.folder / "out")), ROUND + 1)


if __name__ == "__main__":
    unittest.main()

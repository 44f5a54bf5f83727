"""Trainings in PyTorch, held against those of icrl's engine by the same files.

ICRL_TEST_TRAININGS names a folder that has, of each training NAME: its file NAME.yaml, the engine's output NAME/engine, the parameters that it began
with, NAME/begun, and its first batches, NAME/batch-*.safetensors. ICRL_COMMAND is icrl's. tests/python/python-torch.full.test.ts makes and names
them, and goes on with what is left here.
"""

import functools
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

import numpy as np
import safetensors.numpy
import torch
import yaml

import icrl.torch
from icrl.data import DataError
from icrl.data.trials import Trials
from icrl.torch.batches import BatchShape, Position, TrainingData
from icrl.torch.checkpoint import read_checkpoint, read_train_state
from icrl.torch.initial import initial_parameters
from icrl.torch.training_file import read_training_file

FOLDER = Path(os.environ["ICRL_TEST_TRAININGS"])
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def lines(out: Path) -> list[dict[str, Any]]:
    """A training's metrics, but for what depends on time."""
    return [{**json.loads(line), "seconds": None} for line in (out / "metrics.jsonl").read_text().splitlines()]


class Trainings(unittest.TestCase):
    """Tests that train."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def file(self, name: str = "file.yaml", **changes: Any) -> Path:
        """A training's file in a folder of the test, with some members of `expert` replaced."""
        spec = json.loads((FOLDER / "expert.yaml").read_text()) | {"dataset": str(FOLDER / "set")}
        for member, value in changes.items():
            spec[member] = spec[member] | value if isinstance(value, dict) and member in spec else value
        path = self.folder / name
        path.write_text(json.dumps(spec))
        return path

    def assert_same_course(self, made: list[dict[str, Any]], wanted: list[dict[str, Any]], rounding: float) -> float:
        """That metrics agree: losses and norms but for rounding, all else exactly. The largest difference of losses."""
        self.assertEqual(len(made), len(wanted))
        largest = 0.0
        for ours, theirs in zip(made, wanted):
            self.assertEqual(ours.keys(), theirs.keys())
            for name, value in theirs.items():
                if name in ("loss", "gradient_norm"):
                    difference = abs(ours[name] / value - 1)
                    self.assertLess(difference, rounding if name == "loss" else 20 * rounding, f"{name} of {theirs}")
                    largest = max(largest, difference if name == "loss" else 0)
                elif name in ("target_entropy", "marginal_entropy", "learning_rate"):
                    self.assertAlmostEqual(ours[name], value, 9, name)
                elif name == "agreement":
                    self.assertLess(abs(ours[name] - value), 2.5 / theirs["decisions"])  # what is all but tied
                else:
                    self.assertEqual(ours[name], value, name)
        return largest


class Batches(Trainings):
    """What a training sees."""

    def test_are_the_engines_number_by_number(self) -> None:
        compared = 0
        for name in NAMES:
            spec = read_training_file(FOLDER / f"{name}.yaml")
            data = TrainingData(Trials(spec.dataset), spec, hold_out=spec.training.validation_share > 0)
            model, tokens = (read_checkpoint(FOLDER / name / "engine").model, read_checkpoint(FOLDER / name / "engine").tokens)
            self.assertEqual(data.token_config(), tokens)
            shape = BatchShape.of(spec, tokens, model)
            batches = data.training(shape)
            position = Position()
            wanted = sorted((FOLDER / name).glob("batch-*.safetensors"))
            for file in wanted:
                given = safetensors.numpy.load_file(file)
                batch = next(batches)
                for member in ("tokens", "targets", "weights", "num_actions"):
                    np.testing.assert_array_equal(getattr(batch, member), given[member], f"{name}, {file.name}, {member}")
                if "arms" in given:
                    np.testing.assert_array_equal(batch.arms, given["arms"])
                else:
                    self.assertIsNone(batch.arms)
                place = [batch.decisions, batch.position.epoch, batch.position.batch]
                self.assertEqual(place, given["place"].tolist())
                # The same where reading goes on at this batch.
                np.testing.assert_array_equal(next(data.training(shape, position)).tokens, batch.tokens)
                position = batch.position
                compared += 1
            self.assertGreater(position.epoch, 0, name)
        print(f"{compared} batches of {len(NAMES)} trainings are the engine's, number by number")

    def test_begin_with_the_engines_parameters(self) -> None:
        for name in NAMES:
            begun = read_checkpoint(FOLDER / name / "begun")
            made = initial_parameters(begun.model, read_training_file(FOLDER / f"{name}.yaml").seed)
            for parameter, values in begun.parameters.items():
                np.testing.assert_array_equal(made[parameter], values, parameter)

    def test_are_refused_where_there_are_none(self) -> None:
        refusals = [
            ({"objective": "expert:nobody"}, "LABEL_UNKNOWN"),
            ({"layout": "chosen-arm"}, "TASK_UNSUPPORTED"),
            ({"training": {"batch": 1000}}, "OPTION_INVALID"),
            ({"training": {"validation_share": 1e-9}}, "SELECTION_EMPTY"),
            ({"context": 5}, "OPTION_INVALID"),  # it could not play what it is trained on
            ({"from": str(FOLDER / "transitions/engine")}, "OPTION_INVALID"),  # another layout
            ({"from": str(FOLDER / "nowhere")}, "SPEC_INVALID"),
            ({"dataset": [{"path": str(FOLDER / "set")}]}, "SPEC_INVALID"),
            ({"from": str(FOLDER / "expert/engine"), "model": {"width": 24}}, "OPTION_INVALID"),
            ({"training": {"patience": 1, "validation_share": 0}}, "OPTION_INVALID"),
        ]
        for changes, reason in refusals:
            with self.subTest(changes), self.assertRaises(DataError) as raised:
                icrl.torch.train(self.file(**changes), Path(tempfile.mkdtemp(dir=self.folder)))
            self.assertEqual(raised.exception.reason, reason)


class Courses(Trainings):
    """How trainings go."""

    def test_have_the_engines_losses_within_rounding(self) -> None:
        for name in NAMES:
            out = FOLDER / name / "torch"
            module = icrl.torch.train(FOLDER / f"{name}.yaml", out, device="cpu")
            wanted = lines(FOLDER / name / "engine")
            largest = self.assert_same_course(lines(out), wanted, 2e-5)
            updates = [line for line in wanted if line["type"] == "update"]
            self.assertNotEqual(updates[0]["loss"], updates[-1]["loss"])
            engine = read_checkpoint(FOLDER / name / "engine")
            for parameter, values in module.state_dict().items():
                np.testing.assert_allclose(values.numpy(), engine.parameters[parameter], atol=2e-3, err_msg=parameter)
            first = [f"{ours['loss']:.6f} {theirs['loss']:.6f}" for ours, theirs in zip(lines(out), updates)][:5]
            print(f"{name}: first losses here and there {', '.join(first)}; {len(updates)} updates differ by {largest:.1e} of a loss at most")
            # For icrl to go on with.
            half = FOLDER / name / "half"
            shutil.copytree(out, half)
            checkpoints = sorted((half / "checkpoints").iterdir())
            shutil.rmtree(checkpoints[-1])
            made = lines(half)[: next(i for i, line in enumerate(lines(half)) if line["step"] > len(updates) // 2)]
            (half / "metrics.jsonl").write_text("".join(f"{json.dumps({**line, 'seconds': 0})}\n" for line in made))

    def test_go_on_with_what_the_engine_began(self) -> None:
        for name in NAMES:
            out = self.folder / name
            shutil.copytree(FOLDER / name / "engine", out)
            checkpoints = sorted((out / "checkpoints").iterdir())
            self.assertEqual(len(checkpoints), 2)
            shutil.rmtree(checkpoints[-1])
            # The dataset's place is told from the folder: the file is the same.
            icrl.torch.train(FOLDER / f"{name}.yaml", out, device="cpu")
            self.assert_same_course(lines(out), lines(FOLDER / name / "engine"), 2e-5)
            self.assertEqual(read_checkpoint(out).trained["backend"], "pytorch")

    def test_go_on_after_an_interruption_as_if_there_was_none(self) -> None:
        file = self.file(training={"steps": 7, "checkpoint_every": 100})
        icrl.torch.train(file, self.folder / "whole", device="cpu")

        def interrupt(line: dict[str, Any]) -> None:
            if line["step"] == 3:
                signal.raise_signal(signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            icrl.torch.train(file, self.folder / "parts", device="cpu", on_metrics=interrupt)
        self.assertEqual(signal.getsignal(signal.SIGINT), before)
        self.assertEqual(os.listdir(self.folder / "parts/checkpoints"), ["step-00000003"])
        # What is behind the checkpoint is made once more, and a torn line is none.
        with open(self.folder / "parts/metrics.jsonl", "a") as metrics:
            metrics.write('{"type": "update", "step": 4}\n{"type": "upd')
        icrl.torch.train(file, self.folder / "parts", device="cpu")
        self.assert_same_course(lines(self.folder / "parts"), lines(self.folder / "whole"), 1e-6)
        whole, parts = (read_train_state(self.folder / out) for out in ("whole", "parts"))
        assert whole is not None and parts is not None
        self.assertEqual(whole.state, parts.state)
        for name, values in whole.first_moments.items():
            np.testing.assert_allclose(parts.first_moments[name], values, atol=1e-6)
        # Nothing is left to do.
        icrl.torch.train(file, self.folder / "parts", device="cpu", on_metrics=lambda line: self.fail(str(line)))

    def test_begin_with_the_parameters_of_a_checkpoint_and_say_so(self) -> None:
        icrl.torch.train(FOLDER / "warm.yaml", self.folder / "warm", steps=1, device="cpu")
        ours, theirs = read_checkpoint(self.folder / "warm"), read_checkpoint(FOLDER / "warm/engine")
        began = read_checkpoint(FOLDER / "transitions/engine")
        self.assertEqual(ours.trained["from"], theirs.trained["from"])
        self.assertEqual(ours.trained["from"]["step"], began.trained["step"])
        self.assertEqual((ours.tokens, ours.model.context), (began.tokens, 16))
        file = self.file(**{"from": str(FOLDER / "expert/engine")}, training={"steps": 1, "learning_rate": 0, "schedule": "constant"})
        module = icrl.torch.train(file, self.folder / "same", device="cpu")
        for parameter, values in module.state_dict().items():
            np.testing.assert_array_equal(values.numpy(), read_checkpoint(FOLDER / "expert/engine").parameters[parameter])

    def test_end_early_and_keep_the_best(self) -> None:
        still = {"learning_rate": 0, "schedule": "constant"}  # the first validation is the best
        training = {"steps": 40, "validation_every": 2, "patience": 2, "keep_best": True, "checkpoint_every": 100}
        file, out = self.file(training=training | still), self.folder / "out"
        icrl.torch.train(file, out, device="cpu")
        self.assertEqual([line["step"] for line in lines(out) if line["type"] == "validation"], [2, 4, 6])
        self.assertEqual(sorted(os.listdir(out / "checkpoints")), ["best", "step-00000006"])
        self.assertEqual(read_checkpoint(out / "checkpoints/best").trained["step"], 2)
        self.assertIsNone(read_train_state(out / "checkpoints/best"))
        self.assertEqual(read_checkpoint(out).trained["step"], 6)
        icrl.torch.train(file, out, device="cpu", on_metrics=lambda line: self.fail(str(line)))  # it stays ended

    def test_can_be_made_longer_and_nothing_else(self) -> None:
        out = self.folder / "out"
        icrl.torch.train(self.file(training={"steps": 4}), out, device="cpu")
        icrl.torch.train(self.file(training={"steps": 4}), out, steps=6, device="cpu")
        self.assertEqual([line["step"] for line in lines(out) if line["type"] == "update"], [1, 2, 3, 4, 5, 6])
        told = {"type": "continuation", "step": 4, "steps": 6, "earlier_steps": 4, "seconds": None}
        self.assertEqual([line for line in lines(out) if line["type"] == "continuation"], [told])
        self.assertEqual(read_checkpoint(out).trained["continued"], [{"steps": 4, "after": 4}])
        self.assertEqual(json.loads((out / "spec.json").read_text())["continued"], [{"steps": 4, "after": 4}])
        for changes in ({"training": {"steps": 4}}, {"training": {"steps": 6, "batch": 3}}, {"seed": 3, "training": {"steps": 6}}):
            with self.subTest(changes), self.assertRaises(DataError) as raised:
                icrl.torch.train(self.file(**changes), out, device="cpu")
            self.assertEqual(raised.exception.reason, "OUTPUT_EXISTS")
        thesis = self.folder / "work"
        thesis.mkdir()
        (thesis / "thesis.tex").write_text("years of work")
        with self.assertRaises(DataError) as raised:
            icrl.torch.train(self.file(), thesis)
        self.assertEqual(raised.exception.reason, "OUTPUT_EXISTS")
        self.assertEqual(os.listdir(thesis), ["thesis.tex"])

    def test_keep_their_latest_checkpoints(self) -> None:
        file = self.file(training={"steps": 5, "checkpoint_every": 1, "keep_checkpoints": 3})
        icrl.torch.train(file, self.folder / "out", device="cpu")
        self.assertEqual(sorted(os.listdir(self.folder / "out/checkpoints")), [f"step-{step:08}" for step in (3, 4, 5)])

    def test_collect_their_data_where_the_file_says_so(self) -> None:
        task = {"id": "bandit", "task": "bernoulli-bandit", "options": {"arms": 2, "horizon": 4}}
        dataset = {"name": "tiny", "seed": 1, "trials": 20, "tasks": [task], "behaviours": [{"name": "u", "agent": "uniform"}]}
        (self.folder / "dataset.yaml").write_text(json.dumps(dataset))
        file = self.file(dataset="dataset.yaml", objective="dpt", training={"steps": 2})
        module = icrl.torch.train(file, self.folder / "out", device="cpu")
        self.assertTrue((self.folder / "out/dataset/dataset.json").exists())
        self.assertEqual(module.trained["data"]["name"], "tiny")
        with self.assertRaises(DataError) as raised:  # another dataset in its place
            shutil.copy(FOLDER / "set/dataset.json", self.folder / "out/dataset/dataset.json")
            with mock.patch.dict(os.environ, ICRL_COMMAND="true"):
                icrl.torch.train(file, self.folder / "out", device="cpu")
        self.assertEqual(raised.exception.reason, "DATASET_MISMATCH")

    def test_validate_with_a_dataset_of_its_own_where_one_is_named(self) -> None:
        training = {"steps": 2, "validation_every": 2, "validation_sequences": 60, "batch": 5}
        spec = json.loads((FOLDER / "expert.yaml").read_text())
        training = {name: value for name, value in {**spec["training"], **training}.items() if name != "validation_share"}
        spec |= {"dataset": str(FOLDER / "set"), "validation": str(FOLDER / "set"), "training": training}
        file = self.folder / "own.yaml"
        file.write_text(json.dumps(spec))
        icrl.torch.train(file, self.folder / "own", device="cpu")
        engine = [*shlex.split(os.environ["ICRL_COMMAND"]), "train", str(file), "--out", str(self.folder / "engine"), "--backend", "engine"]
        subprocess.run(engine, check=True, capture_output=True)
        self.assert_same_course(lines(self.folder / "own"), lines(self.folder / "engine"), 2e-5)
        self.assertEqual(json.loads((self.folder / "own/spec.json").read_text())["validation"], str(FOLDER / "set"))
        spec["training"]["validation_share"] = 0.1
        file.write_text(json.dumps(spec))
        with self.assertRaisesRegex(DataError, "validation is a dataset of its own"):
            icrl.torch.train(file, self.folder / "both", device="cpu")

    def test_are_the_same_when_they_are_compiled(self) -> None:
        file = self.file(training={"steps": 4})
        icrl.torch.train(file, self.folder / "plain", device="cpu")
        # Traced as for any back end; what that would make of it needs a compiler of C++.
        with mock.patch("torch.compile", functools.partial(torch.compile, backend="eager", fullgraph=True)):
            icrl.torch.train(file, self.folder / "compiled", device="cpu", compile=True)
        self.assert_same_course(lines(self.folder / "compiled"), lines(self.folder / "plain"), 1e-6)

    def test_in_bfloat16_are_near(self) -> None:
        file = self.file(training={"steps": 4})
        icrl.torch.train(file, self.folder / "plain", device="cpu")
        module = icrl.torch.train(file, self.folder / "half", device="cpu", autocast=torch.bfloat16)
        self.assertEqual(module.head.weight.dtype, torch.float32)
        losses = [[line["loss"] for line in lines(self.folder / out)] for out in ("plain", "half")]
        self.assertNotEqual(*losses)
        np.testing.assert_allclose(*losses, rtol=0.02)

    def test_that_diverge_say_so(self) -> None:
        with self.assertRaises(DataError) as raised:
            icrl.torch.train(self.file(training={"learning_rate": 1e30, "clip": 0, "warmup": 0}), self.folder / "out", device="cpu")
        self.assertEqual(raised.exception.reason, "TRAINING_DIVERGED")


class Lies(Trainings):
    """Files of a training's folder that are not what was written."""

    def test_are_refused_where_a_training_goes_on(self) -> None:
        file = self.file(training={"steps": 2})
        good = self.folder / "good"
        icrl.torch.train(file, good, device="cpu")
        state = f"checkpoints/{os.listdir(good / 'checkpoints')[0]}/train-state.json"
        stored = json.loads((good / state).read_text())
        lies = {
            state: [
                "",
                "null",
                "{}",
                json.dumps({**stored, "step": "2"}),
                json.dumps({**stored, "tokens": -1}),
                json.dumps({**stored, "position": "here"}),
                json.dumps({**stored, "position": {"epoch": 0, "batch": -1}}),
            ],
            state.replace("train-state.json", "optimizer.safetensors"): ["", "{}" * 40],
            "metrics.jsonl": ["no json\n", "null\n", '{"type": "update"}\n', '{"type": "update", "step": "x"}\n'],
            "spec.json": ["no json", "null", '{"training": {}}'],
        }
        count = 0
        for name, texts in lies.items():
            for text in texts:
                out = self.folder / f"lie-{count}"
                shutil.copytree(good, out)
                (out / name).write_text(text)
                with self.subTest(name, text=text), self.assertRaises(DataError) as raised:
                    icrl.torch.train(file, out, device="cpu")
                self.assertIn(raised.exception.reason, ("CHECKPOINT_CORRUPT", "OUTPUT_EXISTS"))
                count += 1
        print(f"{count} lies about a training refused")


class Files(Trainings):
    """Files of trainings."""

    def test_are_yaml_as_icrl_reads_it(self) -> None:
        (self.folder / "set").symlink_to(FOLDER / "set")
        file = self.folder / "file.yaml"
        file.write_text(
            "# a comment\nname: no\nseed: 18446744073709551615\ndataset: set\nobjective: dpt\ncontext: 1e1\n"
            "training: { learning_rate: 3e-3, steps: 1_000, soft_targets: false, weight_decay: .5, epsilon: 1e-7 }\n"
        )
        spec = read_training_file(file)
        self.assertEqual((spec.name, spec.seed, spec.context, spec.label), ("no", 2**64 - 1, 10, "optimal"))
        options = spec.training
        self.assertEqual((options.learning_rate, options.steps, options.soft_targets), (3e-3, 1000, False))
        self.assertEqual((options.weight_decay, options.epsilon, options.batch), (0.5, 1e-7, 64))

    def test_that_are_wrong_are_refused_with_the_place(self) -> None:
        good = "name: a\ndataset: .\nobjective: ad\n"
        lies = {
            "": "is no mapping",
            "name: a\nname: b": "twice",
            "name: [": "is no YAML",
            "[" * 100_000: "is no YAML",
            "name: 3": "name is 3: give a text",
            "!!python/object/apply:os.mkdir [trap]": "is no YAML",
            good.replace("dataset: .", "dataset: nowhere"): "does not exist",
            good.replace(": ad", ": best"): "objective is 'best'",
            f"{good}layout: steps": "layout is 'steps'",
            f"{good}seed: -1": "seed is -1",
            f"{good}context: 1.5": "context is 1.5",
            f"{good}speed: 1": "it has 'speed'",
            f"{good}model: {{ width: 0 }}": "'width' of the model is 0",
            f"{good}model: {{ depth: 3 }}": "no option 'depth'",
            f"{good}training: {{ steps: many }}": "'steps' of the training is 'many'",
            f"{good}training: {{ soft_targets: yes }}": "'soft_targets' of the training is 'yes'",
            f"{good}training: {{ learning_rate: .inf }}": "'learning_rate' of the training",
        }
        file = self.folder / "file.yaml"
        for text, why in lies.items():
            with self.subTest(text[:60]):
                file.write_text(text)
                with self.assertRaises(DataError) as raised:
                    read_training_file(file)
                self.assertIn(why, str(raised.exception))
        self.assertFalse(Path("trap").exists())
        with self.assertRaises(DataError):
            read_training_file(self.folder)

    def test_of_what_pytorch_does_not_do_say_so(self) -> None:
        with self.assertRaisesRegex(DataError, "online needs the file to collect a dataset by, and dataset is a folder"):
            read_training_file(self.file(online={"trials": 5}))

    def test_fresh_trials_are_those_that_the_engine_plays_with_the_checkpoint(self) -> None:
        training = {"steps": 4, "evaluation_trials": 6, "evaluation_every": 2, "checkpoint_every": 100}
        file, out = self.file(training=training), self.folder / "evaluated"
        icrl.torch.train(file, out, device="cpu")
        recorded = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        played = [line for line in recorded if line["type"] == "evaluation"]
        self.assertEqual([(line["step"], line["trials"]) for line in played], [(2, 6), (4, 6)])
        for task in played[-1]["tasks"].values():
            self.assertGreaterEqual(task["regret"]["mean"], 0)
            self.assertGreater(task["regret"]["se"], 0)
        # Broken off before it was played, it is played when the same training goes on; with the same parameters, to the same figures.
        kept = [line for line in recorded if line["type"] != "evaluation" or line["step"] != 4]
        (out / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in kept))
        icrl.torch.train(file, out, device="cpu")
        again = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
        self.assertEqual(again, played[-1])
        with mock.patch.dict(os.environ, {"PATH": str(self.folder)}), self.assertRaisesRegex(DataError, "played by icrl, and there is none"):
            os.environ.pop("ICRL_COMMAND", None)
            icrl.torch.train(file, self.folder / "without", device="cpu")


if __name__ == "__main__":
    unittest.main()

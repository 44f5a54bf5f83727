"""Models of icrl's engine in PyTorch: the same logits, the same bytes, and clear words about files that are not what they should be.

The environment names folders: ICRL_TEST_MODELS has checkpoints with what the engine makes of some tokens, ICRL_TEST_HOSTILE the
corpus of files that lie. tests/python/python-torch.full.test.ts writes and names them.
"""

import json
import os
import pickle
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

import icrl.torch
from icrl.data import DataError

MODELS = Path(os.environ["ICRL_TEST_MODELS"])
HOSTILE = Path(os.environ["ICRL_TEST_HOSTILE"])


def cases() -> list[Path]:
    """Folders of the cases."""
    return sorted(path.parent for path in MODELS.glob("*/case.safetensors"))


class Logits(unittest.TestCase):
    """`icrl.torch.load` against the engine."""

    def test_are_the_engines_within_1e4_for_every_model(self) -> None:
        largest = scale = 0.0
        for case in cases():
            with self.subTest(case.name), torch.no_grad():
                given = safetensors.torch.load_file(case / "case.safetensors")
                module = icrl.torch.load(case / "checkpoint")
                logits, numbers = module.answers(given["tokens"], given.get("arms"))
                self.assertEqual(logits.shape, given["logits"].shape)
                difference = (logits - given["logits"]).abs().max().item()
                if "numbers" in given:
                    assert numbers is not None
                    difference = max(difference, (numbers - given["numbers"]).abs().max().item())
                self.assertLess(difference, 1e-4)
                self.assertGreater(given["logits"].std().item(), 0.1)
                largest, scale = max(largest, difference), max(scale, given["logits"].abs().max().item())
        self.assertGreaterEqual(len(cases()), 160)
        print(f"{len(cases())} models: logits up to {scale:.1f} differ by {largest:.1e} at most")

    def test_come_for_any_number_of_arms(self) -> None:
        case = MODELS / "chosen-arm-softmax-pre-learned-0"
        given = safetensors.torch.load_file(case / "case.safetensors")
        module = icrl.torch.load(case / "checkpoint")
        some = module(given["tokens"], given["arms"][:, :, 2:4])
        torch.testing.assert_close(some, given["logits"][:, :, 2:4], atol=1e-4, rtol=0)
        with self.assertRaisesRegex(ValueError, "give arms"):
            module(given["tokens"])

    def test_learn_by_gradients_in_every_parameter(self) -> None:
        for name in ("step-softmax-pre-learned-0", "lin2023-relu-post-alibi-9", "chosen-arm-relu-pre-learned-9", "step-softmax-pre-rotary-9"):
            given = safetensors.torch.load_file(MODELS / name / "case.safetensors")
            module = icrl.torch.load(MODELS / name / "checkpoint").train()
            module(given["tokens"], given.get("arms")).square().sum().backward()
            for parameter, values in module.named_parameters():
                assert values.grad is not None
                self.assertGreater(values.grad.abs().max().item(), 0, parameter)

    def test_are_not_asked_of_what_is_no_sequence_of_tokens(self) -> None:
        module = icrl.torch.load(MODELS / "step-softmax-pre-learned-0" / "checkpoint")
        size = module.config.token_size
        with self.assertRaisesRegex(ValueError, "41 tokens are more than the model's context, 40"):
            module(torch.zeros(1, 41, size))
        with self.assertRaisesRegex(ValueError, rf"\[B, L, {size}\]"):
            module(torch.zeros(1, 40, size + 1))


class Saving(unittest.TestCase):
    """`icrl.torch.save`."""

    def test_writes_the_bytes_that_were_read(self) -> None:
        for case in cases():
            with self.subTest(case.name):
                icrl.torch.save(icrl.torch.load(case / "checkpoint"), case / "saved")
                before, after = ((case / folder / "model.safetensors").read_bytes() for folder in ("checkpoint", "saved"))
                self.assertEqual(before, after)
                configs = [json.loads((case / folder / "config.json").read_text()) for folder in ("checkpoint", "saved")]
                self.assertEqual(*configs)
                self.assertEqual(sorted(os.listdir(case / "saved")), ["config.json", "model.safetensors"])

    def test_replaces_a_checkpoint_and_nothing_else(self) -> None:
        tokens = icrl.torch.TokenConfig("step", 3, 1, 0, 4, 0.5, 0.5)
        module = icrl.torch.Transformer(icrl.torch.ModelConfig.of({"layers": 1, "width": 8, "heads": 2}, tokens, 4), tokens)
        icrl.torch.save(module, MODELS / "own")
        with torch.no_grad():
            module.head.bias.copy_(torch.tensor([-30.0, 30.0, -30.0]))
            module.head.weight.zero_()
        icrl.torch.save(module.double(), MODELS / "own")  # the TypeScript side plays it
        self.assertEqual(icrl.torch.load(MODELS / "own").head.bias.tolist(), [-30, 30, -30])
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "thesis.tex").write_text("years of work")
            with self.assertRaises(DataError) as raised:
                icrl.torch.save(module, folder)
            self.assertEqual(raised.exception.reason, "OUTPUT_EXISTS")
            self.assertEqual(os.listdir(folder), ["thesis.tex"])
            with self.assertRaisesRegex(TypeError, "Linear"):
                icrl.torch.save(torch.nn.Linear(2, 2), Path(folder) / "model")
            with torch.no_grad():
                module.head.bias[0] = torch.nan
            with self.assertRaisesRegex(ValueError, "head.bias.*not finite"):
                icrl.torch.save(module, Path(folder) / "model")
            self.assertEqual(os.listdir(folder), ["thesis.tex"])


class Lies(unittest.TestCase):
    """Files that are not what they should be."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name) / "checkpoint"
        shutil.copytree(MODELS / "numbers-step" / "checkpoint", self.folder)

    def refused(self, reason: str = "CHECKPOINT_CORRUPT") -> str:
        """What is said of the checkpoint."""
        with self.assertRaises(DataError) as raised:
            icrl.torch.load(self.folder)
        self.assertEqual(raised.exception.reason, reason)
        return str(raised.exception)

    def test_of_the_corpus_are_refused_for_the_reason_that_icrl_gives(self) -> None:
        corpus = json.loads((HOSTILE / "corpus.json").read_text())
        lies = [lie for lie in corpus if lie["kind"] == "training" and lie["target"] in ("config.json", "model.safetensors")]
        for lie in lies:
            with self.subTest(lie["name"]), tempfile.TemporaryDirectory() as folder:
                # What is committed of a lie is what it changes of a good training.
                self.folder = Path(folder) / "training"
                shutil.copytree(HOSTILE / "good" / "training", self.folder)
                icrl.torch.load(self.folder)
                shutil.copytree(HOSTILE / "training" / lie["name"], self.folder, dirs_exist_ok=True)
                with self.assertRaises(DataError) as raised:
                    icrl.torch.load(self.folder)
                self.assertIn(raised.exception.reason, lie["reasons"])
        self.assertGreater(len(lies), 20)
        print(f"{len(lies)} lying checkpoints refused")

    def test_a_pickle_is_never_read(self) -> None:
        class Trap:
            def __reduce__(self) -> Any:
                return os.mkdir, (str(trap),)

        trap = self.folder.parent / "trap"
        content = pickle.dumps(Trap())
        for name in ("model.safetensors", "config.json"):
            (self.folder / name).write_bytes(content)
            self.refused()
        torch.save(Trap(), self.folder / "model.safetensors")
        self.refused()
        self.assertFalse(trap.exists())

    def test_of_files_that_are_missing_or_none(self) -> None:
        model = self.folder / "model.safetensors"
        model.unlink()
        self.assertIn("has no model.safetensors", self.refused())
        model.mkdir()
        self.assertIn("is a folder", self.refused())
        model.rmdir()
        os.mkfifo(model)  # would be waited for without end
        self.assertIn("is a FIFO", self.refused())
        model.unlink()
        with open(model, "wb") as file:
            file.truncate(1 << 40)
        self.assertIn("1,099,511,627,776 bytes", self.refused())
        (self.folder / "config.json").unlink()
        self.assertIn("there is no checkpoint", self.refused("CHECKPOINT_NOT_FOUND"))

    def test_of_numbers_that_are_none(self) -> None:
        tensors = safetensors.torch.load_file(self.folder / "model.safetensors")
        tensors["head.bias"][1] = torch.inf
        safetensors.torch.save_file(tensors, self.folder / "model.safetensors")
        self.assertIn("'head.bias' has values that are not finite", self.refused())

    def test_of_rotary_heads_of_an_odd_width(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(MODELS / "step-softmax-pre-rotary-9" / "checkpoint", self.folder)
        icrl.torch.load(self.folder)
        file = self.folder / "config.json"
        stored = json.loads(file.read_text())
        stored["model"]["heads"] = stored["model"]["width"]  # the tensors are the same
        file.write_text(json.dumps(stored))
        self.assertIn("heads have 1 columns of its width 16, and positions rotary turn pairs of them", self.refused())

    def test_of_the_configuration(self) -> None:
        file = self.folder / "config.json"
        stored = json.loads(file.read_text())
        lies: list[tuple[str, str, Any, str]] = [
            ("model", "stride", 2, "stride is 2, and should be 1"),
            ("model", "context", 0, "context is 0"),
            ("model", "layers", True, "'layers' of the model is True"),
            ("model", "attention", ["softmax"], "'attention' of the model"),
            ("model", "dropout", 0.95, "'dropout' of the model is 0.95"),
            ("model", "heads", 3, "not a multiple of its 3 heads"),
            ("model", "speed", 3, "no option 'speed'"),
            ("model", "norm", None, "'norm' of the model is None"),
            ("tokens", "reward_std", 0, "reward_std is 0"),
            ("tokens", "reward_mean", 10**400, "reward_mean is 1000"),
            ("tokens", "layout", "steps", "layout is 'steps'"),
            ("tokens", "max_actions", 5, "token_size is 34, and should be 30"),
            ("training", "step", "7", "no step"),
            ("training", "data", {"name": "d", "id": "i", "sha256": 3}, "no data"),
            ("training", "tasks", [{"id": "t"}], "no tasks"),
        ]
        for part, member, value, why in lies:
            with self.subTest(member=member):
                file.write_text(json.dumps({**stored, part: {**stored[part], member: value}}))
                self.assertIn(why, self.refused())
        for part in ("model", "tokens", "training"):
            file.write_text(json.dumps({**stored, part: None}))
            self.assertIn(f"its {part} is no object", self.refused())
        for member in ("model", "tokens"):
            for name in stored[member]:
                file.write_text(json.dumps({**stored, member: {key: stored[member][key] for key in stored[member] if key != name}}))
                self.refused()
        file.write_text(json.dumps(stored).replace("700", "NaN"))
        self.assertIn("NaN is no number of JSON", self.refused())
        file.write_text("[" * 100_000)
        self.assertIn("is no JSON", self.refused())


if __name__ == "__main__":
    unittest.main()

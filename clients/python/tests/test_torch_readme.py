"""What the README says of PyTorch, and its example, run as they stand."""

import re
import shlex
import tempfile
import unittest
from pathlib import Path

from support import EXAMPLES, PACKAGE, icrl_here, python

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (PACKAGE / "README.md").read_text(), re.MULTILINE | re.DOTALL)


class TorchReadmeTest(unittest.TestCase):
    def test_its_blocks_train_and_play(self) -> None:
        (program,) = [block for language, block in BLOCKS if language == "python" and "icrl.torch" in block]
        (command,) = [block for language, block in BLOCKS if language == "sh" and "play transformer" in block]
        with tempfile.TemporaryDirectory() as folder:
            out, data = Path(folder) / "bandit-output", Path(folder) / "log"
            trained = python("-c", program.replace("bandit-output", str(out)))  # in the root of the checkout
            self.assertEqual(trained.returncode, 0, trained.stderr)
            self.assertRegex(trained.stdout, r"^\d+ 300\n$")
            words = shlex.split(command.replace("bandit-output", str(out)))
            self.assertEqual(words[:2], ["npx", "icrl"])
            played = icrl_here(*words[2:], "--data", str(data))
            self.assertEqual(played.returncode, 0, played.stderr)
            self.assertRegex(played.stdout, r"100 trials")

            # The example goes on with it: nothing is left to train.
            example = python(str(EXAMPLES / "train_in_pytorch.py"), str(out))
            self.assertEqual(example.returncode, 0, example.stderr)
            found = re.search(r"^transformer: regret ([\d.]+) ± [\d.]+ \(95 %\) in 64 trials$", example.stdout, re.MULTILINE)
            assert found is not None, example.stdout
            # Of arms at random: 40 steps times 5/6 - 1/2, the mean of the best of five means less a mean's, 13.3.
            self.assertLess(float(found[1]), 10)


if __name__ == "__main__":
    unittest.main()

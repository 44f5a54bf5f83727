"""The README: its blocks are run as they stand, from its first to its last."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import EXAMPLES, PACKAGE

import icrl

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (PACKAGE / "README.md").read_text(), re.MULTILINE | re.DOTALL)

#: Blocks that other tests run: those of PyTorch test_torch_readme.py, commands of tournaments test_program.py.
ELSEWHERE = ("pip install", "--entrant", "play transformer")


class ReadmeTest(unittest.TestCase):
    def test_every_block_does_what_it_shows(self) -> None:
        ran = []
        with tempfile.TemporaryDirectory() as folder, icrl.PrivateServer() as server:
            env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE / "src"), folder])}
            for language, block in BLOCKS:
                if language == "python" and "icrl.torch" in block:
                    continue
                if language == "python":
                    named = re.match(r"# (\w+\.py)\n", block)
                    file = Path(folder) / (named[1] if named else f"block_{len(ran)}.py")
                    file.write_text(block.replace("127.0.0.1:50551", server.address))
                    ran.append(file.name)
                    if named is None:
                        self.done([sys.executable, str(file)], folder, env)
                elif language == "sh":
                    for line in block.strip().splitlines():
                        if any(text in line for text in ELSEWHERE):
                            continue
                        words = shlex.split(line.replace("127.0.0.1:50551", server.address))
                        self.assertEqual(words[0], "python", line)
                        ran.append(" ".join(words[:2]))
                        self.done([sys.executable, *words[1:]], folder, env)
                else:
                    self.fail(f"a block of {language}, which nobody runs")
        self.assertEqual(ran, ["block_0.py", "greedy.py", "python greedy.py", "block_3.py"])

    def test_the_examples_run(self) -> None:
        env = {**os.environ, "PYTHONPATH": str(PACKAGE / "src")}
        loop = subprocess.run([sys.executable, str(EXAMPLES / "gym_loop.py")], env=env, text=True, capture_output=True, timeout=300)
        self.assertEqual((loop.returncode, loop.stderr), (0, ""))
        self.assertRegex(loop.stdout, r"^Q-learning: return [\d.]+, regret [\d.]+\nrandom: regret [\d.]+ in (16|24) trials\n$")

    def done(self, words: list[str], folder: str, env: dict[str, str]) -> None:
        ended = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True, timeout=300)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)


if __name__ == "__main__":
    unittest.main()

"""The package as others get it: typed, and a wheel that installs where nothing else is."""

import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

from support import PACKAGE, ROOT, python

import icrl


class PackageTest(unittest.TestCase):
    def test_types_are_strict(self) -> None:
        with tempfile.TemporaryDirectory() as cache:
            checked = subprocess.run(
                [sys.executable, "-m", "mypy", "--cache-dir", cache], cwd=PACKAGE, text=True, capture_output=True, timeout=300
            )
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_wheel_installs_in_a_new_environment_and_plays(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "source"  # building leaves files beside what it builds
            shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
            self.run_here("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, str(source))
            [wheel] = Path(folder).glob("*.whl")
            names = zipfile.ZipFile(wheel).namelist()
            self.assertEqual({name.split("/")[0] for name in names}, {"icrl", "icrl-0.1.0.dist-info"})  # no google beside it
            for name in ("icrl/py.typed", "icrl/_proto/icrl/v1/environment_pb2.pyi", "icrl-0.1.0.dist-info/licenses/LICENSE"):
                self.assertIn(name, names)
            self.run_here("-m", "venv", f"{folder}/venv")
            there = f"{folder}/venv/bin/python"
            pins = ROOT / "tests/python/requirements.txt"
            installed = subprocess.run(
                [there, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", str(pins), str(wheel)],
                text=True,
                capture_output=True,
                timeout=480,
            )
            self.assertEqual(installed.returncode, 0, installed.stderr)
            program = str(ROOT / "examples/python/softmax_agent.py")
            with icrl.PrivateServer() as server:
                words = [there, "-I", program, "--connect", server.address, "--task", "bernoulli-bandit", "--trials", "3"]
                played = subprocess.run(words, text=True, capture_output=True, timeout=300)
            self.assertEqual(played.returncode, 0, played.stderr)
            self.assertRegex(played.stdout, "^3 of 3 trials, 600 steps\n")

    def run_here(self, *words: str) -> None:
        ran = python(*words)
        self.assertEqual(ran.returncode, 0, ran.stderr)


if __name__ == "__main__":
    unittest.main()

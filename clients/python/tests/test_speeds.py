"""bench/python/speeds.py measures what it says; how much is no matter here."""

import json
import unittest
from importlib.util import find_spec

from support import ROOT, python


class SpeedsTest(unittest.TestCase):
    def test_every_figure_is_measured(self) -> None:
        ran = python(str(ROOT / "bench/python/speeds.py"), "--envs", "1,5", "--seconds", "0.05", "--repeats", "1", "--json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        rows = json.loads(ran.stdout)
        self.assertEqual([row["envs"] for row in rows], [1, 5])
        for row in rows:
            for figure in ("echo", "vector", "sync", "of_echo"):
                self.assertGreater(row[figure], 0)
        # CI has DeepMind's package.
        for figure in ("single", *(("dm_env_rpc", "catch") if find_spec("dm_env_rpc") else ())):
            self.assertGreater(rows[0][figure], 0)
            self.assertIsNone(rows[1][figure])


if __name__ == "__main__":
    unittest.main()

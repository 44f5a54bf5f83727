"""Random streams and seeds: the worked example of docs/seeds.md, and many streams side by side."""

import re
import unittest

import numpy as np
from support import ROOT

from icrl import Rng, Rngs, trial_seeds
from icrl.rng import threefry2x32

EXAMPLE = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", (ROOT / "docs/seeds.md").read_text(), re.MULTILINE))


class RngTest(unittest.TestCase):
    def test_seeds_are_those_of_the_worked_example(self) -> None:
        seeds = trial_seeds("linear-bandit", 3, "lin-ucb", seed=7)
        self.assertEqual(str(seeds.task_seed), EXAMPLE["task_seed"])
        self.assertEqual(str(seeds.noise_seed), EXAMPLE["noise_seed"])
        self.assertEqual(str(seeds.agent_seed), EXAMPLE["agent_seed"])

    def test_a_key_and_names_beyond_ascii_change_the_seeds(self) -> None:
        plain = trial_seeds("t", 0, "ключ")
        self.assertNotEqual(plain.agent_seed, trial_seeds("t", 0, "ключ", key="00ff").agent_seed)
        self.assertNotEqual(plain.agent_seed, trial_seeds("t", 0, "key").agent_seed)
        self.assertEqual(plain.task_seed, trial_seeds("t", 0, "key").task_seed)

    def test_trials_take_instances_in_turn(self) -> None:
        fourth = trial_seeds("t", 4, "a", instances=3)
        self.assertEqual(fourth.task_seed, trial_seeds("t", 1, "a").task_seed)
        self.assertEqual(fourth.noise_seed, trial_seeds("t", 4, "a").noise_seed)
        self.assertEqual(fourth.agent_seed, trial_seeds("t", 4, "a").agent_seed)

    def test_draws_are_those_of_the_worked_example(self) -> None:
        seed = int(EXAMPLE["agent_seed"])
        self.assertEqual(repr(Rng(seed).uniform()), EXAMPLE["the agent's draw 0"])
        self.assertEqual(str(Rng(seed).integer(10)), EXAMPLE["the agent's draw 0 as integer(10)"])
        rng = Rng(seed)
        rng.uniform()
        self.assertEqual(str(rng.integer(3)), EXAMPLE["the agent's draw 1 as integer(3)"])
        self.assertEqual(repr(rng.normal()), EXAMPLE["the agent's draw 2 as a normal"])
        self.assertEqual(repr(Rng(int(EXAMPLE["task_seed"])).split("theta").uniform()), EXAMPLE["theta[0]"])

    def test_threefry_is_that_of_its_authors(self) -> None:
        # Known answers of Random123, kat_vectors, threefry2x32 20.
        self.assertEqual(threefry2x32(0, 0, 0, 0), (0x6B200159, 0x99BA4EFE))
        ones = 0xFFFFFFFF
        self.assertEqual(threefry2x32(ones, ones, ones, ones), (0x1CB996FC, 0xBB002BE7))
        self.assertEqual(threefry2x32(0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0))

    def test_streams_side_by_side_are_the_single_ones_whoever_draws_when(self) -> None:
        seeds = [0, 1, 2**63 + 12345, 2**64 - 1]
        many = Rngs(4)
        for env, seed in enumerate(seeds):
            many.seed(env, seed)
        single = [Rng(seed) for seed in seeds]
        where = np.array([True, False, True, True])
        for turn in range(20):
            mask = where if turn % 3 else None
            drawn = many.uniform(mask)
            for env in range(4):
                if mask is None or mask[env]:
                    self.assertEqual(drawn[env], single[env].uniform())
                else:
                    self.assertTrue(np.isnan(drawn[env]))
        self.assertEqual(many.integer(7).tolist(), [rng.integer(7) for rng in single])
        self.assertEqual(many.normal().tolist(), [rng.normal() for rng in single])

    def test_a_stream_begins_anew_where_it_is_seeded(self) -> None:
        many = Rngs(2)
        many.seed(0, 5)
        many.seed(1, 5)
        many.uniform(np.array([True, False]))
        many.seed(0, 5)
        self.assertEqual(*many.uniform().tolist())

    def test_a_choice_follows_its_law(self) -> None:
        class Fixed(Rng):
            def uniform(self) -> float:
                return self.u  # type: ignore[attr-defined]

        rng = Fixed(0)
        for u, chosen in ((0.0999, 1), (0.1, 2), (0.5, 2), (0.999999, 2)):
            rng.u = u  # type: ignore[attr-defined]
            self.assertEqual(rng.choice([0.0, 0.1, 0.9 - 1e-6, 0.0]), chosen)

    def test_seeds_that_are_none_are_refused(self) -> None:
        for seed in (-1, 2**64):
            with self.assertRaisesRegex(ValueError, "uint64"):
                Rng(seed)


if __name__ == "__main__":
    unittest.main()

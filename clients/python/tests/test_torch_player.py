"""Playing in PyTorch, held against the logs of `icrl agent transformer` with the same models.

ICRL_TEST_TRAININGS names a folder that has, of each training NAME, what the engine trained, NAME/engine, and logs of what it played, NAME/log-*.
tests/python/python-torch.full.test.ts makes and names them.
"""

import json
import os
import unittest
from pathlib import Path
from typing import Any

import numpy as np
import torch

import icrl.torch
from icrl.data.trial import Trial
from icrl.data.trials import Trials
from icrl.torch import Player, Transformer

FOLDER = Path(os.environ["ICRL_TEST_TRAININGS"])
LOGS = sorted(FOLDER.glob("*/log-*"))


def of(log: Path) -> tuple[Transformer, list[Trial], int]:
    """A log's model, its trials and how many actions they have."""
    trials = list(Trials(log))
    actions = json.loads(trials[0].columns["task_options"])["actions"]
    return icrl.torch.load(log.parent / "engine"), trials, actions


class Replay:
    """Shows a player what a log's trials showed, in each env one trial after the other."""

    def __init__(self, player: Player, queues: list[list[Trial]], dim: int) -> None:
        self.player = player
        self.queues = queues
        self.at = [0] * len(queues)  # in the first trial of each queue
        self.dim = dim

    def arms(self, trial: Trial, at: int) -> Any:
        """Features of the arms, as the log has them: flat."""
        if trial.step_features is not None:
            return trial.step_features[at].reshape(-1, self.dim)
        return None if trial.trial_features is None else trial.trial_features.reshape(-1, self.dim)

    def step(self) -> list[tuple[Trial, int, np.ndarray[Any, Any]]]:
        """One step everywhere; of each env, the trial, the step and the player's probabilities there."""
        trials = [queue[0] for queue in self.queues]
        now = list(zip(trials, self.at))
        arms = [self.arms(trial, at) for trial, at in now]
        states = [0 if trial.observations is None else trial.observations[at] for trial, at in now]
        self.player.act(np.array(states), None if arms[0] is None else np.stack(arms))
        laws = self.player.probabilities.cpu().numpy()
        told = [[getattr(trial, name)[at] for trial, at in now] for name in ("rewards", "terminated", "truncated", "actions")]
        led_to = [0 if trial.next_observations is None else trial.next_observations[at] for trial, at in now]
        self.player.observe(*map(np.array, told), np.array(led_to))
        seen = [(trial, at, law) for (trial, at), law in zip(now, laws)]
        ended = [at + 1 == len(trial) for trial, at in now]
        for env, end in enumerate(ended):
            self.at[env] = 0 if end else self.at[env] + 1
            if end and len(self.queues[env]) > 1:
                self.queues[env].pop(0)
        if any(ended):
            self.player.begin_trials(ended)
        return seen


class Laws(unittest.TestCase):
    """A player's probabilities. Logs have those of the actions that were taken."""

    def test_are_the_agents_in_every_step_of_every_env(self) -> None:
        steps, largest = 0, 0.0
        for log in LOGS:
            with self.subTest(f"{log.parent.name}/{log.name}"):
                module, trials, actions = of(log)
                player = Player(module, len(trials), actions)
                replay = Replay(player, [[trial] for trial in trials], module.tokens.dim)
                for _ in range(len(trials[0])):
                    for trial, at, law in replay.step():
                        assert trial.propensities is not None
                        largest = max(largest, abs(float(law[trial.actions[at]] - trial.propensities[at])))
                        steps += 1
                        self.assertAlmostEqual(float(law.sum()), 1, 5)
                told = np.concatenate([trial.propensities for trial in trials if trial.propensities is not None])
                self.assertGreater(told.std(), 0.02)
        self.assertLess(largest, 1e-5)
        print(f"{steps} steps of {len(LOGS)} logs: probabilities differ by {largest:.1e} at most")

    def test_do_not_depend_on_where_the_other_envs_are(self) -> None:
        for log in LOGS:
            with self.subTest(f"{log.parent.name}/{log.name}"):
                module, trials, actions = of(log)
                replay = Replay(Player(module, 2, actions), [trials[:1] * 2, trials[1:3]], module.tokens.dim)
                for step in range(2 * len(trials[0])):
                    if step == 3:  # the second env begins with the first three steps of a trial, and then with another
                        replay.player.begin_trials([False, True])
                        replay.queues[1].pop(0)
                        replay.at[1] = 0
                    for trial, at, law in replay.step():
                        assert trial.propensities is not None
                        self.assertAlmostEqual(float(law[trial.actions[at]]), float(trial.propensities[at]), 5)

    def test_choose_as_often_as_they_say(self) -> None:
        log = FOLDER / "expert/log-linear"
        module, trials, actions = of(log)
        envs = 4000
        arms = np.stack([trials[0].trial_features.reshape(actions, -1)] * envs)  # type: ignore[union-attr]
        player = Player(module, envs, actions, temperature=0.25, seed=7)
        chosen = torch.bincount(player.act(arms=arms), minlength=actions) / envs
        law = player.probabilities[0]
        # Five standard deviations of a share.
        self.assertTrue((chosen - law).abs().le(5 * (law * (1 - law) / envs).sqrt()).all())
        plain = Player(module, 1, actions)
        plain.act(arms=arms[:1])
        sharper = plain.probabilities[0] ** 4
        torch.testing.assert_close(law, sharper / sharper.sum(), atol=1e-5, rtol=0)
        same = Player(module, envs, actions, temperature=0.25, seed=7)
        self.assertTrue(torch.equal(same.act(arms=arms), Player(module, envs, actions, temperature=0.25, seed=7).act(arms=arms)))
        best = Player(module, envs, actions, choose="argmax")
        self.assertEqual(set(best.act(arms=arms).tolist()), {int(law.argmax())})

    def test_are_not_given_beyond_the_context_or_for_other_tasks(self) -> None:
        module, trials, actions = of(FOLDER / "expert/log-linear")
        with self.assertRaisesRegex(ValueError, "the model knows"):
            Player(module, 1, module.tokens.max_actions + 1)
        player = Player(module, 1, actions)
        with self.assertRaisesRegex(ValueError, "act first"):
            player.observe([0.0], [False], [False])
        arms = np.zeros((1, actions, module.tokens.dim))
        with self.assertRaisesRegex(ValueError, "arms have the shape"):
            player.act(arms=arms[:, 1:])
        for _ in range(module.config.context):
            player.act(arms=arms)
            player.observe([0.0], [False], [False])
        with self.assertRaisesRegex(ValueError, "begin another one"):
            player.act(arms=arms)
        player.begin_trials([True])
        player.act(arms=arms)
        module, _, actions = of(FOLDER / "transitions/log-mdp")
        player = Player(module, 1, actions)
        player.act([0])
        with self.assertRaisesRegex(ValueError, "give next_observations"):
            player.observe([0.0], [False], [False])


if __name__ == "__main__":
    unittest.main()

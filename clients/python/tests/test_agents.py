"""Agents: as good as the built-in ones on the same seeds, and alike however they are played."""

import json
import math
import re
import tempfile
import unittest

import numpy as np
from support import PACKAGE, icrl_here, regrets  # first: it says where the examples are
from lin_ucb_agent import LinUcb
from softmax_agent import Softmax
from thompson_agent import Thompson

import icrl

BANDIT = {"task": "bernoulli-bandit", "task_options": {"arms": 4, "horizon": 40}, "trials": 9, "seed": 3}
RIVER = {"task": "river-swim", "task_options": {"episodes": 3, "horizon": 10}, "trials": 5, "seed": 3}


def recording(agent_kind, seen):
    """An agent that plays at random and keeps what it is shown and told."""

    @icrl.agent(name="recorder", version="1")
    class Recorder:
        def __init__(self, trial, rng):
            self.trial, self.rng, self.kept = trial, rng, []
            seen.append(self)

        def act(self, turn):
            self.kept.append((turn.state, turn.episode, turn.step))
            return self.rng.integer(self.trial.num_actions)

        def observe(self, outcome):
            self.kept.append((outcome.action, outcome.reward, outcome.next_state, outcome.terminated, outcome.truncated))

    @icrl.agent(name="recorder", version="1", vectorised=True)
    class VectorRecorder:
        def __init__(self, task, num_envs, rngs):
            self.task, self.rngs = task, rngs
            self.open = {}

        def begin(self, envs, turn):
            for env in envs.tolist():
                self.open[env] = type("Kept", (), {"trial": self.task, "kept": []})()
                seen.append(self.open[env])

        def act(self, turn):
            for env in np.flatnonzero(turn.active).tolist():
                self.open[env].kept.append((int(turn.state[env]), int(turn.episode[env]), int(turn.step[env])))
            return self.rngs.integer(self.task.num_actions, turn.active)

        def observe(self, outcome):
            columns = (outcome.action, outcome.reward, outcome.next_state, outcome.terminated, outcome.truncated)
            for env in np.flatnonzero(outcome.active).tolist():
                self.open[env].kept.append(tuple(column[env].item() for column in columns))

    return VectorRecorder if agent_kind == "vector" else Recorder


class AgentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(icrl.PrivateServer())
        cls.connection = cls.enterClassContext(icrl.connect(cls.server.address))

    def built_in(self, name: str, task: str, seed: int, trials: int) -> dict[int, float]:
        """The regret of every trial of a built-in agent, from the log."""
        words = ["play", name, "--task", task, "--trials", str(trials), "--seed", str(seed), "--server", self.server.address]
        played = icrl_here(*words)
        self.assertEqual(played.returncode, 0, played.stderr)
        asked = {"filter": {"task": task, "agent": name}, "page_size": 10_000}
        rows = self.connection.call("TrajectoryService/ListTrajectories", asked).trajectories
        return {row.trial_index: row.regret for row in rows}

    def logged(self, agent: icrl.Agent, sql: str, **play: object) -> list[list]:
        """What a query finds in the log of a server on which an agent has played."""
        with tempfile.TemporaryDirectory() as folder:
            with icrl.PrivateServer(f"{folder}/log") as server, icrl.connect(server.address) as connection:
                icrl.play_agent(connection, agent, **play)
            queried = icrl_here("log", "query", sql, "--data", f"{folder}/log", "--json")
        self.assertEqual(queried.returncode, 0, queried.stderr)
        return json.loads(queried.stdout)["rows"]

    def test_lin_ucb_is_the_built_in_one_digit_for_digit(self) -> None:
        expected = self.built_in("lin-ucb", "linear-bandit", 11, 20)
        self.assertEqual(len(expected), 20)
        for num_envs in (1, 7):
            mine = regrets(self.connection, LinUcb, task="linear-bandit", trials=20, num_envs=num_envs, seed=11)
            self.assertEqual({index: regret.hex() for index, regret in mine.items()}, {i: r.hex() for i, r in expected.items()})

    def test_thompson_is_the_built_in_one(self) -> None:
        expected = self.built_in("thompson", "bernoulli-bandit", 11, 20)
        mine = regrets(self.connection, Thompson, task="bernoulli-bandit", trials=20, num_envs=6, seed=11)
        self.assertEqual(mine, expected)

    def test_an_agent_plays_alike_in_any_number_of_envs(self) -> None:
        one = regrets(self.connection, Softmax, **BANDIT, num_envs=1)
        self.assertEqual(one, regrets(self.connection, Softmax, **BANDIT, num_envs=5))
        self.assertNotEqual(one, regrets(self.connection, Softmax, **{**BANDIT, "seed": 4}, num_envs=5))

    def test_both_forms_are_shown_and_told_the_same_and_it_is_what_the_log_has(self) -> None:
        shown: dict[str, list] = {}
        for kind in ("scalar", "vector"):
            seen: list = []
            icrl.play_agent(self.connection, recording(kind, seen), **RIVER, num_envs=2)
            shown[kind] = [kept.kept for kept in seen]
        self.assertEqual(shown["scalar"], shown["vector"])
        self.assertEqual(len(shown["scalar"]), 5)
        for kept in shown["scalar"]:
            self.assertEqual(len(kept), 2 * 30)
            self.assertEqual([(episode, step) for _, episode, step in kept[::2]], [(e, s) for e in range(3) for s in range(10)])
            for turn, outcome, after in zip(kept[::2], kept[1::2], [*kept[2::2], None]):
                self.assertEqual(outcome[3:], (turn[2] == 9, False))
                if after is not None and turn[2] < 9:
                    self.assertEqual(outcome[2], after[0])  # the next state is the next turn's
        told: list = []
        sql = "SELECT observations, actions, rewards FROM trajectories ORDER BY trial_index, episode_index"
        logged = self.logged(recording("vector", told), sql, **RIVER)  # one env: trials come in their order
        outcomes = [outcome for kept in told for outcome in kept.kept[1::2]]
        self.assertEqual([action for _, actions, _ in logged for action in actions], [outcome[0] for outcome in outcomes])
        self.assertEqual([reward for *_, rewards in logged for reward in rewards], [outcome[1] for outcome in outcomes])
        after = [state for observations, *_ in logged for state in observations[1:]]
        self.assertEqual(after, [outcome[2] for outcome in outcomes])

    def test_what_an_agent_may_know_of_a_trial_is_the_tasks(self) -> None:
        trials: list[icrl.Trial] = []

        def make(trial: icrl.Trial, rng: icrl.Rng) -> object:
            trials.append(trial)
            return type("First", (), {"act": lambda self, turn: 0})()

        agent = icrl.agent(name="first", version="1")(make)
        for task, options in (("linear-bandit", {"dim": 3, "actions": 4, "horizon": 2}), ("river-swim", {"episodes": 1})):
            icrl.play_agent(self.connection, agent, task=task, task_options=options)
        linear, river = trials
        self.assertEqual((linear.task, linear.num_actions, linear.num_states, linear.dim), ("linear-bandit", 4, 1, 3))
        self.assertEqual((linear.horizon, linear.episodes, linear.kinds), (2, 1, ("bandit", "linear")))
        self.assertEqual((linear.arms.shape, linear.arms.dtype), ((4, 3), np.float32))
        self.assertEqual((linear.reward.kind, linear.reward.min, linear.reward.noise_std), ("gaussian", None, 1.5))
        self.assertEqual(linear.task_options["dim"], 3)
        self.assertEqual((river.num_states, river.dim, river.arms, river.episodes), (6, 0, None, 1))

    def test_fresh_arms_are_those_of_the_turn(self) -> None:
        shapes, changes = [], []

        class Looks:
            def __init__(self, trial, rng):
                self.trial, self.before = trial, None

            def act(self, turn):
                shapes.append((self.trial.arms, turn.arms.shape))
                if self.before is not None:
                    changes.append(bool((turn.arms != self.before).any()))
                self.before = turn.arms
                return 0

        options = {"arm_set": "fresh", "dim": 2, "actions": 3, "horizon": 6}
        agent = icrl.agent(name="looks", version="1")(Looks)
        icrl.play_agent(self.connection, agent, task="linear-bandit", task_options=options, trials=2, num_envs=2)
        self.assertEqual(shapes, [(None, (3, 2))] * 12)
        self.assertEqual(changes, [True] * 10)

    def test_probabilities_and_propensities_are_in_the_log(self) -> None:
        sql = "SELECT actions, propensities, probabilities FROM trajectories"
        rows = self.logged(Softmax, sql, **{**BANDIT, "trials": 2}, num_envs=2, probabilities=True)
        self.assertEqual(len(rows), 2)
        for actions, propensities, probabilities in rows:
            laws = np.reshape(probabilities, (40, 4))
            self.assertTrue(np.allclose(laws.sum(1), 1, atol=1e-5))
            self.assertEqual(laws[range(40), actions].tolist(), propensities)

    def test_a_policy_that_fails_ends_its_play_with_its_own_error(self) -> None:
        for action in (4, -1, 1.0, "1", None):
            agent = icrl.agent(name="wrong", version="1")(lambda trial, rng: type("P", (), {"act": lambda self, turn: action})())
            with self.subTest(action), self.assertRaises(icrl.IcrlError) as refused:
                icrl.play_agent(self.connection, agent, **BANDIT)
            self.assertEqual(refused.exception.reason, "ACTION_OUT_OF_RANGE")
        for actions in ([0.5, 0.5], [1], [0, 4]):
            vector = type("V", (), {"begin": lambda self, envs, turn: None, "act": lambda self, turn: actions})
            agent = icrl.agent(name="wrong", version="1", vectorised=True)(lambda task, num_envs, rngs: vector())
            with self.subTest(actions), self.assertRaises(icrl.IcrlError) as refused:
                icrl.play_agent(self.connection, agent, **BANDIT, num_envs=2)
            self.assertEqual(refused.exception.reason, "ACTION_OUT_OF_RANGE")

    def test_totals_are_the_servers_with_means_of_the_trials(self) -> None:
        progress: list[icrl.PlayProgress] = []
        ended: list[float] = []
        totals = icrl.play_agent(
            self.connection, Softmax, **BANDIT, num_envs=4, on_progress=progress.append, on_trial_end=lambda end: ended.append(end.regret)
        )
        self.assertEqual((totals.complete_trials, totals.incomplete_trials, totals.durable_trials), (9, 0, 9))
        self.assertEqual((totals.episodes, totals.steps), (9, 9 * 40))
        self.assertEqual(progress[-1], icrl.PlayProgress(9, 9, 360))
        self.assertAlmostEqual(totals.regret.mean, sum(ended) / 9)
        self.assertAlmostEqual(totals.regret.se, np.std(ended, ddof=1) / math.sqrt(9))

    def test_trials_that_share_instances_are_the_built_in_agents_with_errors_over_instances(self) -> None:
        flags = "--trials 20 --instances 4 --seed 11 --no-record --json".split()
        played = icrl_here("play", "thompson", "--task", "bernoulli-bandit", "--server", self.server.address, *flags)
        self.assertEqual(played.returncode, 0, played.stderr)
        expected = json.loads(played.stdout)
        self.assertEqual(expected["instances"], 4)
        play = {"task": "bernoulli-bandit", "trials": 20, "num_envs": 6, "seed": 11, "record": False}
        totals = icrl.play_agent(self.connection, Thompson, **play, instances=4)
        for name, mine in (("regret", totals.regret), ("return", totals.trial_return)):
            self.assertAlmostEqual(mine.mean, expected[name]["mean"], places=12)
            self.assertAlmostEqual(mine.se, expected[name]["se"], places=12)
        self.assertIsNone(icrl.play_agent(self.connection, Thompson, **play, instances=1).regret.se)
        with self.assertRaisesRegex(icrl.IcrlError, "instances is 0"):
            icrl.play_agent(self.connection, Thompson, **play, instances=0)

    def test_a_trial_is_one_policy_and_no_two_policies_meet(self) -> None:
        made: list[int] = []

        class Counts:
            def __init__(self, trial, rng):
                made.append(0)
                self.mine = len(made) - 1

            def act(self, turn):
                made[self.mine] += 1
                return 0

        icrl.play_agent(self.connection, icrl.agent(name="counts", version="1")(Counts), **RIVER, num_envs=3)
        self.assertEqual(made, [30] * 5)


class PackageTest(unittest.TestCase):
    def test_the_version_is_the_projects(self) -> None:
        project = (PACKAGE / "pyproject.toml").read_text()
        package = json.loads((PACKAGE.parents[1] / "package.json").read_text())
        self.assertEqual(re.search(r'^version = "(.*)"', project, re.MULTILINE)[1], package["version"])


if __name__ == "__main__":
    unittest.main()

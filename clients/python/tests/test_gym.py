"""Tasks as Gymnasium environments."""

import copy
import inspect
import json
import multiprocessing
import os
import pickle
import tempfile
import unittest
import warnings
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode
from support import Relay, free_port, icrl_here

import icrl
import icrl.gym
from icrl.gym.registration import TASKS
from icrl.server import shared

#: Small ones, so that episodes and trials end often: by the way that they show themselves.
SMALL: dict[str, dict[str, Any]] = {
    "river-swim": {"states": 4, "horizon": 3, "episodes": 3},  # a state
    "deep-sea": {"size": 3, "episodes": 2},
    "dark-key-to-door": {"size": 2, "horizon": 8, "episodes": 2},  # its episodes are of any length
    "linear-bandit": {"dim": 3, "actions": 4, "horizon": 5},  # arms of the trial
    "bernoulli-bandit": {"arms": 3, "horizon": 4},  # nothing
}
FRESH = {"arm_set": "fresh", "dim": 2, "actions": 3, "horizon": 4}  # arms of the step
MODES = list(AutoresetMode)


def name_of(task: str) -> str:
    return f"icrl/{task}-v{TASKS[task]}"


class ServedTest(unittest.TestCase):
    """With a server of these tests."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(icrl.PrivateServer())
        cls.address = cls.server.address

    def make(self, task: str, **given: Any) -> gymnasium.Env:
        env = gymnasium.make(name_of(task), address=self.address, **{"record": False, **given})
        self.addCleanup(env.close)
        return env

    def make_vec(self, task: str, **given: Any) -> gymnasium.vector.VectorEnv:
        envs = gymnasium.make_vec(name_of(task), address=self.address, **{"record": False, **given})
        self.addCleanup(envs.close)
        return envs


class EnvTest(ServedTest):
    def test_every_task_of_the_server_is_registered_with_its_version(self) -> None:
        with icrl.connect(self.address) as connection:
            served = {family.name: family.version for family in connection.list_tasks().tasks}
        self.assertEqual(TASKS, served)
        for task in TASKS:
            self.assertIn(name_of(task), gymnasium.registry)
        icrl.register_tasks()  # a second time it does nothing

    def test_gymnasiums_checker_finds_nothing_in_any_task_and_unit(self) -> None:
        checked = 0
        for task, options in [*((task, {}) for task in TASKS), ("linear-bandit", FRESH)]:
            for unit in ("episode", "trial"):
                with self.subTest(task=task, unit=unit, **options), warnings.catch_warnings():
                    warnings.simplefilter("error")
                    check_env(self.make(task, unit=unit, **options).unwrapped)
                    checked += 1
        self.assertEqual(checked, 2 * (len(TASKS) + 1))

    def test_spaces_are_what_is_shown(self) -> None:
        box = self.make("linear-bandit", **SMALL["linear-bandit"]).observation_space
        self.assertEqual((box.shape, box.dtype, box.low.min(), box.high.max()), ((4, 3), np.float32, -1, 1))
        self.assertEqual(self.make("linear-bandit", **FRESH).observation_space.shape, (3, 2))
        self.assertEqual(self.make("river-swim", states=4).observation_space, gymnasium.spaces.Discrete(4))
        self.assertEqual(self.make("bernoulli-bandit", arms=3).observation_space, gymnasium.spaces.Discrete(1))
        self.assertEqual(self.make("bernoulli-bandit", arms=3).action_space, gymnasium.spaces.Discrete(3))

    def test_an_episode_is_one_of_the_tasks_or_a_trial(self) -> None:
        for unit in ("episode", "trial"):
            env = self.make("river-swim", unit=unit, **SMALL["river-swim"])
            _, info = env.reset(seed=1)
            told = [(info["episode"], info["trial_start"], info["trial_end"])]
            facts: list[set[str]] = []
            inner: list[Any] = []
            for _ in range(12):
                _, _, terminated, truncated, info = env.step(1)
                self.assertFalse(truncated)
                facts.append(set(info) & {"regret", "trial_return", "optimal_value"})
                inner.append((bool(terminated), info["episode"], info.get("episode_end", False), info["trial_end"]))
                if terminated:
                    _, info = env.reset()
                    told.append((info["episode"], info["trial_start"], info["trial_end"]))
            ends = [2, 5, 8, 11]
            self.assertEqual([i for i, (_, _, _, over) in enumerate(inner) if over], [8])
            self.assertEqual([i for i, known in enumerate(facts) if known == {"regret", "trial_return", "optimal_value"}], [8])
            self.assertEqual([episode for _, episode, _, _ in inner], [0] * 3 + [1] * 3 + [2] * 3 + [0] * 3)
            if unit == "episode":
                self.assertEqual([i for i, (over, *_) in enumerate(inner) if over], ends)
                self.assertEqual(told, [(0, True, False), (1, False, False), (2, False, False), (0, True, False), (1, False, False)])
            else:
                self.assertEqual([i for i, (over, *_) in enumerate(inner) if over], [8])
                self.assertEqual([i for i, (_, _, end, _) in enumerate(inner) if end], [2, 5, 11])
                self.assertEqual(told, [(0, True, False), (0, True, False)])

    def test_what_a_trial_came_to_is_what_its_rewards_and_the_server_say(self) -> None:
        env = self.make("linear-bandit", unit="trial", **SMALL["linear-bandit"])
        env.reset(seed=3)
        rewards = []
        terminated = False
        while not terminated:
            _, reward, terminated, _, info = env.step(0)
            rewards.append(reward)
        self.assertEqual(len(rewards), 5)
        self.assertAlmostEqual(info["trial_return"], sum(rewards), places=5)
        first = icrl.agent(name="gymnasium", version="1")(lambda trial, rng: type("First", (), {"act": lambda self, turn: 0})())
        with icrl.connect(self.address) as connection:
            options = SMALL["linear-bandit"]
            totals = icrl.play_agent(connection, first, task="linear-bandit", task_options=options, seed=3, record=False)
        self.assertEqual(info["regret"], totals.regret.mean)

    def test_a_seed_is_a_series_of_trials_and_reset_goes_on_in_it(self) -> None:
        def instances(env: gymnasium.Env, seed: int) -> list[list[float]]:
            shown = [env.reset(seed=seed)[0]]
            for _ in range(3):
                env.step(0)
                shown.append(env.reset()[0])
            return [one.tolist() for one in shown]

        env = self.make("linear-bandit", **SMALL["linear-bandit"])
        one = instances(env, 7)
        self.assertEqual(one, instances(env, 7))
        self.assertEqual(one, instances(self.make("linear-bandit", **SMALL["linear-bandit"]), 7))
        self.assertEqual(len({str(instance) for instance in one}), 4)
        self.assertNotEqual(one, instances(env, 8))

    def test_a_reset_early_is_the_next_episode_or_trial_and_without_a_step_nothing(self) -> None:
        env = self.make("river-swim", **SMALL["river-swim"])
        env.reset(seed=1)
        self.assertEqual(env.reset()[1]["episode"], 0)
        env.step(0)
        self.assertEqual(env.reset()[1]["episode"], 1)
        trial = self.make("linear-bandit", unit="trial", **SMALL["linear-bandit"])
        first, _ = trial.reset(seed=1)
        self.assertTrue((trial.reset()[0] == first).all())
        trial.step(0)
        again, info = trial.reset()
        self.assertTrue(info["trial_start"] and (again != first).any())

    def test_every_call_gives_arrays_of_its_own(self) -> None:
        for options in (SMALL["linear-bandit"], FRESH):
            env = self.make("linear-bandit", **options)
            shown = [env.reset(seed=1)[0], env.reset()[0], *(env.step(0)[0] for _ in range(3))]
            kept = copy.deepcopy(shown)
            for one in shown:
                one[:] = 99
            for one, other in zip([env.reset(seed=1)[0], env.reset()[0], *(env.step(0)[0] for _ in range(3))], kept):
                self.assertTrue((one == other).all())
            self.assertTrue(all(not np.shares_memory(a, b) for i, a in enumerate(shown) for b in shown[i + 1 :]))

    def test_what_makes_no_sense_is_refused_with_a_reason(self) -> None:
        env = self.make("bernoulli-bandit", **SMALL["bernoulli-bandit"]).unwrapped
        cases = [
            (lambda: env.step(0), "PROTOCOL_ORDER"),
            (lambda: env.reset(options={"speed": 1}), "OPTION_UNKNOWN"),
            (lambda: self.make("river-swim", unit="life"), "OPTION_INVALID"),
            (lambda: self.make("river-swim", horizons=3), "OPTION_UNKNOWN"),
            (lambda: self.make("river-swim", horizon=-3), "OPTION_INVALID"),
            (lambda: self.make_vec("river-swim", num_envs=0), "ENVS_INVALID"),
        ]
        for call, reason in cases:
            with self.subTest(reason), self.assertRaises(icrl.IcrlError) as refused:
                call().observation_space
            self.assertEqual(refused.exception.reason, reason)
        env.reset(seed=0)
        for action in (3, -1, 1.0, "0", None, np.array([0])):
            with self.subTest(action), self.assertRaises(icrl.IcrlError) as refused:
                env.step(action)
            self.assertEqual(refused.exception.reason, "ACTION_OUT_OF_RANGE")
        for _ in range(4):
            env.step(np.int64(2))
        with self.assertRaises(icrl.IcrlError) as refused:
            env.step(0)
        self.assertEqual(refused.exception.reason, "PROTOCOL_ORDER")

    def test_it_closes_twice_and_begins_again(self) -> None:
        env = self.make("river-swim", **SMALL["river-swim"])
        first = env.reset(seed=1)[0]
        env.step(1)
        env.close()
        env.close()
        self.assertEqual(env.reset(seed=1)[0], first)
        with icrl.connect(self.address) as connection:
            self.assertEqual(connection.server_info().open_sessions, 1)
            env.close()
            self.assertEqual(connection.server_info().open_sessions, 0)

    def test_pickles_and_copies_have_sessions_of_their_own(self) -> None:
        for make in (self.make, lambda task, **given: self.make_vec(task, num_envs=2, **given)):
            env = make("river-swim", **SMALL["river-swim"])
            shown = env.reset(seed=1)
            acted = 1 if env is not None and not hasattr(env, "num_envs") else np.array([1, 1])
            after = env.step(acted)
            for other in (pickle.loads(pickle.dumps(env.unwrapped)), copy.deepcopy(env.unwrapped)):
                with self.assertRaises(icrl.IcrlError):
                    other.step(acted)
                self.assertTrue(data_equivalence(other.reset(seed=1), shown, exact=True))
                self.assertTrue(data_equivalence(other.step(acted), after, exact=True))
                other.close()
            env.step(acted)  # it goes on

    def test_it_reconnects_with_nothing_lost(self) -> None:
        def played(address: str) -> list[Any]:
            with gymnasium.make(name_of("river-swim"), address=address, record=False, **SMALL["river-swim"]) as env:
                shown: list[Any] = [env.reset(seed=5)]
                for i in range(60):
                    shown.append(env.step(i % 2))
                    if shown[-1][2]:
                        shown.append(env.reset())
            return shown

        relay = Relay(self.address, [1500, 900, 2000])
        self.addCleanup(relay.close)
        self.assertTrue(data_equivalence(played(relay.address), played(self.address), exact=True))
        self.assertEqual(relay.broken, 3)


class VectorTest(ServedTest):
    def test_it_is_what_gymnasiums_own_vector_env_over_single_envs_gives(self) -> None:
        compared = 0
        for task, options in [*SMALL.items(), ("linear-bandit", FRESH)]:
            for unit in ("episode", "trial"):
                for mode in MODES:
                    with self.subTest(task=task, unit=unit, mode=mode.name):
                        given = {"num_envs": 3, "unit": unit, **options}
                        mine = self.make_vec(task, autoreset_mode=mode, **given)
                        sync = {"vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": mode}}
                        theirs = self.make_vec(task, **sync, **given)
                        compared += self.compare(mine, theirs, mode)
        self.assertEqual(compared, 6 * 2 * 3 * 40)

    def compare(self, mine: Any, theirs: Any, mode: AutoresetMode) -> int:
        """Steps both alike, and returns how many answers were equal."""
        self.assertEqual(mine.metadata["autoreset_mode"], mode)
        for space in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
            self.assertEqual(getattr(mine, space), getattr(theirs, space))
        self.equal(mine.reset(seed=11), theirs.reset(seed=11))
        rng = np.random.default_rng(0)
        steps = 40
        for i in range(steps):
            actions = rng.integers(mine.single_action_space.n, size=3)
            got, expected = mine.step(actions), theirs.step(actions)
            self.equal(got, expected)
            self.assertTrue(mine.observation_space.contains(got[0]))
            over = got[2] | got[3]
            for answer in (got[0], got[1], *(one for one in got[4].values() if isinstance(one, np.ndarray))):
                answer[:] = 0  # whoever gets an array may do with it as they like
            if mode == AutoresetMode.DISABLED and over.any():
                self.equal(*(envs.reset(options={"reset_mask": over.copy()}) for envs in (mine, theirs)))
            if i == 13:  # early
                mask = np.array([True, False, True])
                self.equal(*(envs.reset(options={"reset_mask": mask.copy()}) for envs in (mine, theirs)))
            if i == 21:
                mask = np.array([False, True, True])
                self.equal(*(envs.reset(seed=[1, 2, None], options={"reset_mask": mask.copy()}) for envs in (mine, theirs)))
            if i == 30:
                self.equal(mine.reset(), theirs.reset())
        return steps

    def equal(self, got: Any, expected: Any) -> None:
        self.assertTrue(data_equivalence(list(got), list(expected), exact=True), f"{got}\nand not\n{expected}")

    def test_every_task_is_there_as_a_vector_env_with_its_options_as_arguments(self) -> None:
        own = set(inspect.signature(icrl.gym.IcrlVectorEnv.__init__).parameters) - {"options"}
        with icrl.connect(self.address) as connection:
            families = connection.list_tasks().tasks
        for family in families:
            self.assertEqual(own & {option.name for option in family.options}, set(), family.name)  # no two of one name
            envs = self.make_vec(family.name, num_envs=2)
            envs.action_space.seed(0)
            observation, _ = envs.reset(seed=0)
            for _ in range(3):
                self.assertTrue(envs.observation_space.contains(observation), family.name)
                observation, rewards, *_ = envs.step(envs.action_space.sample())
                self.assertEqual((rewards.shape, rewards.dtype), ((2,), np.float64))
            envs.close()

    def test_a_server_that_is_started_again_cuts_what_was_under_way_short(self) -> None:
        address = f"127.0.0.1:{free_port()}"
        flags = ["--listen", address, "--drain-ms", "100"]
        servers = [icrl.PrivateServer(flags=flags)]
        folder = servers[0].data
        envs = gymnasium.make_vec(
            name_of("linear-bandit"), num_envs=3, address=address, autoreset_mode="SameStep", **SMALL["linear-bandit"]
        )
        try:
            before, _ = envs.reset(seed=1)
            for _ in range(7):  # two steps into the second trial
                before, *_ = envs.step(np.array([0, 1, 2]))
            servers[0]._end()
            servers.append(icrl.PrivateServer(folder, flags))
            again, rewards, terminated, truncated, infos = envs.step(np.array([0, 1, 2]))
            self.assertEqual([rewards.tolist(), terminated.tolist(), truncated.tolist()], [[0.0] * 3, [False] * 3, [True] * 3])
            self.assertTrue((again == before).all())  # the same trial, from its beginning
            self.assertTrue(all((final == one).all() for final, one in zip(infos["final_obs"], before)))
            self.assertEqual(infos["trial_start"].tolist(), [True] * 3)
            for step in range(5):
                _, _, terminated, truncated, infos = envs.step(np.array([0, 1, 2]))
                self.assertEqual((terminated.any(), truncated.any()), (step == 4, False))
            self.assertEqual(infos["final_info"]["_regret"].tolist(), [True] * 3)
        finally:
            envs.close()
            for server in servers:
                server.close()

    def test_its_transitions_are_those_of_the_log(self) -> None:
        task, options = "dark-key-to-door", SMALL["dark-key-to-door"]
        rng = np.random.default_rng(1)
        with tempfile.TemporaryDirectory() as folder:
            with icrl.PrivateServer(f"{folder}/log") as server:
                envs = gymnasium.make_vec(
                    name_of(task), num_envs=4, address=server.address, autoreset_mode=AutoresetMode.SAME_STEP, **options
                )
                observation, _ = envs.reset(seed=5)
                episodes: list[dict[str, list[Any]]] = []
                under_way = [{"observations": [int(one)], "actions": [], "rewards": []} for one in observation]
                for _ in range(60):
                    actions = rng.integers(5, size=4)
                    observation, rewards, terminated, truncated, infos = envs.step(actions)
                    for env in range(4):
                        over = bool(terminated[env] or truncated[env])
                        one = under_way[env]
                        one["actions"].append(int(actions[env]))
                        one["rewards"].append(float(rewards[env]))
                        one["observations"].append(int(infos["final_obs"][env] if over else observation[env]))
                        if over:
                            episodes.append(one)
                            under_way[env] = {"observations": [int(observation[env])], "actions": [], "rewards": []}
                envs.close()
            sql = "SELECT observations, actions, rewards FROM trajectories WHERE complete"
            queried = icrl_here("log", "query", sql, "--data", f"{folder}/log", "--json")
            verified = icrl_here("log", "verify", "--data", f"{folder}/log")
        rows = json.loads(queried.stdout)["rows"]
        key = json.dumps
        logged = sorted(key([list(map(int, o)), list(map(int, a)), list(map(float, r))]) for o, a, r in rows)
        self.assertEqual(sorted(key(list(one.values())) for one in episodes), logged)
        self.assertGreater(len({len(one["actions"]) for one in episodes}), 2)  # of any length
        self.assertGreater(len(episodes), 20)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_final_observations_and_infos_come_with_their_masks(self) -> None:
        envs = self.make_vec("river-swim", num_envs=3, autoreset_mode="SameStep", **SMALL["river-swim"])
        envs.reset(seed=1)
        for _ in range(8):
            *_, infos = envs.step(np.array([1, 0, 1]))
        self.assertNotIn("final_obs", infos)
        observation, _, terminated, _, infos = envs.step(np.array([1, 0, 1]))
        self.assertEqual(terminated.tolist(), [True] * 3)
        self.assertEqual((infos["_final_obs"].tolist(), infos["_final_info"].tolist()), ([True] * 3, [True] * 3))
        self.assertEqual(infos["final_obs"].dtype, object)
        self.assertEqual(infos["final_info"]["trial_end"].tolist(), [True] * 3)
        self.assertEqual(infos["final_info"]["_regret"].tolist(), [True] * 3)
        self.assertEqual(infos["trial_start"].tolist(), [True] * 3)
        self.assertEqual(observation.tolist(), [0, 0, 0])

    def test_what_makes_no_sense_is_refused(self) -> None:
        envs = self.make_vec("bernoulli-bandit", num_envs=2, autoreset_mode=AutoresetMode.DISABLED, **SMALL["bernoulli-bandit"])
        with self.assertRaises(icrl.IcrlError):
            envs.step(np.array([0, 0]))
        envs.reset(seed=0)
        for mask, error in (([True, False], TypeError), (np.array([1, 0]), TypeError), (np.ones(3, bool), ValueError), (np.zeros(2, bool), ValueError)):
            with self.assertRaises(error):
                envs.reset(options={"reset_mask": mask})
        with self.assertRaisesRegex(ValueError, "3 seeds for 2 envs"):
            envs.reset(seed=[1, 2, 3])
        for actions in ([0], [0, 3], [0.0, 1.0], [0, -1]):
            with self.subTest(actions), self.assertRaises(icrl.IcrlError) as refused:
                envs.step(np.array(actions))
            self.assertEqual(refused.exception.reason, "ACTION_OUT_OF_RANGE")
        for _ in range(4):
            envs.step(np.array([0, 1]))
        with self.assertRaisesRegex(icrl.IcrlError, r"envs \[0, 1\] are over"):
            envs.step(np.array([0, 1]))
        with self.assertRaises(ValueError):
            self.make_vec("bernoulli-bandit", num_envs=2, autoreset_mode="sometimes")

    def test_processes_of_gymnasiums_async_vector_env_have_sessions_of_their_own(self) -> None:
        given = {"num_envs": 2, **SMALL["river-swim"]}
        sync = self.make_vec("river-swim", vectorization_mode="sync", **given)
        expected = [sync.reset(seed=3), sync.step(np.array([1, 0]))]
        for context in ("fork", "spawn"):  # this process has connections open
            with self.subTest(context):
                envs = self.make_vec("river-swim", vectorization_mode="async", vector_kwargs={"context": context}, **given)
                self.assertTrue(data_equivalence([envs.reset(seed=3), envs.step(np.array([1, 0]))], expected, exact=True))
                envs.close()
        sync.step(np.array([1, 0]))


class ForkTest(ServedTest):
    def test_a_forked_process_has_a_session_of_its_own_and_the_parent_goes_on(self) -> None:
        env = self.make("river-swim", **SMALL["river-swim"])
        first = env.reset(seed=1)
        second = env.step(1)
        context = multiprocessing.get_context("fork")
        mine, theirs = context.Pipe()

        def child() -> None:
            said: list[Any] = []
            try:
                env.unwrapped.step(1)
            except icrl.IcrlError as error:
                said.append(error.reason)
            said += [env.reset(seed=1), env.step(1)]
            env.close()
            theirs.send(said)

        process = context.Process(target=child)
        process.start()
        self.assertTrue(mine.poll(120))
        reason, *again = mine.recv()
        process.join(60)
        self.assertEqual((reason, process.exitcode), ("PROTOCOL_ORDER", 0))
        self.assertTrue(data_equivalence(again, [first, second], exact=True))
        self.assertEqual(len(env.step(1)), 5)


    def test_one_that_is_first_used_in_a_forked_process_leaves_nothing_there(self) -> None:
        env = icrl.gym.IcrlEnv("river-swim")  # connects when it is first used
        context = multiprocessing.get_context("fork")
        mine, theirs = context.Pipe()

        def child() -> None:
            said = [env.observation_space.n, shared.users()]
            env.reset(seed=1)
            said.append(shared.users())
            env.close()
            theirs.send([*said, shared.users()])

        process = context.Process(target=child)
        process.start()
        self.assertTrue(mine.poll(120))
        self.assertEqual(mine.recv(), [6, 1, 1, 0])
        process.join(60)
        self.assertEqual((process.exitcode, shared.users()), (0, 0))


class PrivateTest(unittest.TestCase):
    def test_without_an_address_all_share_one_server_which_ends_with_the_last(self) -> None:
        self.assertEqual(shared.users(), 0)
        envs = [gymnasium.make(name_of("river-swim")), gymnasium.make_vec(name_of("river-swim"), num_envs=2)]
        for env in envs:
            env.reset(seed=1)
        self.assertEqual(shared.users(), 2)
        pid = shared._server.pid
        os.kill(pid, 0)
        envs[0].close()
        envs[0].close()
        self.assertEqual(shared.users(), 1)
        envs[1].step(np.array([0, 1]))
        envs[1].close()
        self.assertEqual(shared.users(), 0)
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)
        envs[0].reset(seed=1)  # another one
        self.assertEqual(shared.users(), 1)
        envs[0].close()

    def test_a_process_that_forgets_to_close_leaves_no_server(self) -> None:
        from support import python

        program = (
            "import gymnasium, icrl; from icrl.server import shared; env = gymnasium.make('icrl/river-swim-v1'); env.reset();"
            "print(shared._server.pid)"
        )
        said = python("-c", program)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        with self.assertRaises(ProcessLookupError):
            os.kill(int(said.stdout), 0)


if __name__ == "__main__":
    unittest.main()

"""An agent as a program: its flags, what it prints, its exit codes, and a tournament by one command."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import EXAMPLES, ROOT, free_port, icrl_here, python

import icrl

SOFTMAX = str(EXAMPLES / "softmax_agent.py")
LIN_UCB = str(EXAMPLES / "lin_ucb_agent.py")


class ProgramTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(icrl.PrivateServer())

    def run_agent(self, program: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return python(program, "--connect", self.server.address, *words, **environment)

    def test_free_play_prints_what_the_sdk_in_javascript_prints_of_the_same_algorithm(self) -> None:
        words = ["--task", "bernoulli-bandit", "--set", "arms=3", "--trials", "12", "--seed", "5", "--option", "temperature=0.1"]
        program = ["node", str(ROOT / "examples/softmax-agent.mjs"), "--connect", self.server.address, *words]
        expected = subprocess.run(program, capture_output=True, text=True, check=True, timeout=300).stdout
        played = self.run_agent(SOFTMAX, *words, "--envs", "4")
        self.assertEqual((played.returncode, played.stdout), (0, expected), played.stderr)
        self.assertRegex(expected, r"^12 of 12 trials, 2400 steps\nregret [\d.]+ ± [\d.]+, return [\d.]+ ± [\d.]+ \(mean of a trial")

    def test_wrong_command_lines_are_told_with_exit_code_2(self) -> None:
        for words, text in (
            (["--foo"], "--foo"),
            ([], "give either --entrant or --task, or --label"),
            (["--task", "x", "--entrant", "me"], "give either --entrant or --task, or --label"),
            (["--entrant", "me", "--tournament", "t", "--collection", "c"], "give either --tournament or --collection"),
            (["--entrant", "me", "--set", "arms=3"], "--set is an option of the task"),
            (["--task", "x", "--set", "arms"], "give name=value"),
            (["--task", "x", "--option", "temp=1"], 'OPTION_UNKNOWN: agent "softmax" has no option "temp": did you mean "temperature"?'),
            (["--task", "x", "--option", "temperature=0"], "OPTION_INVALID"),
            (["--task", "x", "--trials", "many"], '--trials is "many": give a whole number'),
            (["--task", "x", "--seed", "18446744073709551616"], "--seed"),
            (["--task", "x", "--cert", "c"], "belong together"),
        ):
            with self.subTest(words):
                said = self.run_agent(SOFTMAX, *words)
                self.assertEqual((said.returncode, said.stdout), (2, ""))
                self.assertIn(text, said.stderr)
                self.assertIn("usage: --connect", said.stderr)
                self.assertNotIn("Traceback", said.stderr)

    def test_what_the_server_refuses_is_told_with_exit_code_1(self) -> None:
        for words, text in (
            (["--task", "river-swim"], 'TASK_UNSUPPORTED: agent "softmax" declares bandit'),
            (["--task", "bandits"], "TASK_UNKNOWN"),
            (["--task", "bernoulli-bandit", "--set", "arms=x"], "OPTION_INVALID"),
        ):
            with self.subTest(words):
                said = self.run_agent(SOFTMAX, *words)
                self.assertEqual((said.returncode, said.stdout), (1, ""))
                self.assertIn(text, said.stderr)

    def test_help_has_the_flags_and_the_options(self) -> None:
        said = python(SOFTMAX, "--help")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        for text in ("--entrant NAME", "ICRL_ENTRANT_KEY", "softmax (version 1)", "Source: Sutton", "Plays: bandit", "temperature  0.5"):
            self.assertIn(text, said.stdout)

    def test_an_entrant_whose_tournament_does_not_come_ends_with_exit_code_3(self) -> None:
        program = (
            "import icrl, icrl.matches, sys; from softmax_agent import Softmax; real = icrl.matches.serve_matches;"
            "import icrl.program as program; program.serve_matches = lambda *a, **k: real(*a, **k, patience=0.1);"
            "icrl.run(Softmax, sys.argv[1:])"
        )
        said = python("-c", program, "--connect", self.server.address, "--entrant", "nobody", PYTHONPATH=os.pathsep.join(self.paths()))
        self.assertEqual(said.returncode, 3)
        self.assertIn("waiting up to 0.1 s for it", said.stderr)
        self.assertIn('ENTRANT_EARLY: no tournament that lists the entrant "nobody"', said.stderr)

    def test_without_a_server_it_ends_with_exit_code_3(self) -> None:
        program = (
            "import icrl.program as program, functools; program.connect = functools.partial(program.connect, timeout=0.2);"
            "from softmax_agent import Softmax; import icrl, sys; icrl.run(Softmax, sys.argv[1:])"
        )
        address = f"127.0.0.1:{free_port()}"
        said = python("-c", program, "--connect", address, "--task", "x", PYTHONPATH=os.pathsep.join(self.paths()))
        self.assertEqual((said.returncode, said.stdout), (3, ""))
        self.assertIn(f"no icrl server answers at {address}", said.stderr)

    def test_an_error_in_a_policy_is_a_line_and_with_icrl_debug_a_stack(self) -> None:
        program = (
            "import icrl, sys; agent = icrl.agent(name='broken', version='1')(lambda trial, rng: {}['no such thing']);"
            "icrl.run(agent, sys.argv[1:])"
        )
        words = ["-c", program, "--connect", self.server.address, "--task", "bernoulli-bandit"]
        said = python(*words)
        self.assertEqual(said.returncode, 1)
        self.assertIn("KeyError: 'no such thing' (unexpected: ICRL_DEBUG=1 shows where)", said.stderr)
        self.assertNotIn("Traceback", said.stderr)
        self.assertIn("Traceback", python(*words, ICRL_DEBUG="1").stderr)

    def test_ctrl_c_ends_it_quietly_and_its_session_with_it(self) -> None:
        program = """
import icrl, sys, time
class Slow:
    def __init__(self, trial, rng): print("plays", flush=True)
    def act(self, turn): time.sleep(600)
icrl.run(icrl.agent(name="slow", version="1")(Slow))
"""
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(self.paths())}
        words = [sys.executable, "-c", program, "--connect", self.server.address, "--task", "bernoulli-bandit", "--envs", "1"]
        with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "plays\n")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(120), 130)
            self.assertNotIn("Traceback", process.stderr.read())

    def test_a_tournament_starts_it_by_its_command_with_its_options(self) -> None:
        spec = {
            "name": "python",
            "seed": 4,
            "trials": 10,
            "tasks": [{"id": "e1", "task": "linear-bandit"}],
            "agents": [
                {"name": "lin-ucb", "agent": "lin-ucb", "command": [sys.executable, LIN_UCB], "options": {"alpha": 1.5}},
                {"name": "cold", "agent": "softmax", "command": [sys.executable, SOFTMAX], "options": {"temperature": 0.01}},
                {"name": "hot", "agent": "softmax", "command": [sys.executable, SOFTMAX], "options": {"temperature": 1e6}},
                {"name": "uniform", "agent": "uniform"},
            ],
            "seed_key": "",
        }
        with tempfile.TemporaryDirectory() as folder:
            regret = self.leaderboard(spec, folder)
            built_in = {**spec, "agents": [{"name": "lin-ucb", "agent": "lin-ucb", "options": {"alpha": 1.5}}, spec["agents"][3]]}
            expected = self.leaderboard(built_in, folder)
        self.assertEqual(regret["lin-ucb"], expected["lin-ucb"])  # digit for digit
        self.assertLess(regret["cold"], 150)  # uniform play loses 224 on average
        self.assertGreater(regret["hot"], 150)

    def leaderboard(self, spec: dict, folder: str) -> dict[str, float]:
        file = Path(folder) / "tournament.json"
        file.write_text(json.dumps(spec))
        ended = icrl_here("tournament", "run", str(file), "--out", f"{folder}/out", "--overwrite", "--json")
        logs = "".join(path.read_text() for path in Path(folder).glob("out/agents/*.log"))
        self.assertEqual(ended.returncode, 0, ended.stderr[-2000:] + logs)
        rows = json.loads(ended.stdout)["leaderboard"]
        self.assertEqual([row["forfeits"] for row in rows], [0] * len(rows))
        return {row["name"]: row["regret"] for row in rows}

    def test_labels_of_lin_ucb_are_those_of_the_built_in_expert_byte_for_byte(self) -> None:
        file = {
            "name": "small",
            "seed": 3,
            "tasks": [{"id": "e1", "task": "linear-bandit", "options": {"horizon": 12}, "trials": 6}],
            "behaviours": [{"name": "uniform", "agent": "uniform", "weight": 1}],
        }
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "dataset.json").write_text(json.dumps(file))
            collected = icrl_here("dataset", "collect", f"{folder}/dataset.json", "--out", f"{folder}/one")
            self.assertEqual(collected.returncode, 0, collected.stderr)
            shutil.copytree(f"{folder}/one", f"{folder}/other")
            for place, who in (("one", ["--expert", "lin-ucb"]), ("other", ["--command", f"{sys.executable} {LIN_UCB}"])):
                labelled = icrl_here("dataset", "label", f"{folder}/{place}", *who, "--name", "x")
                self.assertEqual(labelled.returncode, 0, labelled.stderr)
            one, other = ([path.read_bytes() for path in Path(folder).glob(f"{place}/labels/x/*.parquet")] for place in ("one", "other"))
        self.assertEqual(len(one), 1)
        self.assertEqual(one, other)

    def test_a_policy_that_fails_forfeits_its_match_with_its_words_and_serves_the_next(self) -> None:
        program = "\n".join([
            "import icrl",
            "class Breaks:",
            "    def __init__(self, trial, rng): self.trial = trial",
            "    def act(self, turn):",
            "        if self.trial.task == 'gaussian-bandit': raise RuntimeError('too much noise')",
            "        return 0",
            "icrl.run(icrl.agent(name='breaks', version='1')(Breaks))",
        ])  # fmt: skip
        spec = {
            "name": "breaks",
            "seed": 4,
            "trials": 3,
            "tasks": [{"id": "g", "task": "gaussian-bandit"}, {"id": "b", "task": "bernoulli-bandit"}],
            "agents": [{"name": "breaks", "command": [sys.executable, "-c", program]}],
        }
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "tournament.json"
            file.write_text(json.dumps(spec))
            ended = icrl_here("tournament", "run", str(file), "--out", f"{folder}/out", "--json")
            logs = "".join(path.read_text() for path in Path(folder).glob("out/agents/*.log"))
            results = json.loads((Path(folder) / "out/results.json").read_text())
        self.assertIn("g/breaks: RuntimeError: too much noise", logs)
        self.assertIn("too much noise", json.dumps(results), ended.stderr[-2000:])
        rows = {row["task"]: row["forfeits"] for row in json.loads(ended.stdout)["leaderboard"]}
        self.assertEqual(rows, {"g": 3, "b": 0})

    @staticmethod
    def paths() -> list[str]:
        return [str(EXAMPLES), str(ROOT / "clients/python/src")]


if __name__ == "__main__":
    unittest.main()

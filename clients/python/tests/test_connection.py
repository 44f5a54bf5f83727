"""Connecting, calling, and what is said of failures."""

import copy
import os
import pickle
import socket
import subprocess
import unittest

from support import ROOT, free_port, icrl_here

import icrl
from icrl.credentials import given_credentials, is_loopback
from icrl.server import icrl_command
from icrl.tensors import array_of, tensor_of

TLS = ROOT / "tests/fixtures/tls"


class CallsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(icrl.PrivateServer())
        cls.connection = cls.enterClassContext(icrl.connect(cls.server.address))

    def test_it_lists_and_describes_tasks(self) -> None:
        names = [family.name for family in self.connection.list_tasks().tasks]
        self.assertIn("river-swim", names)
        task = self.connection.get_task("linear-bandit", {"dim": 3, "actions": 4}).task
        self.assertEqual((task.num_actions, list(task.trial_features_shape)), (4, [4, 3]))
        self.assertEqual(self.connection.server_info().server_version, "0.1.0")

    def test_errors_have_reason_message_and_metadata_and_can_be_pickled(self) -> None:
        with self.assertRaises(icrl.IcrlError) as refused:
            self.connection.get_task("linear-bandits")
        error = refused.exception
        self.assertEqual(error.reason, "TASK_UNKNOWN")
        self.assertIn("did you mean", error.message)
        self.assertEqual(error.metadata["task"], "linear-bandits")
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((again.reason, again.message, again.metadata), (error.reason, error.message, error.metadata))
        with self.assertRaises(icrl.IcrlError) as unknown:
            self.connection.get_task("linear-bandit", {"dims": 3})
        self.assertEqual((unknown.exception.reason, unknown.exception.metadata["option"]), ("OPTION_UNKNOWN", "dims"))

    def test_streams_of_answers_come_as_they_are_asked_for_and_fail_as_calls_do(self) -> None:
        self.assertEqual(list(self.connection.stream("TrajectoryService/StreamTrajectories", {})), [])
        with self.assertRaises(icrl.IcrlError) as refused:
            next(self.connection.stream("TournamentService/WatchTournament", {"id": "none"}))
        self.assertEqual(refused.exception.reason, "TOURNAMENT_UNKNOWN")
        with self.assertRaises(KeyError):
            self.connection.call("TrajectoryService/Nothing", {})

    def test_a_play_that_is_refused_ends_by_the_servers_reason(self) -> None:
        agent = icrl.agent(name="no", version="1")(lambda trial, rng: None)
        with self.assertRaises(icrl.IcrlError) as refused:
            icrl.play_agent(self.connection, agent, task="river-swim", trials=0)
        self.assertEqual(refused.exception.reason, "TRIALS_INVALID")


class ReachTest(unittest.TestCase):
    def test_a_server_that_starts_later_is_waited_for(self) -> None:
        port = free_port()
        lines: list[str] = []
        servers: list[icrl.PrivateServer] = []

        def start(line: str) -> None:  # told that nobody answers yet
            lines.append(line)
            servers.append(icrl.PrivateServer(flags=["--listen", f"127.0.0.1:{port}"]))

        try:
            with icrl.connect(f"127.0.0.1:{port}", on_waiting=start, timeout=120) as connection:
                self.assertGreater(len(connection.list_tasks().tasks), 5)
        finally:
            for server in servers:
                server.close()
        self.assertEqual(lines, [f"no server answers at 127.0.0.1:{port} yet: waiting up to 120 s for one"])

    def test_where_nobody_answers_that_is_said(self) -> None:
        with self.assertRaisesRegex(icrl.ServerUnreachableError, r'no icrl server answers at .*"npx icrl serve" \(waited 0.2 s'):
            icrl.connect(f"127.0.0.1:{free_port()}", timeout=0.2)

    def test_a_listener_that_never_says_a_word_is_no_server(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            with self.assertRaises(icrl.ServerUnreachableError):
                icrl.connect(f"127.0.0.1:{mute.getsockname()[1]}", timeout=0.3)

    def test_a_call_to_a_server_that_is_gone_fails_as_unreachable(self) -> None:
        server = icrl.PrivateServer()
        connection = icrl.connect(server.address)
        server.close()
        server.close()  # a second time does nothing
        with self.assertRaises(icrl.ServerUnreachableError) as gone:
            connection.list_tasks()
        self.assertEqual(gone.exception.code, "UNAVAILABLE")
        self.assertEqual(pickle.loads(pickle.dumps(gone.exception)).code, "UNAVAILABLE")
        connection.close()
        connection.close()

    def test_a_proxy_of_the_environment_is_not_asked_on_loopback(self) -> None:
        with icrl.PrivateServer() as server:
            dead = f"http://127.0.0.1:{free_port()}"
            os.environ["grpc_proxy"] = os.environ["http_proxy"] = dead
            self.addCleanup(os.environ.pop, "grpc_proxy")
            self.addCleanup(os.environ.pop, "http_proxy")
            with icrl.connect(server.address, timeout=60) as connection:
                self.assertTrue(connection.list_tasks().tasks)

    def test_a_command_that_starts_no_server_is_told_with_its_words(self) -> None:
        before = os.environ["ICRL_COMMAND"]
        self.addCleanup(os.environ.__setitem__, "ICRL_COMMAND", before)
        for command, words in (("node -e 'console.error(\"no such day\")'", "no such day"), ("/no/such/program", "/no/such/program")):
            os.environ["ICRL_COMMAND"] = command
            with self.assertRaisesRegex(icrl.IcrlError, words) as failed:
                icrl.PrivateServer()
            self.assertEqual(failed.exception.reason, "OPTION_INVALID")


class TokensTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        flags = ["--tls-cert", str(TLS / "server.pem"), "--tls-key", str(TLS / "server.key"), "--require-tokens"]
        cls.server = cls.enterClassContext(icrl.PrivateServer(flags=flags))
        access = cls.server.data / "access"
        created = icrl_here("token", "create", "--access", str(access), "--role", "player")
        assert created.returncode == 0, created.stderr
        cls.token = created.stdout.strip()

    def test_a_token_goes_by_tls(self) -> None:
        with icrl.connect(self.server.address, token=self.token, ca=str(TLS / "ca.pem")) as connection:
            self.assertTrue(connection.list_tasks().tasks)
            agent = icrl.agent(name="first", version="1")(lambda trial, rng: type("First", (), {"act": lambda self, turn: 0})())
            totals = icrl.play_agent(connection, agent, task="bernoulli-bandit", task_options={"horizon": 5}, trials=2)
            self.assertEqual((totals.complete_trials, totals.steps), (2, 10))

    def test_the_environment_gives_what_is_not_given(self) -> None:
        os.environ.update(ICRL_TOKEN=self.token, ICRL_CA=str(TLS / "ca.pem"))
        self.addCleanup(os.environ.pop, "ICRL_TOKEN")
        self.addCleanup(os.environ.pop, "ICRL_CA")
        with icrl.connect(self.server.address) as connection:
            self.assertTrue(connection.list_tasks().tasks)

    def test_refusals_have_their_reasons(self) -> None:
        for token, reason in ((None, "TOKEN_MISSING"), ("icrl_wrong", "TOKEN_INVALID")):
            with icrl.connect(self.server.address, token=token, ca=str(TLS / "ca.pem")) as connection:
                with self.assertRaises(icrl.IcrlError) as refused:
                    connection.list_tasks()
                self.assertEqual(refused.exception.reason, reason)

    def test_a_server_that_another_authority_signed_is_not_believed_and_why_is_said(self) -> None:
        with self.assertRaisesRegex(icrl.ServerUnreachableError, "(?i)certificate|handshake|ssl"):
            icrl.connect(self.server.address, token=self.token, ca=str(TLS / "other-ca.pem"), timeout=1)


class CredentialsTest(unittest.TestCase):
    def test_a_token_does_not_go_over_a_network_in_the_clear(self) -> None:
        with self.assertRaises(icrl.IcrlError) as refused:
            icrl.connect("192.0.2.1:50551", token="t", timeout=0.1)
        self.assertEqual(refused.exception.reason, "TLS_REQUIRED")

    def test_certificates_that_make_no_sense_are_refused(self) -> None:
        for given, text in (
            ({"ca": str(TLS / "none.pem")}, "No such file"),
            ({"ca": str(TLS / "README.md")}, "not PEM"),
            ({"ca": "public", "cert": "x"}, "belong together"),
            ({"cert": "x", "key": "y"}, "for TLS"),
        ):
            with self.subTest(given), self.assertRaisesRegex(icrl.IcrlError, text) as refused:
                icrl.connect("127.0.0.1:1", timeout=0.1, **given)
            self.assertEqual(refused.exception.reason, "OPTION_INVALID")

    def test_what_is_shown_of_credentials_is_no_secret(self) -> None:
        self.assertNotIn("secret", repr(given_credentials(token="secret", environment={})))

    def test_loopback_is_this_machine_and_nothing_else(self) -> None:
        for address in ("127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1", "a.localhost:1"):
            self.assertTrue(is_loopback(address), address)
        for address in ("127.0.0.1.example.org:1", "localhost.example.org:1", "10.0.0.1:1", "[::2]:1", "127.0.0.1", ":1", "[::1]"):
            self.assertFalse(is_loopback(address), address)


class TensorsTest(unittest.TestCase):
    def test_tensors_are_the_arrays_of_the_protocols_worked_examples(self) -> None:
        import numpy as np

        for values, message in (
            (np.array([1.5, -2], np.float32), "0801 120102 1a08 0000c03f 000000c0"),
            (np.array([0, 4, -1], np.int32), "0803 120103 1a0c 00000000 04000000 ffffffff"),
            (np.array([True, False, True, True]), "0804 120104 1a04 01000101"),
            (np.array([[1, 0.5, -0.25], [0, 2, -1]], ">f4"), "0801 12020203 1a18 0000803f0000003f000080be 0000000000000040000080bf"),
        ):
            tensor = tensor_of(values)
            self.assertEqual(tensor.SerializeToString(), bytes.fromhex(message))
            self.assertEqual(array_of(tensor).tolist(), values.tolist())

    def test_what_does_not_fit_is_refused(self) -> None:
        import numpy as np

        tensor = tensor_of(np.zeros(3, np.float32))
        tensor.shape[0] = 4
        with self.assertRaises(icrl.IcrlError) as refused:
            array_of(copy.copy(tensor))
        self.assertEqual(refused.exception.reason, "MALFORMED_MESSAGE")
        with self.assertRaisesRegex(TypeError, "int64"):
            tensor_of(np.zeros(3, np.int64))


class CommandTest(unittest.TestCase):
    def test_the_servers_command_is_the_given_one_else_the_paths(self) -> None:
        before = os.environ.pop("ICRL_COMMAND")
        path = os.environ["PATH"]
        self.addCleanup(os.environ.update, ICRL_COMMAND=before, PATH=path)
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            os.environ["PATH"] = folder
            with self.assertRaisesRegex(icrl.IcrlError, "neither"):
                icrl_command()
            for program, words in (("npx", ["--no-install", "icrl"]), ("icrl", [])):
                file = Path(folder) / program
                file.write_text("#!/bin/sh\n")
                file.chmod(0o755)
                self.assertEqual(icrl_command(), [str(file), *words])
            os.environ["ICRL_COMMAND"] = "node 'a b.js'"
            self.assertEqual(icrl_command(), ["node", "a b.js"])

    def test_a_private_server_ends_with_its_process(self) -> None:
        from support import python

        said = python("-c", "import icrl; print(icrl.PrivateServer().pid, flush=True); import os; os._exit(0)")
        pid = int(said.stdout)
        # It stops with its input: nobody is left to wait for it, so look until it is gone.
        subprocess.run(["sh", "-c", f"while kill -0 {pid} 2>/dev/null; do sleep 0.05; done"], check=True, timeout=120)


if __name__ == "__main__":
    unittest.main()

"""Connections that break: nothing is lost, and what was played is what would have been played."""

import os
import signal
import unittest

from support import Relay, free_port, regrets  # first: it says where the examples are
from lin_ucb_agent import LinUcb
from softmax_agent import Softmax

import icrl
from icrl._losses import backoff, is_loss
from icrl._unanswered import Unanswered

PLAY = {"task": "linear-bandit", "task_options": {"horizon": 30}, "trials": 12, "num_envs": 4, "seed": 5}


class ReconnectTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(icrl.PrivateServer())
        with icrl.connect(cls.server.address) as connection:
            cls.expected = regrets(connection, Softmax, **PLAY)

    def test_trials_are_the_same_where_connections_break_within_every_few_messages(self) -> None:
        # The bytes from the server until each connection breaks: within its first words, within a message, between two.
        relay = Relay(self.server.address, [900, 1500, 300, 2500, 4000, 1100, 60, 1])
        self.addCleanup(relay.close)
        told: list[icrl.Reconnection] = []
        with icrl.connect(relay.address, on_reconnect=told.append) as connection:
            self.assertEqual(regrets(connection, Softmax, **PLAY), self.expected)
        self.assertEqual(relay.broken, 8)
        lost = [event for event in told if isinstance(event, icrl.Lost)]
        back = [event for event in told if isinstance(event, icrl.Back)]
        self.assertEqual(len(lost), len(back))
        self.assertGreaterEqual(len(lost), 2)
        self.assertRegex(str(lost[-1]), rf"^the connection to {relay.address} was lost: trying again for up to 60 s \(")
        self.assertRegex(str(back[-1]), rf"^connected to {relay.address} again after [\d.]+ s: nothing was lost$")

    def test_what_the_server_did_not_get_is_said_again(self) -> None:
        relay = Relay(self.server.address, [2500, 1500, 900, 3000, 1200], of="agent")
        self.addCleanup(relay.close)
        with icrl.connect(relay.address) as connection:
            self.assertEqual(regrets(connection, Softmax, **PLAY), self.expected)
        self.assertEqual(relay.broken, 5)

    def test_an_agent_that_does_not_reconnect_ends_with_the_loss(self) -> None:
        relay = Relay(self.server.address, [2500])
        self.addCleanup(relay.close)
        with icrl.connect(relay.address, reconnect=False) as connection:
            with self.assertRaises(icrl.ServerUnreachableError):
                regrets(connection, Softmax, **PLAY)
        self.assertEqual(relay.broken, 1)

    def test_where_no_server_comes_back_that_is_said(self) -> None:
        with icrl.PrivateServer(flags=["--resume-ms", "1500"]) as server:
            relay = Relay(server.address)
            with icrl.connect(relay.address) as connection:

                def end(seen: icrl.PlayProgress) -> None:
                    if seen.trials == 4:
                        relay.close()

                with self.assertRaisesRegex(
                    icrl.ServerUnreachableError,
                    rf"^the connection to {relay.address} was lost and could not be made again within 1.5 s: no icrl server answers",
                ):
                    icrl.play_agent(connection, Softmax, **PLAY, record=False, on_progress=end)

    def test_a_session_that_the_server_no_longer_knows_is_told(self) -> None:
        with icrl.PrivateServer(flags=["--resume-ms", "0"]) as server:  # it keeps none
            relay = Relay(server.address, [2500])
            self.addCleanup(relay.close)
            with icrl.connect(relay.address) as connection:
                with self.assertRaises(icrl.ServerUnreachableError):
                    regrets(connection, Softmax, **PLAY)
            self.assertEqual(relay.broken, 1)  # and there was no token to take the session up by

    def test_a_leaving_agent_leaves_nothing_parked(self) -> None:
        with icrl.PrivateServer(flags=["--max-sessions", "1"]) as server, icrl.connect(server.address) as connection:
            for _ in range(3):  # each would find no place, or push a parked one out, where the one before were parked
                with self.assertRaisesRegex(ZeroDivisionError, "division"):
                    agent = icrl.agent(name="broken", version="1")(lambda trial, rng: 1 // 0)
                    icrl.play_agent(connection, agent, **PLAY)
                self.assertEqual(connection.server_info().open_sessions, 0)

    def test_a_server_that_is_stopped_and_started_again_goes_on_with_every_trial_once(self) -> None:
        address = f"127.0.0.1:{free_port()}"
        flags = ["--listen", address, "--drain-ms", "100"]
        servers = [icrl.PrivateServer(flags=flags)]
        folder = servers[0].data
        told: list[icrl.Reconnection] = []
        ended: dict[int, float] = {}
        stopped: list[int] = []

        def again(event: icrl.Reconnection) -> None:
            told.append(event)
            if isinstance(event, icrl.Lost) and len(servers) == 1:
                servers[0]._end()
                servers.append(icrl.PrivateServer(folder, flags))

        def stop(seen: icrl.PlayProgress) -> None:
            if seen.trials >= 6 and not stopped:  # once: a second signal ends it at once
                stopped.append(servers[0].pid)
                os.kill(servers[0].pid, signal.SIGTERM)

        try:
            with icrl.connect(address, on_reconnect=again) as connection:
                agent = LinUcb
                totals = icrl.play_agent(
                    *(connection, agent),
                    **{**PLAY, "trials": 60, "on_progress": stop},
                    on_trial_end=lambda end: ended.__setitem__(end.trial_index, end.regret),
                )
                straight = regrets(connection, agent, **{**PLAY, "trials": 60})
        finally:
            for server in servers:
                server.close()
        self.assertEqual(totals.complete_trials, 60)
        self.assertTrue(any(isinstance(event, icrl.Back) and event.restarted for event in told), told)
        # Those that ended while the connection was lost were not seen; all others are the same.
        self.assertEqual({index: straight[index] for index in ended}, ended)
        self.assertGreaterEqual(len(ended), 50)


class ReasonsTest(unittest.TestCase):
    def test_losses_are_told_from_words_of_the_server(self) -> None:
        for error in (
            icrl.ServerUnreachableError("UNAVAILABLE", "Socket closed"),
            icrl.ServerUnreachableError("CANCELLED", "by a relay"),
            icrl.ServerUnreachableError("INTERNAL", "Received RST_STREAM with error code 2"),
            icrl.ServerUnreachableError("UNKNOWN", "Stream removed"),
            icrl.IcrlError("SERVER_DRAINING", "it stops"),
        ):
            self.assertTrue(is_loss(error), error)
        for error in (
            icrl.ServerUnreachableError("INTERNAL", "a bug"),
            icrl.ServerUnreachableError("UNIMPLEMENTED", "no such method"),
            icrl.IcrlError("ACT_TIMEOUT", "late"),
            ValueError(),
        ):
            self.assertFalse(is_loss(error), error)

    def test_waits_double_up_to_five_seconds(self) -> None:
        for attempts, most in ((0, 0.1), (1, 0.2), (4, 1.6), (6, 5.0), (5000, 5.0)):
            waits = [backoff(attempts) for _ in range(200)]
            self.assertLessEqual(max(waits), most)
            self.assertGreater(max(waits), most / 2)  # 2^-200 of being wrong
            self.assertLess(min(waits), most / 2)


class UnansweredTest(unittest.TestCase):
    def test_what_the_server_has_not_taken_is_kept_and_counted(self) -> None:
        kept = Unanswered()
        kept.add("open", b"o")
        self.assertEqual(kept.after(0), [b"o"])
        kept.answered()
        kept.add("actions", b"a")
        kept.add("close", b"c")
        self.assertEqual((kept.sent, kept.after(1), kept.after(2)), (3, [b"a", b"c"], [b"c"]))
        self.assertEqual([kept.has(taken) for taken in range(5)], [False, True, True, True, False])
        self.assertEqual((kept.last("close", 0), kept.last("close", 3), kept.last("open", 0)), (b"c", None, None))
        kept.answered()  # to the actions: the close may be on its way
        self.assertEqual((kept.sent, kept.after(2)), (3, [b"c"]))
        kept.recount()
        self.assertEqual((kept.sent, kept.after(0)), (1, [b"c"]))
        kept.forget()
        self.assertEqual((kept.sent, kept.after(0)), (0, []))


if __name__ == "__main__":
    unittest.main()

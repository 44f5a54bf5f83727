"""DeepMind's own suites against a server: `dm_env_rpc.v1.compliance` and `dm_env.test_utils`, for each of the given worlds.

    python dm_env_rpc_compliance.py ADDRESS WORLDS

WORLDS is JSON: a list of CreateWorld's settings. Prints the counts as JSON, by world and suite, and what failed on standard error.
"""

import json
import sys
import unittest
from collections.abc import Iterator, Mapping
from typing import Any

import dm_env
import grpc
import numpy as np
from absl.testing import absltest
from dm_env import test_utils
from dm_env_rpc.v1 import compliance, connection, dm_env_adaptor, dm_env_rpc_pb2, tensor_utils

ADDRESS = sys.argv[1]
WORLDS: list[dict[str, Any]] = json.loads(sys.argv[2])


class Served:
    """A conversation with the server, and a world."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = {name: tensor_utils.pack_tensor(value) for name, value in settings.items()}
        self.connection = connection.create_secure_channel_and_connect(ADDRESS, grpc.local_channel_credentials())
        self.world_name: str = self.connection.send(dm_env_rpc_pb2.CreateWorldRequest(settings=self.settings)).world_name

    def join(self) -> dm_env_rpc_pb2.ActionObservationSpecs:
        return self.connection.send(dm_env_rpc_pb2.JoinWorldRequest(world_name=self.world_name)).specs

    def close(self) -> None:
        self.connection.send(dm_env_rpc_pb2.LeaveWorldRequest())
        self.connection.send(dm_env_rpc_pb2.DestroyWorldRequest(world_name=self.world_name))
        self.connection.close()


class OnServer:
    """What all suites need: a world of its own for each test. Stands before the suite among its bases."""

    settings: Mapping[str, Any]

    def setUp(self) -> None:
        self.served = Served(self.settings)
        super().setUp()

    def tearDown(self) -> None:
        super().tearDown()
        self.served.close()

    @property
    def connection(self) -> connection.Connection:
        return self.served.connection

    @property
    def world_name(self) -> str:
        return self.served.world_name

    @property
    def specs(self) -> dm_env_rpc_pb2.ActionObservationSpecs:
        return self.joined


class CreateDestroyWorld(OnServer, compliance.CreateDestroyWorld):
    # A test removes each of these in turn, and wants to be refused: all others have defaults.
    @property
    def required_world_settings(self) -> Mapping[str, Any]:
        return {"task": self.served.settings["task"]}

    @property
    def invalid_world_settings(self) -> Mapping[str, Any]:
        wrong = {"seed": -1, "sequence": "year", "record": "yes", "option.planets": 9, "planets": 9, "option.horizon": [1, 2]}
        return {name: tensor_utils.pack_tensor(value) for name, value in wrong.items()}

    @property
    def has_multiple_world_support(self) -> bool:
        return True


class JoinLeaveWorld(OnServer, compliance.JoinLeaveWorld):
    @property
    def invalid_join_settings(self) -> Mapping[str, Any]:
        wrong = {"agent": 7, "agent_version": "\u200b", "class": "wizard"}
        return {name: tensor_utils.pack_tensor(value) for name, value in wrong.items()}


class Reset(OnServer, compliance.Reset):
    def join_world(self) -> dm_env_rpc_pb2.ActionObservationSpecs:
        return self.served.join()


class ResetWorld(OnServer, compliance.ResetWorld):
    pass


class Step(OnServer, compliance.Step):
    def setUp(self) -> None:
        super().setUp()
        self.joined = self.served.join()

    # The action is required: a step without one is refused, unless no sequence is running.
    @property
    def required_actions(self) -> Mapping[int, Any]:
        return {1: tensor_utils.pack_tensor(0, dtype=np.int32)}


class Environment(OnServer, test_utils.EnvironmentTestMixin, absltest.TestCase):
    def make_object_under_test(self) -> dm_env.Environment:
        return dm_env_adaptor.DmEnvAdaptor(self.served.connection, self.served.join())

    def make_action_sequence(self) -> Iterator[Any]:
        # Several sequences, from end to end.
        for i in range(60):
            yield {"action": np.int32(i % self.environment.action_spec()["action"].num_values)}


SUITES = [CreateDestroyWorld, JoinLeaveWorld, Reset, ResetWorld, Step, Environment]


def main() -> None:
    counts = []
    for settings in WORLDS:
        for base in SUITES:
            suite = unittest.defaultTestLoader.loadTestsFromTestCase(type(base.__name__, (base,), {"settings": settings}))
            ran = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)
            wrong = len(ran.failures) + len(ran.errors)
            counts.append({"world": settings, "suite": base.__name__, "ran": ran.testsRun, "wrong": wrong, "skipped": len(ran.skipped)})
    print(json.dumps(counts))


main()

"""A server as DeepMind's own clients see it: prints what came of it, as JSON.

    python dm_env_rpc_adaptor.py ADDRESS
"""

import json
import sys
from typing import Any

import dm_env
import grpc
import numpy as np
from dm_env_rpc.v1 import connection, dm_env_adaptor, dm_env_rpc_pb2, error
from dm_env_rpc.v1.extensions import properties

RIVER = {"task": "river-swim", "seed": 7, "option": {"states": 3, "horizon": 4, "episodes": 2}}


def connect() -> connection.Connection:
    return connection.create_secure_channel_and_connect(sys.argv[1], grpc.local_channel_credentials())


def kind_of(step: dm_env.TimeStep) -> tuple[str, Any]:
    return step.step_type.name, step.discount


def sequence(stream: connection.Connection) -> dict[str, Any]:
    """A trial of two episodes, from its beginning to the next one's; nested settings are flattened by the client."""
    env, world = dm_env_adaptor.create_and_join_world(stream, RIVER, {"agent": "adaptor"})
    steps = [env.reset(), *(env.step({"action": np.int32(1)}) for _ in range(9))]
    env.close()
    return {
        "world": world,
        "kinds": [kind_of(step) for step in steps],
        "types": {name: str(np.asarray(value).dtype) for name, value in steps[0].observation.items()},
        "reward": str(env.reward_spec()),
        "end": {name: float(steps[8].observation[name]) for name in ("regret", "trial_return")},
    }


def interrupted(stream: connection.Connection, world: str) -> list[tuple[str, Any]]:
    """What dm_env makes of a sequence that somebody else cuts short."""
    env = dm_env_adaptor.join_world(stream, world, {})
    env.reset()
    steps = [env.step({"action": np.int32(1)})]
    host = connect()
    host.send(dm_env_rpc_pb2.ResetWorldRequest(world_name=world))
    steps += [env.step({"action": np.int32(1)}) for _ in range(2)]
    env.close()
    return [kind_of(step) for step in steps]


def caught(run: Any) -> str:
    try:
        run()
    except (KeyError, PermissionError, ValueError, error.DmEnvRpcError) as problem:
        return type(problem).__name__
    return "nothing"


def properties_of(stream: connection.Connection, world: str) -> dict[str, Any]:
    env = dm_env_adaptor.join_world(stream, world, {}, extensions={"properties": properties.PropertiesExtension(stream)})
    found = env.properties
    specs = {key: (spec.readable, spec.listable, str(spec.spec)) for key, spec in found.specs("world").items()}
    result = {
        "specs": specs,
        "seed": int(found["world.seed"]),
        "tasks": len(found["tasks"]),
        "unknown": caught(lambda: found["world.sead"]),
        "written": caught(lambda: found.write("world.seed", 8)),
    }
    env.close()
    return result


def refused(stream: connection.Connection) -> dict[str, Any]:
    """What Python shows of an error."""
    try:
        dm_env_adaptor.create_world(stream, {"task": "river-swum"})
    except error.DmEnvRpcError as problem:
        return {"code": problem.code, "message": problem.message, "text": str(problem)}
    return {}


def main() -> None:
    stream = connect()
    played = sequence(stream)
    world = played.pop("world")
    print(json.dumps({**played, "interrupted": interrupted(stream, world), "properties": properties_of(stream, world), "refused": refused(stream)}))


main()

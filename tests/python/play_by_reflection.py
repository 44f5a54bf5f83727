"""Plays a session with grpcio and the server's reflection service alone: no generated code, no package of the project.

Usage: play_by_reflection.py ADDRESS PROTOCOL_PAGE. Prints one JSON object with what it saw. The function `reason`, which reads an
error's reason, is the one that the protocol's page shows.
"""

import json
import queue
import re
import sys

import grpc
import numpy as np
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

ENVS, TRIALS = 4, 10
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "?"}

address, page = sys.argv[1:]
exec(re.search(r"^```python\n(.+?)^```$", open(page).read(), re.M | re.S)[1])  # defines reason()

channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def message(name):
    return GetMessageClass(pool.FindMessageTypeByName(f"icrl.v1.{name}"))


def array(tensor):
    return np.frombuffer(tensor.data, DTYPES[tensor.dtype]).reshape(tensor.shape)


play = channel.stream_stream(
    "/icrl.v1.EnvironmentService/Play",
    request_serializer=lambda request: request.SerializeToString(),
    response_deserializer=message("PlayResponse").FromString,
)


def session():
    """A function that sends a request, and the iterator of the answers."""
    requests = queue.SimpleQueue()
    responses = play(iter(requests.get, None))
    PlayRequest = message("PlayRequest")

    def send(**member):
        requests.put(PlayRequest(**member) if member else None)

    send(hello=dict(min_protocol_version=1, max_protocol_version=1, agent="stranger", language="python"))
    assert next(responses).WhichOneof("message") == "welcome"
    return send, responses


def play_at_random():
    rng = np.random.default_rng(0)
    send, responses = session()
    send(open=dict(task="river-swim", options={"horizon": 5, "episodes": 2}, num_envs=ENVS, trials=TRIALS, seed=1))
    opened = next(responses).opened
    total, ends, finals = 0.0, [], 0
    for response in responses:
        if response.WhichOneof("message") == "closed":
            break
        seen = response.observations
        if seen.HasField("reward"):
            total += float(array(seen.reward).sum())
        if seen.HasField("final_observation"):
            finals += len(array(seen.final_observation))
        ends += [end.trial_return for end in seen.trial_ends]
        states = array(seen.observation)
        assert states.shape == (ENVS,) and (0 <= states).all() and (states < opened.task.observation_space.discrete.n).all()
        if seen.HasField("active") and not array(seen.active).any():
            continue
        actions = rng.integers(opened.task.num_actions, size=ENVS).astype("<i4")
        chances = np.full(ENVS, 1 / opened.task.num_actions, "<f4")
        send(
            actions=dict(
                step_index=seen.step_index,
                actions=dict(dtype=3, shape=[ENVS], data=actions.tobytes()),
                propensities=dict(dtype=1, shape=[ENVS], data=chances.tobytes()),
            )
        )
    closed = response.closed
    send()
    return dict(
        rewards=total,
        returns=sum(ends),
        trials=closed.complete_trials,
        episodes=closed.episodes,
        steps=closed.steps,
        durable=closed.durable_trials,
        finals=finals,
    )


def refused():
    send, responses = session()
    send(open=dict(task="no-such-task", num_envs=1, trials=1))
    try:
        next(responses)
    except grpc.RpcError as error:
        return dict(code=error.code().name, reason=reason(error))
    finally:
        send()


print(json.dumps(dict(played=play_at_random(), refused=refused())))

"""An agent in Python that plays every action with equal probability: all that another language needs is the protos.

    pip install grpcio grpcio-tools numpy
    python examples/python/uniform_agent.py --connect 127.0.0.1:50551 --task river-swim --trials 20 --envs 4
    python examples/python/uniform_agent.py --connect 127.0.0.1:50551 --entrant python    # in a tournament
    python examples/python/uniform_agent.py --connect 127.0.0.1:50551 --entrant python --collection ID    # of a dataset
    python examples/python/uniform_agent.py --connect 127.0.0.1:50551 --label python    # as an expert, of the server's dataset

As `command` in the file of a tournament or a dataset it is started by `icrl tournament run` and `icrl dataset collect`. docs/protocol.md is
the reference for what is said here.
"""

import argparse
import os
import queue
import sys
from pathlib import Path

import grpc
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "proto"))
pb, services = grpc.protos_and_services("icrl/v1/environment.proto")  # generated here and now
pb_tensor = grpc.protos("icrl/v1/tensor.proto")

parser = argparse.ArgumentParser()
parser.add_argument("--connect", default="127.0.0.1:50551")
parser.add_argument("--entrant")
parser.add_argument("--tournament")
parser.add_argument("--collection")
parser.add_argument("--label")
parser.add_argument("--task", default="river-swim")
parser.add_argument("--trials", type=int, default=20)
parser.add_argument("--envs", type=int, default=4)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--option", action="append", default=[])  # NAME=VALUE, where an agent has options
args = parser.parse_args()
if args.option:
    parser.error(f"uniform play has no options: {args.option}")

DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "?"}  # by tensor.DataType: little-endian, row-major


def array(tensor):
    return np.frombuffer(tensor.data, DTYPES[tensor.dtype]).reshape(tensor.shape)


def tensor(values):
    dtype = next(number for number, name in DTYPES.items() if np.dtype(name) == values.dtype)
    return pb_tensor.Tensor(dtype=dtype, shape=values.shape, data=values.tobytes())


requests = queue.SimpleQueue()  # what is put here is sent; None ends the stream
here = args.connect.startswith(("127.", "localhost:", "[::1]:"))  # where a proxy of the environment leads elsewhere
settings = [("grpc.enable_http_proxy", 0 if here else 1)]
ca, token = os.environ.get("ICRL_CA"), os.environ.get("ICRL_TOKEN")  # where the server is not on this machine
if ca:
    trusted = grpc.ssl_channel_credentials(None if ca == "public" else Path(ca).read_bytes())
    channel = grpc.secure_channel(args.connect, trusted, options=settings)
else:
    channel = grpc.insecure_channel(args.connect, options=settings)
metadata = [("authorization", f"Bearer {token}")] if token else []
responses = services.EnvironmentServiceStub(channel).Play(iter(requests.get, None), metadata=metadata)


def send(**message):
    requests.put(pb.PlayRequest(**message))


hello = dict(min_protocol_version=1, max_protocol_version=1, agent="uniform-python", agent_version="1", language="python")
if args.entrant is not None:  # its matches are opened by the server; the key is what keeps others from its name
    hello |= dict(entrant=args.entrant, tournament_id=args.tournament, collection_id=args.collection)
    hello |= dict(entrant_key=os.environ.get("ICRL_ENTRANT_KEY") or None)
send(hello=pb.Hello(**hello))
labels = pb.Open(label=args.label, num_envs=args.envs)
if args.label is not None:
    send(open=labels)
elif args.entrant is None:
    send(open=pb.Open(task=args.task, num_envs=args.envs, trials=args.trials, seed=args.seed, record=True))

rng = np.random.default_rng(args.seed)
rewards = 0.0
for response in responses:
    kind = response.WhichOneof("message")
    if kind == "opened":
        opened = response.opened
        task, num_envs = opened.task, opened.num_envs
    elif kind == "observations":
        seen = response.observations
        # What the last actions earned, and for an agent that learns: array(seen.observation), .terminated, .truncated, and
        # seen.final_observation of the envs whose episode ended. What was learnt in an env is forgotten at seen.trial_starts.
        rewards += float(array(seen.reward).sum()) if seen.HasField("reward") else 0.0
        if seen.HasField("active") and not array(seen.active).any():
            continue  # all trials are played: `closed` follows
        actions = rng.integers(task.num_actions, size=num_envs).astype("<i4")
        chances = np.full(num_envs, 1 / task.num_actions, "<f4")
        answer = pb.Actions(step_index=seen.step_index, actions=tensor(actions), propensities=tensor(chances))
        if opened.want_probabilities:
            answer.probabilities.CopyFrom(tensor(np.full((num_envs, task.num_actions), 1 / task.num_actions, "<f4")))
        send(actions=answer)
    elif kind == "closed":
        closed = response.closed
        if closed.finished or (args.entrant is None and args.label is None):
            requests.put(None)  # the server then ends its side too, and the loop with it
        elif args.label is not None:
            send(open=labels)  # those of the next task

channel.close()
if args.entrant is None and args.label is None:
    print(f"{closed.complete_trials} trials, {closed.steps} steps, {closed.durable_trials} durable, rewards {rewards!r}")

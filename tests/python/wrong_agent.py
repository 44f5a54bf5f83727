"""An agent in Python that does one thing wrong: `python wrong_agent.py FAULT --connect ADDRESS --entrant NAME`; "none" does nothing wrong.

It plays the action that paid best in the trial so far. docs/protocol.md is what it is written from.
"""

import os
import queue
import sys
from pathlib import Path

if sys.argv[1] == "crashes-at-once":
    raise FileNotFoundError("there is no file model.bin")

import grpc
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "proto"))
pb, services = grpc.protos_and_services("icrl/v1/environment.proto")
pb_tensor = grpc.protos("icrl/v1/tensor.proto")

fault, flags = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2]))
entrant = flags["--entrant"]
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "?"}


def is_(name):
    return fault == name


def array(tensor):
    return np.frombuffer(tensor.data, DTYPES[tensor.dtype]).reshape(tensor.shape)


def tensor(values):
    dtype = next(number for number, name in DTYPES.items() if np.dtype(name) == values.dtype)
    return pb_tensor.Tensor(dtype=dtype, shape=values.shape, data=values.tobytes())


requests = queue.SimpleQueue()
channel = grpc.insecure_channel(flags["--connect"], options=[("grpc.enable_http_proxy", 0)])
responses = services.EnvironmentServiceStub(channel).Play(iter(requests.get, None))


def send(**message):
    requests.put(pb.PlayRequest(**message))


versions = (2, 3) if is_("other-version") else (1, 1)
send(
    hello=pb.Hello(
        min_protocol_version=versions[0],
        max_protocol_version=versions[1],
        agent="agent",
        agent_version="1",
        language="python",
        entrant=None if is_("no-entrant") else entrant,
    )
)
if is_("opens-itself"):
    send(open=pb.Open(task="river-swim", num_envs=1, trials=1))

inactive, last = [], []
for response in responses:
    kind = response.WhichOneof("message")
    if kind == "draining" and is_("stops-at-draining"):
        sys.exit(1)
    if kind == "opened":
        opened = response.opened
        n, num_actions = opened.num_envs, opened.task.num_actions
        sums, counts = np.zeros((n, num_actions)), np.zeros((n, num_actions))
        if is_("fears-options") and "nothing" in opened.agent_options:
            raise TypeError("null is no number")
    elif kind == "observations":
        seen = response.observations
        if seen.HasField("reward"):
            done = array(seen.executed_action) if seen.HasField("executed_action") else last
            for env in range(n):
                if not inactive[env]:
                    sums[env, done[env]] += array(seen.reward)[env]
                    counts[env, done[env]] += 1
        for start in seen.trial_starts:
            if not is_("remembers"):
                sums[start.env], counts[start.env] = 0, 0
        if is_("takes-absent-active") and seen.HasField("active") and array(seen.active).all():
            raise ValueError("active is there")
        inactive = ~array(seen.active) if seen.HasField("active") else np.zeros(n, bool)
        if inactive.all():
            continue
        step = seen.step_index
        if step == 2 and is_("never-answers"):
            continue
        if step == 2 and is_("crashes"):
            raise IndexError("list index out of range")
        if step == 2 and is_("leaves"):
            requests.put(None)
            continue
        if step == 2 and is_("closes"):
            send(close=pb.Close())
            continue
        means = np.where(counts == 0, 2.0, sums / np.maximum(counts, 1))
        last = means.argmax(axis=1).astype("<i4")
        if is_("takes-4-envs"):
            last = np.resize(last, 4)
        if step == 1 and is_("takes-5-actions"):
            last[0] = 4
        if step == 1 and is_("out-of-range"):
            last[0] = num_actions
        actions = last[1:] if is_("too-few") else last.astype("<f4") if is_("floats") else last
        actions = last.reshape(-1, 1) if is_("column") else actions
        answer = pb.Actions(
            step_index=step + 1 if is_("counts-from-1") else step,
            actions=tensor(actions),
            propensities=tensor(np.full(len(last), 1.5 if is_("propensity") else 1, "<f4")),
        )
        send(actions=answer)
        if step == 1 and is_("answers-twice"):
            send(actions=pb.Actions(step_index=step, actions=tensor(last)))
    elif kind == "closed" and response.closed.finished:
        if is_("goes-on"):
            send(actions=pb.Actions(step_index=0, actions=tensor(np.zeros(1, "<i4"))))
        if not is_("never-leaves"):
            requests.put(None)

if is_("ends-with-3"):
    os._exit(3)

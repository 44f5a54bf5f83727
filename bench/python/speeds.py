"""How fast a Python client plays, beside what it could echo and beside Gymnasium's own vector env in one process.

    PYTHONPATH=clients/python/src .venv/bin/python bench/python/speeds.py [--envs 1,256,1024] [--seconds 2] [--repeats 5] [--json]

Needs `npm run build`. A row is a number of envs of river-swim, random actions, nothing recorded, on servers of its own on this machine:

  echo           round trips a second, times envs, of a bare gRPC stream whose messages have the lock-step's sizes: the limit
  vector         env-steps a second of gymnasium.make_vec("icrl/river-swim-v1")
  of echo        the median of vector / echo over the repeats, which take turns
  sync           env-steps a second of Gymnasium's SyncVectorEnv over the same dynamics in this process, in Python
  single         steps a second of gymnasium.make("icrl/river-swim-v1"), with 1 env
  dm_env_rpc     steps a second of DeepMind's dm_env adaptor over dm_env_rpc, on the same server and task, with 1 env
  catch          the same over Catch in a server in Python, with DeepMind's own stubs (catch.py beside this)

The last two take dm-env-rpc, and are left out without it.
"""

import argparse
import itertools
import json
import os
import queue
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("ICRL_COMMAND", f"node {ROOT / 'dist/cli/main.js'}")

import icrl  # before grpc: it says what that does at a fork
import grpc
import gymnasium
import numpy as np

try:
    from dm_env_rpc.v1 import connection, dm_env_adaptor
except ImportError:
    connection = None

from icrl._proto.icrl.v1 import environment_pb2 as pb
from icrl.tensors import tensor_of

STATES, HORIZON = 6, 20


class RiverSwim(gymnasium.Env):
    """The same dynamics, rewards and horizon in Python."""

    observation_space = gymnasium.spaces.Discrete(STATES)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = self.steps = 0
        return self.state, {}

    def step(self, action):
        state, last = self.state, STATES - 1
        reward = 0.005 if state == 0 and action == 0 else 1.0 if state == last and action == 1 else 0.0
        if action == 0:
            self.state = max(0, state - 1)
        else:
            u = self.np_random.random()
            right, left = (0.6, 0.0) if state == 0 else (0.6, 0.4) if state == last else (0.35, 0.05)
            moves = 1 if u < right and state < last else -1 if u >= 1 - left else 0
            self.state = state + moves
        self.steps += 1
        return self.state, reward, self.steps == HORIZON, False, {}


def rate(step: Callable[[], None], each: int, seconds: float) -> float:
    """`each` times the calls of `step` a second, measured for so long, after a tenth of that."""
    until = time.perf_counter() + seconds / 10
    while time.perf_counter() < until:
        step()
    count, began = 0, time.perf_counter()
    while (now := time.perf_counter()) - began < seconds:
        step()
        count += 1
    return each * count / (now - began)


@contextmanager
def echo_server() -> Iterator[str]:
    """A bare gRPC server in Node, a process of its own; its address."""
    file = ROOT / "dist/bench/echo.js"
    # Another Node program would start it by fork, and be sent the port.
    program = (
        f"process.argv = [process.argv[0], {json.dumps(str(file))}, 'serve']; process.send = (port) => console.log(port);"
        f"await import({json.dumps(file.as_uri())});"
    )
    words = ["node", "--input-type=module", "--eval", program]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class Echo:
    """A stream to the echo server."""

    def __init__(self, address: str, request_bytes: int, response_bytes: int) -> None:
        self.channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
        self.outgoing: queue.SimpleQueue = queue.SimpleQueue()
        self.call = self.channel.stream_stream("/bench.Echo/Play", None, None)(iter(self.outgoing.get, None))
        self.request = b"\1" * request_bytes
        self.outgoing.put(response_bytes.to_bytes(4, "little"))

    def step(self) -> None:
        self.outgoing.put(self.request)
        next(self.call)

    def close(self) -> None:
        self.outgoing.put(None)
        self.call.cancel()
        self.channel.close()


def message_bytes(num_envs: int) -> tuple[int, int]:
    """Bytes of a lock-step's actions and observations, of the protocol's messages."""
    actions = pb.Actions(step_index=1000, actions=tensor_of(np.zeros(num_envs, np.int32)))
    shown = pb.Observations(
        step_index=1000,
        observation=tensor_of(np.zeros(num_envs, np.int32)),
        reward=tensor_of(np.zeros(num_envs, np.float32)),
    )
    return pb.PlayRequest(actions=actions).ByteSize(), pb.PlayResponse(observations=shown).ByteSize()


def row_of(num_envs: int, address: str, echo_address: str, seconds: float, repeats: int) -> dict:
    """The speeds with so many envs: medians over the repeats."""
    rng = np.random.default_rng(0)
    actions = [rng.integers(2, size=num_envs) for _ in range(64)]
    turn = itertools.count()
    echo = Echo(echo_address, *message_bytes(num_envs))
    envs = gymnasium.make_vec("icrl/river-swim-v1", num_envs=num_envs, address=address, record=False, autoreset_mode="SameStep")
    sync = gymnasium.vector.SyncVectorEnv([RiverSwim] * num_envs, autoreset_mode="SameStep")
    envs.reset(seed=0)
    sync.reset(seed=0)
    found: dict[str, list[float]] = {"echo": [], "vector": [], "sync": []}
    for _ in range(repeats):
        found["echo"].append(rate(echo.step, num_envs, seconds))
        found["vector"].append(rate(lambda: envs.step(actions[next(turn) % 64]), num_envs, seconds))
        found["sync"].append(rate(lambda: sync.step(actions[next(turn) % 64]), num_envs, seconds))
    shares = [vector / echo for vector, echo in zip(found["vector"], found["echo"])]
    row = {"envs": num_envs, **{name: statistics.median(rates) for name, rates in found.items()}}
    row["of_echo"] = statistics.median(shares)
    row["spread"] = max(max(rates) / min(rates) for rates in found.values())
    envs.close()
    sync.close()
    echo.close()
    row["single"] = single_rate(address, seconds, repeats) if num_envs == 1 else None
    row["dm_env_rpc"], row["catch"] = dm_env_rates(address, seconds, repeats) if num_envs == 1 and connection is not None else (None, None)
    return row


def single_rate(address: str, seconds: float, repeats: int) -> float:
    """Steps a second of one env with its resets."""
    env = gymnasium.make("icrl/river-swim-v1", address=address, record=False)
    env.reset(seed=0)

    def step() -> None:
        if env.step(1)[2]:
            env.reset()

    found = [rate(step, 1, seconds) for _ in range(repeats)]
    env.close()
    return statistics.median(found)


@contextmanager
def adaptor(address: str, settings: dict) -> Iterator[Callable[[], None]]:
    """A step of dm_env's adaptor on a server; action 1 in either game."""
    channel = connection.create_secure_channel_and_connect(address, grpc.local_channel_credentials())
    env, _ = dm_env_adaptor.create_and_join_world(channel, settings, {})
    ((name, spec),) = env.action_spec().items()
    action = {name: spec.dtype.type(1)}
    env.reset()
    yield lambda: env.step(action)
    env.close()
    channel.close()


@contextmanager
def catch_server() -> Iterator[str]:
    """Its address."""
    words = [sys.executable, str(Path(__file__).with_name("catch.py"))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def dm_env_rates(address: str, seconds: float, repeats: int) -> tuple[float, float]:
    """Steps a second of the adaptor, on this project's server and on Catch in Python, which take turns."""
    ours = {"task": "river-swim", "record": False}
    with catch_server() as other, adaptor(address, ours) as step, adaptor(other, {}) as catch_step:
        found = [(rate(step, 1, seconds), rate(catch_step, 1, seconds)) for _ in range(repeats)]
    return statistics.median(one for one, _ in found), statistics.median(other for _, other in found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Speeds of the Python client.")
    parser.add_argument("--envs", default="1,256,1024")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure and repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with icrl.PrivateServer() as server, echo_server() as echo_address:
        sizes = [int(one) for one in given.envs.split(",")]
        rows = [row_of(size, server.address, echo_address, given.seconds, given.repeats) for size in sizes]
    if given.json:
        print(json.dumps(rows))
    else:
        print(f"{'envs':>6}{'echo/s':>12}{'vector/s':>12}{'of echo':>9}{'sync/s':>12}{'single/s':>10}{'dm_env_rpc/s':>14}{'catch/s':>9}  largest / smallest of a figure")
        for row in rows:
            single, adapted, catch = ("" if row[name] is None else f"{row[name]:.0f}" for name in ("single", "dm_env_rpc", "catch"))
            figures = f"{row['envs']:>6}{row['echo']:>12.0f}{row['vector']:>12.0f}{row['of_echo']:>9.2f}{row['sync']:>12.0f}"
            print(f"{figures}{single:>10}{adapted:>14}{catch:>9}  {row['spread']:.2f}")

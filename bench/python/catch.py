"""Catch, served over dm_env_rpc in Python with DeepMind's own stubs: what a server costs there that hardly computes anything.

    python bench/python/catch.py

Prints its port on loopback. A ball falls down a board of 10 x 10 in one column, a paddle on the last row moves by -1, 0 or 1; the reward is 1 or -1
when the ball is down. One world, and one agent at a time.
"""

import sys
from collections.abc import Iterator
from concurrent import futures

import grpc
import numpy as np
from dm_env_rpc.v1 import dm_env_rpc_pb2 as pb
from dm_env_rpc.v1 import dm_env_rpc_pb2_grpc, spec_manager

SIZE = 10
SPECS = pb.ActionObservationSpecs(
    actions={1: pb.TensorSpec(name="paddle", dtype=pb.INT8)},
    observations={
        1: pb.TensorSpec(name="board", shape=[SIZE, SIZE], dtype=pb.FLOAT),
        2: pb.TensorSpec(name="reward", dtype=pb.FLOAT),
    },
)
ACTIONS = spec_manager.SpecManager(SPECS.actions)
OBSERVATIONS = spec_manager.SpecManager(SPECS.observations)


class Catch:
    """The game."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.running = False
        self.begin()

    def begin(self) -> None:
        self.ball, self.row, self.paddle = int(self.rng.integers(SIZE)), 0, SIZE // 2

    def step(self, request: pb.StepRequest) -> pb.StepResponse:
        if not self.running:
            self.begin()
            self.running = True
        else:
            move = ACTIONS.unpack(request.actions)["paddle"]
            self.paddle = int(np.clip(self.paddle + move, 0, SIZE - 1))
            self.row += 1
        down = self.row == SIZE - 1
        self.running = not down
        board = np.zeros((SIZE, SIZE), np.float32)
        board[self.row, self.ball] = board[SIZE - 1, self.paddle] = 1
        reward = (1.0 if self.ball == self.paddle else -1.0) if down else 0.0
        shown = OBSERVATIONS.pack({"board": board, "reward": reward})
        asked = {uid: shown[uid] for uid in request.requested_observations}
        return pb.StepResponse(state=pb.TERMINATED if down else pb.RUNNING, observations=asked)


class Service(dm_env_rpc_pb2_grpc.EnvironmentServicer):
    """Answers one agent."""

    def Process(self, requests: Iterator[pb.EnvironmentRequest], context: grpc.ServicerContext) -> Iterator[pb.EnvironmentResponse]:
        game = Catch()
        for request in requests:
            kind = request.WhichOneof("payload")
            if kind == "step":
                yield pb.EnvironmentResponse(step=game.step(request.step))
            elif kind == "create_world":
                yield pb.EnvironmentResponse(create_world=pb.CreateWorldResponse(world_name="catch"))
            elif kind == "join_world":
                yield pb.EnvironmentResponse(join_world=pb.JoinWorldResponse(specs=SPECS))
            elif kind == "reset":
                game.running = False
                yield pb.EnvironmentResponse(reset=pb.ResetResponse(specs=SPECS))
            else:
                yield pb.EnvironmentResponse(leave_world=pb.LeaveWorldResponse())


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    dm_env_rpc_pb2_grpc.add_EnvironmentServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()

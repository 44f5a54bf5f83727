"""Collects uniform play on a Bernoulli bandit the way Python projects do; prints one JSON object.

Usage: collect.py WAY TRIALS FOLDER, where WAY is one of

  env            the environment alone, nothing is kept: what the loop itself costs
  minari-hdf5    Minari's DataCollector around it, default storage
  minari-arrow   the same, its Arrow storage
  h5py           a group with five datasets for each episode

Time is that of the loop and of finishing the data set; starting Python and importing packages is left out.
"""

import json
import os
import pathlib
import sys
import time
import warnings

way, trials, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.environ["MINARI_DATASETS_PATH"] = folder
warnings.filterwarnings("ignore")

import gymnasium as gym
import numpy as np

ARMS, HORIZON = 5, 200


class BernoulliBandit(gym.Env):
    """Means uniform on [0, 1], drawn at each reset; an episode is the whole horizon."""

    observation_space = gym.spaces.Discrete(1)
    action_space = gym.spaces.Discrete(ARMS)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.means = self.np_random.random(ARMS)
        self.t = 0
        return 0, {}

    def step(self, action):
        self.t += 1
        reward = float(self.np_random.random() < self.means[action])
        return 0, reward, self.t == HORIZON, False, {}


def play(env, keep):
    """Uniform play; `keep` gets each episode's actions and rewards."""
    rng = np.random.default_rng(0)
    for trial in range(trials):
        env.reset(seed=trial)
        actions, rewards, ended = [], [], False
        while not ended:
            action = int(rng.integers(ARMS))
            _, reward, ended, _, _ = env.step(action)
            actions.append(action)
            rewards.append(reward)
        keep(trial, actions, rewards)


def nothing(trial, actions, rewards):
    pass


def with_minari(data_format):
    import jax.tree_util  # the collector imports it at the first step
    import minari

    def run():
        collector = minari.DataCollector(BernoulliBandit(), data_format=data_format)
        play(collector, nothing)
        collector.create_dataset(dataset_id="bench-v0", algorithm_name="uniform")
        collector.close()

    return run


def with_h5py():
    import h5py

    def run():
        with h5py.File(os.path.join(folder, "data.hdf5"), "w", track_order=True) as file:

            def keep(trial, actions, rewards):
                group = file.create_group(f"episode_{trial}")
                group.attrs["seed"] = trial
                ends = np.arange(HORIZON) == HORIZON - 1
                group.create_dataset("observations", data=np.zeros(HORIZON + 1, np.int64))
                group.create_dataset("actions", data=np.asarray(actions, np.int64))
                group.create_dataset("rewards", data=np.asarray(rewards, np.float64))
                group.create_dataset("terminations", data=ends)
                group.create_dataset("truncations", data=np.zeros(HORIZON, bool))

            play(BernoulliBandit(), keep)

    return run


run = {
    "env": lambda: lambda: play(BernoulliBandit(), nothing),
    "minari-hdf5": lambda: with_minari(None),
    "minari-arrow": lambda: with_minari("arrow"),
    "h5py": with_h5py,
}[way]()
started, cpu_before = time.perf_counter(), time.process_time()
run()
seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_before
size = sum(file.stat().st_size for file in pathlib.Path(folder).rglob("*") if file.is_file())
print(json.dumps(dict(seconds=seconds, cpu_seconds=cpu_seconds, bytes=size)))

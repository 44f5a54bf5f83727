"""Writes small files as the field has them, by the libraries that the field writes them with: what `icrl dataset import` is tested on.

Usage: make_import_fixtures.py FOLDER. In it then are

  bandit.pkl    400 entries of DPT's bandits: 5 arms, 20 steps, uniform play, rewards of deviation 0.3
  more.pkl      100 more of them
  darkroom.pkl  60 entries of DPT's dark room of 4 x 4 places, 25 transitions drawn one by one
  attack.pkl    an entry with a call of os.system, which makes FOLDER/was-here
  xland.hdf5    3 tasks of 2 histories of 40 steps in episodes of 8, gzipped, states of 5 x 5 tiles, the last 4 steps cut off
  ids.hdf5      the same with states that are numbers, in another file of the same kind
  minari-v0     a Minari dataset of 30 episodes
  truth.json    what a test needs to know of them
"""

import json
import os
import pickle
import sys
from pathlib import Path

import gymnasium
import h5py
import numpy as np
from minari.data_collector.episode_buffer import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage

folder = Path(sys.argv[1])
random = np.random.default_rng(7)


def bandit(arms=5, steps=20):
    means = random.random(arms)
    actions = random.integers(0, arms, steps)
    ones = np.ones((steps, 1), int)
    return {
        "query_state": np.array([1]),
        "optimal_action": np.eye(arms)[means.argmax()],
        "context_states": ones,
        "context_actions": np.eye(arms)[actions],
        "context_next_states": ones,
        "context_rewards": means[actions] + random.normal(0, 0.3, steps),
        "means": means,
    }


def darkroom(size=4, steps=25):
    moves = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]])
    goal, query = random.integers(0, size, 2), random.integers(0, size, 2)
    states, actions = random.integers(0, size, (steps, 2)), random.integers(0, 5, steps)
    after = np.clip(states + moves[actions], 0, size - 1)
    best = 0 if query[0] < goal[0] else 1 if query[0] > goal[0] else 2 if query[1] < goal[1] else 3 if query[1] > goal[1] else 4
    return {
        "query_state": query,
        "optimal_action": np.eye(5)[best],
        "context_states": states,
        "context_actions": np.eye(5)[actions],
        "context_next_states": after,
        "context_rewards": (after == goal).all(1).astype(int),
        "goal": goal,
    }


class Attack:
    def __reduce__(self):
        return os.system, (f"touch '{folder / 'was-here'}'",)


bandits = [bandit() for _ in range(400)]
rooms = [darkroom() for _ in range(60)]
more = [bandit() for _ in range(100)]
for name, entries in (("bandit", bandits), ("more", more), ("darkroom", rooms), ("attack", [{**bandit(), "means": Attack()}])):
    with open(folder / f"{name}.pkl", "wb") as file:
        pickle.dump(entries, file)


def histories(path, states):
    with h5py.File(path, "w") as file:
        for task in range(3):
            group = file.create_group(str(task))
            group.attrs.update({"env-id": "XLand-MiniGrid-R1-9x9", "benchmark-id": "trivial-1m", "ruleset-id": 100 + task})
            dones = np.zeros((2, 40), np.bool_)
            dones[:, 7:36:8] = True  # the last of them at step 31
            arrays = {
                "states": states(),
                "actions": random.integers(0, 6, (2, 40)).astype(np.uint8),
                "rewards": random.random((2, 40)).astype(np.float16),
                "dones": dones,
                "expert_actions": random.integers(0, 6, (2, 40)).astype(np.uint8),
            }
            for key, array in arrays.items():
                group.create_dataset(key, data=array, compression="gzip", compression_opts=6, chunks=(1, *array.shape[1:]))


histories(folder / "xland.hdf5", lambda: random.integers(0, 130, (2, 40, 5, 5)).astype(np.uint8))
histories(folder / "ids.hdf5", lambda: random.integers(0, 9, (2, 40)).astype(np.uint8))

place = folder / "minari-v0"
(place / "data").mkdir(parents=True)
storage = MinariStorage.new(place / "data", gymnasium.spaces.Discrete(6), gymnasium.spaces.Discrete(3), data_format="hdf5")
episodes = []
for index in range(30):
    steps = int(random.integers(3, 9))
    last = np.arange(steps) == steps - 1
    episodes.append(
        EpisodeBuffer(
            id=index,
            observations=random.integers(0, 6, steps + 1),
            actions=random.integers(0, 3, steps),
            rewards=random.random(steps),
            terminations=last & (index % 2 == 0),
            truncations=last & (index % 2 == 1),
            infos=None,
        )
    )
storage.update_episodes(episodes)
storage.update_metadata({"dataset_id": "theirs-v0", "minari_version": "0.5.0"})

truth = {
    "bandit": {
        "actions": [entry["context_actions"].argmax(1).tolist() for entry in bandits],
        "rewards": [entry["context_rewards"].astype(np.float32).tolist() for entry in bandits],
        "optimal": [int(entry["optimal_action"].argmax()) for entry in bandits],
    },
    "darkroom": {
        "states": [(entry["context_states"] @ [4, 1]).tolist() for entry in rooms],
        "next": [(entry["context_next_states"] @ [4, 1]).tolist() for entry in rooms],
        "query": [int(entry["query_state"] @ [4, 1]) for entry in rooms],
        "optimal": [int(entry["optimal_action"].argmax()) for entry in rooms],
    },
    "minari": {"steps": sum(len(episode.actions) for episode in episodes)},
}
with h5py.File(folder / "xland.hdf5") as file:
    truth["xland"] = {
        "actions": [file[f"{task}/actions"][history].tolist() for task in range(3) for history in range(2)],
        "expert": [file[f"{task}/expert_actions"][history].tolist() for task in range(3) for history in range(2)],
        "states": [file[f"{task}/states"][history].reshape(-1).tolist() for task in range(3) for history in range(2)],
    }
(folder / "truth.json").write_text(json.dumps(truth))

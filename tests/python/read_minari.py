"""Loads exported Minari datasets as the package does and prints what it saw, one JSON object.

Usage: read_minari.py ID... with MINARI_DATASETS_PATH set. Everything is read through Minari's public functions.
"""

import json
import sys

import minari
import numpy as np


def seen(dataset_id):
    dataset = minari.load_dataset(dataset_id)
    episodes = []
    for episode, metadata in zip(dataset, dataset.storage.get_episode_metadata(dataset.episode_indices)):
        assert all(dataset.observation_space.contains(each) for each in episode.observations)
        assert all(dataset.action_space.contains(each) for each in episode.actions)
        ends = episode.terminations | episode.truncations
        assert ends[-1] and not ends[:-1].any()
        assert all(len(values) == len(episode) + 1 for values in episode.infos.values())
        episodes.append(
            dict(
                observations=np.asarray(episode.observations, dtype=float).reshape(-1).tolist(),
                records=len(episode.observations),
                actions=episode.actions.tolist(),
                rewards=episode.rewards.tolist(),
                terminated=bool(episode.terminations[-1]),
                truncated=bool(episode.truncations[-1]),
                optimal_actions=episode.infos["optimal_action"].tolist(),
                regrets=np.nan_to_num(episode.infos["regret"], nan=-1).tolist(),
                seed=str(metadata["seed"]),
                episode_id=metadata["episode_id"],
                trial_features=metadata.get("trial_features"),
            )
        )
    halves = minari.split_dataset(dataset, sizes=[1, len(dataset) - 1], seed=1)
    sampled = dataset.sample_episodes(3)
    return dict(
        id=dataset.spec.dataset_id,
        observation_space=repr(dataset.observation_space),
        action_space=repr(dataset.action_space),
        total_episodes=dataset.total_episodes,
        total_steps=dataset.total_steps,
        author=sorted(dataset.storage.metadata["author"]),
        algorithm_name=dataset.storage.metadata["algorithm_name"],
        halves=[half.total_episodes for half in halves],
        sampled=len(sampled),
        terminated=len(dataset.filter_episodes(lambda episode: episode.terminations[-1])),
        episodes=episodes,
    )


print(json.dumps(dict(local=sorted(minari.list_local_datasets()), datasets=[seen(each) for each in sys.argv[1:]])))

"""Loads exports of icrl as the field's own loaders are described to: what they ask of a file, in numpy alone. Prints what came, one JSON object.

Usage: field_loaders.py dpt PICKLE HORIZON STATES ACTIONS | xland HDF5 SEQUENCE

- `dpt`: github.com/jon--lee/decision-pretrained-transformer, dataset.py: pickle.load gives a list of dicts; six of their keys are stacked over
  all entries, which needs one shape of each; of a context a permutation of `horizon` steps is taken; its model wants as many numbers of a state,
  and of a one-hot action, as its configuration says.
- `xland`: github.com/dunnolab/xland-minigrid-datasets, baselines/ad and baselines/dpt: groups are found by "0", "1", ...; the first one's attributes
  name environment and benchmark, and its `rewards` say how long every history is; segments of `seq_len` steps are cut from `states`, `actions` and
  `rewards`; for DPT also `expert_actions` at any query, and the states one after each of the context's.
"""

import json
import pickle
import sys
import warnings

import numpy as np

warnings.simplefilter("error")


def dpt(path, horizon, state_dim, action_dim):
    with open(path, "rb") as file:
        entries = pickle.load(file)
    assert isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    keys = ("context_states", "context_actions", "context_next_states", "context_rewards", "query_state", "optimal_action")
    stacked = {key: np.array([entry[key] for entry in entries]) for key in keys}
    count = len(entries)
    assert stacked["context_states"].shape == stacked["context_next_states"].shape == (count, horizon, state_dim)
    assert stacked["context_actions"].shape == (count, horizon, action_dim)
    assert stacked["context_rewards"].shape == (count, horizon)
    assert stacked["query_state"].shape == (count, state_dim) and stacked["optimal_action"].shape == (count, action_dim)
    for key in ("context_actions", "optimal_action"):
        assert ((stacked[key] == 0) | (stacked[key] == 1)).all() and (stacked[key].sum(-1) == 1).all()
    permuted = stacked["context_states"][:, np.random.default_rng(0).permutation(horizon)]
    assert permuted.dtype.kind in "if" and np.isfinite(stacked["context_rewards"]).all()
    return {
        "states": stacked["context_states"].tolist(),
        "actions": stacked["context_actions"].argmax(-1).tolist(),
        "rewards": stacked["context_rewards"].tolist(),
        "optimal": stacked["optimal_action"].argmax(-1).tolist(),
        "queries": stacked["query_state"].tolist(),
        "own": sorted(set(entries[0]) - set(keys)),
    }


def xland(path, seq_len):
    import h5py

    with h5py.File(path, "r") as file:
        assert isinstance(file["0"].attrs["env-id"], str) and isinstance(file["0"].attrs["benchmark-id"], str)
        rulesets = [file[group].attrs["ruleset-id"] for group in file.keys()]
        assert all(isinstance(ruleset, np.int64) for ruleset in rulesets)
        tasks, histories, length = len(list(file.keys())), *file["0/rewards"].shape
        segments = range(1, length - seq_len, seq_len // 2)
        assert len(segments) > 0
        for task in map(str, range(tasks)):
            for history in range(histories):
                for start in segments:
                    states = file[task]["states"][history][start : start + seq_len]
                    before = slice(start - 1, start - 1 + seq_len)
                    previous = file[task]["actions"][history][before], file[task]["rewards"][history][before]
                    targets = file[task]["actions"][history][start : start + seq_len]
                    assert len(states) == len(targets) == len(previous[0]) == len(previous[1]) == seq_len
                context = np.random.default_rng(0).integers(0, length - 2, seq_len)
                assert len(file[task]["states"][history][:][context + 1]) == seq_len
        every = [file[str(task)] for task in range(tasks)]
        return {
            "tasks": tasks,
            "length": length,
            "environment": file["0"].attrs["env-id"],
            "benchmark": file["0"].attrs["benchmark-id"],
            "states": [group["states"][0].tolist() for group in every],
            "actions": [group["actions"][0].tolist() for group in every],
            "rewards": [group["rewards"][0].tolist() for group in every],
            "dones": [group["dones"][0].tolist() for group in every],
            "expert": [group["expert_actions"][0].tolist() for group in every],
            "done type": str(every[0]["dones"].dtype),
        }


kind, path, *numbers = sys.argv[1:]
print(json.dumps((dpt if kind == "dpt" else xland)(path, *map(int, numbers))))

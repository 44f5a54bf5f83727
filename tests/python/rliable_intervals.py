"""Prints rliable's 95 % intervals as JSON: of the scores in the file named, {"scores": {agent: [trials][tasks]}, "reps": n}."""

import itertools
import json
import sys

import numpy as np
from rliable import library, metrics

with open(sys.argv[1], encoding="utf8") as file:
    given = json.load(file)
scores = {agent: np.array(matrix) for agent, matrix in given["scores"].items()}
np.random.seed(1)  # rliable draws from numpy's global generator


def of_scores(matrix):
    return np.array(
        [
            metrics.aggregate_mean(matrix),
            metrics.aggregate_median(matrix),
            metrics.aggregate_iqm(matrix),
            metrics.aggregate_optimality_gap(matrix),
        ]
    )


def improvement(mine, other):
    return np.array([metrics.probability_of_improvement(mine, other)])


def intervals(data, func, reps):
    _, found = library.get_interval_estimates(data, func, reps=reps)
    return {key: np.array(ends).T.tolist() for key, ends in found.items()}


pairs = {f"{a},{b}": [scores[a], scores[b]] for a, b in itertools.combinations(scores, 2)}
print(
    json.dumps(
        {
            "score": intervals(scores, of_scores, given["reps"]),
            "improvement": intervals(pairs, improvement, given["reps"]),
        }
    )
)

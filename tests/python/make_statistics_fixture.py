"""Writes tests/fixtures/statistics/small-tournament.json: matrices of regrets, and what scipy and rliable say of them.

    .venv/bin/python tests/python/make_statistics_fixture.py [PATH]

Every number comes from the seed below. Regrets are shared luck times own luck, rounded to quarters in the first task so that there are
ties; the exploration diagnostics of the last entrant have a forfeited trial.
"""

import json
import pathlib
import sys
from importlib.metadata import version

import numpy as np
from rliable import metrics
from scipy import optimize, special, stats

SEED = 20260101
TRIALS = 7
AGENTS = ["ucb", "thompson", "greedy", "uniform"]
TASKS = [("ties", 4.0), ("easy", 2.5), ("hard", 6.0), ("costly", 9.0)]
TAU = [i / 100 for i in range(101)]

rng = np.random.default_rng(SEED)


def draw_task(name):
    luck = rng.normal(size=TRIALS)
    regrets = {
        agent: np.exp(0.6 * luck + 0.4 * rng.normal(size=TRIALS) + 0.4 * i) for i, agent in enumerate(AGENTS)
    }
    if name == "ties":
        regrets = {agent: np.round(4 * values) / 4 for agent, values in regrets.items()}
    return regrets


def location(values):
    return {
        "mean": float(np.mean(values)),
        "median": float(np.median(values)),
        "iqm": float(stats.trim_mean(values, 0.25)),
    }


def score_location(matrix):
    return {
        "mean": float(metrics.aggregate_mean(matrix)),
        "median": float(metrics.aggregate_median(matrix)),
        "iqm": float(metrics.aggregate_iqm(matrix)),
        "optimality_gap": float(metrics.aggregate_optimality_gap(matrix)),
    }


def improvement(mine, other):
    """Of score matrices. Ours is rliable's."""
    return float(metrics.probability_of_improvement(mine, other))


def ratings(tasks):
    """Maximum of the likelihood of every comparison on every trial, each entrant with half a win and half a loss against strength 0."""

    def minus_log_likelihood(strength):
        total = np.sum(np.logaddexp(0, strength) - strength / 2)
        slope = special.expit(strength) - 0.5
        hessian = np.diag(special.expit(strength) * special.expit(-strength))
        for regrets in tasks:
            for i in range(len(AGENTS)):
                for j in range(len(AGENTS)):
                    if i == j:
                        continue
                    mine, other = regrets[AGENTS[i]], regrets[AGENTS[j]]
                    wins = np.sum(mine < other) + 0.5 * np.sum(mine == other)
                    lead = strength[i] - strength[j]
                    total += wins * np.logaddexp(0, -lead)
                    pull = wins * special.expit(-lead)
                    slope[i] -= pull
                    slope[j] += pull
                    bend = wins * special.expit(lead) * special.expit(-lead)
                    hessian[i, i] += bend
                    hessian[j, j] += bend
                    hessian[i, j] -= bend
                    hessian[j, i] -= bend
        return total, slope, hessian

    found = optimize.minimize(
        lambda s: minus_log_likelihood(s)[:2], np.zeros(len(AGENTS)), jac=True, method="BFGS", options={"gtol": 1e-9}
    ).x
    for _ in range(5):  # Newton steps to the last digit
        _, slope, hessian = minus_log_likelihood(found)
        found = found - np.linalg.solve(hessian, slope)
    return list((found - np.mean(found)) * 400 / np.log(10))


tasks = [draw_task(name) for name, _ in TASKS]
scores = {
    agent: np.stack([1 - regrets[agent] / uniform for regrets, (_, uniform) in zip(tasks, TASKS)], axis=1)
    for agent in AGENTS
}
suffix_failures = {agent: rng.integers(2, size=(len(TASKS), TRIALS)).astype(float) for agent in AGENTS}
min_fractions = {agent: rng.uniform(size=(len(TASKS), TRIALS)) for agent in AGENTS}
suffix_failures["uniform"][:, 2] = np.nan
min_fractions["uniform"][:, 2] = np.nan
pairs = [(a, b) for i, a in enumerate(AGENTS) for b in AGENTS[i + 1 :]]


def plain(values):
    return [None if np.isnan(value) else float(value) for value in values]


fixture = {
    "made_by": "tests/python/make_statistics_fixture.py",
    "seed": SEED,
    "versions": {name: version(name) for name in ["numpy", "scipy", "rliable"]},
    "tau": TAU,
    "tasks": [
        {
            "id": name,
            "uniform_regret": uniform,
            "entrants": [
                {
                    "name": agent,
                    "regrets": plain(tasks[t][agent]),
                    "suffix_failures": plain(suffix_failures[agent][t]),
                    "min_fractions": plain(min_fractions[agent][t]),
                    "expected": {
                        "regret": location(tasks[t][agent]),
                        "score": location(scores[agent][:, t])
                        | {"optimality_gap": float(metrics.aggregate_optimality_gap(scores[agent][:, [t]]))},
                        "suffix_failure": float(np.nanmean(suffix_failures[agent][t])),
                        "min_fraction": float(np.nanmean(min_fractions[agent][t])),
                    },
                }
                for agent in AGENTS
            ],
            "pairs": [
                {
                    "a": a,
                    "b": b,
                    "probability_of_improvement": improvement(scores[a][:, [t]], scores[b][:, [t]]),
                    "regret_difference": float(np.mean(tasks[t][a] - tasks[t][b])),
                }
                for a, b in pairs
            ],
        }
        for t, (name, uniform) in enumerate(TASKS)
    ],
    "overall": {
        "agents": [
            {
                "name": agent,
                "score": score_location(scores[agent]),
                "rating": rating,
                "profile": [float(np.mean(scores[agent] > tau)) for tau in TAU],
            }
            for agent, rating in zip(AGENTS, ratings(tasks))
        ],
        "pairs": [
            {
                "a": a,
                "b": b,
                "probability_of_improvement": improvement(scores[a], scores[b]),
                "score_difference": float(np.mean(scores[a] - scores[b])),
            }
            for a, b in pairs
        ],
    },
}

default = pathlib.Path(__file__).parent.parent / "fixtures/statistics/small-tournament.json"
path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(fixture, indent=1) + "\n")

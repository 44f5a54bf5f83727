"""Prints the tables of Gymnasium's toy texts as JSON: {name: {P: [[[[p, s', r, ends], ...], ...], ...], start: [...]}}."""

import json
import sys

import gymnasium

SETTINGS = {
    "frozen-lake 4x4 slippery": ("FrozenLake-v1", {"map_name": "4x4", "is_slippery": True}),
    "frozen-lake 4x4": ("FrozenLake-v1", {"map_name": "4x4", "is_slippery": False}),
    "frozen-lake 8x8 slippery": ("FrozenLake-v1", {"map_name": "8x8", "is_slippery": True}),
    "frozen-lake 8x8": ("FrozenLake-v1", {"map_name": "8x8", "is_slippery": False}),
    "cliff-walking": ("CliffWalking-v1", {"is_slippery": False}),
    "cliff-walking slippery": ("CliffWalking-v1", {"is_slippery": True}),
    "taxi": ("Taxi-v4", {}),
}


def tables(name: str, options: dict[str, object]) -> dict[str, object]:
    env = gymnasium.make(name, **options).unwrapped
    rows = [
        [[[float(p), int(s), float(r), bool(ends)] for p, s, r, ends in env.P[state][action]] for action in range(len(env.P[state]))]
        for state in range(len(env.P))
    ]
    return {"P": rows, "start": [float(p) for p in env.initial_state_distrib]}


json.dump({key: tables(name, options) for key, (name, options) in SETTINGS.items()}, sys.stdout)

"""A Gymnasium loop: Q-learning in one env, and random actions in eight. Needs a running `icrl serve`, or starts a server of its own.

    python gym_loop.py [127.0.0.1:50551]
"""

import sys

import gymnasium
import numpy as np

import icrl  # noqa: F401 (Gymnasium knows its tasks from then on)

address = sys.argv[1] if len(sys.argv) > 1 else None

env = gymnasium.make("icrl/river-swim-v1", address=address, unit="trial")
values = np.zeros((env.observation_space.n, env.action_space.n))  # forgotten with the trial, of which there is one here
state, _ = env.reset(seed=1)
over = False
while not over:
    explore = env.np_random.random() < 0.1
    action = env.action_space.sample() if explore else int(values[state].argmax())
    after, reward, terminated, truncated, info = env.step(action)
    over = terminated or truncated
    values[state, action] += 0.1 * (reward + 0.95 * values[after].max() - values[state, action])
    state = after
print(f"Q-learning: return {info['trial_return']:.2f}, regret {info['regret']:.2f}")
env.close()

envs = gymnasium.make_vec("icrl/linear-bandit-v1", num_envs=8, address=address, dim=5, actions=10)
arms, _ = envs.reset(seed=1)  # [8, 10, 5]
regrets = []
while len(regrets) < 16:
    arms, rewards, terminated, truncated, infos = envs.step(envs.action_space.sample())
    if "regret" in infos:
        regrets += infos["regret"][infos["_regret"]].tolist()
print(f"random: regret {np.mean(regrets):.1f} in {len(regrets)} trials")
envs.close()

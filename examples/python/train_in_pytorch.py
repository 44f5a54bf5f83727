"""Trains a transformer in PyTorch on what Thompson sampling did, and plays 64 bandits at once with it, on the GPU where there is one.

    pip install "./clients/python[torch]"
    python train_in_pytorch.py [FOLDER]

The dataset is collected first, by the program `icrl`. Broken off, the same command goes on. `npx icrl play transformer --option
checkpoint=FOLDER` plays with what was trained as well.
"""

import sys
from pathlib import Path

import gymnasium
import numpy as np

import icrl
import icrl.torch

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "bandit-output")
training = Path(__file__).with_name("bandit_training.yaml")


def tell(line: dict) -> None:
    if line["type"] == "validation":
        blind = line["marginal_entropy"]  # of a model that knows how often each arm is played, and nothing of the trial
        print(f"update {line['step']}: loss {line['loss']:.3f} on held-out trials; one that sees nothing has {blind:.3f}")


model = icrl.torch.train(training, folder, on_metrics=tell)

# What it learned from, as numpy arrays.
trials = icrl.open(folder / "dataset")
print(f"Thompson sampling: reward {np.mean([trial.rewards.sum() for trial in trials]):.1f} a trial")

# A trial in each of 64 envs; nobody tells the model which bandit it has.
envs = gymnasium.make_vec("icrl/bernoulli-bandit-v1", num_envs=64, unit="trial", autoreset_mode="SameStep", arms=5, horizon=40)
observations, _ = envs.reset(seed=1)
player = icrl.torch.Player(model, envs=64, num_actions=5, seed=1)
regret = None
while regret is None:
    actions = player.act(observations)
    observations, rewards, terminated, truncated, infos = envs.step(actions.cpu().numpy())
    player.observe(rewards, terminated, truncated)
    if terminated.all():
        regret = infos["final_info"]["regret"]
envs.close()
print(f"transformer: regret {regret.mean():.2f} ± {1.96 * regret.std(ddof=1) / 8:.2f} (95 %) in 64 trials")

"""Softmax exploration: plays an arm with probability proportional to exp(its mean reward so far / temperature).

    python softmax_agent.py --connect 127.0.0.1:50551 --task bernoulli-bandit --trials 200
    python softmax_agent.py --connect 127.0.0.1:50551 --entrant softmax    # in a tournament
"""

import math

import icrl


@icrl.agent(
    name="softmax",
    version="1",
    summary="Plays an arm with probability proportional to exp(its mean reward so far / temperature).",
    source="Sutton & Barto (1998), section 2.3",
    tasks=["bandit"],
    options={"temperature": icrl.number(0.5, min=1e-6, help="the lower, the greedier; in reward units")},
)
class Softmax:
    def __init__(self, trial: icrl.Trial, rng: icrl.Rng, temperature: float) -> None:
        self.rng = rng
        self.temperature = temperature
        self.plays = [0] * trial.num_actions
        self.means = [0.0] * trial.num_actions

    def probabilities(self, turn: icrl.Turn) -> list[float]:
        best = max(self.means)
        weights = [math.exp((mean - best) / self.temperature) for mean in self.means]
        total = sum(weights)
        return [weight / total for weight in weights]

    def act(self, turn: icrl.Turn) -> int:
        chances = self.probabilities(turn)
        action = self.rng.choice(chances)
        self.propensity = chances[action]  # of the last action, for the log
        return action

    def observe(self, outcome: icrl.Outcome) -> None:
        self.plays[outcome.action] += 1
        self.means[outcome.action] += (outcome.reward - self.means[outcome.action]) / self.plays[outcome.action]


if __name__ == "__main__":
    icrl.run(Softmax)

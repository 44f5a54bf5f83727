"""Thompson sampling for Bernoulli arms: each arm's mean is drawn from its posterior, Beta(1 + successes, 1 + failures), and the largest draw is
played. With the draws of the built-in `thompson` in their order, so that it plays as that does on the same seeds.

    python thompson_agent.py --connect 127.0.0.1:50551 --task bernoulli-bandit --trials 200
"""

import math

import icrl

LOG_4 = math.log(4)
ONE_PLUS_LOG_5 = 1 + math.log(5)


def sample_beta(a: float, b: float, rng: icrl.Rng) -> float:
    """A draw from Beta(a, b), a and b at least 1: where one is 1 by the inverse of the distribution function, else by rejection.

    Source: Cheng (1978), "Generating beta variates with nonintegral shape parameters", algorithm BB.
    """
    if b == 1:
        return rng.uniform() ** (1 / a)
    if a == 1:
        return 1 - rng.uniform() ** (1 / b)
    least, most = min(a, b), max(a, b)
    total = a + b
    slope = math.sqrt((total - 2) / (2 * a * b - total))
    gamma = least + 1 / slope
    while True:
        u1 = rng.uniform()
        u2 = rng.uniform()
        v = slope * math.log(u1 / (1 - u1))
        w = least * math.exp(v)
        z = u1 * u1 * u2
        r = gamma * v - LOG_4
        s = least + r - w
        if s + ONE_PLUS_LOG_5 >= 5 * z or s >= math.log(z) or r + total * math.log(total / (most + w)) >= math.log(z):
            return w / (most + w) if least == a else most / (most + w)


@icrl.agent(
    name="thompson",
    version="1",
    summary="Thompson sampling for Bernoulli arms, uniform prior.",
    source="Thompson (1933); Chapelle & Li (2011), algorithm 2 with alpha = beta = 1",
    tasks=["bernoulli"],
)
class Thompson:
    def __init__(self, trial: icrl.Trial, rng: icrl.Rng) -> None:
        self.rng = rng
        self.ones = [1] * trial.num_actions  # 1 + successes
        self.zeros = [1] * trial.num_actions  # 1 + failures

    def act(self, turn: icrl.Turn) -> int:
        draws = [sample_beta(a, b, self.rng) for a, b in zip(self.ones, self.zeros)]
        return draws.index(max(draws))

    def observe(self, outcome: icrl.Outcome) -> None:
        counts = self.ones if outcome.reward > 0 else self.zeros
        counts[outcome.action] += 1


if __name__ == "__main__":
    icrl.run(Thompson)

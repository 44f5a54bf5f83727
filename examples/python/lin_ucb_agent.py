"""LinUCB over all envs at once, in numpy: plays argmax_a x_a . theta + alpha sqrt(x_a' V^-1 x_a), with V = ridge I + sum x x' and theta = V^-1
sum r x, lowest index on ties; the first action is drawn. Arms are fixed for the trial, so estimate and width of every arm are kept up to date.

Sums go over the features one after the other, as in the built-in `lin-ucb`, and not by a matrix product, whose order is the library's: on the
same seeds it plays as that does, digit for digit.

    python lin_ucb_agent.py --connect 127.0.0.1:50551 --task linear-bandit --trials 200 --envs 50
"""

import numpy as np

import icrl


def dots(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sums of products over the last axis, from its first entry to its last."""
    total = left[..., 0] * right[..., 0]
    for i in range(1, left.shape[-1]):
        total = total + left[..., i] * right[..., i]
    return total


@icrl.agent(
    name="lin-ucb",
    version="1",
    summary="LinUCB: optimism for linear bandits with fixed arms.",
    source="Li, Chu, Langford & Schapire (2010), algorithm 1; Lin, Bai & Mei (2023), section 4.1",
    tasks=["linear"],
    options={
        "alpha": icrl.number(2.0, min=0, help="width of the confidence ellipsoid, in reward units"),
        "ridge": icrl.number(1.0, min=1e-9, help="prior precision of each weight"),
    },
    vectorised=True,
)
class LinUcb:
    def __init__(self, task: icrl.Trial, num_envs: int, rngs: icrl.Rngs, alpha: float, ridge: float) -> None:
        n, arms, dim = num_envs, task.num_actions, task.dim
        self.rngs, self.alpha, self.ridge = rngs, alpha, ridge
        self.x = np.zeros((n, arms, dim))  # features
        self.inverse = np.zeros((n, dim, dim))  # V^-1
        self.means = np.zeros((n, arms))  # m_a = x_a . theta
        self.widths = np.zeros((n, arms))  # q_a = x_a' V^-1 x_a
        self.next = np.zeros(n, np.int32)
        self.propensities = np.ones(n)
        self.rows = np.arange(n)

    def begin(self, envs: np.ndarray, turn: icrl.VectorTurn) -> None:
        if turn.arms is None:
            raise icrl.IcrlError("TASK_UNSUPPORTED", "this LinUCB wants arms that are fixed for the trial")
        self.x[envs] = turn.arms[envs]
        self.inverse[envs] = np.eye(self.x.shape[2]) / self.ridge
        self.means[envs] = 0
        self.widths[envs] = dots(self.x[envs], self.x[envs]) / self.ridge
        first = np.zeros(len(self.rows), bool)
        first[envs] = True
        self.next[envs] = self.rngs.integer(self.x.shape[1], first)[envs]
        self.propensities[envs] = 1 / self.x.shape[1]

    def act(self, turn: icrl.VectorTurn) -> np.ndarray:
        return self.next

    def probabilities(self, turn: icrl.VectorTurn) -> np.ndarray:
        arms = self.means.shape[1]
        sure = np.eye(arms)[self.next]
        return np.where((self.propensities == 1)[:, None], sure, 1 / arms)  # the first action, drawn already, is any of them

    def observe(self, outcome: icrl.VectorOutcome) -> None:
        """With u = V^-1 x_k, c = 1 / (1 + q_k), g_a = x_a . u: m_a += c (r - m_k) g_a, q_a -= c g_a^2, V^-1 -= c u u' (Sherman & Morrison)."""
        played, rows = outcome.action, self.rows
        x = self.x[rows, played]
        u = dots(self.inverse, x[:, None, :])
        c = 1 / (1 + self.widths[rows, played])
        e = c * (outcome.reward - self.means[rows, played])
        g = dots(self.x, u[:, None, :])
        f = c[:, None] * u
        change = f[:, :, None] * u[:, None, :]
        upper = np.triu(change)  # both halves get the same product, as rounding would tell them apart
        took = outcome.active
        self.inverse[took] -= (upper + np.triu(change, 1).transpose(0, 2, 1))[took]
        self.widths[took] -= (c[:, None] * g * g)[took]
        self.means[took] += (e[:, None] * g)[took]
        best = self.means + self.alpha * np.sqrt(np.abs(self.widths))
        self.next = np.where(took, best.argmax(1), self.next).astype(np.int32)
        self.propensities[took] = 1


if __name__ == "__main__":
    icrl.run(LinUcb)

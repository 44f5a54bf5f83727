// A task of one's own: each step forward on a ledge pays 1, but with a chance that is drawn for each instance the wind takes it back to
// the start. `icrl play ucbvi --task ./windy-walk.mjs`, `icrl conformance --task ./windy-walk.mjs`.
import { defineTask, integer, onlyState, tabularParts } from "icrl/tasks";

export default defineTask({
  name: "windy-walk",
  version: 1, // raise it whenever the same seeds and actions would give another trajectory
  summary: "A walk along a ledge: every step forward pays 1, and a hidden wind blows back to the start.",
  source: "an example",
  options: { length: integer({ default: 5, min: 2, max: 100, help: "places on the ledge, S" }) },
  build({ length }) {
    const forward = (place) => Math.min(place + 1, length - 1);
    const places = [...Array(length).keys()];
    const successors = Int32Array.from(places.flatMap((place) => [place, 0, forward(place), 0])); // [S, A, 2]
    const rewards = Float64Array.from(places.flatMap(() => [0, 1])); // [S, A]
    return tabularParts({
      numStates: length,
      numActions: 2,
      actionNames: ["stay", "forward"],
      branches: 2,
      horizon: 10,
      episodes: 20,
      reward: { kind: "deterministic", min: 0, max: 1 },
      drawing: { as: "grid", rows: 1, columns: length },
      draw(rng) {
        const wind = rng.split("wind").uniform();
        const probabilities = Float64Array.from(places.flatMap(() => [1, 0, 1 - wind, wind]));
        return { successors, probabilities, rewards, start: onlyState(0, length) };
      },
    });
  },
});

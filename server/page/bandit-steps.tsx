import { useMemo } from "preact/hooks";
import type { TrajectoryView } from "../http/api.js";
import { fixed, whole } from "./numbers.js";
import type { Go } from "./player.js";
import { Raster } from "./raster.js";

/** Arms that have a row of their own; of more, those that were played. */
const MOST_ARMS = 64;

/** A bandit's arms: how often each was played so far, what it paid on average, and, when it may be told, what it is worth. */
export function BanditSteps({ view, step, go }: { view: TrajectoryView; step: number; go: Go }) {
  const { actions, rewards, num_actions: numActions, revealed } = view;
  const counts = new Array<number>(numActions).fill(0);
  const sums = new Array<number>(numActions).fill(0);
  for (let t = 0; t < step; t++) {
    counts[actions[t]] += 1;
    sums[actions[t]] += rewards[t];
  }
  const { low, high } = useMemo(() => rangeOf(view), [view]);
  const at = (value: number) => ({
    left: `${Math.min(100, Math.max(0, (100 * (value - low)) / (high - low)))}%`,
    opacity: value < low || value > high ? 0.45 : 1,
  });
  const chosen = step > 0 ? actions[step - 1] : undefined;
  const means = revealed.means ?? undefined;
  const best = means === undefined ? undefined : means.indexOf(Math.max(...means));
  const played = new Set(actions);
  const arms = Array.from({ length: numActions }, (_, arm) => arm).filter(
    (arm) => numActions <= MOST_ARMS || played.has(arm) || arm === best,
  );
  return (
    <>
      <h2>Arms</h2>
      <p class="quiet key">
        <i class="seen" /> mean so far
        {means !== undefined && (
          <>
            <i class="true" /> true mean
          </>
        )}
      </p>
      <div class="arms scroll">
        <table>
          <caption class="hidden">Arms after {step} steps</caption>
          <thead>
            <tr>
              <th scope="col">Arm</th>
              <th scope="col" class="scale">
                <span>{fixed(low, 1)}</span>
                <span>{fixed(high, 1)}</span>
              </th>
              <th scope="col" class="number">
                Mean
              </th>
              <th scope="col" class="number">
                Played
              </th>
            </tr>
          </thead>
          <tbody>
            {arms.map((arm) => (
              <tr key={arm} class={arm === chosen ? "chosen" : ""}>
                <th scope="row">
                  {arm}
                  {arm === best && (
                    <span class="best" title="the best arm">
                      &nbsp;★<span class="hidden"> best arm</span>
                    </span>
                  )}
                  {arm === chosen && <span class="hidden"> chosen at this step</span>}
                </th>
                <td class="scale">
                  <span class="track">
                    {counts[arm] > 0 && <i class="seen" style={at(sums[arm] / counts[arm])} />}
                    {means !== undefined && <i class="true" style={at(means[arm])} />}
                  </span>
                </td>
                <td class="number">{counts[arm] > 0 ? fixed(sums[arm] / counts[arm], 3) : ""}</td>
                <td class="number">{whole(counts[arm])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {arms.length < numActions && (
        <p class="quiet">{whole(numActions - arms.length)} arms that were never played are left out.</p>
      )}
      {means === undefined && (
        <p class="quiet">Arms are drawn anew at each step here, so an arm has no mean of its own.</p>
      )}
      <h2>Choices</h2>
      <Raster
        values={actions}
        rows={numActions}
        seen={step}
        joined={false}
        label={`The arm chosen at each of ${actions.length} steps`}
        rowName="arm"
        onPick={go}
      />
    </>
  );
}

/** From the least to the largest mean that an arm has after a few plays, or is known to have. */
function rangeOf({ actions, rewards, num_actions: numActions, revealed }: TrajectoryView): {
  low: number;
  high: number;
} {
  if (rewards.every((reward) => reward >= 0 && reward <= 1)) return { low: 0, high: 1 };
  const counts = new Array<number>(numActions).fill(0);
  const sums = new Array<number>(numActions).fill(0);
  const values = [0, ...(revealed.means ?? [])];
  actions.forEach((arm, t) => {
    counts[arm] += 1;
    sums[arm] += rewards[t];
    if (counts[arm] >= 3) values.push(sums[arm] / counts[arm]);
  });
  sums.forEach((sum, arm) => {
    if (counts[arm] > 0) values.push(sum / counts[arm]);
  });
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  const tenths = (value: number, round: (value: number) => number) => round(value * 10) / 10;
  return high > low ? { low: tenths(low, Math.floor), high: tenths(high, Math.ceil) } : { low, high: low + 1 };
}

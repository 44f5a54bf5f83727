import type { TrajectoryView } from "../http/api.js";
import { actionName } from "./action-name.js";
import { fixed } from "./numbers.js";

/** Rows: those before the current step, and it. */
const ROWS = 8;

/** The latest steps, one a row. */
export function StepTable({ view, step }: { view: TrajectoryView; step: number }) {
  const { actions, rewards, observations, revealed } = view;
  const first = Math.max(0, Math.min(step, actions.length) - ROWS);
  const rows = Array.from({ length: Math.min(ROWS, actions.length) }, (_, i) => first + i);
  const name = (action: number) => actionName(view, action);
  return (
    <div class="scroll">
      <table class="steps">
        <thead>
          <tr>
            <th scope="col" class="number">
              Step
            </th>
            {observations !== null && (
              <th scope="col" class="number">
                State
              </th>
            )}
            <th scope="col">{view.drawing.as === "arms" ? "Arm" : "Action"}</th>
            <th scope="col" class="number">
              Reward
            </th>
            <th scope="col">Best</th>
            <th scope="col" class="number">
              Regret
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((t) => {
            const seen = t < step;
            return (
              <tr key={t} class={t === step - 1 ? "chosen" : ""}>
                <td class="number quiet">{t + 1}</td>
                {observations !== null && <td class="number">{seen || t === step ? observations[t] : ""}</td>}
                <td>{seen ? name(actions[t]) : ""}</td>
                <td class="number">{seen ? rewardText(rewards[t]) : ""}</td>
                <td>{seen ? name(revealed.optimal_actions[t]) : ""}</td>
                <td class="number">{seen ? fixed(revealed.regrets[t], 3) : ""}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const rewardText = (reward: number): string => (Number.isInteger(reward) ? String(reward) : fixed(reward, 3));

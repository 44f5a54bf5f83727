import type { TrajectoryView } from "../http/api.js";

/** Steps of the way that are drawn behind the agent. */
const TRAIL = 30;

/** A grid with the way so far: cell (row, column) is observation row N + column. */
export function GridSteps({ view, step, size }: { view: TrajectoryView; step: number; size: number }) {
  const cells = (view.observations ?? []).slice(0, step + 1);
  const visits = new Map<number, number>();
  for (const cell of cells) visits.set(cell, (visits.get(cell) ?? 0) + 1);
  const most = Math.max(...visits.values(), 1);
  const x = (cell: number) => (cell % size) + 0.5;
  const y = (cell: number) => Math.floor(cell / size) + 0.5;
  const here = cells[cells.length - 1] ?? 0;
  const trail = cells.slice(-TRAIL);
  const paid = new Set(view.rewards.slice(0, step).flatMap((reward, t) => (reward > 0.5 ? [cells[t + 1]] : [])));
  const goals = view.revealed?.goals ?? [];
  const place = `row ${Math.floor(here / size)}, column ${here % size}`;
  return (
    <figure class="grid">
      <h2>Grid</h2>
      <svg viewBox={`-0.05 -0.05 ${size + 0.1} ${size + 0.1}`} role="img" aria-label={`The agent is in ${place}`}>
        <rect class="floor" width={size} height={size} rx="0.1" />
        {[...visits].map(([cell, count]) => (
          <rect
            key={cell}
            class="visited"
            x={x(cell) - 0.5}
            y={y(cell) - 0.5}
            width="1"
            height="1"
            style={{ opacity: 0.12 + (0.4 * count) / most }}
          />
        ))}
        <path class="lines" d={lines(size)} />
        {[...paid].map((cell) => (
          <circle key={cell} class="paid" cx={x(cell)} cy={y(cell)} r="0.42" />
        ))}
        {goals.map(({ observation, ends }) => (
          <text key={`${observation} ${ends}`} class="goal" x={x(observation)} y={y(observation)}>
            {goalMark(view.summary.task, ends)}
          </text>
        ))}
        {trail.slice(1).map((cell, i) => (
          <line
            key={i}
            class="trail"
            x1={x(trail[i])}
            y1={y(trail[i])}
            x2={x(cell)}
            y2={y(cell)}
            style={{ opacity: 0.15 + (0.85 * (i + 1)) / trail.length }}
          />
        ))}
        <circle class="walker" r="0.26" style={{ transform: `translate(${x(here)}px, ${y(here)}px)` }} />
      </svg>
      <figcaption class="quiet">
        {place}
        {paid.size > 0 && " · rings: where a reward was paid"}
        {goals.length > 0 &&
          ` · ${goals.map(({ ends }) => goalMark(view.summary.task, ends)).join(" ")}: what is hidden`}
      </figcaption>
    </figure>
  );
}

/** A star; of the key and the door a letter each. */
function goalMark(task: string, ends: boolean): string {
  if (task !== "dark-key-to-door") return "★";
  return ends ? "D" : "K";
}

function lines(size: number): string {
  let path = "";
  for (let i = 1; i < size; i++) path += `M${i} 0V${size}M0 ${i}H${size}`;
  return path;
}

import type { TrajectoryView } from "../http/api.js";

/** Steps of the way that are drawn behind the agent. */
const TRAIL = 30;

interface GridProps {
  readonly view: TrajectoryView;
  readonly step: number;
  readonly rows: number;
  readonly columns: number;
}

/** A grid with the way so far: cell (row, column) is observation row * columns + column. */
export function GridSteps({ view, step, rows, columns }: GridProps) {
  const cells = (view.observations ?? []).slice(0, step + 1);
  const visits = new Map<number, number>();
  for (const cell of cells) visits.set(cell, (visits.get(cell) ?? 0) + 1);
  const most = Math.max(...visits.values(), 1);
  const x = (cell: number) => (cell % columns) + 0.5;
  const y = (cell: number) => Math.floor(cell / columns) + 0.5;
  const here = cells[cells.length - 1] ?? 0;
  const trail = cells.slice(-TRAIL);
  const paid = new Set(view.rewards.slice(0, step).flatMap((reward, t) => (reward > 0.5 ? [cells[t + 1]] : [])));
  const goals = view.revealed.goals ?? [];
  const place = `row ${Math.floor(here / columns)}, column ${here % columns}`;
  return (
    <figure class="grid">
      <h2>Grid</h2>
      <svg viewBox={`-0.05 -0.05 ${columns + 0.1} ${rows + 0.1}`} role="img" aria-label={`The agent is in ${place}`}>
        <rect class="floor" width={columns} height={rows} rx="0.1" />
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
        <path class="lines" d={lines(rows, columns)} />
        {[...paid].map((cell) => (
          <circle key={cell} class="paid" cx={x(cell)} cy={y(cell)} r="0.42" />
        ))}
        {goals.map(({ observation, sign }) => (
          <text key={`${observation} ${sign}`} class="goal" x={x(observation)} y={y(observation)}>
            {sign}
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
        {goals.length > 0 && ` · ${goals.map(({ sign }) => sign).join(" ")}: what is hidden`}
      </figcaption>
    </figure>
  );
}

function lines(rows: number, columns: number): string {
  let path = "";
  for (let row = 1; row < rows; row++) path += `M0 ${row}H${columns}`;
  for (let column = 1; column < columns; column++) path += `M${column} 0V${rows}`;
  return path;
}

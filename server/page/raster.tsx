/** What happened when: a row for each arm or state, a column for each step. */

interface RasterProps {
  /** [T], 0 .. rows - 1 */
  readonly values: readonly number[];
  readonly rows: number;
  /** Columns that have been, the others are veiled. */
  readonly seen: number;
  /** Whether one column leads to the next. */
  readonly joined: boolean;
  readonly label: string;
  readonly rowName: string;
  readonly onPick: (column: number) => void;
}

const WIDTH = 1000;

/** Height of a row, in pixels, where there are few and where there are many. */
const heightOf = (rows: number): number => Math.min(260, Math.max(60, rows * 14));

/** The picture; a click picks a column. */
export function Raster({ values, rows, seen, joined, label, rowName, onPick }: RasterProps) {
  const height = heightOf(rows);
  const columnWidth = WIDTH / Math.max(values.length, 1);
  const rowHeight = height / rows;
  const x = (column: number) => column * columnWidth;
  // States grow upwards, arms downwards, as in their list.
  const y = (row: number) => (joined ? rows - 1 - row : row) * rowHeight + rowHeight / 2;
  const thickness = Math.max(2, Math.min(9, rowHeight - 3));
  const path = joined
    ? values.map((row, t) => `${t === 0 ? "M" : "L"}${x(t + 0.5).toFixed(1)} ${y(row).toFixed(1)}`).join("")
    : values.map((row, t) => `M${x(t).toFixed(1)} ${y(row).toFixed(1)}h${(columnWidth * 0.86).toFixed(2)}`).join("");
  const now = x(Math.min(seen, values.length));
  return (
    <figure class="raster">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the slider and the arrow keys do the same */}
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        preserveAspectRatio="none"
        height={height}
        role="img"
        aria-label={label}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          onPick(Math.ceil(((event.clientX - box.left) / box.width) * values.length));
        }}
      >
        {rows <= 40 &&
          Array.from({ length: rows }, (_, row) => (
            <line
              key={row}
              class="guide"
              x1="0"
              x2={WIDTH}
              y1={y(row)}
              y2={y(row)}
              vector-effect="non-scaling-stroke"
            />
          ))}
        <path
          class="mark"
          d={path}
          stroke-width={joined ? 2 : thickness}
          vector-effect={joined ? "non-scaling-stroke" : undefined}
        />
        <rect class="veil" x={now} y="0" width={Math.max(0, WIDTH - now)} height={height} />
        <line class="cursor" x1={now} x2={now} y1="0" y2={height} vector-effect="non-scaling-stroke" />
      </svg>
      <figcaption class="quiet">
        <span>
          {rowName} 0 to {rows - 1}, {joined ? "0 at the bottom" : "0 at the top"}
        </span>
        <span>steps →</span>
      </figcaption>
    </figure>
  );
}

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { RegretCurve } from "../http/api.js";
import { colourName, dashOf } from "./colours.js";
import { short, whole } from "./numbers.js";
import { Swatch } from "./parts.js";

/** Half width of a 95 % band in standard errors. */
const Z95 = 1.96;

const HEIGHT = 340;

/** Most lines that all have their bands; of more only the one that stands out has. */
const MOST_BANDS = 8;

/** Most lines that are named at the pointer. */
const MOST_NAMED = 8;

interface ChartProps {
  readonly curves: readonly RegretCurve[];
  readonly agents: readonly { readonly name: string }[];
  /** Of each match. */
  readonly trials: number;
  /** Place of the agent whose line stands out. */
  readonly highlighted: number | undefined;
  readonly label: string;
}

/** Mean cumulative regret by step, with 95 % bands; crosses on the lines that have forfeited trials in them. */
export function RegretChart({ curves, agents, trials, highlighted, label }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const theme = useTheme();
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  // The lines and their number make another chart; their values do not.
  const lines = [...curves].sort((a, b) => a.agent - b.agent);
  const drawn = useRef(lines);
  drawn.current = lines;
  const forfeited = lines.filter(({ forfeits }) => forfeits > 0);
  const shape = JSON.stringify([theme, lines.map(({ agent }) => agent)]);

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const colours = getComputedStyle(element);
    const colour = (name: string) => colours.getPropertyValue(name).trim();
    const width = () => Math.max(200, element.clientWidth);
    const axis: uPlot.Axis = {
      stroke: colour("--muted"),
      font: `11px ${colours.fontFamily}`,
      labelFont: `11px ${colours.fontFamily}`,
      labelSize: 16,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      values: (_, ticks) => ticks.map((tick) => (tick >= 1000 ? whole(tick) : String(Number(tick.toPrecision(4))))),
    };
    const made = new uPlot(
      {
        width: width(),
        height: HEIGHT,
        legend: { show: false },
        pxAlign: 0,
        cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
        scales: { x: { time: false }, y: { range: (_, __, top) => [0, top > 0 ? top * 1.05 : 1] } },
        axes: [
          { ...axis, label: "step", size: 34 },
          { ...axis, label: "regret", size: 46 },
        ],
        series: [
          {},
          ...lines.flatMap(({ agent }): uPlot.Series[] => [
            {
              stroke: colour(colourName(agent)),
              width: 2,
              dash: [...dashOf(agent)],
              points: { show: false },
            },
            { stroke: "transparent", points: { show: false } },
            { stroke: "transparent", points: { show: false } },
          ]),
        ],
        bands: lines.map(({ agent }, i) => ({
          series: [3 * i + 2, 3 * i + 3],
          fill: `${hexOf(colour(colourName(agent)))}26`,
        })),
        hooks: {
          setCursor: [({ cursor }) => setPointed(cursor.idx ?? undefined)],
          draw: [(u) => drawCrosses(u, drawn.current, ({ agent }) => colour(colourName(agent)))],
        },
      },
      dataOf(lines),
      element,
    );
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: width(), height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [shape]);

  useEffect(() => chart.current?.setData(dataOf(lines)), [curves]);

  useEffect(() => {
    const made = chart.current;
    if (made === undefined) return;
    lines.forEach(({ agent }, i) => {
      const shown = highlighted === undefined ? lines.length <= MOST_BANDS : highlighted === agent;
      made.series[3 * i + 2].show = shown;
      made.series[3 * i + 3].show = shown;
      made.series[3 * i + 1].alpha = highlighted === undefined || highlighted === agent ? 1 : 0.2;
      made.series[3 * i + 1].width = highlighted === agent ? 3 : 2;
    });
    made.redraw(false);
  }, [highlighted, shape]);

  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={label} />
      <figcaption>
        {pointed === undefined || pointed === 0 ? (
          <span class="quiet">
            mean cumulative regret of a trial{lines.some(banded) && ", with 95 % bands (± 1.96 standard errors)"}
            <span class="wide-only"> · point at it for values</span>
          </span>
        ) : (
          <Values lines={lines} agents={agents} at={pointed - 1} />
        )}
        {forfeited.length > 0 && (
          <span class="forfeited">
            <span class="bad">×</span> forfeited, as uniform play's exact regret:{" "}
            {forfeited
              .slice(0, MOST_NAMED)
              .map(({ agent, forfeits }) => `${agents[agent]?.name} ${whole(forfeits)} of ${whole(trials)} trials`)
              .join(", ")}
            {forfeited.length > MOST_NAMED && ` and ${forfeited.length - MOST_NAMED} more`}
          </span>
        )}
      </figcaption>
    </figure>
  );
}

function Values({ lines, agents, at }: { lines: readonly RegretCurve[]; agents: ChartProps["agents"]; at: number }) {
  const there = lines.filter(({ mean }) => at < mean.length).sort((a, b) => a.mean[at] - b.mean[at]);
  return (
    <>
      <span class="quiet">step {whole(there[0]?.step[at] ?? 0)}</span>
      {there.slice(0, MOST_NAMED).map((line) => (
        <span key={line.agent} class="value">
          <Swatch place={line.agent} /> {agents[line.agent]?.name} {short(line.mean[at])}
          {line.forfeits > 0 && "†"}
        </span>
      ))}
      {there.length > MOST_NAMED && <span class="quiet">and {there.length - MOST_NAMED} more</span>}
    </>
  );
}

/** Whether anything is known of how far off a line is. */
const banded = ({ se }: RegretCurve): boolean => se.every((value) => value !== null);

/** Columns: steps from 0, then each line's means, upper and lower ends of its band, null where there is none. */
function dataOf(lines: readonly RegretCurve[]): uPlot.AlignedData {
  const steps = lines[0]?.step ?? [];
  const columns = lines.flatMap(({ mean, se }) => {
    const end = (at: (value: number, reach: number) => number) =>
      mean.map((value, i) => (se[i] === null ? null : at(value, Z95 * se[i])));
    return [
      [0, ...mean],
      [0, ...end((value, reach) => value + reach)],
      [0, ...end((value, reach) => Math.max(0, value - reach))],
    ];
  });
  return [[0, ...steps], ...columns];
}

/** Crosses on a line, and half of their size in pixels of the screen. */
const CROSSES = 6;
const CROSS = 4;

/** Draws crosses on the lines that have forfeited trials in them. */
function drawCrosses(u: uPlot, lines: readonly RegretCurve[], colourOf: (line: RegretCurve) => string): void {
  const reach = CROSS * devicePixelRatio;
  for (const line of lines) {
    if (line.forfeits === 0) continue;
    u.ctx.strokeStyle = colourOf(line);
    u.ctx.lineWidth = 2 * devicePixelRatio;
    u.ctx.setLineDash([]);
    u.ctx.beginPath();
    for (let k = 0; k < CROSSES; k++) {
      const at = Math.floor(((k + 0.5) / CROSSES) * line.step.length);
      const [x, y] = [u.valToPos(line.step[at], "x", true), u.valToPos(line.mean[at], "y", true)];
      u.ctx.moveTo(x - reach, y - reach);
      u.ctx.lineTo(x + reach, y + reach);
      u.ctx.moveTo(x - reach, y + reach);
      u.ctx.lineTo(x + reach, y - reach);
    }
    u.ctx.stroke();
  }
}

/** Changes when the colours do. */
function useTheme(): string {
  const query = "(prefers-color-scheme: dark)";
  const [dark, setDark] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const onChange = () => setDark(list.matches);
    list.addEventListener("change", onChange);
    return () => list.removeEventListener("change", onChange);
  }, []);
  return dark ? "dark" : "light";
}

/** A colour to which two digits of opacity can be added. */
const hexOf = (colour: string): string => (/^#[0-9a-f]{6}$/i.test(colour) ? colour : "#888888");

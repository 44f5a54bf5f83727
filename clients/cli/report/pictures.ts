/** The pictures of a report, one at a time. */
import type { Spec } from "vega";
import { shortNumber } from "../print/numbers.js";
import { chartSvg } from "../print/picture.js";
import { regretChart } from "../print/regret-chart.js";
import type { TaskJson } from "../results.js";
import type { Picture } from "./document.js";
import { intervalChart } from "./interval-chart.js";
import { pairChart } from "./pair-chart.js";
import { profileChart } from "./profile-chart.js";
import { lookOf, type ReportView, whoIsDrawn } from "./report-view.js";

/** A picture that is not drawn yet. */
type Draft = Omit<Picture, "svg"> & { readonly chart: () => Spec };

/** Scores below, and optimality gaps above, are marked at the edge: they would leave no room to those worth comparing. */
const WORST_SCORE = -0.5;

/** How many there will be. */
export function countPictures(view: ReportView): number {
  return drafts(view).length;
}

/** Draws them. */
export async function* drawPictures(view: ReportView): AsyncGenerator<Picture> {
  for (const { chart, ...picture } of drafts(view)) yield { ...picture, svg: await chartSvg(chart()) };
}

/** Name of a task's picture of regret curves. */
export function regretPictureName(place: number, { id }: Pick<TaskJson, "id">, steps: "linear" | "log"): string {
  const slug = id
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, "-")
    .slice(0, 40)
    .replace(/^-|-$/g, "");
  return `regret-${place + 1}-${slug}${steps === "log" ? "-log" : ""}`;
}

function drafts(view: ReportView): Draft[] {
  const { statistics, drawn } = view;
  const several = drawn.length > 1;
  return [
    scores(view),
    profiles(view),
    ...(several && statistics.overall.agents.some(({ rating }) => rating !== null) ? [ratings(view)] : []),
    ...(several ? [pairs(view)] : []),
    ...view.results.tasks.flatMap((task, place) => [
      regret(view, task, place, "linear"),
      regret(view, task, place, "log"),
    ]),
  ];
}

function rows(view: ReportView) {
  const agents = new Map(view.statistics.overall.agents.map((agent) => [agent.name, agent]));
  return view.drawn.flatMap((name) => {
    const agent = agents.get(name);
    return agent === undefined ? [] : [{ name, agent, look: lookOf(view, name) }];
  });
}

function scores(view: ReportView): Draft {
  const all = rows(view);
  const panel = (title: string, measure: "mean" | "iqm" | "median" | "optimality_gap") => ({
    title,
    values: all.map(({ agent }) => agent.score[measure]),
    bounds: (measure === "optimality_gap" ? [-Infinity, 1 - WORST_SCORE] : [WORST_SCORE, Infinity]) as [number, number],
  });
  return {
    name: "scores",
    alt: `Scores with 95 % intervals, best mean first: ${list(all.map(({ agent }) => `${agent.name} ${agent.score.mean.value.toFixed(2)}`))}`,
    caption: `Normalised scores (0: uniform play, 1: no regret) of all tasks together with 95 % bootstrap intervals. Of the optimality gap, less is better. Triangles at an edge point to values outside.${whoIsDrawn(view)}`,
    chart: () =>
      intervalChart({
        title: "Scores",
        rows: all.map(({ name, look }) => [name, look]),
        panels: [
          panel("Mean", "mean"),
          panel("IQM", "iqm"),
          panel("Median", "median"),
          panel("Optimality gap", "optimality_gap"),
        ],
        panelWidth: 165,
      }),
  };
}

function ratings(view: ReportView): Draft {
  const ranked = rows(view).toSorted(
    (a, b) => (b.agent.rating?.value ?? -Infinity) - (a.agent.rating?.value ?? -Infinity),
  );
  return {
    name: "ratings",
    alt: `Bradley-Terry ratings, best first: ${list(ranked.flatMap(({ name, agent: { rating } }) => (rating === null ? [] : [`${name} ${rating.value.toFixed(0)}`])))}`,
    caption: `Bradley-Terry ratings on Elo's scale with 95 % bootstrap intervals: 400 points are odds of 10 to 1 to do better on a trial.${whoIsDrawn(view)}`,
    chart: () =>
      intervalChart({
        title: "Ratings",
        rows: ranked.map(({ name, look }) => [name, look]),
        panels: [{ title: "Rating", values: ranked.map(({ agent }) => agent.rating) }],
        panelWidth: 380,
      }),
  };
}

function profiles(view: ReportView): Draft {
  return {
    name: "profiles",
    alt: `Performance profiles of ${list(view.drawn)}: the share of trials above each score`,
    caption: `Performance profiles with pointwise 95 % bands: the share of an entrant's trials whose score is above the one on the axis. A line that is above another everywhere belongs to the better entrant.${whoIsDrawn(view)}`,
    chart: () =>
      profileChart(
        view.statistics.overall.tau,
        rows(view).map(({ agent, look }) => [agent, look]),
      ),
  };
}

function pairs(view: ReportView): Draft {
  const { pairs } = view.statistics.overall;
  const strangers = pairs.length < (view.drawn.length * (view.drawn.length - 1)) / 2;
  return {
    name: "pairs",
    alt: `Matrix of the probability that a trial of one entrant is better than one of another, for ${list(view.drawn)}; the table of pairs has its figures`,
    caption: `Probability that a trial of the row's entrant is better than one of the column's. Coloured and bold where the 95 % interval excludes 0.5: blue for the better, orange for the worse.${strangers ? " Empty where the two play no task together." : ""}${whoIsDrawn(view)}`,
    chart: () => pairChart(view.drawn, pairs),
  };
}

function regret(view: ReportView, task: TaskJson, place: number, steps: "linear" | "log"): Draft {
  const finals = task.agents
    .filter(({ name }) => view.looks.has(name))
    .toSorted((a, b) => a.regret.mean - b.regret.mean)
    .map(({ name, regret }) => `${name} ${shortNumber(regret.mean)}`);
  const captions = {
    linear: `Mean cumulative regret with 95 % band (± 1.96 standard errors). A triangle marks where a line leaves the picture.${whoIsDrawn(view)}`,
    log: "The same at log-spaced steps: regret that grows with the logarithm of time is a straight line.",
  };
  return {
    name: regretPictureName(place, task, steps),
    alt: `Regret curves on ${task.id}${steps === "log" ? " at log-spaced steps" : ""}, which end at: ${list(finals)}`,
    caption: captions[steps],
    chart: () => regretChart({ ...view.results, tasks: [task] }, { looks: view.looks, steps, heading: false }),
  };
}

/** Most names in a text for those who cannot see a picture. */
const MOST_LISTED = 20;

function list(texts: readonly string[]): string {
  const more = texts.length - MOST_LISTED;
  return texts.slice(0, MOST_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

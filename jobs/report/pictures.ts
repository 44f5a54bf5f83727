/** The pictures of a report, one at a time. */
import type { Spec } from "vega";
import { intervalChart } from "../charts/interval-chart.js";
import { pairChart } from "../charts/pair-chart.js";
import { chartSvg } from "../charts/picture.js";
import { profileChart } from "../charts/profile-chart.js";
import { regretChart } from "../charts/regret-chart.js";
import type { TaskJson } from "../tournament/results.js";
import type { Picture } from "./document.js";
import { forfeitsNote } from "./estimates.js";
import { shortNumber } from "./numbers.js";
import { lookOf, type ReportGroup, type ReportView, whoIsDrawn } from "./report-view.js";

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

/** Name of a group's picture. */
export function groupPictureName(kind: "scores" | "profiles" | "ratings", place: number): string {
  return place === 0 ? kind : `${kind}-${place + 1}`;
}

function drafts(view: ReportView): Draft[] {
  const { groups, drawn } = view;
  return [
    ...groups.flatMap((group, place) => {
      const several = group.drawn.length > 1;
      if (!several && groups.length > 1) return []; // there is nobody to compare it with
      return [
        scores(view, group, place),
        profiles(view, group, place),
        ...(several ? [ratings(view, group, place)] : []),
      ];
    }),
    ...(drawn.length > 1 ? [pairs(view)] : []),
    ...view.results.tasks.flatMap((task, place) => [
      regret(view, task, place, "linear"),
      regret(view, task, place, "log"),
    ]),
  ];
}

/** What a caption says of who is in the picture. */
function about(view: ReportView, group: ReportGroup): string {
  const forfeited = group.drawn.some(({ forfeits }) => forfeits > 0);
  return [
    view.groups.length > 1 ? ` Entrants that play ${list(group.tasks)}.` : "",
    forfeited ? " Open markers: forfeited trials are in the figures, each as uniform play's exact regret." : "",
    whoIsDrawn(view, [group]),
  ].join("");
}

/** "demo 0.52", "demo (120 of 300 forfeited) 0.12": an entrant's end for who cannot see it. */
function spoken(agent: { name: string; trials: number; forfeits: number }, value: string): string {
  const note = forfeitsNote(agent);
  return `${agent.name}${note === undefined ? "" : ` (${note})`} ${value}`;
}

function scores(view: ReportView, group: ReportGroup, place: number): Draft {
  const panel = (title: string, measure: "mean" | "iqm" | "median" | "optimality_gap") => ({
    title,
    values: group.drawn.map(({ score }) => score[measure]),
    bounds: (measure === "optimality_gap" ? [-Infinity, 1 - WORST_SCORE] : [WORST_SCORE, Infinity]) as [number, number],
  });
  const measured = list(group.drawn.map((agent) => spoken(agent, agent.score.mean.value.toFixed(2))));
  return {
    name: groupPictureName("scores", place),
    alt: `Scores with 95 % bootstrap intervals, best mean first: ${measured}`,
    caption: `Normalised scores (0: uniform play, 1: no regret) of all tasks together with 95 % bootstrap intervals; one trial has none. Of the optimality gap, less is better. Triangles at an edge point to values outside.${about(view, group)}`,
    chart: () =>
      intervalChart({
        title: "Scores",
        rows: group.drawn.map((agent) => ({
          name: agent.name,
          look: lookOf(view, agent.name),
          note: forfeitsNote(agent),
        })),
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

function ratings(view: ReportView, group: ReportGroup, place: number): Draft {
  const ranked = group.drawn.toSorted((a, b) => (b.rating?.value ?? -Infinity) - (a.rating?.value ?? -Infinity));
  const rated = ranked.flatMap((agent) =>
    agent.rating === null ? [] : [spoken(agent, agent.rating.value.toFixed(0))],
  );
  return {
    name: groupPictureName("ratings", place),
    alt: `Bradley-Terry ratings, best first: ${list(rated)}`,
    caption: `Bradley-Terry ratings on Elo's scale with 95 % bootstrap intervals: 400 points are odds of 10 to 1 to do better on a trial.${about(view, group)}`,
    chart: () =>
      intervalChart({
        title: "Ratings",
        rows: ranked.map((agent) => ({ name: agent.name, look: lookOf(view, agent.name), note: forfeitsNote(agent) })),
        panels: [{ title: "Rating", values: ranked.map(({ rating }) => rating) }],
        panelWidth: 380,
      }),
  };
}

function profiles(view: ReportView, group: ReportGroup, place: number): Draft {
  return {
    name: groupPictureName("profiles", place),
    alt: `Performance profiles of ${list(group.drawn.map(({ name }) => name))}: the share of trials above each score`,
    caption: `Performance profiles with pointwise 95 % bands (Wilson intervals): the share of an entrant's trials whose score is above the one on the axis. A line that is above another everywhere belongs to the better entrant.${about(view, group)}`,
    chart: () =>
      profileChart(
        view.statistics.overall.tau,
        group.drawn.map((agent) => [agent, lookOf(view, agent.name)]),
      ),
  };
}

function pairs(view: ReportView): Draft {
  const { pairs } = view.statistics.overall;
  const { drawn } = view;
  const strangers = pairs.length < (drawn.length * (drawn.length - 1)) / 2;
  return {
    name: "pairs",
    alt: `Matrix of the probability that a trial of one entrant is better than one of another, for ${list(drawn.map(({ name }) => name))}; the table of pairs has its figures`,
    caption: `Probability that a trial of the row's entrant is better than one of the column's, on the tasks that both play. Coloured and bold where the 95 % interval excludes 0.5: blue for the better, orange for the worse.${strangers ? " Empty where the two play no task together." : ""}${whoIsDrawn(view)}`,
    chart: () => pairChart(drawn, pairs),
  };
}

function regret(view: ReportView, task: TaskJson, place: number, steps: "linear" | "log"): Draft {
  const finals = task.agents
    .filter(({ name }) => view.looks.has(name))
    .toSorted((a, b) => a.regret.mean - b.regret.mean)
    .map((agent) => spoken(agent, shortNumber(agent.regret.mean)));
  const forfeited = task.agents.some(({ name, forfeits }) => forfeits > 0 && view.looks.has(name));
  const crosses = forfeited ? " Crosses: forfeited trials are in the line, each as uniform play's exact regret." : "";
  const captions = {
    linear: `Mean cumulative regret${bandText(task, view.results.tournament.trials)}. A triangle marks where a line leaves the picture.${crosses}${whoIsDrawn(view)}`,
    log: "The same at log-spaced steps: regret that grows with the logarithm of time is a straight line.",
  };
  return {
    name: regretPictureName(place, task, steps),
    alt: `Regret curves on ${task.id}${steps === "log" ? " at log-spaced steps" : ""}, which end at: ${list(finals)}`,
    caption: captions[steps],
    chart: () => regretChart({ ...view.results, tasks: [task] }, { looks: view.looks, steps, heading: false }),
  };
}

/** How well a curve is known. */
function bandText({ instances }: TaskJson, trials: number): string {
  if (trials === 1) return ", of one trial";
  if (instances === 1) return ", of one instance";
  return ` with 95 % band (± 1.96 standard errors${instances === undefined ? "" : ", over instances"})`;
}

/** Most names in a text for those who cannot see a picture. */
const MOST_LISTED = 20;

function list(texts: readonly string[]): string {
  const more = texts.length - MOST_LISTED;
  return texts.slice(0, MOST_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

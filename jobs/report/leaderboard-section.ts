/** All tasks together: who is best, and how sure that is. */

import type { Block, Picture } from "./document.js";
import { longTable } from "./document.js";
import { estimatedText, estimatedTexts, forfeitsNote, NONE } from "./estimates.js";
import { groupPictureName } from "./pictures.js";
import { marked, markText, type ReportGroup, type ReportView } from "./report-view.js";

/** The section. */
export function leaderboardSection(view: ReportView, pictures: ReadonlyMap<string, Picture>): Block[] {
  const { groups } = view;
  const found = (...names: string[]) => names.flatMap((name) => pictures.get(name) ?? []);
  const several = groups.length > 1;
  const ratings = found(...groups.map((_, place) => groupPictureName("ratings", place)));
  const rows = [...ratings, ...found("pairs")];
  return [
    { kind: "heading", level: 2, text: "Leaderboard", id: "leaderboard" },
    {
      kind: "paragraph",
      text: `Scores are normalised by task: 0 is uniform play's mean regret, 1 is no regret. Each task has the same weight. In brackets: 95 % bootstrap intervals; ${NONE} where one trial of a task gives none.${
        several
          ? " Not all entrants play the same tasks, and scores on different tasks are not comparable: there is no ranking of them all. Each of these tables ranks those that play the same tasks."
          : ""
      }`,
    },
    ...groups.flatMap((group, place): Block[] => {
      const drawn = found(groupPictureName("scores", place), groupPictureName("profiles", place));
      return [
        ...(several
          ? [{ kind: "heading", level: 3, text: `Who plays ${tasksText(group)}`, id: `group-${place + 1}` } as const]
          : []),
        ...leaderboard(group),
        ...(drawn.length > 0 ? [{ kind: "pictures", pictures: drawn } as const] : []),
      ];
    }),
    ...(rows.length > 0
      ? [
          { kind: "heading", level: 2, text: "Who beats whom", id: "pairs" } as const,
          { kind: "pictures", pictures: rows } as const,
          ...pairTable(view),
        ]
      : []),
  ];
}

/** Most tasks in a heading. */
const MOST_NAMED = 6;

function tasksText({ tasks }: ReportGroup): string {
  const more = tasks.length - MOST_NAMED;
  return tasks.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more tasks` : "");
}

function leaderboard({ agents }: ReportGroup): Block[] {
  const scores = (["mean", "iqm", "median", "optimality_gap"] as const).map((measure) =>
    estimatedTexts(agents.map(({ score }) => score[measure])),
  );
  const forfeited = agents.some(({ forfeits }) => forfeits > 0);
  const number = (title: string) => ({ title, kind: "number" as const });
  return longTable({
    caption: `Normalised scores of all tasks together, best mean first, equal means with one rank, and ratings by paired trials.${markText(agents)}`,
    columns: [
      number(""),
      { title: "entrant" },
      ...["mean score", "IQM", "median", "optimality gap", "rating"].map(number),
      ...(forfeited ? [number("trials")] : []),
    ],
    rows: agents.map((agent, i) => [
      agent.rank === null ? NONE : String(agent.rank),
      marked(agent.name, agent),
      ...scores.map((texts) => texts[i]),
      agent.rating === null ? NONE : estimatedText(agent.rating, 0),
      ...(forfeited ? [forfeitsNote(agent) ?? "all played"] : []),
    ]),
  });
}

/** Every pair, the better entrant first. */
function pairTable({ statistics, drawn }: ReportView): Block[] {
  const forfeits = new Map(drawn.map((agent) => [agent.name, agent]));
  const shown = (name: string) => marked(name, forfeits.get(name) ?? { forfeits: 0 });
  const rows = statistics.overall.pairs
    .map(({ a, b, probability_of_improvement: probability, score_difference: difference }) =>
      probability.value >= 0.5
        ? { a, b, probability, difference }
        : {
            a: b,
            b: a,
            probability: mirrored(probability, 1),
            difference: mirrored(difference, 0),
          },
    )
    .toSorted((x, y) => y.probability.value - x.probability.value);
  const differences = estimatedTexts(rows.map(({ difference }) => difference));
  const table = longTable({
    caption: `Probability that a trial of A is better than one of B, and the mean difference of their scores on the same trials, on the tasks that both play; 95 % bootstrap intervals, those of a probability no narrower than Wilson's where all trials went one way. Decided: the interval of the probability excludes 0.5.${markText(drawn)}`,
    columns: [
      { title: "A" },
      { title: "B" },
      { title: "P(A better)", kind: "number" },
      { title: "score of A − B", kind: "number" },
      { title: "decided" },
    ],
    rows: rows.map(({ a, b, probability }, i) => [
      shown(a),
      shown(b),
      estimatedText(probability, 3),
      differences[i],
      probability.ci95 !== null && probability.ci95[0] > 0.5 ? "yes" : "no",
    ]),
  });
  return [{ kind: "fold", summary: `The ${rows.length} pairs as a table`, blocks: table }];
}

/** What the value and its interval are from the other side: `whole` minus them. */
function mirrored({ value, ci95 }: Mirrored, whole: number): Mirrored {
  return { value: whole - value, ci95: ci95 && [whole - ci95[1], whole - ci95[0]] };
}

type Mirrored = ReportView["statistics"]["overall"]["pairs"][number]["score_difference"];

/** All tasks together: who is best, and how sure that is. */
import type { Block, Picture } from "./document.js";
import { longTable } from "./document.js";
import { estimatedText, estimatedTexts, NONE } from "./estimated-text.js";
import type { ReportView } from "./report-view.js";

/** The section. */
export function leaderboardSection(view: ReportView, pictures: ReadonlyMap<string, Picture>): Block[] {
  const { results, statistics, ranked } = view;
  const uneven = statistics.overall.agents.some(({ tasks }) => tasks < results.tasks.length);
  const found = (...names: string[]) => names.flatMap((name) => pictures.get(name) ?? []);
  const rows = found("ratings", "pairs");
  return [
    { kind: "heading", level: 2, text: "Leaderboard", id: "leaderboard" },
    {
      kind: "paragraph",
      text: `Scores are normalised by task: 0 is uniform play's mean regret, 1 is no regret. Each task has the same weight. In brackets: 95 % intervals.${
        uneven
          ? " Not all entrants play all tasks: scores of entrants that play different tasks are not comparable."
          : ""
      }`,
    },
    ...leaderboard(view, uneven),
    ...(ranked.length > 0 ? [{ kind: "pictures", pictures: found("scores", "profiles") } as const] : []),
    ...(rows.length > 0
      ? [
          { kind: "heading", level: 2, text: "Who beats whom", id: "pairs" } as const,
          { kind: "pictures", pictures: rows } as const,
          ...pairTable(view),
        ]
      : []),
  ];
}

function leaderboard({ results, statistics, ranked }: ReportView, uneven: boolean): Block[] {
  const byName = new Map(statistics.overall.agents.map((agent) => [agent.name, agent]));
  const agents = ranked.flatMap((name) => byName.get(name) ?? []);
  const scores = (["mean", "iqm", "median", "optimality_gap"] as const).map((measure) =>
    estimatedTexts(agents.map(({ score }) => score[measure])),
  );
  return longTable({
    caption: "Normalised scores of all tasks together, best mean first, and ratings by paired trials.",
    columns: [
      { title: "", kind: "number" },
      { title: "entrant" },
      ...(uneven ? [{ title: "tasks", kind: "number" } as const] : []),
      ...["mean score", "IQM", "median", "optimality gap", "rating"].map((title) => ({
        title,
        kind: "number" as const,
      })),
    ],
    rows: agents.map(({ name, tasks, rating }, i) => [
      String(i + 1),
      name,
      ...(uneven ? [`${tasks} of ${results.tasks.length}`] : []),
      ...scores.map((texts) => texts[i]),
      rating === null ? NONE : estimatedText(rating, 0),
    ]),
  });
}

/** Every pair, the better entrant first. */
function pairTable({ statistics }: ReportView): Block[] {
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
    caption:
      "Probability that a trial of A is better than one of B, and the mean difference of their scores on the same trials. Decided: the interval of the probability excludes 0.5.",
    columns: [
      { title: "A" },
      { title: "B" },
      { title: "P(A better)", kind: "number" },
      { title: "score of A − B", kind: "number" },
      { title: "decided" },
    ],
    rows: rows.map(({ a, b, probability }, i) => [
      a,
      b,
      estimatedText(probability, 3),
      differences[i],
      probability.ci95[0] > 0.5 ? "yes" : "no",
    ]),
  });
  return [{ kind: "fold", summary: `The ${rows.length} pairs as a table`, blocks: table }];
}

/** What the value and its interval are from the other side: `whole` minus them. */
function mirrored({ value, ci95: [low, high] }: Mirrored, whole: number): Mirrored {
  return { value: whole - value, ci95: [whole - high, whole - low] };
}

type Mirrored = ReportView["statistics"]["overall"]["pairs"][number]["score_difference"];

/** How to read a report: what its words mean, and where they come from. */
import type { Block } from "./document.js";
import type { ReportView } from "./report-view.js";

/** The section. */
export function guideSection({ statistics }: ReportView): Block[] {
  const shared = statistics.tasks.some(({ instances }) => instances !== undefined);
  const explored = statistics.tasks.some(({ agents }) => agents.some(({ exploration }) => exploration !== undefined));
  return [
    { kind: "heading", level: 2, text: "How to read this", id: "guide" },
    {
      kind: "terms",
      terms: [
        [
          "Regret",
          "How much the actions of a trial fall short of the best ones, in expectation and by the server's knowledge of the truth, so that it has none of the rewards' noise. A forfeited trial has the exact regret of uniform play: figures that have such trials in them are marked, for they do not tell how the entrant plays.",
        ],
        [
          "Score",
          "1 − regret / uniform play's mean regret on the task's trials: 1 without regret, 0 where uniform play is on average, below 0 for worse. It lets tasks with different regrets be taken together.",
        ],
        [
          "IQM",
          "Interquartile mean: the mean of the middle half of the trials. Steadier than the mean, which a few bad trials move, and than the median, which goes by the middle alone.",
        ],
        [
          "Of all tasks together",
          "The mean score is the mean of the tasks' means; the median is the middle one of them, the task's own mean where there is one task. The IQM is of all trials of all tasks. The optimality gap is the mean of what scores lack to 1, and less is better; scores above 1 count as 1. Tasks always have the same weight.",
        ],
        [
          "Interval",
          `${
            statistics.paired
              ? "Bootstrap, 95 %: between the 2.5 % and 97.5 % quantiles of the figure over resamples of the trials, drawn with replacement within each task. A resample takes the same trials of all entrants, for they met the same instances: differences are known better than the two intervals by themselves suggest, so compare by pairs."
              : "Bootstrap, 95 %: between the 2.5 % and 97.5 % quantiles of the figure over resamples of the trials, drawn with replacement within each task, each entrant's by themselves."
          } One trial of a task says nothing about how far another would lie from it: there is none then. Intervals of shares (suffix failures, profiles) are Wilson's, which have a width also where all trials agree: 0 of 6 is [0, 0.39].`,
        ],
        ...(shared
          ? ([
              [
                "Shared instances",
                "Where many trials are of one instance they are no independent sample of instances. Resamples there are of instances, each with all its trials; standard errors are of the mean over instances; and Wilson's intervals are of as many trials as there are instances, as if all trials of one were alike. So a figure says how far it holds for other instances of the task. One instance says nothing of others: there is no interval then.",
              ],
            ] as const)
          : []),
        [
          "Ranks",
          "By the mean, equal means share a rank. Only entrants that play the same tasks are ranked and rated together.",
        ],
        [
          "Performance profile",
          "For each score, the share of an entrant's trials above it. Means hide how trials differ; profiles show it.",
        ],
        [
          "Probability of improvement",
          "How often a trial of A, drawn at random, has less regret than one of B on the same task, ties counted half; the mean over the tasks that both play. Its interval is bootstrapped, and reaches at least as far as Wilson's of as many trials that were all won. It says how often, and not by how much: the difference of scores on the same trials does that.",
        ],
        [
          "Rating",
          "Strengths of the Bradley-Terry model, in which A beats B with odds that depend on the difference of their strengths alone, fitted to who had less regret on each trial, ties counted half. On Elo's scale, with mean 0: 400 points are odds of 10 to 1. Half a win and half a loss against an entrant of strength 0 are added for each, so that who never lost has a rating too: far away, it says little more than that. There is none for who plays its tasks alone.",
        ],
        ...(explored
          ? ([
              [
                "Suffix failures",
                "For bandits whose arms stay the same: the share of trials in whose second half no best arm was played even once. Such a run has settled on a wrong arm for good.",
              ],
              [
                "K × MinFrac",
                "For the same bandits: the number of arms times the share of the steps that went to the least played arm, between 0 and 1. High values tell of play that is still near uniform.",
              ],
            ] as const)
          : []),
      ],
    },
    { kind: "heading", level: 3, text: "Sources", id: "sources" },
    {
      kind: "terms",
      terms: [
        [
          "Aggregates, intervals, profiles, probability of improvement",
          "Agarwal, Schwarzer, Castro, Courville & Bellemare (2021), Deep Reinforcement Learning at the Edge of the Statistical Precipice.",
        ],
        [
          "Ratings",
          "Bradley & Terry (1952), Rank Analysis of Incomplete Block Designs: I. The Method of Paired Comparisons; the likelihood as in Hunter (2004), MM Algorithms for Generalized Bradley-Terry Models, with the prior of Firth (1993), Bias Reduction of Maximum Likelihood Estimates.",
        ],
        ...(explored
          ? ([
              [
                "Suffix failures, MinFrac",
                "Krishnamurthy, Harris, Foster, Zhang & Slivkins (2024), Can Large Language Models Explore In-Context?",
              ],
            ] as const)
          : []),
        [
          "Intervals of shares",
          "Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference; their mean over tasks by Zou & Donner (2008), Construction of Confidence Limits About Effect Measures.",
        ],
        ["Colours", "Okabe & Ito (2008), Color Universal Design."],
      ],
    },
  ];
}

/**
 * results.json: what came out of a tournament, for people's scripts. docs/results.md describes it; a field is never
 * renamed or given another meaning within one `schema_version`.
 */
import { IcrlError } from "../../common/errors.js";
import type {
  AgentResult,
  Estimate,
  TaskResult,
  Tournament,
  TournamentResults,
  TournamentSpec,
} from "../../proto/gen/icrl/v1/tournament.js";

/** Raised when a field is renamed, removed, of another type or means something else; new fields do not raise it. */
export const RESULTS_SCHEMA_VERSION = 2;

/** Option names to values, as JSON. */
export type Options = Readonly<Record<string, unknown>>;

/** A mean over trials. */
export interface MeanJson {
  readonly mean: number;
  /** Standard error of the mean; null of one trial, which says nothing about it. */
  readonly se: number | null;
}

/** Pseudo-regret of a trial. */
export interface RegretJson extends MeanJson {
  /** 95 % interval of the mean by percentile bootstrap: [low, high]. null of one trial. */
  readonly ci95: readonly [number, number] | null;
}

/** Cumulative regret by step; the three arrays have equal length. */
export interface CurveJson {
  /** Step within the trial, from 1, ascending; for MDPs the last step of each episode. */
  readonly step: readonly number[];
  /** Mean cumulative regret after that step. */
  readonly mean: readonly number[];
  /** Its standard error; nulls of one trial. */
  readonly se: readonly (number | null)[];
}

/** How one entrant did on one task. */
export interface AgentJson {
  /** Its name in the tournament. */
  readonly name: string;
  /** The agent behind it. */
  readonly agent: string;
  /** Its options as the tournament gives them; the others have their defaults. */
  readonly options: Options;
  /** Trials counted, forfeited ones included. */
  readonly trials: number;
  /** Trials forfeited; each counts as uniform play's exact regret. */
  readonly forfeits: number;
  /** Why, one of the error reasons; absent when none was forfeited. */
  readonly forfeit_reason?: string;
  /** What happened, for people; absent when none was forfeited. */
  readonly forfeit_message?: string;
  readonly regret: RegretJson;
  /** Realised return of a trial, over the trials that were played; null when none was. */
  readonly return: MeanJson | null;
  readonly curve: CurveJson;
}

/** How all did on one task. */
export interface TaskJson {
  /** Its id in the tournament. */
  readonly id: string;
  /** Family name. */
  readonly task: string;
  /** All options, defaults filled in. */
  readonly options: Options;
  /** How many instances its trials took in turn; absent: each trial had its own. Standard errors and intervals are over instances then. */
  readonly instances?: number;
  /** Exact expected regret of uniform play, its mean over the trials: what a normalised score of 0 stands for. */
  readonly uniform_regret: number;
  /** Entrants that play it, in the order of the tournament. */
  readonly agents: readonly AgentJson[];
}

/** A place on a task's leaderboard. */
export interface LeaderboardJson {
  /** Task id. */
  readonly task: string;
  /** Entrant name. */
  readonly name: string;
  /** From 1, by mean regret; equal means share a rank. */
  readonly rank: number;
  /** Mean regret. */
  readonly regret: number;
  /** Trials that it is the mean of, */
  readonly trials: number;
  /** and how many of them were forfeited: each counts as uniform play's exact regret. */
  readonly forfeits: number;
}

/** What was played, as in the tournament's file. */
export interface TournamentJson {
  /** Hash of the spec; the log's column `tournament_id`. */
  readonly id: string;
  readonly name: string;
  /** Seed of all trials, a uint64 in decimal. */
  readonly seed: string;
  /** What goes into the trials' seeds beside it, in hexadecimal; empty or, from earlier versions, absent: nothing. */
  readonly seed_key?: string;
  /** Trials of each match. */
  readonly trials: number;
  readonly tasks: readonly {
    readonly id: string;
    readonly task: string;
    readonly options: Options;
    /** How many instances its trials take in turn; absent: each trial has its own. */
    readonly instances?: number;
  }[];
  readonly agents: readonly {
    readonly name: string;
    readonly agent: string;
    readonly options: Options;
    /** Ids of the tasks that it entered for; empty: all that the agent plays. */
    readonly tasks: readonly string[];
  }[];
}

/** The whole of results.json. */
export interface ResultsJson {
  readonly schema_version: number;
  /** The command that made it. */
  readonly command: string;
  /** Versions by name: `server` of the server that played it, and what the caller adds (`icrl`, `node`). */
  readonly versions: Readonly<Record<string, string>>;
  readonly tournament: TournamentJson;
  /** In the order of the tournament. */
  readonly tasks: readonly TaskJson[];
  /** By task, then by rank. */
  readonly leaderboard: readonly LeaderboardJson[];
}

/**
 * results.json of a finished tournament.
 *
 * @param message what GetTournament answered as `results`
 * @param tournament what it answered as `tournament`
 * @param command the command line, for a reader who wants to repeat it
 * @param versions of what took part besides the server
 * @throws MALFORMED_MESSAGE if a result lacks its regret
 */
export function resultsJson(
  message: TournamentResults,
  tournament: Pick<Tournament, "id" | "spec">,
  command: string,
  versions: Readonly<Record<string, string>>,
): ResultsJson {
  const counts = new Map(
    message.tasks.flatMap(({ id, agents }) =>
      agents.map((agent) => [JSON.stringify([id, agent.name]), agent] as const),
    ),
  );
  return {
    schema_version: RESULTS_SCHEMA_VERSION,
    command,
    versions: { ...versions, server: message.serverVersion },
    tournament: tournamentJson(tournament.id, tournament.spec, message),
    tasks: message.tasks.map(taskJson),
    leaderboard: message.leaderboard.map(({ task, name, rank, regret }) => {
      const { trials = 0, forfeits = 0 } = counts.get(JSON.stringify([task, name])) ?? {};
      return { task, name, rank, regret, trials, forfeits };
    }),
  };
}

function tournamentJson(
  id: string,
  spec: TournamentSpec | undefined,
  { seed, seedKey }: TournamentResults,
): TournamentJson {
  return {
    id,
    name: spec?.name ?? "",
    seed: String(seed),
    seed_key: Buffer.from(seedKey).toString("hex"),
    trials: spec?.trials ?? 0,
    tasks: (spec?.tasks ?? []).map(({ id, task, options = {}, instances }) => ({
      id,
      task,
      options,
      ...shared(instances),
    })),
    agents: (spec?.agents ?? []).map((entrant) => ({
      name: entrant.name,
      agent: entrant.agent,
      options: entrant.options ?? {},
      tasks: entrant.tasks,
    })),
  };
}

function taskJson(result: TaskResult): TaskJson {
  const { id, task, options = {}, uniformRegret, agents } = result;
  return {
    ...{ id, task, options, ...shared(result.instances) },
    uniform_regret: uniformRegret,
    agents: agents.map(agentJson),
  };
}

/** A member that is there only where trials share instances. */
const shared = (instances: number | undefined) => (instances === undefined ? {} : { instances });

function agentJson(result: AgentResult): AgentJson {
  const { name, agent, trials, forfeits, curve } = result;
  return {
    name,
    agent,
    options: result.options ?? {},
    trials,
    forfeits,
    ...(forfeits > 0 ? { forfeit_reason: result.forfeitReason, forfeit_message: result.forfeitMessage } : {}),
    regret: regretJson(result.regret),
    return: meanJson(result.trialReturn),
    curve: { step: curve?.step ?? [], mean: curve?.mean ?? [], se: (curve?.se ?? []).map(known) },
  };
}

function regretJson(estimate: Estimate | undefined): RegretJson {
  if (estimate === undefined) {
    throw new IcrlError(
      "MALFORMED_MESSAGE",
      "the server sent a result without its regret: use a client and a server of one version",
    );
  }
  const { mean, se, ci95Low, ci95High } = estimate;
  return { mean, se: known(se), ci95: ci95Low === undefined || ci95High === undefined ? null : [ci95Low, ci95High] };
}

/** A mean of nothing is null. */
function meanJson(estimate: Estimate | undefined): MeanJson | null {
  return estimate === undefined || Number.isNaN(estimate.mean) ? null : { mean: estimate.mean, se: known(estimate.se) };
}

/** JSON has no NaN. */
const known = (value: number): number | null => (Number.isNaN(value) ? null : value);

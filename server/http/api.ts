/**
 * What the live page's server tells the page, as JSON: types alone, for both sides. Internal: it changes with the page, without notice.
 * Times are Unix times in milliseconds. Whatever could grow with the number of matches, sessions or steps is bounded; `..._total` then says
 * how many there are.
 */

/** Why a request was refused: a reason of docs/errors.md, or INTERNAL. */
export interface ApiError {
  readonly reason: string;
  readonly error: string;
}

/** GET /api/overview */
export interface Overview {
  readonly server: ServerStatus;
  /** Those that run, oldest first, then finished ones, newest first. */
  readonly tournaments: readonly TournamentSummary[];
  readonly tournaments_total: number;
  /** The first of them. */
  readonly agents: readonly AgentProcess[];
  /** Newest first, without those that are withheld. */
  readonly trajectories: readonly TrajectorySummary[];
}

/** The server's own numbers. */
export interface ServerStatus {
  readonly version: string;
  readonly address: string;
  readonly started_at: number;
  readonly now: number;
  /** Since it started, in all sessions. */
  readonly steps: number;
  /** Over the last second. */
  readonly steps_per_second: number;
  /** One a second, the latest last. */
  readonly rates: readonly number[];
  readonly sessions: number;
  /** Connections over which sessions are open. */
  readonly agents: number;
  /** In the log and safe on disk: those that were there when the server started included. */
  readonly durable_episodes: number;
  readonly log_writable: boolean;
  /** Whether the question came with the operator's key. */
  readonly operator: boolean;
  /** Whether there are tournaments of which whoever asks is told no more than how far they are. */
  readonly withholds: boolean;
}

/** pending until something of it was handed out. */
export type State = "pending" | "running" | "finished" | "cancelled";

/** How far matches are: those of which it is known that they are played, and those that may yet disappear. */
export interface TrialCounts {
  readonly trials: number;
  /** Played or forfeited. */
  readonly done_trials: number;
  readonly forfeits: number;
  /** Of entrants that have yet to say what they play: in none of the other numbers. */
  readonly undeclared_trials: number;
}

/** A tournament in a list. */
export interface TournamentSummary extends TrialCounts {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  readonly tasks: number;
  readonly agents: number;
  readonly matches: number;
  readonly finished_matches: number;
  /** Likewise: in none of the others. */
  readonly undeclared_matches: number;
  /** Those of trials under way included. */
  readonly steps: number;
}

/** GET /api/tournaments/ID?task=TASK: a tournament and, in full, one of its tasks, the first where none is named. */
export interface TournamentView {
  readonly server: ServerStatus;
  readonly tournament: TournamentSummary;
  /** Whether no more is told of it than how far it is: there are no regrets, ranks, curves and trajectories then. */
  readonly withheld: boolean;
  /** Trials of each match. */
  readonly trials_per_match: number;
  /** The entrants, in the order of the spec; their place gives them their colours. */
  readonly agents: readonly { readonly name: string; readonly agent: string }[];
  readonly tasks: readonly TaskProgress[];
  readonly task: TaskView;
  /** Matches with forfeited trials, of all tasks; the first of them. */
  readonly forfeits: readonly Forfeit[];
  readonly forfeits_total: number;
  /** Newest first. */
  readonly trajectories: readonly TrajectorySummary[];
}

/** How far the matches of a task are. */
export interface TaskProgress extends TrialCounts {
  readonly id: string;
}

/** Why trials of a match were not played. */
export interface Forfeit {
  readonly task: string;
  /** Place of the entrant. */
  readonly agent: number;
  readonly trials: number;
  readonly reason: string;
  readonly message: string;
}

/** The matches of one task. */
export interface TaskView {
  readonly id: string;
  readonly task: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** By mean regret, those without one last. */
  readonly standings: readonly Standing[];
  /** Digits after the point that what is known of the standings' regrets warrants. */
  readonly digits: number;
  /** Of the entrants in front, so many as a chart can show. */
  readonly curves: readonly RegretCurve[];
}

/** One entrant on one task. */
export interface Standing {
  /** Place of the entrant. */
  readonly agent: number;
  readonly state: State;
  /** Whether it has yet to say if it plays this task: it may leave the table. */
  readonly undeclared: boolean;
  readonly done_trials: number;
  readonly forfeits: number;
  readonly reason: string;
  readonly steps: number;
  /** From 1, by mean regret, as in results.json; equal means share a rank. null where there is no mean. */
  readonly rank: number | null;
  /** Trials that the next three are over. */
  readonly regret_trials: number;
  /** Mean regret of a trial; null while there is none, and while it is withheld. */
  readonly regret: number | null;
  /** Its standard error; null of one trial. */
  readonly se: number | null;
  /** Its 95 % bootstrap interval, that of results.json, once the tournament is finished; null before, and of one trial. */
  readonly ci95: readonly [low: number, high: number] | null;
}

/** Mean cumulative regret after so many steps, and its standard error; about a hundred points. */
export interface RegretCurve {
  /** Place of the entrant. */
  readonly agent: number;
  readonly step: readonly number[];
  readonly mean: readonly number[];
  /** nulls of one trial. */
  readonly se: readonly (number | null)[];
  /** Trials of the match that were forfeited: each is in the curve as uniform play's exact regret. */
  readonly forfeits: number;
}

/** GET /api/agents */
export interface AgentsView {
  readonly server: ServerStatus;
  /** By when they came; the first of them. */
  readonly agents: readonly AgentProcess[];
}

/** Sessions over one connection. */
export interface AgentProcess {
  /** HOST:PORT of its end. */
  readonly peer: string;
  readonly since: number;
  readonly steps: number;
  /** The first of them. */
  readonly sessions: readonly SessionView[];
  readonly sessions_total: number;
}

/** One session. */
export interface SessionView {
  readonly id: string;
  readonly since: number;
  readonly agent: string;
  readonly version: string;
  readonly language: string;
  readonly entrant: string | null;
  /** Place of the entrant in its tournament. */
  readonly place: number | null;
  readonly playing: boolean;
  /** Family of the task that is open. */
  readonly task: string | null;
  readonly tournament: string | null;
  readonly collection: string | null;
  /** Id of the task within the tournament or collection. */
  readonly match_task: string | null;
  readonly envs: number;
  readonly trials: number;
  readonly steps: number;
}

/** GET /api/trajectories */
export interface TrajectoriesView {
  readonly server: ServerStatus;
  /** Newest first, without those that are withheld. */
  readonly trajectories: readonly TrajectorySummary[];
}

/** A trajectory in a list. */
export interface TrajectorySummary {
  /** The episode's id, as in the log. */
  readonly id: string;
  /** When it was recorded. */
  readonly at: number;
  readonly task: string;
  readonly agent: string;
  readonly entrant: string | null;
  /** Place of the entrant in its tournament. */
  readonly place: number | null;
  readonly tournament: string | null;
  readonly trial: number;
  readonly episode: number;
  readonly length: number;
  readonly return: number;
  /** null where the episode is incomplete. */
  readonly regret: number | null;
  readonly complete: boolean;
}

/** GET /api/trajectories/ID: refused with KEY_REFUSED while it is withheld. */
export interface TrajectoryView {
  readonly summary: TrajectorySummary;
  readonly options: Readonly<Record<string, unknown>>;
  readonly drawing: TrajectoryDrawing;
  /** What each action does, in a word, [A]; null where an action is but a number. */
  readonly action_names: readonly string[] | null;
  readonly num_actions: number;
  /** States that an observation can name; null for bandits. */
  readonly num_observations: number | null;
  /** "horizon", "goal", or why it was cut short. */
  readonly end_reason: string;
  /** [T], the first of them where the episode is very long. */
  readonly actions: readonly number[];
  /** [T] */
  readonly rewards: readonly number[];
  /** [T + 1]; null for bandits. */
  readonly observations: readonly number[] | null;
  /** [T], null where unknown; absent when the agent told none. */
  readonly propensities: readonly (number | null)[] | null;
  readonly revealed: RevealedTruth;
}

/** How steps are drawn: a row for each arm; a way through cells, an observation being row * columns + column; the state after each step. */
export type TrajectoryDrawing =
  | { readonly as: "arms" }
  | { readonly as: "grid"; readonly rows: number; readonly columns: number }
  | { readonly as: "states" };

/** What only the server knew while it was played. */
export interface RevealedTruth {
  readonly task_seed: string;
  readonly noise_seed: string;
  /** [T] */
  readonly optimal_actions: readonly number[];
  /** [T] */
  readonly regrets: readonly number[];
  /** [A]; null for MDPs, and where arms are drawn anew at each step. */
  readonly means: readonly number[] | null;
  /** Observations in which the largest reward is to be had for sure, and the sign that stands for each. */
  readonly goals: readonly { readonly observation: number; readonly sign: string }[];
}

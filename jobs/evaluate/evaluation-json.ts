/** evaluation.json, as `icrl evaluate` writes and prints it. */
import type { ImitationGap } from "../../agents/transformer/imitation-gap.js";
import { type SnakeCased, toSnakeCase } from "../../common/snake-case.js";
import type { RatioPoint } from "../ratio/pool-populations.js";
import type { CurveJson, MeanJson, Options } from "../tournament/results.js";
import type { Bounds } from "./bounds.js";
import type { PlannedTask } from "./plan.js";

/** An agent, by its options. */
export interface AgentEntry {
  readonly agent: string;
  readonly options: Options;
}

/** How a model chooses: options of the agent `transformer`. */
export interface Choice {
  readonly choose: "sample" | "argmax";
  /** What its logits are divided by where it samples. */
  readonly temperature: number;
}

/** How one player did on a task. */
export interface PlayerJson {
  /** "transformer", "expert", "uniform", "transformer-temperature-X" or "transformer-context-N". */
  readonly name: string;
  readonly regret: MeanJson;
  readonly return: MeanJson;
  /** Cumulative regret by step of the trial; for MDPs by episode. */
  readonly curve: CurveJson;
}

/** evaluation.json; docs/training.md describes it. */
export interface EvaluationJson {
  readonly schema_version: 2;
  readonly checkpoint: {
    readonly folder: string;
    readonly sha256: string;
    readonly step: number;
    readonly parameters: number;
  };
  /** How the model chooses, but for players that say otherwise. */
  readonly choice: Choice;
  readonly expert: AgentEntry;
  /** Null where none was asked for. */
  readonly behaviour: AgentEntry | null;
  readonly trials: number;
  readonly seed: string;
  readonly tasks: readonly (PlannedTask & {
    readonly players: readonly PlayerJson[];
    /** Of the model from the expert on the expert's own trajectories; null for shifted tasks and refused ones. */
    readonly imitation: GapJson | null;
    /** The same on the behaviour's, and how far its trials are from the expert's; null where nothing was. */
    readonly on_behaviour: (GapJson & { readonly ratio: RatioJson }) | null;
    /** What the model's return is less than the expert's at most, for rewards in [0, 1], beside what it is: the mean difference of their regrets. Null where `imitation` is. */
    readonly bounds: (SnakeCased<Bounds> & { readonly measured: MeanJson }) | null;
  })[];
}

/** The distribution ratio of the expert to the behaviour, at the trials' end. */
export interface RatioJson {
  /** Null where it is infinite, or not known. */
  readonly log_ratio: number | null;
  readonly standard_error: number | null;
  /** Effective number of instances that it is estimated from. */
  readonly ess: number | null;
  /** Why it is not known; absent where it is. */
  readonly unknown?: string;
}

/** A gap as evaluation.json has it. */
export type GapJson = ReturnType<typeof gapJson>;

/** Of what was compared. */
export const gapJson = ({ mean, steps, squaredHellingerSum, epsilonReal, ...rest }: ImitationGap) => ({
  ...toSnakeCase(rest),
  mean: toSnakeCase(mean),
  squared_hellinger_sum: squaredHellingerSum,
  epsilon_real: toSnakeCase(epsilonReal),
  steps: steps.map((step) => toSnakeCase(step)),
});

/** Of what was estimated at the last horizon. */
export const ratioJson = ({ logRatio, standardError, ess }: RatioPoint): RatioJson => ({
  log_ratio: Number.isFinite(logRatio) ? logRatio : null,
  standard_error: standardError ?? null,
  ess,
});

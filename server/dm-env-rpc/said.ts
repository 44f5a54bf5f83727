/** What an agent of dm_env_rpc would say over `icrl.v1`, with one env. */
import { int32Tensor } from "../../common/tensor.js";
import { PROTOCOL_VERSION } from "../../common/version.js";
import { type Hello, type Open, type PlayRequest, ResetMode } from "../../proto/gen/icrl/v1/environment.js";
import type { TrialRange } from "./series.js";
import type { AgentSettings, Sequence, WorldSettings } from "./settings.js";

type Said = NonNullable<PlayRequest["message"]>;

/** What stands in the log for the language of whoever speaks this protocol. */
const LANGUAGE = "dm_env_rpc";

/** Who it is. */
export const helloOf = (agent: AgentSettings): Hello => ({
  ...agent,
  minProtocolVersion: PROTOCOL_VERSION,
  maxProtocolVersion: PROTOCOL_VERSION,
  language: LANGUAGE,
  agentOptions: {},
  capabilities: [],
  tasks: [],
  entrant: undefined,
  tournamentId: undefined,
  collectionId: undefined,
  entrantKey: undefined,
  numEnvs: 0,
});

/** That it plays these trials of a world. */
export const openOf = ({ task, options, seed, record }: WorldSettings, { first, end }: TrialRange): Open => ({
  task,
  options,
  seed,
  record,
  numEnvs: 1,
  firstTrial: first,
  trials: end - first,
  purpose: "",
  explicitSeeds: [],
  tags: {},
  label: undefined,
  envSeeds: [],
  actTimeoutMs: 0,
});

/** That it does this. */
export const actionsOf = (stepIndex: bigint, action: number): Said => ({
  $case: "actions",
  value: {
    stepIndex,
    actions: int32Tensor(Int32Array.of(action), [1]),
    propensities: undefined,
    probabilities: undefined,
    hold: undefined,
  },
});

/** That it cuts its sequence short. */
export const resetOf = (stepIndex: bigint, sequence: Sequence): Said => ({
  $case: "reset",
  value: {
    stepIndex,
    envs: [0],
    seeds: [],
    mode: sequence === "trial" ? ResetMode.NEXT_TRIAL : ResetMode.NEXT_EPISODE,
  },
});

/** That it goes on with nothing. */
export const CLOSE: Said = { $case: "close", value: { reason: "" } };

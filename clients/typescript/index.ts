/** The TypeScript SDK: write an agent with `defineAgent`, or step envs yourself with `makeEnv`. */
export { IcrlError, REASONS, type Reason } from "../../common/errors.js";
export type { MeanAndStandardError } from "../../common/mean-and-standard-error.js";
export { boolean, choice, integer, number, type OptionTable, type Resolved, text } from "../../common/options.js";
export { Rng, rngFromSeed } from "../../common/rng.js";
export { float32Elements, int32Elements } from "../../common/tensor.js";
export { type Connection, type ConnectOptions, connect } from "./connect.js";
export { type Credentials, PUBLIC_CA } from "./credentials.js";
export {
  type Agent,
  type AgentDefinition,
  type Arms,
  defineAgent,
  type Outcome,
  type Policy,
  type Trial,
  type Turn,
} from "./define-agent.js";
export { ConnectionError } from "./errors.js";
export { type LabelDatasetOptions, type LabelProgress, type LabelTotals, labelDataset } from "./label-dataset.js";
export { type PlayAgentOptions, type PlayProgress, playAgent } from "./play-agent.js";
export { type Reconnection, reconnectionText } from "./reconnect-notice.js";
export { isMain, runAgent } from "./run-agent.js";
export { type ServeMatchesOptions, serveMatches } from "./serve-matches.js";
export type { FreePlay } from "./session.js";
export type { PlayTotals, TrialScores } from "./trial-scores.js";
export { makeEnv, type ResetOptions, type VectorEnv, type VectorStep } from "./vector-env.js";

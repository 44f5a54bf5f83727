import { hashId, type TrialSeeds } from "../../common/seeds.js";
import type { RunInfo } from "../trajectories/sink.js";

/** What, with its seeds, a trial is: two of one id are the same trial, played again. The agent's version is no part of it. */
export type TrialKey = Pick<RunInfo, "task" | "taskVersion" | "taskOptionsJson" | "agent" | "agentOptionsJson">;

/** The id of a trial: 32 hexadecimal digits. */
export function trialIdOf(key: TrialKey, { taskSeed, noiseSeed, agentSeed }: TrialSeeds): string {
  return hashId([
    "icrl.v1",
    "trial",
    key.task,
    String(key.taskVersion),
    key.taskOptionsJson,
    String(taskSeed),
    String(noiseSeed),
    key.agent,
    key.agentOptionsJson,
    String(agentSeed),
  ]);
}

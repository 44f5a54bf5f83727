import type { Observations } from "../../proto/gen/icrl/v1/environment.js";

/** Envs that want an action now. */
export function activeEnvs({ active }: Observations, numEnvs: number): number {
  if (active === undefined) return numEnvs;
  let count = 0;
  for (const flag of active.data) count += flag;
  return count;
}

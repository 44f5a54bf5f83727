/** What an agent may ask for in free play alone, checked against what is open: to end episodes early, and to hold envs. */
import { IcrlError } from "../../common/errors.js";
import type { TrialSeeds } from "../../common/seeds.js";
import { boolElements } from "../../common/tensor.js";
import { type Actions, type Reset, ResetMode as WireMode } from "../../proto/gen/icrl/v1/environment.js";
import type { EnvReset, ResetMode } from "./lock-step.js";
import type { Play } from "./play.js";

const MODES: Readonly<Record<number, ResetMode>> = {
  [WireMode.UNSPECIFIED]: "next episode",
  [WireMode.NEXT_EPISODE]: "next episode",
  [WireMode.NEXT_TRIAL]: "next trial",
  [WireMode.SEEDS]: "seeds",
};

/**
 * Which envs take a step, [N]: those that are active, and not held; undefined when none are held.
 * @throws PROTOCOL_ORDER, HOLD_INVALID
 */
export function checkedHold({ hold }: Actions, { numEnvs, active, mayReset }: Play): Uint8Array | undefined {
  if (hold === undefined) return undefined;
  if (!mayReset) throw new IcrlError("PROTOCOL_ORDER", `"hold" is for free play: here every active env takes a step`);
  if (hold.shape.length !== 1 || hold.shape[0] !== numEnvs) {
    throw new IcrlError(
      "HOLD_INVALID",
      `hold of shape [${hold.shape.join(", ")}]: send bool [${numEnvs}], one for each env, or none`,
    );
  }
  let held: Uint8Array;
  try {
    held = boolElements(hold, "hold");
  } catch (error) {
    throw new IcrlError("HOLD_INVALID", (error as Error).message);
  }
  return active.map((flag, n) => flag & ~held[n]);
}

/**
 * A reset of active envs, each at most once, in their order.
 * @throws PROTOCOL_ORDER, RESET_INVALID
 */
export function checkedReset(message: Reset, play: Play): Omit<EnvReset, "agentMs"> {
  if (!play.mayReset) {
    throw new IcrlError("PROTOCOL_ORDER", `"reset" is for free play: here trials are played to their ends`);
  }
  const mode = MODES[message.mode];
  if (mode === undefined) throw new IcrlError("RESET_INVALID", `reset has mode ${message.mode}: see ResetMode`);
  checkEnvs(message.envs, play);
  checkSeeds(message, mode);
  const rows = message.envs.map((n, row) => ({ n, seeds: message.seeds.at(row) as TrialSeeds }));
  rows.sort((a, b) => a.n - b.n);
  return { mode, envs: rows.map(({ n }) => n), seeds: mode === "seeds" ? rows.map(({ seeds }) => seeds) : [] };
}

/** @throws RESET_INVALID */
function checkEnvs(envs: readonly number[], { numEnvs, active }: Play): void {
  if (envs.length === 0) throw new IcrlError("RESET_INVALID", "reset names no env: name those whose episodes end");
  const named = new Set<number>();
  for (const n of envs) {
    const problem =
      n >= numEnvs
        ? `give 0 to ${numEnvs - 1}`
        : active[n] === 0
          ? "it is not active"
          : named.has(n)
            ? "it is named twice"
            : undefined;
    if (problem !== undefined)
      throw new IcrlError("RESET_INVALID", `reset names env ${n}: ${problem}`, { env: String(n) });
    named.add(n);
  }
}

/** @throws RESET_INVALID */
function checkSeeds({ envs, seeds }: Reset, mode: ResetMode): void {
  const wanted = mode === "seeds" ? envs.length : 0;
  if (seeds.length === wanted) return;
  throw new IcrlError(
    "RESET_INVALID",
    `reset of ${envs.length} envs has ${seeds.length} seeds: give one for each in mode RESET_MODE_SEEDS, and none in others`,
  );
}

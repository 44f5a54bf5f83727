/**
 * Fields that would be ignored, given what else a message says: whoever sends one believes it does something, so it is refused. What is
 * empty counts as not sent; a purpose "play" as the empty one, for which it stands.
 */
import { IcrlError } from "../../common/errors.js";
import type { Hello, Open } from "../../proto/gen/icrl/v1/environment.js";

/**
 * Sees that a hello names one thing that it enters, and has nothing of an entrant's where it is none.
 * @throws FIELD_CONFLICT
 */
export function checkHelloFields({ entrant, tournamentId, collectionId, entrantKey, numEnvs }: Hello): void {
  if (entrant === undefined) {
    const sent = { tournament_id: tournamentId, collection_id: collectionId, entrant_key: entrantKey };
    for (const [field, value] of Object.entries(sent)) if (value) throw without(`hello.${field}`, "hello.entrant");
    if (numEnvs !== 0) throw without("hello.num_envs", "hello.entrant");
  }
  if (tournamentId && collectionId) throw beside("hello.tournament_id", "hello.collection_id");
}

/**
 * Sees that an open says in one way which trials it is about.
 * @throws FIELD_CONFLICT
 */
export function checkOpenFields(open: Open): void {
  const { seed, explicitSeeds, envSeeds } = open;
  const purpose = open.purpose !== "" && open.purpose !== "play";
  if (open.label !== undefined) {
    const sent = {
      task: open.task !== "",
      options: Object.keys(open.options ?? {}).length > 0,
      trials: open.trials !== 0n,
      first_trial: open.firstTrial !== 0n,
      seed: seed !== 0n,
      purpose,
      explicit_seeds: explicitSeeds.length > 0,
      record: open.record === false,
      tags: Object.keys(open.tags).length > 0,
      env_seeds: envSeeds.length > 0,
      instances: open.instances !== undefined,
    };
    for (const [field, isSent] of Object.entries(sent)) if (isSent) throw beside(`open.${field}`, "open.label");
  }
  if (explicitSeeds.length > 0) {
    if (seed !== 0n) throw beside("open.seed", "open.explicit_seeds");
    if (purpose) throw beside("open.purpose", "open.explicit_seeds");
    if (envSeeds.length > 0) throw beside("open.env_seeds", "open.explicit_seeds");
    if (open.instances !== undefined) throw beside("open.instances", "open.explicit_seeds");
  }
  if (envSeeds.length > 0 && seed !== 0n) throw beside("open.seed", "open.env_seeds");
}

const beside = (field: string, other: string): IcrlError =>
  new IcrlError("FIELD_CONFLICT", `${field} says nothing beside ${other}: send one of the two`, { field, other });

const without = (field: string, other: string): IcrlError =>
  new IcrlError("FIELD_CONFLICT", `${field} says nothing without ${other}: send both, or neither`, { field, other });

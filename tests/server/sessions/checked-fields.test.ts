import { expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import type { Hello, Open } from "#icrl/proto/gen/icrl/v1/environment.js";
import { checkHelloFields, checkOpenFields } from "#icrl/server/sessions/checked-fields.js";
import { hello, open } from "../../support/raw-stream.js";

const explicitSeeds = [{ taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n }];

function refusal(check: () => void): { field: string; other: string } | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof IcrlError) || error.reason !== "FIELD_CONFLICT") throw error;
    const { field, other } = error.metadata;
    expect(error.message).toContain(`${field} says nothing`);
    return { field, other };
  }
}

test.each<[members: Partial<Hello>, field: string | undefined, other?: string]>([
  [{}, undefined],
  [{ tournamentId: "", collectionId: "", entrantKey: "" }, undefined],
  [{ entrant: "a" }, undefined],
  [{ entrant: "a", tournamentId: "t", numEnvs: 4, entrantKey: "0123456789abcdef" }, undefined],
  [{ entrant: "a", collectionId: "c", numEnvs: 4 }, undefined],
  [{ tournamentId: "t" }, "hello.tournament_id", "hello.entrant"],
  [{ collectionId: "c" }, "hello.collection_id", "hello.entrant"],
  [{ entrantKey: "0123456789abcdef" }, "hello.entrant_key", "hello.entrant"],
  [{ numEnvs: 4 }, "hello.num_envs", "hello.entrant"],
  [{ entrant: "a", tournamentId: "t", collectionId: "c" }, "hello.tournament_id", "hello.collection_id"],
])("hello with %o has a field that is ignored: %s", (members, field, other) => {
  const expected = field === undefined ? undefined : { field, other };
  expect(refusal(() => checkHelloFields(hello(members).value as Hello))).toEqual(expected);
});

test.each<[members: Partial<Open>, field: string | undefined, other?: string]>([
  [{ purpose: "collect", firstTrial: 3n }, undefined],
  [{ explicitSeeds, purpose: "play", firstTrial: 3n }, undefined],
  [{ envSeeds: [1n], purpose: "collect" }, undefined],
  [{ label: "expert", numEnvs: 4, purpose: "play", record: true }, undefined],
  [{ explicitSeeds, seed: 7n }, "open.seed", "open.explicit_seeds"],
  [{ explicitSeeds, purpose: "collect" }, "open.purpose", "open.explicit_seeds"],
  [{ explicitSeeds, envSeeds: [1n] }, "open.env_seeds", "open.explicit_seeds"],
  [{ envSeeds: [1n], seed: 7n }, "open.seed", "open.env_seeds"],
  [{ envSeeds: [1n], instances: 2 }, undefined],
  [{ explicitSeeds, instances: 2 }, "open.instances", "open.explicit_seeds"],
  [{ label: "expert", instances: 2 }, "open.instances", "open.label"],
  [{ label: "expert", task: "bernoulli-bandit" }, "open.task", "open.label"],
  [{ label: "expert", options: { arms: 3 } }, "open.options", "open.label"],
  [{ label: "expert", trials: 1n }, "open.trials", "open.label"],
  [{ label: "expert", firstTrial: 1n }, "open.first_trial", "open.label"],
  [{ label: "expert", seed: 1n }, "open.seed", "open.label"],
  [{ label: "expert", purpose: "collect" }, "open.purpose", "open.label"],
  [{ label: "expert", explicitSeeds }, "open.explicit_seeds", "open.label"],
  [{ label: "expert", record: false }, "open.record", "open.label"],
  [{ label: "expert", tags: { a: "b" } }, "open.tags", "open.label"],
  [{ label: "expert", envSeeds: [1n] }, "open.env_seeds", "open.label"],
])("open with %o has a field that is ignored: %s", (members, field, other) => {
  const expected = field === undefined ? undefined : { field, other };
  expect(refusal(() => checkOpenFields(open(members).value as Open))).toEqual(expected);
});

/** What of a session its rows of the log say: the law of each choice, where it was asked for, and where trials come from. */
import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { float32Tensor, int32Tensor } from "#icrl/common/tensor.js";
import { valuesOf } from "#icrl/datasets/log/batch-values.js";
import { trajectoryBatches } from "#icrl/datasets/log/trajectory-batches.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import type { Hello, Open } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { TrajectoryFilter } from "#icrl/proto/gen/icrl/v1/trajectory.js";
import { hello, open, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { create, finished, randomAgent } from "../../support/tournament.js";

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await startTestServer();
  client = rawClient(server.address);
});
afterAll(async () => {
  client.close();
  await server.dispose();
});

const LAW = { capabilities: ["probabilities"], language: "by hand" };

/** Plays two steps of a bandit with three arms, by these laws [N, 3] of each step, and reads the rows that it left. */
async function play(laws: readonly (readonly number[] | undefined)[], open: Partial<Open>, from: Partial<Hello>) {
  const numEnvs = open.numEnvs ?? 1;
  const stream = rawStream(client);
  const asked = { options: { arms: 3, horizon: laws.length }, trials: BigInt(numEnvs), ...open };
  const { welcome, opened: told } = await opened(stream, asked, from);
  for (const [k, law] of laws.entries()) {
    stream.send({
      $case: "actions",
      value: {
        stepIndex: BigInt(k),
        actions: int32Tensor(new Int32Array(numEnvs), [numEnvs]),
        propensities: undefined,
        probabilities: law && float32Tensor(Float32Array.from(law), [numEnvs, law.length / numEnvs]),
        hold: undefined,
      },
    });
    if (k < laws.length - 1) await stream.expect("observations");
  }
  const { message } = await stream.next().catch(() => ({ message: undefined }));
  if (message === undefined) return { told, rows: [], ending: await stream.ended };
  await stream.expect("closed");
  stream.call.end();
  return { told, rows: await rowsOf({ sessionId: welcome.sessionId }), ending: await stream.ended };
}

/** Rows of the log, those that are in no shard yet among them. */
async function rowsOf(filter: TrajectoryFilter): Promise<Pick<TrajectoryRow, (typeof COLUMNS)[number]>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const { arrowIpc } of server.connection.streamTrajectories({ filter, limit: 0n })) {
    for (const batch of trajectoryBatches(arrowIpc, "the stream", COLUMNS)) {
      const values = COLUMNS.map((name) => [name, valuesOf(batch, name)] as const);
      for (let i = 0; i < batch.numRows; i += 1)
        rows.push(Object.fromEntries(values.map(([name, at]) => [name, at(i)])));
    }
  }
  return rows as never;
}

const COLUMNS = ["language", "purpose", "series_seed", "probabilities"] as const;

test("the law of each choice is logged where it is known, and null where none of it is", async () => {
  const unknown = [Number.NaN, Number.NaN, Number.NaN];
  const first = [0.25, 0.25, 0.5];
  const laws = [[...first, ...unknown], undefined];
  const { told, rows } = await play(laws, { numEnvs: 2 }, LAW);
  expect(told.wantProbabilities).toBe(true);
  const logged = rows.map(({ probabilities }) => probabilities && Array.from(probabilities));
  expect(logged).toEqual([[...first, ...unknown], null]);
});

test("who does not list it is not asked, and what it sends is passed over", async () => {
  const { told, rows } = await play(
    [
      [5, 5, 5],
      [1, 0, 0],
    ],
    {},
    { language: "by hand" },
  );
  expect([told.wantProbabilities, rows.map(({ probabilities }) => probabilities)]).toEqual([false, [null]]);
});

test.each([
  ["that add up to 2", [1, 1, 0]],
  ["of which one is unknown", [0.5, 0.5, Number.NaN]],
  ["of too few actions", [0.5, 0.5]],
])("probabilities %s end the session", async (_, law) => {
  const { ending } = await play([law], {}, LAW);
  expect(ending).toMatchObject({ code: 3, reason: "PROBABILITIES_INVALID" });
});

const columns = ({ language, purpose, series_seed }: Pick<TrajectoryRow, (typeof COLUMNS)[number]>) => [
  language,
  purpose,
  series_seed,
];

test("rows say what the trial was for, and which series it is of", async () => {
  const laws = [undefined, undefined];
  const explicitSeeds = [{ taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n }];
  const most = 2n ** 64n - 1n;
  const opens: [open: Partial<Open>, ...expected: unknown[][]][] = [
    [{ seed: most }, ["by hand", "play", most]],
    [{ purpose: "validate", seed: 0n }, ["by hand", "validate", 0n]],
    [{ explicitSeeds }, ["by hand", null, null]],
    // a seed of 0 is as good as none
    [
      { numEnvs: 3, envSeeds: [most, 0n, 7n], seed: 0n, purpose: "collect" },
      ["by hand", "collect", most],
      ["by hand", "collect", 0n],
      ["by hand", "collect", 7n],
    ],
  ];
  for (const [open, ...expected] of opens) {
    expect((await play(laws, open, LAW)).rows.map(columns)).toEqual(expected);
  }
});

test("a seed of the series beside those of the envs ends the session, and nothing is logged", async () => {
  const stream = rawStream(client);
  stream.send(hello());
  const { sessionId } = await stream.expect("welcome");
  stream.send(open({ seed: 7n, envSeeds: [7n, 7n], numEnvs: 2, trials: 2n })); // also where they would say the same
  expect(await stream.ended).toMatchObject({
    code: 3,
    reason: "FIELD_CONFLICT",
    metadata: { field: "open.seed", other: "open.env_seeds" },
  });
  expect(await rowsOf({ sessionId })).toEqual([]);
});

test("rows of a tournament say the seed of its trials once it is over", async () => {
  const tasks = [{ id: "b", task: "bernoulli-bandit", options: { arms: 2, horizon: 2 } }];
  const agents = [{ name: "a", agent: "a", options: {}, tasks: [] }];
  const id = await create(server.connection, { name: "logged", seed: 99n, trials: 1, tasks, agents });
  await serveMatches(server.connection, randomAgent("a"), { entrant: "a", streams: 1 });
  await finished(server.connection, id);
  expect((await rowsOf({ tournamentId: id })).map(columns)).toEqual([["typescript", "tournament", 99n]]);
});

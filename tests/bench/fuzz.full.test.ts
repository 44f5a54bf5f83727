import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { channel } from "#icrl/bench/attacks/raw.js";
import { caseFromText } from "#icrl/bench/fuzz/case.js";
import { fuzz } from "#icrl/bench/fuzz/fuzzing.js";
import { runCase } from "#icrl/bench/fuzz/run-case.js";
import { startTestServer, type TestServer } from "../support/server.js";
import { type Witnesses, witnessesOf } from "../support/witness.js";

/** Cases that once found something, as `npm run fuzz` writes them. */
const FOUND = join(import.meta.dirname, "../fixtures/fuzz");
/** Cases of the corpus: a function of the seed. */
const SEED = 1n;
const CASES = 1500;

let server: TestServer;
let witnesses: Witnesses;
beforeAll(async () => {
  server = await startTestServer({ entrant_timeout_ms: 2000, resume_ms: 2000 });
  witnesses = witnessesOf(server);
});
afterAll(() => server.dispose());

test("the corpus finds no fault, and those who play beside it notice nothing", async () => {
  const faults: string[] = [];
  await witnesses.beside(async () => {
    const { address, operatorKey } = server;
    const { cases, ends } = await fuzz({
      ...{ address, operatorKey, seed: SEED, workers: 8 },
      enough: ({ cases }) => cases >= CASES,
      onFault: (fault, index) => faults.push(`case ${index}: ${fault}`),
    });
    expect(cases).toBeGreaterThanOrEqual(CASES);
    // It gets in, and beyond the first message.
    expect([...ends.keys()]).toEqual(
      expect.arrayContaining([
        "OK",
        "MALFORMED_MESSAGE",
        "PROTOCOL_ORDER",
        "OPTION_INVALID",
        "STEP_GAP",
        "ACTION_SHAPE",
        "step",
        "UID_UNKNOWN",
      ]),
    );
  });
  expect(faults).toEqual([]);
});

test.each(readdirSync(FOUND).filter((file) => file.endsWith(".jsonl")))("%s finds nothing any more", async (file) => {
  const client = channel(server.address);
  for (const line of readFileSync(join(FOUND, file), "utf8").trim().split("\n")) {
    expect((await runCase(caseFromText(line), client, server.address)).fault).toBe(undefined);
  }
  client.close();
});

test("after all that the server has met no error of its own, and its log verifies", async () => {
  await expect.poll(async () => (await server.connection.getServerInfo()).openSessions).toBe(0);
  expect(server.said.filter((line) => (line.level as number) >= 50)).toEqual([]);
  await witnesses.checkLog();
});

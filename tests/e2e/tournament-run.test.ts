import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entrantKey } from "#icrl/jobs/tournament/entrant-keys.js";
import { ownerKey } from "#icrl/jobs/tournament/owner-key.js";
import { hashOfKey } from "#icrl/server/keys.js";
import { icrlHere, refusalHere } from "../support/icrl-here.js";
import { serverForTest } from "../support/server.js";
import { shape } from "../support/shape.js";
import { tournamentFile } from "../support/tournament-file.js";
import { icrlJson, startServe, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const file = tournamentFile(folder.path);
const out = path("out");
let document: unknown;
beforeAll(async () => {
  document = await icrlJson("tournament", "run", file, "--out", out, "--trials", "3", "--seed", "9");
});

test("--json is what results.json holds; docs/results.md has its fields", () => {
  expect(document).toEqual(JSON.parse(readFileSync(join(out, "results.json"), "utf8")));
  expect(document).toMatchObject({ schema_version: 2, tournament: { trials: 3, seed: "9" } });
  expect(shape(document)).toEqual({
    schema_version: "number",
    command: "string",
    versions: { icrl: "string", node: "string", server: "string" },
    tournament: {
      id: "string",
      name: "string",
      seed: "string",
      seed_key: "string",
      trials: "number",
      tasks: [{ id: "string", task: "string", options: {} }],
      agents: [{ name: "string", agent: "string", options: {}, tasks: [] }],
    },
    tasks: [
      {
        id: "string",
        task: "string",
        options: expect.any(Object),
        uniform_regret: "number",
        agents: [
          {
            name: "string",
            agent: "string",
            options: {},
            trials: "number",
            forfeits: "number",
            regret: { mean: "number", se: "number", ci95: ["number"] },
            return: { mean: "number", se: "number" },
            curve: { step: ["number"], mean: ["number"], se: ["number"] },
          },
        ],
      },
    ],
    leaderboard: [
      { task: "string", name: "string", rank: "number", regret: "number", trials: "number", forfeits: "number" },
    ],
  });
  expect(readdirSync(out).sort()).toEqual(
    [
      ...["agents", "data", "log", "owner.key", "regret.png", "regret.svg", "results.json"],
      ...["tournament.json", "tournaments", "trials.parquet"],
    ].sort(),
  );
  const key = join(out, "owner.key");
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect(readFileSync(key, "utf8")).toMatch(/^[0-9a-f]{32}\n$/);
  expect(JSON.stringify(document)).not.toContain(readFileSync(key, "utf8").trim());
});

test("its own entrants are known by keys that come of a secret which its owner alone may read", () => {
  const secret = join(out, "owner.key");
  expect(readFileSync(secret, "utf8")).toMatch(/^[0-9a-f]{32}\n$/);
  expect(statSync(secret).mode & 0o777).toBe(0o600);
  const [journal] = readdirSync(join(out, "tournaments"));
  const events = readFileSync(join(out, "tournaments", journal), "utf8")
    .trim()
    .split("\n");
  const keyed = events
    .map((line) => JSON.parse(line) as Record<string, string>)
    .filter(({ event }) => event === "keyed");
  const key = (name: string) => entrantKey(ownerKey(out), name);
  expect(keyed).toEqual(["u", "emp"].map((entrant) => ({ event: "keyed", entrant, hash: hashOfKey(key(entrant)) })));
});

test("a secret that is none is refused, not replaced", async () => {
  const other = path("damaged");
  mkdirSync(other);
  writeFileSync(join(other, "owner.key"), "not a key");
  expect(() => ownerKey(other)).toThrow(/is no key of a tournament: restore it, or begin anew with --overwrite/);
  expect(readFileSync(join(other, "owner.key"), "utf8")).toBe("not a key");
});
const refusedDelete = async (id: string, server: string) =>
  (await icrlHere("tournament", "delete", id, "--server", server)).stderr;

test("exit code 4 tells that a match was forfeited, here by an agent of somebody's own that never came", async () => {
  const server = await startServe(path("forfeits"), "--entrant-timeout-ms", "300"); // the flag of a limit, which no other test gives
  const file = tournamentFile(folder.path, { agents: [{ name: "mine", agent: "not-built-in" }, { agent: "uniform" }] });
  const { code, stdout, stderr } = await icrlHere(
    "tournament",
    "run",
    file,
    "--out",
    path("forfeit-out"),
    "--server",
    server.address,
  );
  const { id } = JSON.parse(readFileSync(join(path("forfeit-out"), "results.json"), "utf8")).tournament;
  expect(await refusedDelete(id, server.address)).toContain("KEY_REFUSED");
  const deleted = await icrlHere("tournament", "delete", id, "--server", server.address, "--out", path("forfeit-out"));
  expect(deleted.stdout).toBe(`tournament ${id} is deleted\n`);
  await server.stop();
  expect(stderr).toContain(
    `mine: "not-built-in" is not built in; start it with --connect ${server.address} --entrant mine\n`,
  );
  expect(stdout).toContain("2 (AGENT_ABSENT)");
  expect(code).toBe(4);
});

test("a folder that holds another tournament is left alone, and replaced with --overwrite", async () => {
  const before = readFileSync(join(out, "results.json"), "utf8");
  expect(await refusalHere("tournament", "run", file, "--out", out)).toMatch(
    /^OUTPUT_EXISTS: .*out holds another tournament: choose another --out, or replace it with --overwrite$/,
  );
  await refusalHere("tournament", "run", tournamentFile(folder.path, { tasks: [] }), "--out", out, "--overwrite");
  expect(readFileSync(join(out, "results.json"), "utf8")).toBe(before);
  const other = tournamentFile(folder.path, { name: "other", agents: [{ agent: "uniform" }] });
  const { address } = await serverForTest();
  expect((await icrlHere("tournament", "run", other, "--out", out, "--overwrite", "--server", address)).code).toBe(0);
  expect(JSON.parse(readFileSync(join(out, "results.json"), "utf8"))).toMatchObject({ tournament: { name: "other" } });
});

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { forbidden } from "../.dependency-cruiser.mjs";
import { nameRules } from "../scripts/forbidden-names.mjs";
import { brokenWalls } from "../scripts/walls.mjs";

/** Files that others import, and files that break no wall: what the rules must let pass. */
const innocent: Record<string, string> = {
  "package.json": JSON.stringify({
    name: "fixture",
    type: "module",
    dependencies: {
      "prom-client": "15.1.3",
      zod: "4.6.7",
      commander: "14.0.3",
      "@duckdb/node-api": "1.5.6-r.1",
      "@grpc/proto-loader": "0.8.1",
      pino: "10.4.0",
    },
    devDependencies: { vitest: "4.1.12", "@tensorflow/tfjs": "4.22.0" },
    peerDependencies: { "@tensorflow/tfjs": "4.22.0" },
  }),
  "proto/gen/icrl/v1/tensor.ts": "export const dtype = 1;",
  "proto/gen/icrl/v1/environment.ts": "export const service = 1;",
  "common/seeds.ts": 'import "node:crypto"; export const seeds = 1;',
  "common/tensor.ts": 'import "node:os"; import "../proto/gen/icrl/v1/tensor.js"; export type Tensor = number;',
  "common/members.ts": "export const members = (a: { process: number }) => ({ Date: a.process, truth: Math.sqrt(2) });",
  "datasets/files/document.ts": 'import type * as Zod from "zod"; export type Z = typeof Zod;',
  "datasets/log/duckdb.ts": 'import "@duckdb/node-api"; export const sql = 1;',
  "datasets/log/query.ts":
    'import type { DuckDBConnection } from "@duckdb/node-api"; export type C = DuckDBConnection;',
  "datasets/log/schema.ts":
    'import "node:fs"; import "../../common/seeds.js"; import "../files/document.js"; export const schema = { truth: 1 }.truth;',
  "datasets/folder/manifest.ts": 'import "../log/schema.js"; import "../files/document.js"; export const manifest = 1;',
  "datasets/read/read.ts": 'import "../folder/manifest.js"; import "../log/schema.js"; export const read = 1;',
  "datasets/verify/verify.ts": 'import "../read/read.js"; import "../folder/manifest.js";',
  "datasets/export/formats.ts": 'import type { read } from "../read/read.js"; export type R = typeof read;',
  "datasets/output/kinds.ts": 'import "../export/formats.js"; import "../folder/manifest.js"; export const kinds = 1;',
  "datasets/rewrite/merge.ts": 'import "../output/kinds.js"; import "../export/formats.js"; import "../read/read.js";',
  "datasets/tournament/trials.ts": 'import "../log/duckdb.js";',
  "server/trajectories/holder.ts": 'import { pid } from "node:process"; export const holder = pid;',
  "server/tasks/task.ts": 'import "../../common/seeds.js"; export const read = (env: { truth: number }) => env.truth;',
  "server/trajectories/sink.ts":
    'import "../../datasets/log/schema.js"; import "../../datasets/folder/manifest.js"; export const now = () => Date.now();',
  "server/matches/roster.ts": 'import "../tasks/task.js";',
  "server/sessions/session.ts":
    'import "../trajectories/sink.js"; import "../matches/roster.js"; import "../tasks/task.js";',
  "server/tournaments/schedule.ts": 'import "../matches/roster.js"; import "../sessions/session.js";',
  "server/collections/collection.ts": 'import "../matches/roster.js"; import "../sessions/session.js";',
  "server/labels/labelling.ts": 'import "../sessions/session.js";',
  "server/dm-env-rpc/player.ts": 'import "../sessions/session.js"; import "../tasks/task.js";',
  "server/rpc/play.ts": 'import "../tournaments/schedule.js"; import "../../proto/gen/icrl/v1/environment.js";',
  "server/http/api.ts": "export const api = 1; export interface View { readonly open_sessions: number }",
  "server/http/routes.ts": 'import "../tournaments/schedule.js"; import "./api.js";',
  "server/metrics/metrics.ts": 'import "prom-client"; import "../tournaments/schedule.js"; export const metrics = 1;',
  "server/page/page.tsx": 'import "../http/api.js";',
  "server/app.ts":
    'import "./rpc/play.js"; import "./dm-env-rpc/player.js"; import "./http/routes.js"; import "./metrics/metrics.js";',
  "server/main.ts": 'import "./app.js"; console.log(process.argv);',
  "clients/typescript/define-agent.ts": 'import "../../common/tensor.js";',
  "clients/python/server.ts": "export const server = 1;",
  "clients/typescript/connect.ts": 'import "../../proto/gen/icrl/v1/environment.js";',
  "agents/kit/argmax.ts": "export const argmax = 1;",
  "agents/bandits/emp.ts": 'import "../kit/argmax.js"; import "../../clients/typescript/define-agent.js";',
  "agents/transformer/model.ts": 'import "@tensorflow/tfjs"; import "../../datasets/read/read.js";',
  "agents/transformer/transformer.ts": 'import "./infer.js";',
  "agents/transformer/infer.ts": "export const infer = 1;",
  "agents/transformer/tfjs-learner.ts": 'import "@tensorflow/tfjs"; import "./model.js";',
  "agents/main.ts":
    'import "./transformer/transformer.js"; import "./bandits/emp.js"; import "../clients/typescript/connect.js"; import("./transformer/model.js");',
  "cli/main.ts":
    'import "../server/main.js"; import "../agents/main.js"; import("../jobs/train/run-training.js"); process.exit();',
  "cli/command.ts": 'import { Command } from "commander"; export type command = Command;',
  "jobs/log-writer.ts": "export const log = 1;",
  "jobs/train/run-training.ts":
    'import "../../agents/transformer/infer.js"; import("../../agents/transformer/model.js");',
  "jobs/processes/start.ts": "export const node = process.execPath;",
  "bench/main.ts": 'import "vitest"; import "../server/app.js"; import "../agents/main.js"; process.exit();',
};

/** One file a row, and the rules that it breaks; a cycle is reported for one of its files. */
const guilty: readonly (readonly [rules: string, file: string, text: string])[] = [
  ["proto-alone", "proto/gen/a.ts", 'import "../../common/seeds.js";'],
  ["common", "common/a.ts", 'import "../clients/typescript/define-agent.js";'],
  ["datasets", "datasets/a.ts", 'import "../server/tasks/task.js";'],
  ["datasets-files", "datasets/files/a.ts", 'import "../log/schema.js";'],
  ["datasets-log", "datasets/log/a.ts", 'import "../folder/manifest.js";'],
  [
    "datasets-folder",
    "datasets/folder/a.ts",
    'import type { read } from "../read/read.js"; export type R = typeof read;',
  ],
  ["datasets-read", "datasets/read/a.ts", 'import "../output/kinds.js";'],
  ["datasets-verify", "datasets/verify/a.ts", 'import "../rewrite/merge.js";'],
  ["datasets-export", "datasets/export/a.ts", 'import "../output/kinds.js";'],
  ["datasets-output", "datasets/output/a.ts", 'import "../read/read.js";'],
  ["datasets-rewrite", "datasets/rewrite/a.ts", 'import "../verify/verify.js";'],
  ["datasets-import", "datasets/import/a.ts", 'import "../output/kinds.js";'],
  ["datasets-tournament", "datasets/tournament/a.ts", 'import "../folder/manifest.js";'],
  ["server-datasets", "server/labels/b.ts", 'import "../../datasets/read/read.js";'],
  ["server-datasets", "server/trajectories/e.ts", 'import "../../datasets/output/kinds.js";'],
  [
    "server server-trajectories",
    "server/trajectories/a.ts",
    'import type { argmax } from "../../agents/kit/argmax.js";',
  ],
  ["server", "server/b.ts", 'import "../clients/typescript/connect.js";'],
  ["clients sdk", "clients/typescript/a.ts", 'import "../../server/tasks/task.js";'],
  ["clients sdk", "clients/typescript/b.ts", 'import "../../datasets/log/schema.js";'],
  ["clients sdk", "clients/typescript/c.ts", 'import type { argmax } from "../../agents/kit/argmax.js";'],
  ["sdk", "clients/typescript/d.ts", 'import "../python/server.js";'],
  ["clients", "clients/python/a.ts", 'import "../../cli/main.js";'],
  ["clients", "clients/python/b.ts", 'import "../../jobs/log-writer.js";'],
  ["sdk-dependencies", "clients/typescript/e.ts", 'import "@grpc/proto-loader";'],
  ["pure sdk-dependencies", "common/e.ts", 'import type { Logger } from "pino"; export type L = Logger;'],
  ["agents", "agents/a.ts", 'import "../server/app.js";'],
  ["agents", "agents/b.ts", 'import "../cli/main.js";'],
  ["jobs", "jobs/a.ts", 'import "../bench/main.js";'],
  ["jobs", "jobs/collect/a.ts", 'import type { command } from "../../cli/command.js";'],
  ["server-access", "server/access/a.ts", 'import "../trajectories/sink.js";'],
  ["server-tasks pure", "server/tasks/a.ts", 'import "../trajectories/sink.js";'],
  ["server-trajectories", "server/trajectories/c.ts", 'import "../sessions/session.js";'],
  ["server-own-tasks", "server/own-tasks/a.ts", 'import "../trajectories/sink.js";'],
  ["server-work", "server/work/a.ts", 'import "../tasks/task.js";'],
  ["server-matches", "server/matches/a.ts", 'import "../sessions/session.js";'],
  ["server-matches", "server/matches/b.ts", 'import "../trajectories/sink.js";'],
  ["server-sessions", "server/sessions/a.ts", 'import "../tournaments/schedule.js";'],
  ["server-tournaments", "server/tournaments/a.ts", 'import "../rpc/play.js";'],
  ["server-collections", "server/collections/a.ts", 'import "../tournaments/schedule.js";'],
  ["server-labels", "server/labels/a.ts", 'import "../tournaments/schedule.js";'],
  ["server-dm-env-rpc", "server/dm-env-rpc/a.ts", 'import "../trajectories/sink.js";'],
  ["server-rpc", "server/rpc/a.ts", 'import "../app.js";'],
  ["server-http", "server/http/a.ts", 'import "../rpc/play.js";'],
  ["server-metrics", "server/metrics/a.ts", 'import "../rpc/play.js";'],
  ["metrics-by-app server-sessions", "server/sessions/d.ts", 'import "../metrics/metrics.js";'],
  ["prom-client", "server/trajectories/d.ts", 'import "prom-client";'],
  ["server-page", "server/page/a.tsx", 'import "../tasks/task.js";'],
  ["server-page", "server/page/b.tsx", 'import "../http/routes.js";'],
  ["http-by-app server-rpc", "server/rpc/d.ts", 'import "../http/routes.js";'],
  ["server-main", "server/c.ts", 'import "./main.js";'],
  ["no-cycles", "server/rpc/b.ts", 'import type { c } from "./c.js"; export type b = c;'],
  ["", "server/rpc/c.ts", 'import type { b } from "./b.js"; export type c = b;'],
  ["pure", "common/b.ts", 'import "node:fs";'],
  ["pure", "common/c.ts", 'import "../proto/gen/icrl/v1/environment.js";'],
  ["pure", "agents/mdps/a.ts", 'import "../../clients/typescript/connect.js";'],
  ["pure statistics", "statistics/a.ts", 'import "../server/tournaments/schedule.js";'],
  ["pure-hash", "agents/kit/a.ts", 'import "node:crypto";'],
  ["pure-byte-order", "server/tasks/b.ts", 'import "node:os";'],
  ["commander", "jobs/b.ts", 'import { Command } from "commander"; export const c = new Command();'],
  ["tensorflow tensorflow-lazily", "datasets/b.ts", 'import "@tensorflow/tfjs";'],
  ["tensorflow-lazily", "agents/transformer/backends.ts", 'import "@tensorflow/tfjs";'],
  [
    "tensorflow-lazily",
    "agents/transformer/learner-backends.ts",
    'import "./model.js"; import type { m } from "./model.js";',
  ],
  ["transformer-lazily", "agents/c.ts", 'import "./transformer/infer.js";'],
  ["transformer-lazily", "cli/a.ts", 'import "../jobs/train/run-training.js";'],
  ["transformer-plays-alone tensorflow-lazily", "agents/transformer/transformer.ts", 'import "./model.js";'],
  ["schemas", "datasets/d.ts", 'import { z } from "zod"; export const s = z;'],
  ["schemas", "cli/d.ts", 'import type { z } from "zod"; export type S = typeof z;'],
  ["sql", "datasets/e.ts", 'import { DuckDBInstance } from "@duckdb/node-api"; export const d = DuckDBInstance;'],
  ["runtime-dependencies", "datasets/c.ts", 'import "vitest";'],
  ["impure-name", "common/d.ts", "export const draw = () => Math.random();"],
  ["impure-name", "server/tasks/c.ts", "export const draw = () => Math['random']();"],
  ["impure-name", "agents/bandits/a.ts", "export const now = () => performance.now();"],
  ["impure-name", "agents/kit/b.ts", "export const now = () => new Date();"],
  ["process-name", "server/sessions/b.ts", "export const level = process.env.LEVEL;"],
  ["process-name", "agents/d.ts", 'import { env } from "node:process"; export const level = env.LEVEL;'],
  ["process-name", "jobs/collect/b.ts", "export const node = process.version;"],
  ["truth", "server/sessions/c.ts", "export const peek = (env: { truth: number }) => env.truth;"],
  ["truth", "server/page/c.tsx", "export const peek = (env: { truth: number }) => env.truth;"],
  ["snake-case", "server/sessions/f.ts", "export interface Bounds { readonly max_envs: number }"],
  ["snake-case", "agents/transformer/d.ts", "export type Config = { layers: number } | { token_size?: number };"],
  ["truth", "server/tournaments/b.ts", "export const peek = ({ truth }: { truth: number }) => truth;"],
];

const repository = join(import.meta.dirname, "..");

/** What the walls say about a tree of files. */
async function brokenIn(files: Record<string, string>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "icrl-walls-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return brokenWalls(root);
}

test("the source keeps within its walls", async () => {
  expect(await brokenWalls(repository)).toEqual([]);
});

test("a tree that keeps within the walls breaks none", async () => {
  expect(await brokenIn(innocent)).toEqual([]);
});

test("each breach of a wall is reported, under its rules and no other", async () => {
  const files = Object.fromEntries(guilty.map(([, file, text]) => [file, text]));
  const broken = await brokenIn({ ...innocent, ...files });
  const reported = broken.map((line) => /^(\S+): (\S+)/.exec(line)?.slice(1).join(" "));
  const expected = guilty.flatMap(([rules, file]) =>
    rules
      .split(" ")
      .filter(Boolean)
      .map((rule) => `${rule} ${file}`),
  );
  expect(reported.sort()).toEqual(expected.sort());
});

test("every rule has a breach above", () => {
  const rules = [...forbidden.map(({ name }) => name), ...nameRules];
  expect(new Set(guilty.flatMap(([breached]) => breached.split(" ").filter(Boolean)))).toEqual(new Set(rules));
});

test("tests wait by what ends only what hangs: vi.waitFor gives up after a second", () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && name !== "support/eventually.ts" && name !== "walls.test.ts",
  );
  const impatient = files.filter((name) =>
    readFileSync(join(import.meta.dirname, name), "utf8").includes("vi.waitFor("),
  );
  expect(impatient).toEqual([]);
});

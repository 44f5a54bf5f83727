/** docs/security.md says who may do what; here every cell of its table is tried, on servers with tokens and without. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bearer, type Connection, connect } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { introduce, open } from "#icrl/clients/typescript/session.js";
import type { Tournament } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { PERMISSIONS } from "#icrl/server/rpc/permissions.js";
import { tokenFor } from "../../support/access.js";
import { conversation, PROCESS } from "../../support/dm-env-rpc.js";
import { http } from "../../support/http.js";
import { rawClient, rawStream } from "../../support/raw-stream.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { BANDIT, randomAgent, spec } from "../../support/tournament.js";

const ROOT = new URL("../../../", import.meta.url);
const PROTO = fileURLToPath(new URL("proto/icrl/v1/", ROOT));

/** The table: what, and by column what is in its cell. */
const [columns, ...rows] = readFileSync(new URL("docs/security.md", ROOT), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .filter((cells) => cells.length === 7);

/** Everybody of the protocol: "TournamentService/GetTournament". */
const RPCS = readdirSync(PROTO).flatMap((file) => {
  const text = readFileSync(join(PROTO, file), "utf8");
  const service = /^service (\w+)/m.exec(text)?.[1];
  return [...text.matchAll(/^ {2}rpc (\w+)/gm)].map(([, rpc]) => `${service}/${rpc}`);
});

/** Somebody who tries. */
interface Caller {
  readonly place: Place;
  readonly connection: Connection;
  readonly token: string | undefined;
}

/** A server with something of everything, its operator, and who plays there. */
interface Place {
  readonly server: TestServer;
  readonly operator: Connection;
  readonly player: Connection;
  readonly over: string;
  readonly running: string;
  /** Begins the ids of sessions: of the player, of the bound player. */
  readonly ids: Readonly<Record<string, string>>;
}

const callers = new Map<string, Caller>();
const closing: (() => unknown)[] = [];

async function place(requireTokens: boolean): Promise<Place & { readonly tokens: Readonly<Record<string, string>> }> {
  const page = { listen: "127.0.0.1:0" };
  const more = { doors: { requireTokens }, metrics: "127.0.0.1:0" };
  const shown = ({ operatorKey }: { operatorKey: string }) => ({ token: operatorKey });
  const limits = { entrant_timeout_ms: 600_000 };
  const server = await startTestServer(limits, undefined, page, undefined, "silent", undefined, more, shown);
  const made = {
    player: tokenFor(server.dataDir, "player"),
    bound: tokenFor(server.dataDir, "player", { entrant: "bound" }),
    reader: tokenFor(server.dataDir, "reader"),
    operator: tokenFor(server.dataDir, "operator"),
  };
  const operator = server.connection;
  const by = async (token: string) => {
    const connection = await connect(server.address, undefined, undefined, { token });
    closing.push(() => connection.close());
    return connection;
  };
  const [player, bound] = [await by(made.player.text), await by(made.bound.text)];
  const of = (name: string, entrants: string[], seed: bigint) =>
    spec(entrants, { name, seed, trials: 2, tasks: [BANDIT] });
  const create = async (name: string, entrants: string[], seed: bigint) =>
    ((await operator.createTournament({ spec: of(name, entrants, seed) })).tournament as Tournament).id;
  const over = await create("over", ["bound", "rival"], 1n);
  const running = await create("running", ["bound", "rival", "absent", "away"], 2n);
  for (const tournamentId of [over, running]) {
    await serveMatches(bound, randomAgent("bound"), { entrant: "bound", tournamentId });
    await serveMatches(player, randomAgent("rival"), { entrant: "rival", tournamentId });
  }
  for await (const update of operator.watchTournament({ id: over })) void update;
  const tokens = Object.fromEntries(Object.entries(made).map(([name, { text }]) => [name, text]));
  const ids = Object.fromEntries(Object.entries(made).map(([name, { id }]) => [name, id]));
  return { server, operator, player, over, running, ids, tokens };
}

beforeAll(async () => {
  const [asking, loopback] = await Promise.all([place(true), place(false)]);
  closing.push(
    () => asking.server.dispose(),
    () => loopback.server.dispose(),
  );
  const { player, bound, reader, operator } = asking.tokens;
  for (const [column, at, token] of [
    ["stranger", asking, undefined],
    ["player", asking, player],
    ["bound player", asking, bound],
    ["reader", asking, reader],
    ["operator", asking, operator],
    ["loopback", loopback, undefined],
  ] as const) {
    const connection = await connect(at.server.address, undefined, undefined, { token });
    closing.push(() => connection.close());
    callers.set(column, { place: at, connection, token });
  }
});
afterAll(async () => {
  for (const close of closing) await close();
});

const REFUSALS = ["TOKEN_MISSING", "ROLE_REFUSED", "TOKEN_INVALID"];

/** What a cell says when something is tried. Refusals for other reasons fail the test. */
async function tried(what: () => Promise<unknown>, yes = "yes"): Promise<string> {
  try {
    await what();
    return yes;
  } catch (error) {
    if (REFUSALS.includes((error as { reason: string }).reason)) return "no";
    throw error;
  }
}

async function first<T>(answers: AsyncIterable<T>): Promise<T> {
  for await (const answer of answers) return answer;
  throw new Error("no answer came");
}

let made = 0;

async function created(at: Place, ownerKey = ""): Promise<string> {
  made += 1;
  const of = spec(["nobody"], { name: `made ${made}`, trials: 1, tasks: [BANDIT] });
  return ((await at.operator.createTournament({ spec: of, ownerKey })).tournament as Tournament).id;
}

const OWNER = "the-owners-own-key";

/** Whether what an owner may is done without his key: "yes"; with it alone: "key". */
async function withKey(
  make: (ownerKey: string) => Promise<string>,
  end: (id: string, key: string) => Promise<unknown>,
): Promise<string> {
  const id = await make(OWNER);
  try {
    await end(id, "");
    return "yes";
  } catch (error) {
    const { reason } = error as { reason: string };
    if (REFUSALS.includes(reason)) return "no";
    if (reason !== "KEY_REFUSED") throw error;
  }
  await end(id, OWNER);
  return "key";
}

/** How much of a tournament is told: its seed is withheld from whoever may not know what came of it. */
function seen(over: Tournament | undefined, running: Tournament | undefined): string {
  if (running?.spec?.seed !== undefined) return "all";
  return over?.spec?.seed === undefined ? "progress" : "over";
}

type Row = { readonly sessionId: string; readonly tournamentId?: string; readonly entrant?: string };

function rowsSeen({ place: { ids, over, running } }: Caller, listed: readonly Row[], column: string): string {
  if (listed.some(({ tournamentId }) => tournamentId === running)) return "all";
  const own = { player: ids.player, "bound player": ids.bound }[column];
  expect(listed.some(({ tournamentId }) => tournamentId === over)).toBe(true);
  return own !== undefined && listed.every(({ sessionId }) => sessionId.startsWith(own)) ? "own" : "over";
}

async function play({ connection }: Caller, entrant: string | undefined): Promise<void> {
  const stream = connection.play();
  try {
    await introduce(stream, { agent: entrant ?? "x", entrant });
    if (entrant === undefined) await open(stream, { task: "chain" });
  } finally {
    stream.cancel();
  }
}

/** A session of the player's that somebody else goes on with. */
async function resumed({ token, place: { server, player } }: Caller): Promise<void> {
  const stream = player.play();
  const welcome = await introduce(stream, { agent: "x", capabilities: ["resume"] });
  const client = rawClient(server.address, token === undefined ? {} : { interceptors: [bearer(token)] });
  const thief = rawStream(client);
  try {
    thief.send({ $case: "resume", value: { resumeToken: welcome.resumeToken, received: 0n } });
    await thief.expect("welcome").catch(async () => {
      const { text, reason } = await thief.ended;
      throw Object.assign(new Error(text), { reason });
    });
  } finally {
    client.close();
    stream.cancel();
  }
}

/** A call that no client of ours makes. */
function bare({ place: { server }, token }: Caller, path: string): Promise<unknown> {
  const client = new Client(server.address, credentials.createInsecure());
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  const raw = (bytes: Buffer) => bytes;
  return new Promise<unknown>((resolve, reject) => {
    const call = client.makeBidiStreamRequest(path, raw, raw, metadata);
    call.on("data", (answer) => {
      resolve(answer);
      call.cancel();
    });
    call.on("error", ({ code, details }: { code: number; details: string }) =>
      reject(Object.assign(new Error(details), { reason: { 16: "TOKEN_MISSING", 7: "ROLE_REFUSED" }[code] })),
    );
    // A HealthCheckRequest of service "" or a HealthListRequest, and a ServerReflectionRequest with list_services = "" (field 7).
    call.write(path.includes("health") ? Buffer.alloc(0) : Buffer.from([0x3a, 0]));
    call.end();
  }).finally(() => client.close());
}

async function page({ place: { server }, token }: Caller, path: string, method = "GET") {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const body = method === "POST" ? (token ?? "") : undefined;
  const reply = await http(new URL(path, server.pageUrl).href, headers, method, body);
  return { status: reply.status, body: reply.body.toString() };
}

/** What a path of the page answers: `read` says how much it shows. */
async function asked(caller: Caller, path: string, read: (body: string) => string = () => "yes"): Promise<string> {
  const { status, body } = await page(caller, path);
  if (status === 401 || status === 403) return "no";
  return read(body);
}

function shownOf(body: string): string {
  const { server } = JSON.parse(body) as { server: { operator: boolean; withholds: boolean } };
  return server.operator ? "all" : server.withholds ? "over" : "progress";
}

async function posted(caller: Caller, path: string): Promise<string> {
  const { status } = await page(caller, path, "POST");
  if (status === 401 || status === 403) return "no";
  return status === 200 ? "yes" : "none";
}

const collection = (name: string) => ({
  name,
  seed: 1n,
  tasks: [{ id: "chain", task: "chain", options: {}, trials: 1 }],
  behaviours: [{ name: "nobody", agent: "x", options: {}, weight: 1 }],
});

async function collected({ operator }: Place, ownerKey = ""): Promise<string> {
  made += 1;
  const answer = await operator.createCollection({ spec: collection(`made ${made}`) as never, ownerKey });
  return (answer.collection as { id: string }).id;
}

/** How each row is tried. */
const TRIES: Record<string, (caller: Caller, column: string) => Promise<string>> = {
  "`EnvironmentService/Play` freely": (caller) => tried(() => play(caller, undefined)),
  "`EnvironmentService/Play` as the bound player": (caller) => tried(() => play(caller, "bound")),
  "`EnvironmentService/Play` as an entrant whose name is nobody's": (caller) => tried(() => play(caller, "absent")),
  "`EnvironmentService/Play` resuming another's session": async (caller, column) =>
    column === "player" ? "no" : tried(() => resumed(caller)), // to the player itself it is no other's
  "`EnvironmentService/ListTasks`": ({ connection }) => tried(() => connection.listTasks()),
  "`EnvironmentService/GetTask`": ({ connection }) => tried(() => connection.getTask({ name: "chain", options: {} })),
  "`ServerInfoService/GetServerInfo`": ({ connection }) => tried(() => connection.getServerInfo()),
  "`TournamentService/CreateTournament`": ({ connection }) => {
    made += 1;
    const of = spec(["nobody"], { name: `made ${made}`, trials: 1, tasks: [BANDIT] });
    return tried(() => connection.createTournament({ spec: of }));
  },
  "`TournamentService/GetTournament`": async ({ connection, place: { over, running } }) => {
    let told = "";
    const allowed = await tried(async () => {
      const [one, other] = await Promise.all([
        connection.getTournament({ id: over }),
        connection.getTournament({ id: running }),
      ]);
      told = seen(one.tournament, other.tournament);
      expect(one.results === undefined).toBe(told === "progress");
    });
    return allowed === "no" ? "no" : told;
  },
  "`TournamentService/ListTournaments`": async ({ connection, place: { over, running } }) => {
    let told = "";
    const allowed = await tried(async () => {
      const { tournaments } = await connection.listTournaments({ pageSize: 1000 });
      told = seen(
        ...([over, running].map((id) => tournaments.find((one) => one.id === id)) as [Tournament, Tournament]),
      );
    });
    return allowed === "no" ? "no" : told;
  },
  "`TournamentService/WatchTournament`": async ({ connection, place: { over, running } }) => {
    let told = "";
    const allowed = await tried(async () => {
      const [one, other] = await Promise.all([over, running].map((id) => first(connection.watchTournament({ id }))));
      told = seen(one.tournament, other.tournament);
    });
    return allowed === "no" ? "no" : told;
  },
  "`TournamentService/StreamTrials`": ({ connection, place: { over } }) =>
    tried(() => first(connection.streamTrials({ id: over })), "over"),
  "`TournamentService/CancelTournament`": (caller) =>
    withKey(
      (key) => created(caller.place, key),
      (id, ownerKey) => caller.connection.cancelTournament({ id, ownerKey }),
    ),
  "`TournamentService/DeleteTournament`": (caller) =>
    withKey(
      async (key) => {
        const id = await created(caller.place, key);
        await caller.place.operator.cancelTournament({ id, ownerKey: key });
        return id;
      },
      (id, ownerKey) => caller.connection.deleteTournament({ id, ownerKey }),
    ),
  "`TournamentService/ForfeitMatches`": (caller) =>
    withKey(
      (key) => created(caller.place, key),
      (id, key) => caller.connection.forfeitMatches({ id, entrant: "nobody", message: "", all: true, key }),
    ),
  "`CollectionService/CreateCollection`": ({ connection }) => {
    made += 1;
    return tried(() => connection.createCollection({ spec: collection(`made ${made}`) as never }));
  },
  "`CollectionService/ListCollections`": ({ connection }) => tried(() => connection.listCollections()),
  "`CollectionService/WatchCollection`": ({ connection, place: at }) =>
    tried(async () => first(connection.watchCollection({ id: await collected(at) }))),
  "`CollectionService/CancelCollection`": (caller) =>
    withKey(
      (key) => collected(caller.place, key),
      (id, ownerKey) => caller.connection.cancelCollection({ id, ownerKey }),
    ),
  "`TrajectoryService/CountTrials`": ({ connection }) =>
    tried(() =>
      connection.countTrials({
        task: "chain",
        options: {},
        seed: 0n,
        purpose: "play",
        firstTrial: 0n,
        trials: 1n,
      } as never),
    ),
  "`TrajectoryService/ListTrajectories`": async (caller, column) => {
    let told = "";
    const allowed = await tried(async () => {
      const { trajectories } = await caller.connection.listTrajectories({
        filter: undefined,
        pageSize: 1000,
        pageToken: "",
      });
      told = rowsSeen(caller, trajectories as Row[], column);
    });
    return allowed === "no" ? "no" : told;
  },
  "`TrajectoryService/StreamTrajectories`": async (caller, column) => {
    let told = "";
    const allowed = await tried(async () => {
      const { over, running } = caller.place;
      const filters = [over, running].map((tournamentId) => ({ tournamentId }) as never);
      const counted = await Promise.all(
        filters.map(async (filter) => {
          let rows = 0;
          for await (const chunk of caller.connection.streamTrajectories({ filter, limit: 0n })) rows += chunk.rows;
          return rows;
        }),
      );
      // By hand: of two entrants with two trials of one episode each, one's own are half.
      told = counted[1] > 0 ? "all" : counted[0] === 4 ? "over" : counted[0] === 2 ? "own" : `${counted}`;
      void column;
    });
    return allowed === "no" ? "no" : told;
  },
  "`dm_env_rpc.v1.Environment/Process`, making a world and playing in it": ({ place: { server }, token }) =>
    tried(async () => {
      const stream = conversation(server.address, token);
      await stream.enter({ task: "chain" });
      await stream.step(undefined);
    }),
  "`GET /` and the page's own files": (caller) => asked(caller, "/"),
  "`GET /api/overview`": (caller) => asked(caller, "/api/overview", shownOf),
  "`GET /api/tournaments/:id`": (caller) => asked(caller, `/api/tournaments/${caller.place.over}`, shownOf),
  "`GET /api/agents`": (caller) => asked(caller, "/api/agents"),
  "`GET /api/trajectories`": (caller) => asked(caller, "/api/trajectories", shownOf),
  "`GET /api/trajectories/:id`, of those that are not withheld": (caller) =>
    asked(caller, "/api/trajectories/none", (body) => (body.includes("TRAJECTORY_UNKNOWN") ? "yes" : body)),
  "`GET /metrics`": (caller) => asked(caller, "/metrics"),
  "`GET /healthz`": (caller) =>
    asked(caller, `${caller.place.server.metricsUrl}healthz`, (body) => (body === "ok\n" ? "yes" : body)),
  "`POST /login`": (caller) => posted(caller, "/login"),
  "`POST /logout`": (caller) => posted(caller, "/logout"),
  "files of the log, tokens, the audit log": async ({ place: { server } }) => {
    for (const folder of ["access", "log", "tournaments"]) {
      const path = join(server.dataDir, folder);
      expect(statSync(path).mode & 0o077).toBe(0);
      for (const file of readdirSync(path)) expect([file, statSync(join(path, file)).mode & 0o077]).toEqual([file, 0]);
    }
    return "no";
  },
};
for (const path of Object.keys(PERMISSIONS).filter((one) => one.startsWith("/grpc."))) {
  TRIES[`\`${path.slice(1)}\``] = (caller) => tried(() => bare(caller, path));
}

test("every RPC of the protocol is in the table, and every row is tried", () => {
  for (const rpc of RPCS) {
    expect([rpc, rows.some(([what]) => what.includes(`\`${rpc}\``))]).toEqual([rpc, true]);
    expect([rpc, Object.hasOwn(PERMISSIONS, `/icrl.v1.${rpc}`)]).toEqual([rpc, true]);
  }
  expect(RPCS.length).toBeGreaterThan(15);
  expect(Object.keys(PERMISSIONS).filter((path) => !path.startsWith("/icrl.") && !path.startsWith("/grpc."))).toEqual([
    PROCESS,
  ]);
  expect(rows.filter(([what]) => !/^-+$/.test(what)).map(([what]) => what)).toEqual(
    expect.arrayContaining(Object.keys(TRIES)),
  );
});

test.each(
  rows
    .filter(([what]) => !/^-+$/.test(what))
    .flatMap(([what, ...cells]) => cells.map((cell, i) => [what, columns[i + 1], cell] as const)),
)("%s by %s: %s", async (what, column, cell) => {
  expect(await TRIES[what](callers.get(column) as Caller, column)).toBe(cell);
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSync, type ServiceDefinition } from "@grpc/proto-loader";
import { expect, test } from "vitest";
import { newCounters } from "#icrl/server/sessions/counters.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { createMemoryBudget } from "#icrl/server/sessions/memory-budget.js";
import { openSessions } from "#icrl/server/sessions/open-sessions.js";
import { createSession } from "#icrl/server/sessions/session.js";
import type { SessionContext } from "#icrl/server/sessions/session-context.js";
import { createWorkQueue } from "#icrl/server/work/work-queue.js";
import { keptNowhere } from "../support/kept-nowhere.js";
import { manualClock } from "../support/manual-clock.js";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Message = { [name: string]: Json };

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/protocol.md"), "utf8");
const sessions = [...page.matchAll(/^```session\n(.+?)^```$/gms)].map(([, lines]) =>
  lines
    .trimEnd()
    .split("\n")
    .map((line) => ({ from: line.slice(0, 6), message: JSON.parse(line.slice(8)) as Message })),
);

// The schema is read as a stranger's tool would, without generated code.
const loaded = loadSync("icrl/v1/environment.proto", {
  includeDirs: [join(root, "proto")],
  keepCase: true,
  longs: String,
  enums: String,
});
const { Play } = loaded["icrl.v1.EnvironmentService"] as ServiceDefinition;
const DTYPE = {
  observation: 3,
  final_observation: 3,
  reward: 1,
  terminated: 4,
  truncated: 4,
  hold: 4,
  active: 4,
  actions: 3,
  propensities: 1,
};
const BYTES = { DATA_TYPE_FLOAT32: 4, DATA_TYPE_INT32: 4, DATA_TYPE_BOOL: 1 } as const;

interface WireTensor {
  dtype: keyof typeof BYTES;
  data: Buffer;
}

function elements({ dtype, data }: WireTensor): Json[] {
  return Array.from({ length: data.length / BYTES[dtype] }, (_, i) =>
    dtype === "DATA_TYPE_FLOAT32"
      ? data.readFloatLE(4 * i)
      : dtype === "DATA_TYPE_INT32"
        ? data.readInt32LE(4 * i)
        : data[i] === 1,
  );
}

/** What proto-loader encodes for a line of the page: arrays to tensors, options to a Struct. */
function toWire(message: Message): object {
  const convert = (name: string, value: Json): unknown => {
    if (name === "options") {
      const fields = Object.entries(value as Message).map(([key, x]) => [key, { numberValue: x }]);
      return { fields: Object.fromEntries(fields) };
    }
    if (Array.isArray(value) && name in DTYPE) {
      const dtype = DTYPE[name as keyof typeof DTYPE];
      const array = (dtype === 1 ? Float32Array : dtype === 4 ? Uint8Array : Int32Array).from(value.map(Number));
      return { dtype, shape: [value.length], data: Buffer.from(array.buffer) };
    }
    if (Array.isArray(value)) return value.map((item) => (typeof item === "object" ? toWire(item as Message) : item));
    return value === null || typeof value !== "object" ? value : toWire(value);
  };
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, convert(name, value)]));
}

/** A message as the page writes it: tensors and Structs as plain JSON. */
function fromWire(value: unknown): Json {
  if (Array.isArray(value)) return value.map(fromWire);
  if (value === null || typeof value !== "object") return value as Json;
  if ("dtype" in value) return elements(value as unknown as WireTensor);
  if ("fields" in value) return fromWire(value.fields);
  if ("numberValue" in value) return value.numberValue as number;
  return Object.fromEntries(Object.entries(value).map(([name, x]) => [name, fromWire(x)]));
}

/** Without default values and what is the server's own; numbers as texts, because seeds are. */
function comparable(message: Json): Json {
  if (message === null || typeof message !== "object") return String(message);
  if (Array.isArray(message)) return message.map(comparable);
  const own = ["session_id", "server_version", "limits"];
  const set = Object.entries(message).filter(
    ([name, x]) =>
      !own.includes(name) && x !== 0 && x !== "0" && x !== "" && x !== false && !(Array.isArray(x) && x.length === 0),
  );
  return Object.fromEntries(set.map(([name, x]) => [name, comparable(x)]));
}

/** A log that becomes durable when it is waited for, and not before. */
function patientSink(): SessionContext["sink"] {
  const sink = {
    durable: 0,
    end: 0,
    episodes: 0,
    writable: true,
    failures: 0,
    backlogBytes: 0,
    tornBytes: 0,
    appended: 0,
    hasLost: () => false,
    append: () => ++sink.appended,
    whenDurable: async (number: number) => {
      sink.durable = number;
    },
    probe: async () => true,
    mustHold() {},
    seal: async () => {},
    close: async () => {},
  };
  return sink;
}

test("the protocol's page has worked sessions of a bandit and an MDP, and one with resets", () => {
  const tasks = sessions.flat().flatMap(({ message }) => (message.open ? [(message.open as Message).task] : []));
  expect(tasks).toEqual(["bernoulli-bandit", "river-swim", "river-swim"]);
});

test.each(sessions.map((lines) => ({ lines })))(
  "worked session $# of the protocol's page is what a server says",
  async ({ lines }) => {
    const said: Buffer[] = [];
    let heard = () => {};
    const link = {
      whenFlushed: (then: () => void) => then(),
      send(bytes: Buffer) {
        said.push(bytes);
        heard();
      },
      peer: "an example",
      end(error?: unknown) {
        throw error ?? new Error("the session ended early");
      },
    };
    const lobby = {
      enter() {
        throw new Error("nobody enters");
      },
    };
    const limits = resolveLimits();
    const context = {
      limits,
      sink: patientSink(),
      lobby,
      clock: manualClock(),
      counters: newCounters(),
      sessions: openSessions(100),
      kept: keptNowhere(),
      memory: createMemoryBudget(1 << 30),
      work: createWorkQueue({ clock: manualClock(), onError: () => expect.unreachable() }),
      tell: () => {},
    };
    const session = createSession(link, context);
    for (const { from, message } of lines) {
      if (from === "agent ") {
        session.receive(Play.requestSerialize(toWire(message)));
        continue;
      }
      while (said.length === 0) await new Promise<void>((resolve) => (heard = resolve));
      const got = Play.responseDeserialize(said.shift() as Buffer);
      expect(comparable(fromWire(got))).toEqual(comparable(message));
    }
    expect(said).toEqual([]);
  },
);

/** Runs the wire's rules over a server that is known by its address alone: what `icrl conformance --server` does. */
import type { Connection } from "../../clients/typescript/connect.js";
import type { Credentials } from "../../clients/typescript/credentials.js";
import { IcrlError } from "../../common/errors.js";
import type { Task } from "../../server/tasks/task.js";
import { abortable } from "../abortable.js";
import { connectTo } from "../connect-to.js";
import type { JobListener } from "../listener.js";
import { isAsked, type Outcome } from "./outcome.js";
import { hello, rawClient, rawStream } from "./raw-stream.js";
import { smallTasks } from "./small-tasks.js";
import { NotLookedAt, WIRE_RULES } from "./wire.js";
import { playViolations, recordPlay } from "./wire-play.js";

/** What is checked. */
export interface ServerCheckPlan {
  /** HOST:PORT. */
  readonly server: string;
  /** What it is shown, and by what it is known; absent: nothing. */
  readonly credentials?: Credentials;
  /** Texts, one of which is in the name of each rule that is run; [] runs all. */
  readonly only: readonly string[];
  /** The longest that one stream of a rule may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** What was found. */
export interface ServerCheck {
  readonly serverVersion: string;
  readonly capabilities: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** A rule as it is run. */
interface ServerRule {
  readonly name: string;
  run(server: Checked): Promise<Omit<Outcome, "name">>;
}

interface Checked {
  readonly plan: ServerCheckPlan;
  readonly capabilities: readonly string[];
  /** "NAME VERSION" of each family that it has. */
  readonly families: ReadonlySet<string>;
}

const holds = { result: "holds", faults: [], notes: [] } as const;
const skipped = (note: string) => ({ result: "skipped", faults: [], notes: [note] }) as const;
const fails = (faults: readonly string[]) => ({ result: "fails", faults, notes: [] }) as const;

const sessionRules: readonly ServerRule[] = WIRE_RULES.map(({ title, needs, capability, violation }) => ({
  name: title,
  async run({ plan, capabilities }) {
    if (needs !== undefined) return skipped(`only a test can look: it needs ${needs}`);
    if (capability !== undefined && !capabilities.includes(capability))
      return skipped(`the server does not list the capability "${capability}"`);
    const server = { address: plan.server, shown: plan.credentials, patienceMs: plan.timeoutMs };
    try {
      const found = await violation(server);
      return found === undefined ? holds : fails([found]);
    } catch (error) {
      if (error instanceof NotLookedAt) return skipped(error.message);
      throw error;
    }
  },
}));

const playRule = (task: Task): ServerRule => ({
  name: `plays ${task.name} ${JSON.stringify(task.options)} as the protocol and the task say`,
  async run({ plan, families }) {
    if (!families.has(`${task.name} ${task.version}`))
      return skipped(`the server has no task ${task.name} of version ${task.version}`);
    const client = rawClient(plan.server, {}, plan.credentials);
    try {
      const found = playViolations(await recordPlay(client, task, { record: false, patienceMs: plan.timeoutMs }));
      return found.length === 0 ? holds : fails(found);
    } finally {
      client.close();
    }
  },
});

const rules = (): ServerRule[] => [...sessionRules, ...smallTasks().map(playRule)];

/** Names of all rules, in the order in which they are run. */
export const serverRuleNames = (): string[] => rules().map(({ name }) => name);

/**
 * Checks it.
 *
 * @throws ConnectionError if nothing answers in time; the signal's reason once it is aborted
 * @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, ROLE_REFUSED if it does not let play whoever shows this
 */
export async function checkServer(
  plan: ServerCheckPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<ServerCheck> {
  const connection: Connection = await connectTo(plan.server, listener, signal, plan.credentials);
  try {
    const [{ serverVersion, capabilities }, { tasks }] = await abortable(
      Promise.all([connection.getServerInfo(), connection.listTasks()]),
      signal,
    );
    if (plan.credentials?.token !== undefined) await abortable(requirePlay(plan), signal);
    const families = new Set(tasks.map(({ name, version }) => `${name} ${version}`));
    const asked = rules().filter(({ name }) => isAsked(name, plan.only));
    const outcomes: Outcome[] = [];
    for (const { name, run } of asked) {
      listener.update([{ name: "", done: outcomes.length, total: asked.length }]);
      outcomes.push({ name, ...(await abortable(run({ plan, capabilities, families }), signal)) });
    }
    listener.update([{ name: "", done: asked.length, total: asked.length }]);
    return { serverVersion, capabilities, outcomes };
  } finally {
    connection.close();
  }
}

/** Sees that the token may play freely: else all rules would fail for the same reason. @throws ROLE_REFUSED */
async function requirePlay({ server, credentials, timeoutMs }: ServerCheckPlan): Promise<void> {
  const client = rawClient(server, {}, credentials);
  try {
    const stream = rawStream(client, { deadline: Date.now() + timeoutMs });
    stream.send(hello());
    const ending = await stream.next().then(
      () => undefined,
      () => stream.ended,
    );
    if (ending?.reason === "ROLE_REFUSED") throw new IcrlError("ROLE_REFUSED", ending.text);
    stream.call.cancel();
  } finally {
    client.close();
  }
}

/** Starts an agent's process for one scenario, and waits until it is done, or has had its time. */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { type Connection, connect } from "../../clients/typescript/connect.js";
import { visible } from "../../common/visible-text.js";
import type { Hello } from "../../proto/gen/icrl/v1/environment.js";
import type { CommandLaunch } from "../launch/launch.js";
import { type ProgramEnd, startCommand } from "../processes/program.js";
import { tasksPlayedBy } from "./dataset-to-label.js";
import { createExam, type Exam, overdue } from "./exam.js";
import { startRelay } from "./relay.js";
import type { Scenario, ScenarioTask } from "./scenarios.js";
import { placeOf } from "./session-judge.js";
import type { Trials } from "./transcript.js";

/** An agent, and how patiently it is looked at. */
export interface CheckedAgent {
  /** How it is started; flags that name the server and its work are added. */
  readonly command: CommandLaunch;
  /** The longest that a scenario may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How long it may take for what it has to do next, in milliseconds. */
  readonly patienceMs: number;
}

/** What is run. */
export interface ScenarioPlan extends CheckedAgent {
  readonly scenario: Scenario;
  /** HOST:PORT of the server. */
  readonly address: string;
}

/** What came of it. */
export interface ScenarioRun {
  readonly hello: Hello | undefined;
  /** Each a sentence without its subject, which is the agent. */
  readonly faults: readonly string[];
  readonly notes: readonly string[];
  /** Why it says nothing of the agent; undefined where it does. */
  readonly skipped: readonly string[] | undefined;
  readonly trials: Trials;
}

/** The name under which the agent enters: agent_seed depends on it. */
const ENTRANT = "conformance";
/** How often a scenario is looked at, in milliseconds. */
const LOOK_MS = 25;
/** How long a process that has done something wrong goes on, so that what follows from it is seen, too. */
const AFTERMATH_MS = 1000;
/** How long what a process said last may take to arrive after its end. */
const SETTLE_MS = 200;
/** The most of an agent's last words that is told. */
const LAST_WORDS = 300;

/** Runs it. @throws the signal's reason once it is aborted */
export async function runScenario(plan: ScenarioPlan, signal: AbortSignal): Promise<ScenarioRun> {
  const { scenario, command, address } = plan;
  const startedAs =
    scenario.labels === true ? { entrant: undefined, label: ENTRANT } : { entrant: ENTRANT, label: undefined };
  const connection = await connect(address);
  let skipped: string | undefined;
  let cut = (): void => {};
  const exam = createExam({
    scenario,
    startedAs,
    slowMs: Math.max(2000, plan.patienceMs / 4),
    nowMs: () => performance.now(),
    cut: () => cut(),
    async enter(hello) {
      const tasks = tasksPlayedBy(hello.tasks).filter(({ id }) => scenario.tasks?.includes(id) !== false);
      if (tasks.length === 0) skipped = "it plays none of the tasks that this is about";
      else return enterFor(connection, scenario, hello.agent, tasks).catch(() => undefined); // the server will say why
    },
  });
  const relay = await startRelay(address, exam.stream);
  cut = relay.cut;
  const flags = ["--connect", relay.address, ...(startedAs.label === undefined ? ["--entrant"] : ["--label"]), ENTRANT];
  const child = startCommand([...command.words, ...flags], { folder: command.folder, graceMs: 500 });
  let said = "";
  for (const words of [child.stdout, child.stderr]) {
    words.on("data", (text: string) => {
      said = `${said}${text}`.slice(-4000);
    });
  }
  let end: ProgramEnd | undefined;
  void child.ended.then((came) => {
    end = came;
  });
  try {
    const startedMs = performance.now();
    for (;;) {
      signal.throwIfAborted();
      if (skipped !== undefined || end !== undefined) break;
      if (isTimeUp(exam, plan, startedMs)) break;
      await wait(LOOK_MS);
    }
    if (end !== undefined && skipped === undefined) {
      await wait(SETTLE_MS);
      judgeEnd(exam, end, lastWords(said));
    }
  } finally {
    child.kill();
    await child.ended;
    relay.close();
    connection.close();
  }
  return {
    hello: exam.hello(),
    faults: skipped === undefined ? [...exam.faults] : [],
    notes: exam.sessions().flatMap(({ gaveUp }) => gaveUp.map((match) => `it gave up ${match}`)),
    skipped: skipped === undefined ? undefined : [skipped],
    trials: exam.trials,
  };
}

/** Creates the scenario's tournament, of these tasks; its id. */
async function enterFor(
  connection: Connection,
  scenario: Scenario,
  agent: string,
  tasks: readonly ScenarioTask[],
): Promise<string | undefined> {
  const { tournament } = await connection.createTournament({
    spec: {
      name: `conformance ${scenario.name} ${randomUUID()}`, // nothing depends on it, and no other has it
      seed: 1n,
      trials: scenario.trials,
      tasks: tasks.map(({ id, task, options }) => ({ id, task, options: { ...options } })),
      agents: [{ name: ENTRANT, agent, options: { ...scenario.agentOptions }, tasks: [] }],
    },
    seedKey: Buffer.alloc(0), // the same trials in every scenario
  });
  return tournament?.id;
}

/** Whether the agent has had its time; says of what. */
function isTimeUp(exam: Exam, { timeoutMs, patienceMs }: ScenarioPlan, startedMs: number): boolean {
  const nowMs = performance.now();
  const lastMs = exam.lastMs();
  const sessions = exam.sessions();
  exam.settle(AFTERMATH_MS);
  if (exam.faults.size > 0) return nowMs - Math.max(startedMs, lastMs ?? 0) > AFTERMATH_MS;
  const seconds = (ms: number) => `${ms / 1000} s`;
  if (nowMs - startedMs > timeoutMs) {
    const [underWay] = sessions.filter(({ isGone }) => !isGone);
    exam.fault(
      `was not done after ${seconds(timeoutMs)}${underWay === undefined ? "" : `, ${placeOf(underWay)}`} (--timeout)`,
    );
    return true;
  }
  for (const session of sessions) {
    const late = overdue(session, patienceMs, nowMs);
    if (late !== undefined) exam.fault(late);
  }
  if (lastMs !== undefined && sessions.every(({ isGone }) => isGone) && nowMs - lastMs > patienceMs)
    exam.fault(`still ran ${seconds(patienceMs)} after the end of its last session (--patience)`);
  return exam.faults.size > 0 && nowMs - (lastMs ?? startedMs) > AFTERMATH_MS;
}

/** What the end of its process says of the agent. */
function judgeEnd(exam: Exam, { by, error }: ProgramEnd, words: string): void {
  const how = `${typeof by === "number" ? "exit code" : "signal"} ${by}`;
  const told = error === undefined ? words : `: ${error.message}`;
  const sessions = exam.sessions();
  if (sessions.length === 0) return exam.fault(`ended with ${how} and had opened no session${told}`);
  if (exam.faults.size > 0) return by === 0 ? undefined : exam.fault(`ended with ${how}${told}`);
  if (sessions.some(({ isLost }) => isLost))
    return exam.fault(
      `ended with ${how} and had not resumed after its stream broke, though its hello lists resume${told}`,
    );
  const [unfinished] = sessions.filter(({ isGone, brokenMs }) => !isGone || brokenMs !== undefined);
  if (unfinished?.stage === "finished")
    return exam.fault(
      `ended with ${how} ${placeOf(unfinished)} and before its stream had ended: end it, and wait for the server to do so${told}`,
    );
  if (unfinished !== undefined) return exam.fault(`ended with ${how} ${placeOf(unfinished)}${told}`);
  if (by !== 0 && sessions.every(({ gaveUp }) => gaveUp.length === 0))
    exam.fault(`ended with ${how} after all was played, and not with 0${told}`);
  if (!sessions.some(({ hasFinished, gaveUp }) => hasFinished || gaveUp.length > 0) && exam.faults.size === 0)
    exam.fault(`ended with ${how} before it was told closed {finished}${told}`);
}

/** A line that names an error, in most languages. */
const ERROR_LINE = /^(?!\s+at )(.*\b\w*(?:error|exception|panic(?:ked)?)\b.*)$/i;

/** What it said last, as the end of a sentence: the last line that names an error, else the last one. */
function lastWords(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast((one) => ERROR_LINE.test(one)) ?? lines.at(-1);
  return line === undefined ? "" : `; its last words: ${visible(line.trim().slice(0, LAST_WORDS))}`;
}

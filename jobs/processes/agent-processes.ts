/** The agent processes of a tournament or collection: one for each entrant that the job starts, started again if it ends while it has matches left. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { agentLogName } from "../../datasets/output/output-kinds.js";
import { type Launch, optionFlags } from "../launch/launch.js";
import { openAgentWords } from "./agent-words.js";
import { EXIT } from "./exit-codes.js";
import { PROGRAM, type ProgramProcess, startCommand, startProgram } from "./program.js";
import type { ToldError } from "./told-error.js";

/** Running agents. */
export interface AgentProcesses {
  /**
   * Takes how many processes of an entrant the server sees. One that it saw and sees no more, though it has not ended, hangs: the server
   * takes that for a departure, and would wait for ever. It is ended after a while, which counts as a crash. One that goes on though its
   * entrant has nothing left is ended after the same while.
   */
  seen(entrant: string, processes: number): void;
  /** Ends those that still run; resolves when all have ended. */
  close(): Promise<void>;
}

/** Which processes, and what is done when they end. */
export interface AgentProcessesOptions {
  /** HOST:PORT of the server. */
  readonly address: string;
  /** Flags that name the tournament or collection: ["--tournament", id]. */
  readonly schedule: readonly string[];
  /** Flags that name it to others' commands; `schedule` by default. */
  readonly commandSchedule?: readonly string[];
  /** Names in it, and the agents behind them. */
  readonly entrants: readonly EntrantProcess[];
  /** The key by which the server knows an entrant again. */
  readonly keyOf: (entrant: string) => string;
  /** What else is in their environment: by what a running server knows them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Most processes at a time; the other entrants wait for their turn, in their order. Default: all at once. */
  readonly parallel?: number;
  /** How long a process may go on that the server sees no more, in milliseconds. */
  readonly hungMs?: number;
  /** How long the server may not see a process that was started, in milliseconds: then it is ended, which counts as a crash. Default: for ever. */
  readonly connectMs?: number;
  /** Folder for what each process says, `<entrant>.log`. */
  readonly logDir: string;
  /** Whether an entrant has matches that are not finished. */
  readonly unfinished: (entrant: string) => boolean;
  /** Called when a process crashed, before it is started again; resolves with how many matches it was playing. */
  readonly onCrash?: (ended: EndedProcess) => Promise<number>;
  /** Called when an entrant's process is not started again though it has matches left. */
  readonly onGivenUp: (ended: EndedProcess) => void | Promise<void>;
}

/** An entrant, or a behaviour, of which there is to be a process. */
export interface EntrantProcess {
  readonly name: string;
  /** A built-in agent, where nothing else is launched. */
  readonly agent: string;
  readonly launch?: Launch;
  /** Options for the command line of others' commands; the server tells them to all agents. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A process that should not have ended. */
export interface EndedProcess {
  readonly entrant: string;
  /** How it ended, for people: "exit code 1". */
  readonly how: string;
  /** Where its words are. */
  readonly logFile: string;
  /** The error that it told of; undefined where it told of none. */
  readonly error: ToldError | undefined;
  /** The last that it said, on one line: for whoever started it, and nobody else. */
  readonly lastWords: string;
  /** Whether it is an agent of somebody's own, of which the server has never seen a process. */
  readonly neverPlayed: boolean;
}

/** Module that ends a process with the one that started it. */
const END_WITH_PARENT = new URL("./end-with-parent.js", import.meta.url).href;

/** A process that fails this often without a match in between is not started again. */
const MAX_FAILURES = 3;

/**
 * Ends that say nothing against the agent: it was done, it lost its server, or somebody stopped it. What ends because this whole
 * command is being killed, its processes one after the other, must not look like a crash: that is what the moment is for.
 */
const BLAMELESS: readonly (number | string)[] = [
  EXIT.ok,
  EXIT.forfeited,
  EXIT.unreachable,
  EXIT.interrupted,
  EXIT.terminated,
  "SIGINT",
  "SIGTERM",
];
const MOMENT_MS = 300;

/** A process starts and connects in less, and one that only reconnects in much less. */
const HUNG_MS = 30_000;

/** A process under way. */
interface Running {
  readonly child: ProgramProcess;
  /** Whether the server has seen it. */
  seen: boolean;
  /** Whether its entrant has nothing left. */
  isDone: boolean;
  hasEnded: boolean;
  /** Since it is seen no more: what will end it. */
  end: NodeJS.Timeout | undefined;
  /** Why it was ended, for people. */
  why: string | undefined;
}

/** Starts them. */
export function startAgentProcesses(options: AgentProcessesOptions): AgentProcesses {
  const { entrants, logDir, unfinished, hungMs = HUNG_MS } = options;
  mkdirSync(logDir, { recursive: true });
  /** By entrant. */
  const children = new Map<string, Running>();
  const waiting = [...entrants];
  let closing = false;

  async function keepRunning(entrant: EntrantProcess): Promise<void> {
    const { name } = entrant;
    const logFile = join(logDir, agentLogName(name));
    const words = openAgentWords(logFile);
    let neverPlayed = entrant.launch !== undefined;
    for (let failures = 1; !closing && unfinished(name); failures++) {
      const child = startEntrant(options, entrant);
      const running: Running = { child, seen: false, isDone: false, hasEnded: false, end: undefined, why: undefined };
      children.set(name, running);
      const { connectMs } = options;
      if (connectMs !== undefined) endAfter(running, connectMs, `did not connect within ${connectMs / 1000} s`);
      words.listen(child.stdout, child.stderr);
      const { by, error } = await child.ended;
      running.hasEnded = true;
      clearTimeout(running.end);
      const how = `${typeof by === "number" ? "exit code" : "signal"} ${by}${running.why === undefined ? "" : `, as it ${running.why}`}`;
      words.end(how);
      if (unfinished(name)) await wait(MOMENT_MS); // the server's word of its last trial, or of its first session, may be on its way
      neverPlayed &&= !running.seen;
      const ended = { entrant: name, how, logFile, error, lastWords: words.last(), neverPlayed };
      const isCrash = running.why !== undefined || !BLAMELESS.includes(by);
      if (isCrash && unfinished(name) && !closing && options.onCrash !== undefined) {
        if ((await options.onCrash(ended)) > 0) neverPlayed = false;
      }
      neverPlayed &&= !running.seen;
      if (failures === MAX_FAILURES && !closing && unfinished(name)) {
        await options.onGivenUp({ ...ended, neverPlayed });
        break;
      }
    }
    children.delete(name);
    await words.close();
  }

  /** Ends a process after a while, unless something else comes of it. */
  function endAfter(running: Running, ms: number, why: string): void {
    clearTimeout(running.end);
    running.end = setTimeout(() => {
      running.why = why;
      running.child.kill("SIGKILL"); // it may be stopped, or never look at another signal
    }, ms);
  }

  /** One of those that run side by side. */
  async function lane(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined && !closing; next = waiting.shift()) {
      await keepRunning(next);
    }
  }

  const lanes = Math.min(options.parallel ?? entrants.length, entrants.length);
  const running = Promise.all(Array.from({ length: lanes }, lane));
  return {
    seen(entrant, processes) {
      const one = children.get(entrant);
      if (one === undefined) return;
      one.seen ||= processes > 0;
      if (one.hasEnded || one.why !== undefined) return;
      if (!unfinished(entrant)) {
        if (!one.isDone) endAfter(one, hungMs, "went on with nothing left to play");
        one.isDone = true;
      } else if (processes > 0) {
        clearTimeout(one.end);
        one.end = undefined;
      } else if (one.seen && one.end === undefined) endAfter(one, hungMs, "hung");
    },
    async close() {
      closing = true;
      for (const { child } of children.values()) child.kill();
      await running;
    },
  };
}

/** Starts the process of an entrant. */
function startEntrant(options: AgentProcessesOptions, entrant: EntrantProcess): ProgramProcess {
  const { address, schedule, commandSchedule = schedule, keyOf } = options;
  const { name, agent, launch } = entrant;
  // In the environment: every user of a machine sees the arguments of its processes.
  const env = { ...options.environment, ICRL_ENTRANT_KEY: keyOf(name) };
  const toServer = ["--connect", address, "--entrant", name];
  if (launch === undefined) {
    return startProgram(["agent", agent, ...toServer, ...schedule], ["--import", END_WITH_PARENT], env);
  }
  const words =
    launch.kind === "module"
      ? [process.execPath, PROGRAM, "agent", launch.file, ...toServer, ...schedule]
      : [...launch.words, ...toServer, ...commandSchedule, ...optionFlags(entrant.options ?? {})];
  return startCommand(words, { folder: launch.folder, env });
}

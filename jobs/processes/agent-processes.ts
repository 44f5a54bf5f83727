/** The agent processes of a tournament or collection: one for each built-in entrant, started again if it ends while it has matches left. */
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { visibleLines } from "../../common/visible-text.js";
import { agentLogName } from "../../datasets/output/output-kinds.js";
import { EXIT } from "./exit-codes.js";
import { type ProgramProcess, startProgram } from "./program.js";
import type { ToldError } from "./told-error.js";

/** Running agents. */
export interface AgentProcesses {
  /**
   * Takes how many processes of an entrant the server sees. One that it saw and sees no more, though it has not ended, hangs: the server
   * takes that for a departure, and would wait for ever. It is ended after a while, which counts as a crash.
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
  /** Names in it, and the built-in agents behind them. */
  readonly entrants: readonly { readonly name: string; readonly agent: string }[];
  /** The key by which the server knows an entrant again. */
  readonly keyOf: (entrant: string) => string;
  /** Most processes at a time; the other entrants wait for their turn, in their order. Default: all at once. */
  readonly parallel?: number;
  /** How long a process may go on that the server sees no more, in milliseconds. */
  readonly hungMs?: number;
  /** Folder for what each process says, `<entrant>.log`. */
  readonly logDir: string;
  /** Whether an entrant has matches that are not finished. */
  readonly unfinished: (entrant: string) => boolean;
  /** Called when a process crashed, before it is started again. */
  readonly onCrash?: (ended: EndedProcess) => Promise<void>;
  /** Called when an entrant's process is not started again though it has matches left. */
  readonly onGivenUp: (ended: EndedProcess) => void | Promise<void>;
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
  /** Since it is seen no more: what will end it. */
  end: NodeJS.Timeout | undefined;
  hung: boolean;
}

/** Starts them. */
export function startAgentProcesses(options: AgentProcessesOptions): AgentProcesses {
  const { address, schedule, entrants, logDir, unfinished } = options;
  mkdirSync(logDir, { recursive: true });
  /** By entrant. */
  const children = new Map<string, Running>();
  const waiting = [...entrants];
  let closing = false;

  async function keepRunning(entrant: string, agent: string): Promise<void> {
    const logFile = join(logDir, agentLogName(entrant));
    const log = createWriteStream(logFile, { flags: "a" });
    for (let failures = 1; !closing && unfinished(entrant); failures++) {
      const child = startProgram(
        ["agent", agent, "--connect", address, "--entrant", entrant, ...schedule],
        ["--import", END_WITH_PARENT],
        { ICRL_ENTRANT_KEY: options.keyOf(entrant) }, // every user of a machine sees the arguments of its processes
      );
      const running: Running = { child, seen: false, end: undefined, hung: false };
      children.set(entrant, running);
      for (const words of [child.stdout, child.stderr]) words.on("data", (text) => log.write(visibleLines(text)));
      const { by, error } = await child.ended;
      clearTimeout(running.end);
      children.delete(entrant);
      const how = `${typeof by === "number" ? "exit code" : "signal"} ${by}${running.hung ? ", as it hung" : ""}`;
      log.write(`${how}\n`);
      const ended = { entrant, how, logFile, error };
      if (!BLAMELESS.includes(by) && options.onCrash !== undefined) {
        await wait(MOMENT_MS);
        if (!closing) await options.onCrash(ended);
      }
      if (failures === MAX_FAILURES && !closing && unfinished(entrant)) {
        await options.onGivenUp(ended);
        break;
      }
    }
    log.end();
  }

  /** One of those that run side by side. */
  async function lane(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined && !closing; next = waiting.shift()) {
      await keepRunning(next.name, next.agent);
    }
  }

  const lanes = Math.min(options.parallel ?? entrants.length, entrants.length);
  const running = Promise.all(Array.from({ length: lanes }, lane));
  return {
    seen(entrant, processes) {
      const one = children.get(entrant);
      if (one === undefined) return;
      if (processes > 0) {
        one.seen = true;
        clearTimeout(one.end);
        one.end = undefined;
      } else if (one.seen) {
        one.end ??= setTimeout(() => {
          one.hung = true;
          one.child.kill("SIGKILL"); // it may be stopped, or never look at another signal
        }, options.hungMs ?? HUNG_MS);
      }
    },
    async close() {
      closing = true;
      for (const { child } of children.values()) child.kill();
      await running;
    },
  };
}

import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import {
  type AgentProcessesOptions,
  type EndedProcess,
  startAgentProcesses,
} from "#icrl/jobs/processes/agent-processes.js";
import { openAgentWords } from "#icrl/jobs/processes/agent-words.js";
import { tempDir } from "../../support/temp-dir.js";

const dir = tempDir();
afterAll(() => dir.remove());

/** Shell scripts as agents, by entrant; what was told of them. None of them connects: what the server sees is said by the test. */
function start(scripts: Readonly<Record<string, string>>, options: Partial<AgentProcessesOptions> = {}) {
  const finished = new Set<string>();
  const crashes: EndedProcess[] = [];
  const givenUp: EndedProcess[] = [];
  const processes = startAgentProcesses({
    address: "127.0.0.1:1",
    schedule: ["--tournament", "12ab"],
    entrants: Object.entries(scripts).map(([name, script]) => ({
      name,
      agent: name,
      launch: { kind: "command", words: ["sh", "-c", script, "sh"], folder: dir.path },
      options: { text: `it's "$(touch hacked)"; touch hacked\n`, number: 1 },
    })),
    keyOf: (entrant) => `the key of ${entrant}`,
    logDir: join(dir.path, "agents"),
    unfinished: (entrant) => !finished.has(entrant),
    onCrash: async (ended) => crashes.push(ended) && 0,
    onGivenUp: (ended) => void givenUp.push(ended),
    ...options,
  });
  onTestFinished(() => processes.close());
  return { processes, finished, crashes, givenUp };
}

const made = (name: string) =>
  vi.waitUntil(() => existsSync(join(dir.path, name)) && readFileSync(join(dir.path, name), "utf8") !== "", {
    timeout: 60_000,
  });

test("a command is given the server, its name and its options as they are, and its key where no list of processes shows it", async () => {
  const { finished } = start(
    { "a b:c": `printf '%s\\0' "$@" "$ICRL_ENTRANT_KEY" "$ICRL_TOKEN" > args.part; mv args.part args; sleep 1000` },
    { commandSchedule: [], environment: { ICRL_TOKEN: "a token" } },
  );
  await made("args");
  const args = readFileSync(join(dir.path, "args"), "utf8").split("\0").slice(0, -1);
  expect(args).toEqual([
    ...["--connect", "127.0.0.1:1", "--entrant", "a b:c"],
    ...[
      "--option",
      `text=it's "$(touch hacked)"; touch hacked\n`,
      "--option",
      "number=1",
      "the key of a b:c",
      "a token",
    ],
  ]);
  expect(existsSync(join(dir.path, "hacked"))).toBe(false);
  finished.add("a b:c");
});

test("one that ends before the server has seen it is started again, and given up as one that never played", async () => {
  const { crashes, givenUp } = start({ early: `echo "$@"; echo no module named grpc >&2; exit 1` });
  await vi.waitUntil(() => givenUp.length > 0, { timeout: 60_000 });
  expect(crashes).toHaveLength(3);
  expect(givenUp).toMatchObject([{ entrant: "early", how: "exit code 1", neverPlayed: true }]);
  expect(givenUp[0].lastWords).toContain("no module named grpc");
  const words = readFileSync(join(dir.path, "agents/early.log"), "utf8");
  expect(words.match(/--connect 127.0.0.1:1 --entrant early --tournament 12ab/g)).toHaveLength(3);
  expect(words).toContain("exit code 1\n");
});

test("one that the server has seen has played, even if it had ended by then", async () => {
  let processes: ReturnType<typeof start>["processes"] | undefined;
  const onCrash = async () => {
    processes?.seen("seen", 1);
    return 0;
  };
  const started = start({ seen: "exit 1" }, { onCrash });
  ({ processes } = started);
  await vi.waitUntil(() => started.givenUp.length > 0, { timeout: 60_000 });
  expect(started.givenUp[0].neverPlayed).toBe(false);
});

test("one that does not connect in time is ended, which is a crash", async () => {
  const { crashes } = start({ slow: "trap '' TERM; while :; do sleep 0.05; done" }, { connectMs: 200 });
  await vi.waitUntil(() => crashes.length > 0, { timeout: 60_000 });
  expect(crashes[0].how).toMatch(/^signal SIG(TERM|KILL), as it did not connect within 0.2 s$/);
});

test("one that goes on with nothing left to play is ended, and the next one has its turn", async () => {
  const { processes, finished, crashes, givenUp } = start(
    { first: "echo > first; exec sleep 1000", second: "echo > second; exec sleep 1000" },
    { parallel: 1, hungMs: 100 },
  );
  await made("first");
  processes.seen("first", 1);
  finished.add("first");
  processes.seen("first", 0);
  await made("second");
  finished.add("second");
  expect([crashes, givenUp]).toEqual([[], []]);
});

test("what one says without end is kept in part, its last words all the same", async () => {
  const log = join(dir.path, "loud.log");
  const words = openAgentWords(log);
  const stream = new PassThrough({ encoding: "utf8" });
  words.listen(stream);
  const chunk = `${"x".repeat(2 ** 20 - 1)}\n`;
  for (let i = 0; i < 40; i++) await new Promise((resolve) => stream.write(chunk, resolve));
  stream.end("at last\n\x1b[31mthis\n");
  await once(stream, "end");
  words.end("exit code 1");
  expect(words.last()).toMatch(/^x+ \/ at last \/ \\x1b\[31mthis$/);
  expect(words.last().length).toBeLessThan(500);
  await words.close();
  const text = readFileSync(log, "utf8");
  expect(text.slice(-100)).toMatch(/x\n\n\(the rest of what it said is left out\)\nexit code 1\n$/);
  expect(text.length).toBeLessThan(33 * 2 ** 20);
});

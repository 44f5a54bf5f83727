import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readyLaunches, withModules } from "#icrl/jobs/launch/ready-launch.js";
import { sortEntrants } from "#icrl/jobs/tournament/entrants.js";
import { noteRun, prepareRunFolder } from "#icrl/jobs/tournament/run-folder.js";
import { readTournamentFile } from "#icrl/jobs/tournament/tournament-file.js";
import { ROOT } from "../../e2e/run-icrl.js";
import { refusalHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";
import { tournamentFile } from "../../support/tournament-file.js";

const folder = tempDir();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

describe("a wrong tournament file is refused in one line, with exit code 2, before anything is started or replaced", () => {
  const entrant = { name: "u", agent: "uniform" };
  test.each<[what: string, changes: Record<string, unknown>, line: string]>([
    ["no name", { name: undefined }, "SPEC_INVALID: FILE: name is absent: give a text"],
    ["a number as its name", { name: 7 }, "SPEC_INVALID: FILE: name is 7: give a text"],
    ["no trials", { trials: undefined }, "SPEC_INVALID: FILE: trials is absent: give a whole number of at least 1"],
    ["no trials to play", { trials: 0 }, "SPEC_INVALID: FILE: trials is 0: give a whole number of at least 1"],
    ["half a trial", { trials: 1.5 }, "SPEC_INVALID: FILE: trials is 1.5: give a whole number of at least 1"],
    [
      "a seed below 0",
      { seed: -1 },
      "SPEC_INVALID: FILE: seed is -1: give a whole number from 0 to 18446744073709551615, or none to have one drawn",
    ],
    ["no tasks", { tasks: undefined }, "SPEC_INVALID: FILE: tasks is absent: give a list of at least one"],
    ["an empty list of tasks", { tasks: [] }, "SPEC_INVALID: FILE: tasks is empty: give a list of at least one"],
    ["an empty list of agents", { agents: [] }, "SPEC_INVALID: FILE: agents is empty: give a list of at least one"],
    [
      "a task that is a text",
      { tasks: ["e1"] },
      'SPEC_INVALID: FILE: tasks[0] is "e1": give {id, task, options, instances, trials_each}',
    ],
    [
      "a task without its family",
      { tasks: [{ id: "e1" }] },
      "SPEC_INVALID: FILE: tasks[0].task is absent: give a text",
    ],
    ["a mistyped member", { trails: 5 }, 'SPEC_INVALID: FILE: the file has "trails": did you mean "trials"?'],
    [
      "options in a list",
      { agents: [{ ...entrant, options: [1] }] },
      "SPEC_INVALID: FILE: agents[0].options is [1]: give {name: value, ...}",
    ],
    [
      "an id twice",
      { tasks: [{ task: "river-swim" }, { task: "river-swim" }] },
      'SPEC_INVALID: id "river-swim" stands twice in tasks: give each once',
    ],
    [
      "an entrant twice",
      { agents: [entrant, entrant] },
      'SPEC_INVALID: name "u" stands twice in agents: give each once',
    ],
    [
      "an unknown task",
      { tasks: [{ task: "river-swin" }] },
      'TASK_UNKNOWN: there is no task "river-swin": did you mean "river-swim"?',
    ],
    [
      "an unknown agent",
      { agents: [{ agent: "lin-ubc" }] },
      'AGENT_UNKNOWN: entrant "lin-ubc": there is no agent "lin-ubc": did you mean "lin-ucb"?; for an agent of your own that joins, give --await lin-ubc',
    ],
    [
      "an option out of range",
      { tasks: [{ task: "river-swim", options: { states: 1 } }] },
      'OPTION_INVALID: option "states" of task "river-swim" is 1: give an integer in [2, 100]',
    ],
    [
      "an agent's option that it does not have",
      { agents: [{ ...entrant, options: { alpha: 1 } }] },
      'OPTION_UNKNOWN: entrant "u" (agent "uniform") has no option "alpha": it has none',
    ],
  ])("%s", async (_, changes, line) => {
    const file = tournamentFile(folder.path, changes);
    expect(await refusalHere("tournament", "run", file, "--out", path("refused"))).toBe(line.replace("FILE", file));
  });

  test.each([
    ["no file", undefined, "cannot be read: ENOENT: no such file or directory"],
    ["no YAML", "tasks: [", "is no YAML: Flow sequence in block collection must be"],
    [
      "a text",
      "hello",
      'the file is "hello": give {name, seed, seed_key, trials, instances, trials_each, tasks, agents}',
    ],
    [
      "nothing in it",
      "",
      "the file is null: give {name, seed, seed_key, trials, instances, trials_each, tasks, agents}",
    ],
  ])("%s", async (_, content, line) => {
    const file = path("bad.yaml");
    rmSync(file, { force: true });
    if (content !== undefined) writeFileSync(file, content);
    expect(await refusalHere("tournament", "run", file, "--out", path("refused"))).toContain(
      `SPEC_INVALID: ${file}: ${line}`,
    );
  });
});

describe("a seed in a file is what it is for --seed, and a text as JSON documents have it", () => {
  test.each([
    ["7", 7n],
    ['"7"', 7n],
    ["1_000", 1000n],
    ['"1_000"', 1000n],
    ["1e3", 1000n],
    ["18446744073709551615", 2n ** 64n - 1n],
    ['"18446744073709551615"', 2n ** 64n - 1n],
  ])("%s", (seed, value) => {
    writeFileSync(
      path("seed.yaml"),
      `{name: t, seed: ${seed}, trials: 1_0, tasks: [{task: chain}], agents: [{agent: emp}]}`,
    );
    expect(readTournamentFile(path("seed.yaml")).spec).toMatchObject({ seed: value, trials: 10 });
  });

  test.each(["0x10", "0o17", "1__0", "-1", "1.5", '""', '"seven"', "18446744073709551616", "true"])(
    "not %s",
    (seed) => {
      writeFileSync(
        path("seed.yaml"),
        `{name: t, seed: ${seed}, trials: 1, tasks: [{task: chain}], agents: [{agent: emp}]}`,
      );
      expect(() => readTournamentFile(path("seed.yaml"))).toThrow(/seed is .*: give a whole number from 0 to 1844/);
    },
  );
});

test("an agent that is not built in is refused unless it is awaited; on a running server only where a built-in one is near", () => {
  const entrants = (agent: string) => ({
    ...readTournamentFile(tournamentFile(folder.path)).spec,
    agents: [{ name: "mine", agent, options: {}, tasks: [] }],
  });
  const refusal = (agent: string, server?: string) => () => sortEntrants(entrants(agent), new Map(), server);
  expect(refusal("thompsn")).toThrow(
    'entrant "mine": there is no agent "thompsn": did you mean "thompson"?; for an agent of your own that joins, give --await mine',
  );
  expect(refusal("xxxxxxxxxxxxxxx")).toThrow(/^entrant "mine": there is no agent "x+": the built-in ones are /);
  expect(refusal("thompsn", "127.0.0.1:1")).toThrow(/did you mean "thompson"/);
  expect(sortEntrants(entrants("xxxxxxxxxxxxxxx"), new Map(), "127.0.0.1:1").fromElsewhere).toHaveLength(1);
  expect(sortEntrants(entrants("thompsn"), new Map([["mine", 1]]), undefined).fromElsewhere).toHaveLength(1);
});

describe("an agent of somebody's own has a command or a module", () => {
  const softmax = join(ROOT, "examples/softmax-agent.mjs");
  const tasks = [{ task: "bernoulli-bandit" }];

  test("which is no part of the spec; what the command's agent is called is said by the file, a module says it itself", async () => {
    const { spec, launches } = readTournamentFile(
      tournamentFile(folder.path, {
        tasks,
        agents: [
          { name: "a", command: "sh 'my agent'", options: { depth: 2 } },
          { agent: "theirs", command: ["sh", "x"] },
          { name: "c", agent: "emp", command: "sh x" },
          { name: "soft", module: softmax },
        ],
      }),
    );
    expect(launches).toEqual(
      new Map([
        ["a", { kind: "command", words: ["sh", "my agent"], folder: folder.path }],
        ["theirs", { kind: "command", words: ["sh", "x"], folder: folder.path }],
        ["c", { kind: "command", words: ["sh", "x"], folder: folder.path }],
        ["soft", { kind: "module", file: softmax, folder: folder.path }],
      ]),
    );
    const ready = await readyLaunches(launches, "entrant");
    const named = { ...spec, agents: withModules(spec.agents, ready) };
    expect(named.agents.map(({ name, agent }) => [name, agent])).toEqual([
      ["a", "a"],
      ["theirs", "theirs"],
      ["c", "emp"],
      ["soft", "softmax"],
    ]);
    expect(JSON.stringify({ ...named, seed: 1 })).not.toMatch(/my agent|sh|mjs/);
    const { started, fromElsewhere } = sortEntrants(named, new Map([["c", 1]]), undefined, ready);
    expect(started.map(({ name, plays }) => [name, plays])).toEqual([
      ["a", undefined],
      ["theirs", undefined],
      ["soft", ["bandit"]],
    ]);
    expect(fromElsewhere.map(({ name }) => name)).toEqual(["c"]);
  });

  test.each<[what: string, agent: Record<string, unknown>, line: string]>([
    [
      "a command and a module",
      { name: "a", command: "sh", module: "m.mjs" },
      "SPEC_INVALID: FILE: agents[0] has a command and a module: give one of the two",
    ],
    ["a command without a name", { command: "sh" }, "SPEC_INVALID: FILE: agents[0].name is absent: give a text"],
    ["a number as its command", { name: "a", command: 7 }, "SPEC_INVALID: FILE: agents[0].command is 7: give a text"],
    [
      "a number as a word",
      { name: "a", command: ["sh", 7] },
      "SPEC_INVALID: FILE: agents[0].command[1] is 7: give a text",
    ],
    [
      "no words",
      { name: "a", command: [] },
      "SPEC_INVALID: FILE: agents[0].command has no program: give one, and its arguments",
    ],
    [
      "what only a shell understands",
      { name: "a", command: "sh x > y" },
      'SPEC_INVALID: FILE: agents[0].command has >, which only a shell would understand: quote it, or name the shell, ["sh", "-c", "...", "sh"]',
    ],
    [
      "no such program",
      { name: "a", command: "no-such-program x" },
      'SPEC_INVALID: the command of entrant "a": there is no program "no-such-program" in any folder of PATH',
    ],
    [
      "a module with an agent",
      { module: softmax, agent: "softmax" },
      "SPEC_INVALID: FILE: agents[0] has a module and an agent: the module says its agent's name",
    ],
    [
      "a module's option out of range",
      { name: "s", module: softmax, options: { temperature: -1 } },
      'OPTION_INVALID: option "temperature" of entrant "s" (agent "softmax") is -1: give a number of at least 0.000001',
    ],
    [
      "a command's option that no command line takes",
      { name: "a", command: "sh", options: { "b=c": 1 } },
      'OPTION_INVALID: option "b=c" of entrant "a" (agent "a") cannot stand on a command line: its name has a "=" or is empty, or it has a zero character',
    ],
    [
      "a name that would be a flag",
      { name: "--help", command: "sh" },
      'SPEC_INVALID: name "--help" of agents: give 1 to 100 letters, digits, spaces and . _ : + -, the first a letter or digit',
    ],
  ])("%s is refused before anything is started", async (_, agent, line) => {
    const file = tournamentFile(folder.path, { tasks, agents: [agent] });
    expect(await refusalHere("tournament", "run", file, "--out", path("refused"))).toBe(line.replace("FILE", file));
  });
});

test("the tournament.json of a run is a file for tournament run", () => {
  const file = path("spec.yaml");
  writeFileSync(
    file,
    "{name: t, trials: 2, tasks: [{task: chain}], agents: [{name: 1e, agent: emp}, {agent: psrl, tasks: [chain]}]}",
  );
  const out = path("written");
  const { goesOn, ...run } = prepareRunFolder(out, readTournamentFile(file), undefined, false);
  expect([goesOn, run.seedKey]).toEqual([false, undefined]);
  const again = readTournamentFile(join(out, "tournament.json"));
  expect(again).toEqual({ ...run, launches: new Map(), taskSources: { files: [], modules: [] } });
  expect(prepareRunFolder(out, again, "ab", false)).toEqual({ ...run, goesOn: true }); // its server has drawn a key, perhaps
  noteRun(out, { ...run, seedKey: "0123" });
  const over = readTournamentFile(join(out, "tournament.json"));
  expect(over).toEqual({ ...run, seedKey: "0123", launches: new Map(), taskSources: { files: [], modules: [] } });
  for (const file of [again, over])
    expect(prepareRunFolder(out, file, "", false)).toEqual({ ...run, seedKey: "0123", goesOn: true });
  expect(() => prepareRunFolder(out, { ...over, seedKey: "" }, "", false)).toThrow(/holds another tournament/);
});

describe("a seed key", () => {
  const fileWith = (key: string) => {
    writeFileSync(
      path("key.yaml"),
      `{name: t, seed_key: ${key}, trials: 1, tasks: [{task: chain}], agents: [{agent: emp}]}`,
    );
    return path("key.yaml");
  };
  test.each([
    ['""', ""],
    ["ab", "ab"],
    ['"00FF"', "00ff"],
    ["f".repeat(128), "f".repeat(128)],
  ])("%s", (text, key) => expect(readTournamentFile(fileWith(text)).seedKey).toBe(key));
  test.each(['"abc"', "12", '"xy"', "[]", "f".repeat(130)])("not %s", (text) => {
    expect(() => readTournamentFile(fileWith(text))).toThrow(/seed_key is .*: give at most 64 bytes as hexadecimal/);
  });
});

test("nothing was made", () => {
  expect(existsSync(path("refused"))).toBe(false);
});

describe("a tournament's file says how many trials each match has, and on how many instances", () => {
  const read = (changes: Record<string, unknown>) => readTournamentFile(tournamentFile(folder.path, changes)).spec;
  const amounts = (changes: Record<string, unknown>) => {
    const { trials, tasks } = read(changes);
    return [trials, ...tasks.map(({ instances }) => instances)];
  };
  const [a, b] = [
    { id: "a", task: "river-swim" },
    { id: "b", task: "river-swim" },
  ];

  test("of all tasks, or of one", () => {
    expect(amounts({ trials: 12, tasks: [a, b] })).toEqual([12, undefined, undefined]);
    expect(amounts({ trials: undefined, instances: 4, trials_each: 3, tasks: [a, b] })).toEqual([12, 4, 4]);
    expect(amounts({ trials: 12, instances: 4, tasks: [a, { ...b, instances: 6 }] })).toEqual([12, 4, 6]);
    expect(amounts({ trials: 12, tasks: [a, { ...b, instances: 6, trials_each: 2 }] })).toEqual([12, undefined, 6]);
    const each = [
      { ...a, instances: 4, trials_each: 3 },
      { ...b, instances: 2, trials_each: 6 },
    ];
    expect(amounts({ trials: undefined, tasks: each })).toEqual([12, 4, 2]);
    expect(Object.keys(read({ trials: 12, tasks: [a] }).tasks[0])).not.toContain("instances");
  });

  test.each<[what: string, changes: Record<string, unknown>, line: string]>([
    [
      "another number of trials on one task",
      { trials: 12, tasks: [a, { ...b, instances: 5, trials_each: 2 }] },
      "tasks[1] has 10 trials, and other matches 12: give each task as many, instances times trials_each",
    ],
    [
      "trials of one task alone",
      { trials: undefined, tasks: [{ ...a, instances: 5, trials_each: 2 }, b] },
      "trials is absent: give a whole number of at least 1",
    ],
    [
      "instances without trials",
      { trials: undefined, instances: 5, tasks: [a] },
      "instances is 5: give trials_each, how many trials each has, or trials, how many there are in all",
    ],
    [
      "trials of each beside all trials",
      { trials: 10, instances: 5, trials_each: 2, tasks: [a] },
      "trials_each is how many trials each of so many instances has: give instances beside it, and no trials",
    ],
    ["no instance", { instances: 0, tasks: [a] }, "instances is 0: give a whole number of at least 1"],
  ])("%s is refused", (_, changes, line) => {
    expect(() => read(changes)).toThrow(line);
  });

  test("a folder goes on with the same instances, and not with others", () => {
    const out = path("shared");
    const of = (instances: number) => ({ spec: read({ trials: 12, seed: undefined, instances }), seedKey: undefined });
    const begun = prepareRunFolder(out, of(4), "", false);
    expect(begun.goesOn).toBe(false);
    const again = prepareRunFolder(out, of(4), undefined, false);
    expect(again).toMatchObject({ goesOn: true, spec: { seed: begun.spec.seed, tasks: [{ instances: 4 }] } });
    expect(() => prepareRunFolder(out, of(6), undefined, false)).toThrow("holds another tournament");
    // Its tournament.json is a tournament's file of its own.
    expect(readTournamentFile(join(out, "tournament.json")).spec).toEqual(begun.spec);
  });
});

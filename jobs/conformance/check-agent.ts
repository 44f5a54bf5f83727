/** Puts an agent that somebody wrote through the whole protocol, and says what it did wrong: what `icrl conformance --command` does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hello } from "../../proto/gen/icrl/v1/environment.js";
import type { JobListener } from "../listener.js";
import { type PrivateServer, startPrivateServer } from "../processes/private-server.js";
import { datasetToLabel, tasksPlayedBy } from "./dataset-to-label.js";
import { isAsked, type Outcome } from "./outcome.js";
import { type CheckedAgent, runScenario, type ScenarioRun } from "./run-scenario.js";
import { SCENARIOS, type Scenario } from "./scenarios.js";
import { differenceOf, type Trials } from "./transcript.js";

/** Whom to check, and in what. */
export interface AgentCheckPlan extends CheckedAgent {
  /** Whether the command takes --label NAME, too. */
  readonly labels: boolean;
  /** Texts, one of which is in the name of each scenario that is run; [] runs all. */
  readonly only: readonly string[];
}

/** What was found. */
export interface AgentCheck {
  /** Its first hello; undefined where it never said one. */
  readonly hello: Hello | undefined;
  readonly outcomes: readonly Outcome[];
}

/** Names of all scenarios, in the order in which they are run. */
export const scenarioNames = (): string[] => SCENARIOS.map(({ name }) => name);

/**
 * Checks it.
 *
 * @throws ServerStartError, OUTPUT_EXISTS if a private server cannot be started; the signal's reason once it is aborted
 */
export async function checkAgent(
  plan: AgentCheckPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<AgentCheck> {
  const asked = SCENARIOS.filter(({ name }) => isAsked(name, plan.only));
  const folder = mkdtempSync(join(tmpdir(), "icrl-conformance-"));
  const servers = serversIn(folder, plan, listener, signal);
  const outcomes: Outcome[] = [];
  const played = new Map<string, Trials>();
  let hello: Hello | undefined;
  try {
    listener.doing("starting a server of its own");
    await servers.forPlay();
    for (const [done, scenario] of asked.entries()) {
      listener.update([{ name: "", done, total: asked.length }], scenario.name);
      if (hello === undefined && (scenario.labels === true || scenario.resumes === true))
        hello = (await runScenario({ ...plan, scenario: SCENARIOS[0], address: await servers.forPlay() }, signal))
          .hello;
      const why = outcomes.length > 0 && hello === undefined ? SILENT : notRun(scenario, plan, hello);
      if (why !== undefined) {
        outcomes.push({ name: scenario.name, result: "skipped", faults: [], notes: [why] });
        continue;
      }
      const address = await (scenario.labels === true ? servers.forLabels(hello, scenario.trials) : servers.forPlay());
      const run = await runScenario({ ...plan, scenario, address }, signal);
      hello ??= run.hello;
      played.set(scenario.name, run.trials);
      outcomes.push(outcomeOf(scenario, run, played.get(scenario.sameAs ?? "")));
    }
    listener.update([{ name: "", done: asked.length, total: asked.length }]);
  } finally {
    await servers.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { hello, outcomes };
}

/** Why nothing more is run. */
const SILENT = "it has said no hello yet";

/** Why a scenario is no matter for the agent; undefined where it is, or that is not known yet. */
function notRun(scenario: Scenario, { labels }: AgentCheckPlan, hello: Hello | undefined): string | undefined {
  const can = (capability: string) => hello?.capabilities.includes(capability) === true;
  if (scenario.labels === true && !labels && !can("label"))
    return 'it is looked at with --label, for commands that take --label NAME, and where hello lists "label"';
  if (scenario.labels === true && tasksPlayedBy(hello?.tasks ?? []).length === 0)
    return "it plays none of the tasks that there would be";
  if (scenario.resumes === true && hello !== undefined && !can("resume")) return 'its hello does not list "resume"';
  return undefined;
}

function outcomeOf(scenario: Scenario, run: ScenarioRun, same: Trials | undefined): Outcome {
  const { name } = scenario;
  const faults = [...run.faults];
  const notes = [...run.notes];
  const difference = same === undefined ? undefined : differenceOf(same, run.trials);
  if (difference?.isCertain === true)
    faults.push(`${difference.text}, though it calls both certain: it remembers something of other trials`);
  else if (difference !== undefined)
    notes.push(`it ${difference.text}: its results depend on more than agent_seed and cannot be played again`);
  if (faults.length > 0) return { name, result: "fails", faults, notes };
  return { name, result: run.skipped === undefined ? "holds" : "skipped", faults, notes: run.skipped ?? notes };
}

/** The servers of a check, each started when it is needed. */
function serversIn(folder: string, plan: AgentCheckPlan, listener: JobListener, signal: AbortSignal) {
  // What the agent does too late is told in the words of this kit, and not by the server.
  const flags = [
    "--act-timeout-ms",
    String(2 * plan.patienceMs + 60_000),
    "--durability",
    "process",
    "--resume-ms",
    "60000",
  ];
  let play: PrivateServer | undefined;
  let labels: PrivateServer | undefined;
  const options = { flags, say: listener.say, signal };
  return {
    /** HOST:PORT. */
    async forPlay(): Promise<string> {
      play ??= await startPrivateServer(join(folder, "play"), options);
      return play.address;
    },
    /** HOST:PORT of one with a dataset. */
    async forLabels(hello: Hello | undefined, trials: number): Promise<string> {
      const dataset = join(folder, "dataset");
      await datasetToLabel(dataset, tasksPlayedBy(hello?.tasks ?? []), trials, signal);
      labels = await startPrivateServer(join(folder, "label"), { ...options, flags: [...flags, "--dataset", dataset] });
      return labels.address;
    },
    async close(): Promise<void> {
      await Promise.all([play?.close(), labels?.close()]);
    },
  };
}

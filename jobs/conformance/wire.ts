/**
 * What every server that speaks icrl.v1 must do, by its address alone, as rules that can be run over any of them. A rule gives the
 * first violation it finds, or undefined. What is shown while a task is played is the subject of wire-play.ts.
 */
import { randomUUID } from "node:crypto";
import type { Client } from "@grpc/grpc-js";
import type { Credentials } from "../../clients/typescript/credentials.js";
import type { AgentMessage } from "../../clients/typescript/play-stream.js";
import { REASONS, type Reason } from "../../common/errors.js";
import { boolTensor, float32Tensor, int32Tensor } from "../../common/tensor.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import type { Actions, Closed, Limits, Observations, Open } from "../../proto/gen/icrl/v1/environment.js";
import { CreateTournamentRequest, CreateTournamentResponse } from "../../proto/gen/icrl/v1/tournament.js";
import { metadataProblem } from "./error-metadata.js";
import { actions, hello, open, type RawStream, rawClient, rawStream, rawUnary } from "./raw-stream.js";
import { holds, playsEnvSeeds, playsInstances, type ResetPeer, resets } from "./wire-reset.js";

/** A server that nobody else uses, to be drained. */
export interface DrainableServer {
  readonly address: string;
  /** Makes it stop within a deadline; resolves when it has. */
  drain(deadlineMs: number): Promise<void>;
  dispose(): Promise<void>;
}

/** A server as the rules reach it. */
export interface WireServer {
  readonly address: string;
  /** What it is shown, and by what it is known; absent: nothing. */
  readonly shown?: Credentials;
  /** What its log would hold if it died now; where a test cannot look, that rule finds nothing. */
  survivors?(): Promise<TrajectoryRow[]>;
  /** Starts another one like it; where a test cannot, the rule about draining finds nothing. */
  another?(): Promise<DrainableServer>;
  /** The longest that a stream may take. */
  readonly patienceMs?: number;
}

/** A rule and how to find a violation of it. */
export interface WireRule {
  readonly title: string;
  /** What it needs beside an address, in words: it finds nothing without. */
  readonly needs?: string;
  /** The capability of the server that it is about: it finds nothing where the server does not list it. */
  readonly capability?: string;
  /** @throws NotLookedAt */
  violation(server: WireServer): Promise<string | undefined>;
}

/** A rule cannot be looked at with what the server is shown; its message says why. */
export class NotLookedAt extends Error {}

/** Found by one of the checks below; its message is the violation. */
class Violation extends Error {}

function check(holds: boolean, violation: string): asserts holds {
  if (!holds) throw new Violation(violation);
}

/** Streams to one server, and what rules do with them. */
interface Peer {
  readonly server: WireServer;
  readonly client: Client;
  stream(): RawStream;
}

/** The bandit of `open()`: three arms, four steps. */
const ARMS = 3;
const HORIZON = 4;

async function welcomed(peer: Peer) {
  const stream = peer.stream();
  stream.send(hello());
  return { stream, welcome: await stream.expect("welcome") };
}

async function limitsOf(peer: Peer): Promise<Limits> {
  const { welcome, stream } = await welcomed(peer);
  stream.call.cancel();
  check(welcome.limits !== undefined, "welcome has no limits");
  return welcome.limits;
}

/** A session that plays, with its first observations taken. */
async function playing(peer: Peer, members: Partial<Open> = {}) {
  const { stream, welcome } = await welcomed(peer);
  stream.send(open(members));
  await stream.expect("opened");
  return { stream, welcome, first: await stream.expect("observations") };
}

/** Plays lock-steps `from` up to `to`, all envs one action; the last observations. */
async function steps(stream: RawStream, from: number, to: number, numEnvs = 1): Promise<Observations> {
  let observations: Observations | undefined;
  for (let k = from; k < to; k++) {
    stream.send(actions(k, new Array<number>(numEnvs).fill(k % ARMS)));
    observations = await stream.expect("observations");
    check(observations.stepIndex === BigInt(k + 1), `actions for ${k} are answered by ${observations.stepIndex}`);
  }
  if (observations === undefined) throw new Error("no step to play");
  return observations;
}

/** Nothing more comes but, maybe, a welcome; and the stream ends with this reason as docs/errors.md has it. */
async function checkEnding(stream: RawStream, reason: Reason, what: string, welcomed = false): Promise<void> {
  const next = () =>
    stream.next().then(
      ({ message }) => message.$case,
      () => undefined,
    );
  let answer = await next();
  if (welcomed && answer === "welcome") answer = await next();
  check(answer === undefined, `${what} is answered by ${answer}, and not refused with ${reason}`);
  const ending = await stream.ended;
  check(ending.reason !== undefined, `${what} ends with code ${ending.code} and no ErrorInfo: ${ending.text}`);
  check(Object.hasOwn(REASONS, ending.reason), `${what} ends with ${ending.reason}, which is not in the closed list`);
  check(ending.reason === reason, `${what} ends with ${ending.reason}, not ${reason}: ${ending.text}`);
  check(ending.code === REASONS[reason].code, `${what} ends with ${reason} under code ${ending.code}`);
  check(ending.text !== "", `${what} ends with ${reason} and says nothing`);
  const problem = metadataProblem(reason, ending.metadata);
  check(problem === undefined, `${what}: ${problem}`);
}

/** Something wrong to send, in a session that has come so far. */
interface BadInput {
  readonly what: string;
  readonly reason: Reason;
  readonly state: "new" | "ready" | "playing";
  readonly send: AgentMessage | Buffer;
}

/** Sends it in a session of its own; the stream that should end. */
async function offend(peer: Peer, { state, send }: BadInput, tasks: string[] = []): Promise<RawStream> {
  const stream = peer.stream();
  if (state !== "new") {
    stream.send(hello({ tasks }));
    await stream.expect("welcome");
  }
  if (state === "playing") {
    stream.send(open({ numEnvs: 2, trials: 2n, record: false }));
    await stream.expect("opened");
    await stream.expect("observations");
  }
  if (Buffer.isBuffer(send)) stream.sendBytes(send);
  else stream.send(send);
  return stream;
}

async function checkRefusals(peer: Peer, inputs: readonly BadInput[]): Promise<void> {
  for (const input of inputs) {
    // Whoever says hello may be welcomed before the tournament that it asks for is looked up.
    const enters =
      !Buffer.isBuffer(input.send) && input.send.$case === "hello" && input.send.value.entrant !== undefined;
    await checkEnding(await offend(peer, input), input.reason, input.what, enters);
  }
}

const bad = (state: BadInput["state"], what: string, reason: Reason, send: BadInput["send"]): BadInput => ({
  what,
  reason,
  state,
  send,
});

const close: AgentMessage = { $case: "close", value: { reason: "" } };

const answering = (members: Partial<Actions>): AgentMessage => {
  const valid = int32Tensor(Int32Array.of(0, 0), [2]);
  return {
    $case: "actions",
    value: { stepIndex: 0n, actions: valid, propensities: undefined, probabilities: undefined, ...members },
  };
};

const propensities = (...values: number[]) =>
  answering({ propensities: float32Tensor(Float32Array.from(values), [values.length]) });

async function welcomes(peer: Peer): Promise<void> {
  const stream = peer.stream();
  stream.send(hello({ minProtocolVersion: 1, maxProtocolVersion: 99 }));
  const one = await stream.expect("welcome");
  check(one.protocolVersion === 1, `of versions 1 to 99 it chose ${one.protocolVersion}: icrl.v1 is 1`);
  check(one.serverVersion !== "", "welcome has no server_version");
  check(one.sessionId !== "", "welcome has no session_id");
  const { welcome: two, stream: other } = await welcomed(peer);
  check(one.sessionId !== two.sessionId, `two sessions are both ${one.sessionId}`);
  const { limits } = two;
  check(limits !== undefined, "welcome has no limits");
  for (const [name, value] of Object.entries(limits)) check(value >= 1, `limits.${name} is ${value}`);
  for (const left of [stream, other]) {
    left.send(close);
    const { code } = await left.ended;
    check(code === 0, `close, with nothing open, ends the stream with code ${code}`);
  }
}

const refusesHellos = (peer: Peer) =>
  checkRefusals(peer, [
    bad(
      "new",
      "a hello of later versions",
      "PROTOCOL_VERSION",
      hello({ minProtocolVersion: 2, maxProtocolVersion: 9 }),
    ),
    bad("new", "a hello of no version", "PROTOCOL_VERSION", hello({ minProtocolVersion: 0, maxProtocolVersion: 0 })),
    bad("new", "an agent without a name", "NAME_INVALID", hello({ agent: "" })),
    bad("new", "an agent with a name of 101 characters", "NAME_INVALID", hello({ agent: "a".repeat(101) })),
    bad("new", "a tournament without an entrant", "FIELD_CONFLICT", hello({ tournamentId: "t" })),
    bad("new", "a collection without an entrant", "FIELD_CONFLICT", hello({ collectionId: "c" })),
    bad("new", "both at once", "FIELD_CONFLICT", hello({ entrant: "a", tournamentId: "t", collectionId: "c" })),
    bad("new", "a collection that is not there", "ENTRANT_EARLY", hello({ entrant: "a", collectionId: randomUUID() })),
    bad("new", "a tournament that is not there", "ENTRANT_EARLY", hello({ entrant: "e", tournamentId: randomUUID() })),
  ]);

const keepsOrder = (peer: Peer) =>
  checkRefusals(peer, [
    bad("new", "open before hello", "PROTOCOL_ORDER", open()),
    bad("new", "actions before hello", "PROTOCOL_ORDER", actions(0, [0])),
    bad("new", "close before hello", "PROTOCOL_ORDER", close),
    bad("ready", "hello after hello", "PROTOCOL_ORDER", hello()),
    bad("ready", "actions before open", "PROTOCOL_ORDER", actions(0, [0])),
    bad("playing", "open while playing", "PROTOCOL_ORDER", open()),
    bad("playing", "hello while playing", "PROTOCOL_ORDER", hello()),
  ]);

async function refusesOpens(peer: Peer): Promise<void> {
  const { maxEnvs, maxTrials } = await limitsOf(peer);
  const seeds = [{ taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n }];
  const opens: [what: string, reason: Reason, members: Partial<Open>][] = [
    ["a task that does not exist", "TASK_UNKNOWN", { task: "no-such-task", options: {} }],
    ["an option that does not exist", "OPTION_UNKNOWN", { options: { no_such_option: 1 } }],
    ["an option of the wrong type", "OPTION_INVALID", { options: { arms: "many" } }],
    ["an option out of its range", "OPTION_INVALID", { options: { arms: -1 } }],
    ["no env", "ENVS_INVALID", { numEnvs: 0 }],
    ["more envs than limits.maxEnvs", "ENVS_INVALID", { numEnvs: maxEnvs + 1 }],
    ["no trial", "TRIALS_INVALID", { trials: 0n }],
    ["more trials than limits.maxTrials", "TRIALS_INVALID", { trials: maxTrials + 1n }],
    ["trials beyond the last index", "TRIALS_INVALID", { firstTrial: 2n ** 64n - 1n, trials: 2n }],
    ["fewer explicit seeds than trials", "TRIALS_INVALID", { trials: 2n, explicitSeeds: seeds }],
    ["seeds of two kinds", "FIELD_CONFLICT", { seed: 7n, explicitSeeds: seeds }],
    ["a purpose beside explicit seeds", "FIELD_CONFLICT", { purpose: "collect", explicitSeeds: seeds }],
    ["a purpose that does not exist", "PURPOSE_INVALID", { purpose: "fun" }],
    ["the server's own purpose", "PURPOSE_INVALID", { purpose: "tournament" }],
  ];
  await checkRefusals(
    peer,
    opens.map(([what, reason, members]) => bad("ready", what, reason, open(members))),
  );
  const what = "a task that the agent does not play";
  await checkEnding(
    await offend(peer, bad("ready", what, "TASK_UNSUPPORTED", open()), ["no-such-kind"]),
    "TASK_UNSUPPORTED",
    what,
  );
}

const refusesActions = (peer: Peer) =>
  checkRefusals(peer, [
    bad("playing", "an action one past the last", "ACTION_OUT_OF_RANGE", actions(0, [0, ARMS])),
    bad("playing", "a negative action", "ACTION_OUT_OF_RANGE", actions(0, [-1, 0])),
    bad("playing", "too few actions", "ACTION_SHAPE", actions(0, [0])),
    bad("playing", "too many actions", "ACTION_SHAPE", actions(0, [0, 0, 0])),
    bad("playing", "no actions", "ACTION_SHAPE", answering({ actions: undefined })),
    bad(
      "playing",
      "actions of type bool",
      "ACTION_SHAPE",
      answering({ actions: boolTensor(Uint8Array.of(0, 0), [2]) }),
    ),
    bad(
      "playing",
      "actions of fewer bytes than their shape",
      "ACTION_SHAPE",
      answering({ actions: { dtype: 3, shape: [2], data: Buffer.alloc(4) } }),
    ),
    bad("playing", "a propensity of 0", "PROPENSITY_INVALID", propensities(1, 0)),
    bad("playing", "a propensity above 1", "PROPENSITY_INVALID", propensities(1.5, 1)),
    bad("playing", "too few propensities", "PROPENSITY_INVALID", propensities(1)),
  ]);

async function numbersLockSteps(peer: Peer): Promise<void> {
  await checkRefusals(peer, [
    bad("playing", "a step_index not asked for yet", "STEP_GAP", actions(1, [0, 0])),
    bad("playing", "the largest step_index", "STEP_GAP", actions(2n ** 64n - 1n, [0, 0])),
  ]);
  const contradicting = (await playing(peer, { record: false })).stream;
  await steps(contradicting, 0, 2);
  contradicting.send(actions(1, [2])); // was 1
  await checkEnding(contradicting, "STEP_CONFLICT", "the last step_index with other bytes");
  const late = (await playing(peer, { record: false })).stream;
  await steps(late, 0, 2);
  late.send(actions(0, [0]));
  await checkEnding(late, "STEP_GONE", "a step_index before the last, with the bytes of then");

  const { stream } = await playing(peer, { record: false });
  for (let k = 0; k < HORIZON; k++) {
    const sent = stream.send(actions(k, [k % ARMS]));
    const { bytes, message } = await stream.next();
    check(message.$case === "observations", `${message.$case} came for actions`);
    for (let again = 0; again < 2 && k < HORIZON - 1; again++) {
      stream.sendBytes(sent);
      check((await stream.next()).bytes.equals(bytes), `lock-step ${k} asked for again is answered by other bytes`);
    }
  }
  const { steps: taken } = await stream.expect("closed");
  check(taken === BigInt(HORIZON), `${HORIZON} steps, some asked for again, are counted as ${taken}`);
  stream.call.cancel();
}

async function refusesBytes(peer: Peer): Promise<void> {
  const { maxMessageBytes } = await limitsOf(peer);
  await checkRefusals(peer, [
    bad("new", "an empty message", "MALFORMED_MESSAGE", Buffer.alloc(0)),
    bad("new", "a message that breaks off", "MALFORMED_MESSAGE", Buffer.from([0x0a, 0x7f])),
    bad("playing", "text", "MALFORMED_MESSAGE", Buffer.from("GET / HTTP/1.1\r\n\r\n")),
    bad(
      "ready",
      "a message above limits.maxMessageBytes",
      "MESSAGE_TOO_LARGE",
      open({ tags: { filler: "x".repeat(maxMessageBytes) } }),
    ),
  ]);
}

const openLabels = open({ label: "wire", task: "", options: undefined, trials: 0n, seed: 0n });

async function refusesWhatItCannot(peer: Peer): Promise<void> {
  const { welcome, stream } = await welcomed(peer);
  stream.call.cancel();
  const can = new Set(welcome.capabilities);
  check(welcome.resumeToken === "", "welcome has a resume token for an agent that does not list the capability");
  const inputs: [capability: string, input: BadInput][] = [
    [
      "reset",
      bad("playing", "reset", "NOT_IMPLEMENTED", {
        $case: "reset",
        value: { stepIndex: 0n, envs: [0], seeds: [], mode: 0 },
      }),
    ],
    ["resume", bad("new", "resume", "NOT_IMPLEMENTED", resume("none", 0n))],
    ["label", bad("ready", "labelling", "NOT_IMPLEMENTED", openLabels)],
  ];
  await checkRefusals(
    peer,
    inputs.filter(([capability]) => !can.has(capability)).map(([, input]) => input),
  );
}

/** A stream that goes on with a session. */
async function resumed(peer: Peer, resumeToken: string, received: bigint) {
  const stream = peer.stream();
  stream.send({ $case: "resume", value: { resumeToken, received } });
  return { stream, welcome: await stream.expect("welcome") };
}

async function resumes(peer: Peer): Promise<void> {
  const first = peer.stream();
  first.send(hello({ capabilities: ["resume"] }));
  const { resumeToken: token, capabilities, sessionId } = await first.expect("welcome");
  check((token !== "") === capabilities.includes("resume"), "welcome has a resume token, or the capability, alone");
  if (token === "") return;
  first.send(open({ record: false }));
  await first.expect("opened");
  await first.expect("observations");
  await steps(first, 0, 1);
  first.send(actions(1, [0]));
  first.call.cancel();
  // by hand: opened and two observations came; open and the actions for 0 were taken, and maybe those for 1
  const second = await resumed(peer, token, 3n);
  const { received } = second.welcome;
  check(second.welcome.sessionId === sessionId, "a session that is resumed has another id");
  check(received === 2n || received === 3n, `a session that took 2 or 3 messages says that it took ${received}`);
  if (received === 2n) second.stream.send(actions(1, [0]));
  const said = await second.stream.next();
  const third = await resumed(peer, second.welcome.resumeToken, 3n);
  check(third.welcome.received === 3n, `a session that took 3 messages says that it took ${third.welcome.received}`);
  const again = await third.stream.next();
  check(again.bytes.equals(said.bytes), "what is sent again is not what was sent");
  await checkEnding(second.stream, "SESSION_RESUMED", "a stream whose session goes on over another one");
  await checkEnding(
    await offend(peer, bad("new", "", "RESUME_CONFLICT", resume(token, 9n))),
    "RESUME_CONFLICT",
    "a count of messages that were never sent",
  );
  await checkEnding(
    await offend(peer, bad("new", "", "RESUME_UNKNOWN", resume(`${token}x`, 0n))),
    "RESUME_UNKNOWN",
    "a token of no session",
  );
  await steps(third.stream, 2, HORIZON);
  checkTotals(await third.stream.expect("closed"), { completeTrials: 1n, steps: 4n }, "a session that was resumed");
  third.stream.call.cancel();
}

const resume = (resumeToken: string, received: bigint): AgentMessage => ({
  $case: "resume",
  value: { resumeToken, received },
});

async function endsOneSession(peer: Peer): Promise<void> {
  const witness = (await playing(peer, { trials: 2n, record: false })).stream;
  const inputs = [
    bad("new", "an empty message", "MALFORMED_MESSAGE", Buffer.alloc(0)),
    bad("ready", "a task that does not exist", "TASK_UNKNOWN", open({ task: "no-such-task" })),
    bad("playing", "an action out of range", "ACTION_OUT_OF_RANGE", actions(0, [0, ARMS])),
    bad("playing", "a gap", "STEP_GAP", actions(5, [0, 0])),
  ];
  for (const [k, input] of inputs.entries()) {
    await (await offend(peer, input)).ended;
    await steps(witness, k, k + 1);
  }
  await steps(witness, inputs.length, 2 * HORIZON);
  const { completeTrials } = await witness.expect("closed");
  check(completeTrials === 2n, `a session beside those that failed completed ${completeTrials} of 2 trials`);
  witness.call.cancel();
}

function checkTotals(closed: Closed, expected: Partial<Closed>, what: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const came = closed[name as keyof Closed];
    check(came === value, `${what}: closed.${name} is ${came}, not ${value}`);
  }
}

async function closesEarly(peer: Peer): Promise<void> {
  const { stream } = await playing(peer, { numEnvs: 2, trials: 10n });
  await steps(stream, 0, 6, 2);
  stream.send(close);
  // by hand: after 6 lock-steps of 2 envs with a horizon of 4 two trials are over, and two are cut short after 2 steps
  const totals = { completeTrials: 2n, incompleteTrials: 2n, episodes: 4n, steps: 12n, durableTrials: 4n };
  checkTotals(await stream.expect("closed"), { ...totals, finished: false }, "close after 6 lock-steps");
  stream.send(open({ trials: 1n, firstTrial: 3n, record: false }));
  const opened = await stream.expect("opened");
  check(opened.numEnvs === 1, `the second open has ${opened.numEnvs} envs, not 1`);
  const first = await stream.expect("observations");
  check(first.stepIndex === 0n, `the second open begins at step_index ${first.stepIndex}`);
  check(first.trialStarts[0]?.trialIndex === 3n, "the second open does not begin with its own first trial");
  await steps(stream, 0, HORIZON);
  checkTotals(
    await stream.expect("closed"),
    { completeTrials: 1n, incompleteTrials: 0n, episodes: 1n, steps: 4n, durableTrials: 0n },
    "the second open",
  );
  // A trial that is cut between two of its episodes is short, and is logged as such: by an episode of no steps.
  stream.send(open({ task: "random-mdp", options: { states: 4, actions: 4, horizon: 3, episodes: 4 }, trials: 1n }));
  await stream.expect("opened");
  await stream.expect("observations");
  await steps(stream, 0, 3);
  stream.send(close);
  checkTotals(
    await stream.expect("closed"),
    { completeTrials: 0n, incompleteTrials: 1n, episodes: 2n, steps: 3n, durableTrials: 1n },
    "close between two episodes",
  );
  stream.send(close);
  const { code } = await stream.ended;
  check(code === 0, `close after closed ends the stream with code ${code}`);
}

async function letsLeave(peer: Peer): Promise<void> {
  for (const begin of [welcomed, playing]) {
    const { stream } = await begin(peer);
    stream.call.end();
    const { code } = await stream.ended;
    check(code === 0, `an agent that leaves by ending its stream is told code ${code}`);
  }
  const { stream } = await playing(peer);
  await steps(stream, 0, HORIZON - 1);
  stream.send(actions(HORIZON - 1, [0]));
  stream.call.end();
  await stream.expect("observations");
  checkTotals(await stream.expect("closed"), { completeTrials: 1n, durableTrials: 1n }, "end with the last actions");
  const { code } = await stream.ended;
  check(code === 0, `an agent that ended its stream with its last actions is told code ${code}`);
}

async function playsGivenSeeds(peer: Peer): Promise<void> {
  const explicitSeeds = [
    { taskSeed: 2n ** 64n - 1n, noiseSeed: 0n, agentSeed: 2n ** 53n + 1n },
    { taskSeed: 4n, noiseSeed: 5n, agentSeed: 6n },
  ];
  const { stream, first } = await playing(peer, { trials: 2n, explicitSeeds, record: false });
  const last = await steps(stream, 0, HORIZON);
  for (const [i, start] of [first.trialStarts[0], last.trialStarts[0]].entries()) {
    const { taskSeed, noiseSeed, agentSeed } = explicitSeeds[i];
    check(
      start?.taskSeed === taskSeed && start.noiseSeed === noiseSeed && start.agentSeed === agentSeed,
      `trial ${i} does not begin with the explicit seeds`,
    );
  }
  stream.call.cancel();
}

async function keepsWhatIsDurable(peer: Peer): Promise<void> {
  const { survivors } = peer.server;
  if (survivors === undefined) return;
  const { stream, welcome } = await playing(peer, { trials: 3n });
  const own = async () => (await survivors()).filter((row) => row.session_id === welcome.sessionId);
  for (let k = 0; k < 3 * HORIZON; k++) {
    const { durableTrials } = await steps(stream, k, k + 1);
    if (durableTrials === 0n) continue;
    const rows = await own();
    check(rows.length >= durableTrials, `durable_trials is ${durableTrials}, and ${rows.length} would survive`);
  }
  const { durableTrials } = await stream.expect("closed");
  const rows = await own();
  const complete = rows.filter((row) => row.complete && row.length === HORIZON);
  check(
    durableTrials === 3n && complete.length === 3,
    `closed says that ${durableTrials} of 3 trials are durable, and ${complete.length} would survive`,
  );
  stream.call.cancel();
}

async function withholdsTruth(peer: Peer): Promise<void> {
  const { task = "", options } = (open() as Extract<AgentMessage, { $case: "open" }>).value;
  const spec = {
    name: `wire conformance ${randomUUID()}`,
    seed: 5n,
    trials: 3,
    tasks: [{ id: "t", task, options }],
    agents: [{ name: "entrant", agent: "wire-agent", options: {}, tasks: [] }],
  };
  const created = await rawUnary(
    peer.client,
    "/icrl.v1.TournamentService/CreateTournament",
    Buffer.from(
      CreateTournamentRequest.encode({
        spec,
        attendance: [],
        declarations: [],
        ownerKey: "",
        entrantKeys: [],
        seedKey: undefined,
      }).finish(),
    ),
  );
  if (!Buffer.isBuffer(created) && created.reason === "ROLE_REFUSED" && peer.server.shown?.token !== undefined) {
    throw new NotLookedAt(`it needs a token that may create a tournament: ${created.text}`);
  }
  check(Buffer.isBuffer(created), `CreateTournament fails: ${JSON.stringify(created)}`);
  const tournamentId = CreateTournamentResponse.decode(created).tournament?.id;
  const stream = peer.stream();
  stream.send(hello({ agent: "wire-agent", entrant: "entrant", tournamentId, numEnvs: 1 }));
  await stream.expect("welcome");
  const opened = await stream.expect("opened");
  check(opened.tournamentId === tournamentId, "opened in a match has not the tournament's id");
  check(opened.matchId === "t/entrant", `opened in a match has match_id ${opened.matchId}`);
  check(opened.agentOptions !== undefined, "opened in a match has no agent_options");
  const total = Number(opened.trials);
  let observations = await stream.expect("observations");
  let ends = 0;
  for (let k = 0; ; k++) {
    for (const { taskSeed, noiseSeed } of observations.trialStarts) {
      check(taskSeed === undefined && noiseSeed === undefined, "trial_starts in a match has seeds of the truth");
    }
    for (const { optimalValue, regret } of observations.trialEnds) {
      check(optimalValue === undefined && regret === undefined, "trial_ends in a match has the truth");
      ends += 1;
    }
    if (observations.active?.data.includes(1) === false) break;
    observations = await steps(stream, k, k + 1);
  }
  check(ends === total && total === 3, `a match of 3 trials opened ${total} and ended ${ends}`);
  checkTotals(await stream.expect("closed"), { completeTrials: 3n, durableTrials: 3n, finished: false }, "a match");
  checkTotals(await stream.expect("closed"), { completeTrials: 0n, finished: true }, "after the last match");
  stream.call.end();
  const { code } = await stream.ended;
  check(code === 0, `an entrant that leaves when it is finished is told code ${code}`);
}

async function drains(peer: Peer): Promise<void> {
  const other = await peer.server.another?.();
  if (other === undefined) return;
  const client = rawClient(other.address, {}, peer.server.shown);
  try {
    const { patienceMs = PATIENCE_MS } = peer.server;
    const inOther = { ...peer, client, stream: () => rawStream(client, { deadline: Date.now() + patienceMs }) };
    const { stream } = await playing(inOther);
    const idle = (await welcomed(inOther)).stream;
    await steps(stream, 0, 1);
    const deadlineMs = 15_000;
    const drained = other.drain(deadlineMs);
    const told = await stream.expect("draining");
    check(
      told.deadlineMs > 0 && told.deadlineMs <= deadlineMs,
      `draining with ${deadlineMs} ms left says ${told.deadlineMs}`,
    );
    await checkEnding(idle, "SERVER_DRAINING", "a session that plays nothing when the server drains");
    const late = inOther.stream();
    late.send(hello());
    await checkEnding(late, "SERVER_DRAINING", "a session that begins when the server drains");
    await steps(stream, 1, HORIZON);
    checkTotals(
      await stream.expect("closed"),
      { completeTrials: 1n, durableTrials: 1n },
      "play that ends in the deadline",
    );
    await checkEnding(stream, "SERVER_DRAINING", "a session that has played to its end when the server drains");
    await drained;
  } finally {
    client.close();
    await other.dispose();
  }
}

const resetPeer = ({ stream }: Peer): ResetPeer => ({ stream, check, checkEnding });

/** How long a stream may take. */
const PATIENCE_MS = 20_000;

const rule = (title: string, find: (peer: Peer) => Promise<void>, needs?: string): WireRule => ({
  title,
  needs,
  async violation(server) {
    const { patienceMs = PATIENCE_MS } = server;
    const client = rawClient(server.address, {}, server.shown);
    try {
      await find({ server, client, stream: () => rawStream(client, { deadline: Date.now() + patienceMs }) });
      return undefined;
    } catch (error) {
      if (error instanceof NotLookedAt) throw error;
      if (error instanceof Violation) return error.message;
      return `it failed: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      client.close();
    }
  },
});

/** The rules. */
export const WIRE_RULES: readonly WireRule[] = [
  rule("welcomes with the version, limits and an id of the session's own", welcomes),
  rule("refuses a hello that it cannot meet", refusesHellos),
  rule("keeps the order of messages", keepsOrder),
  rule("refuses to open what cannot be played", refusesOpens),
  rule("refuses actions that are none", refusesActions),
  rule("tells repeats, contradictions, gaps and late answers apart", numbersLockSteps),
  rule("refuses bytes that are no message, or too many", refusesBytes),
  rule("refuses what it does not list as a capability", refusesWhatItCannot),
  rule("goes on with a session whose stream was lost", resumes),
  rule("ends episodes early where a reset says so", (peer) => resets(resetPeer(peer))),
  rule("steps no env that is held", (peer) => holds(resetPeer(peer))),
  rule("plays the series of each env's own seed", (peer) => playsEnvSeeds(resetPeer(peer))),
  rule("has the trials of a series take its instances in turn", (peer) => playsInstances(resetPeer(peer))),
  rule("ends no session but the one with bad input", endsOneSession),
  rule("closes early, and opens again", closesEarly),
  rule("lets an agent leave by ending its stream", letsLeave),
  rule("plays the seeds that it is given", playsGivenSeeds),
  rule("has in its log what it calls durable", keepsWhatIsDurable, "to read the server's folder"),
  rule("withholds the truth in a match", withholdsTruth),
  rule("drains: finishes what is open, and opens nothing", drains, "to stop a server like it"),
];

/** Titles of the rules that a server violates, each with what was seen. */
export async function wireViolations(server: WireServer): Promise<string[]> {
  const found: string[] = [];
  for (const { title, violation } of WIRE_RULES) {
    const seen = await violation(server);
    if (seen !== undefined) found.push(`${title}: ${seen}`);
  }
  return found;
}

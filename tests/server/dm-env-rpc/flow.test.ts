/** What a conversation reads and holds, without a stream: one that is asked faster than it answers is read no further. */
import { expect, test } from "vitest";
import {
  EnvironmentRequest,
  EnvironmentResponse,
  EnvironmentStateType,
} from "#icrl/proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { createDmEnvRpc } from "#icrl/server/dm-env-rpc/dm-env-rpc.js";
import type { Link } from "#icrl/server/sessions/link.js";
import { action, settingsOf } from "../../support/dm-env-rpc.js";
import { handSink } from "../../support/hand-sink.js";
import { handWork } from "../../support/hand-work.js";
import { sessionContext } from "../../support/session-on.js";

const encoded = (payload: EnvironmentRequest["payload"]) =>
  Buffer.from(EnvironmentRequest.encode({ payload }).finish());

const LEAVE = encoded({ $case: "leaveWorld", value: {} });

/** A link by hand, and what is done with it. */
function handLink() {
  const said: string[] = [];
  const answers: EnvironmentResponse["payload"][] = [];
  const link: Link = {
    peer: "127.0.0.1:1",
    read: (more) => void said.push(more ? "read" : "do not read"),
    send(bytes) {
      const { payload } = EnvironmentResponse.decode(bytes);
      answers.push(payload);
      said.push(payload?.$case ?? "nothing");
    },
    whenFlushed: (then) => then(),
    end: (error) => void said.push(`end ${(error as { reason?: string } | undefined)?.reason ?? ""}`),
  };
  return { link, said, answers };
}

const step = (...taken: number[]) =>
  encoded({ $case: "step", value: { actions: new Map(taken.map(action)), requestedObservations: [4n] } });

const turns = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

function talking() {
  const told: unknown[] = [];
  const { work, turnAll } = handWork();
  const sink = handSink();
  const { context, clock } = sessionContext(work, { max_sessions: 2 }, sink);
  const rpc = createDmEnvRpc({ ...context, tell: (event) => void told.push(event) }, (error) => ({
    code: 13,
    message: (error as { reason?: string }).reason ?? String(error),
    details: [],
  }));
  return { rpc, clock, told, turnAll, sink, sessions: context.sessions };
}

test("what comes while a request is answered waits, and nothing more is read until all is answered", async () => {
  const { rpc } = talking();
  const { link, said } = handLink();
  const incoming = rpc.start(link);
  incoming.receive(LEAVE);
  expect(said).toEqual([]);
  incoming.receive(LEAVE);
  incoming.receive(LEAVE);
  expect(said).toEqual(["do not read", "do not read"]);
  await turns();
  expect(said.slice(2)).toEqual(["leaveWorld", "leaveWorld", "leaveWorld", "read"]);
});

test("what is left unanswered by a stream that is gone goes nowhere", async () => {
  const { rpc, told, clock } = talking();
  const { link, said } = handLink();
  const incoming = rpc.start(link);
  incoming.receive(LEAVE);
  incoming.receive(LEAVE);
  incoming.lost();
  incoming.receive(LEAVE);
  incoming.endOfInput();
  await turns();
  expect(said.filter((what) => what !== "read" && what !== "do not read")).toEqual([]);
  expect([[...rpc.conversations].length, told, clock.waiting]).toEqual([0, [], 0]);
});

test("a stream ends once, whoever wants it to", async () => {
  const { rpc } = talking();
  const { link, said } = handLink();
  const incoming = rpc.start(link);
  rpc.drain();
  for (const { fail } of rpc.conversations) fail(new Error("again"));
  incoming.endOfInput();
  incoming.lost();
  await turns();
  expect(said).toEqual(["end SERVER_DRAINING"]);
  const late = handLink();
  rpc.start(late.link);
  expect(late.said).toEqual(["end SERVER_DRAINING"]);
});

test("where all streams are in use, one more is refused", async () => {
  const { rpc } = talking();
  const busy = [handLink(), handLink()];
  for (const { link } of busy) rpc.start(link).receive(LEAVE); // answered in a later turn
  const late = handLink();
  rpc.start(late.link);
  expect([late.said, [...rpc.conversations].length]).toEqual([["end SERVER_BUSY"], 2]);
});

/** An agent in a world of its own, whose last step waits for the disk. */
async function stepping() {
  const talk = talking();
  const { rpc, turnAll, sink } = talk;
  const { link, answers, said } = handLink();
  const incoming = rpc.start(link);
  const ask = async (bytes: Buffer) => {
    incoming.receive(bytes);
    await turns();
    turnAll();
    await turns();
    return answers.at(-1);
  };
  const settings = settingsOf({ task: "river-swim", "option.episodes": 2, "option.horizon": 2 });
  const made = await ask(encoded({ $case: "createWorld", value: { settings } }));
  const worldName = made?.$case === "createWorld" ? made.value.worldName : "";
  await ask(encoded({ $case: "joinWorld", value: { worldName, settings: {} } }));
  for (const taken of [[], [1]]) expect(await ask(step(...taken))).toMatchObject(stepped("RUNNING"));
  sink.backlogBytes = 1 << 30;
  const before = said.length;
  await ask(step(1));
  expect(said.length).toBe(before);
  return { ...talk, incoming, ask, answers, said };
}

const stepped = (state: "RUNNING" | "INTERRUPTED") => ({
  $case: "step",
  value: { state: EnvironmentStateType[state] },
});
const refused = (reason: string) => ({ $case: "error", value: { message: reason } });
const failures = (told: readonly unknown[]) =>
  told.filter((event) => (event as { event: string }).event === "internal_error");

test("a step that is under way at the deadline of a server that stops is answered as an interrupt", async () => {
  const { rpc, sessions, clock, ask, answers, said, told } = await stepping();
  void sessions.drain(100);
  rpc.drain();
  clock.pass(100);
  await turns();
  expect(answers.at(-1)).toMatchObject(stepped("INTERRUPTED"));
  expect(await ask(step(1))).toMatchObject(refused("SERVER_DRAINING"));
  clock.pass(500);
  expect(said.at(-1)).toBe("end SERVER_DRAINING");
  expect(failures(told)).toEqual([]);
});

test("a step whose session fails is answered by why, and so is every one after it", async () => {
  const { sink, ask, answers, said } = await stepping();
  const before = said.length;
  sink.fail();
  await turns();
  expect(answers.at(-1)).toMatchObject(refused("LOG_UNWRITABLE"));
  for (const bytes of [step(1), step(), encoded({ $case: "reset", value: { settings: {} } })]) {
    expect(await ask(bytes)).toMatchObject(refused("LOG_UNWRITABLE"));
  }
  expect(await ask(LEAVE)).toMatchObject({ $case: "leaveWorld" });
  expect(said.slice(before).filter((what) => what.startsWith("end"))).toEqual([]);
});

test("a stream that is gone while a step is under way leaves its world, and nobody hears of an error", async () => {
  const { rpc, incoming, said, told, clock, sessions } = await stepping();
  const before = said.length;
  incoming.lost();
  await turns();
  const inhabitants = [...rpc.worlds].map((world) => world.inhabitants.size);
  expect([said.slice(before), sessions.size, inhabitants]).toEqual([["read"], 0, [0]]);
  expect(failures(told)).toEqual([]);
  clock.pass(86_400_000);
  expect([...rpc.worlds]).toEqual([]);
});

test("what fails inside is an answer, too, and the stream lives on", async () => {
  const { rpc } = talking();
  const { link, answers } = handLink();
  const broken = {
    ...link,
    bearer: {
      tokenId: undefined,
      share: undefined,
      requireName() {
        throw new Error("a bug");
      },
    },
  };
  const incoming = rpc.start(broken);
  incoming.receive(encoded({ $case: "createWorld", value: { settings: settingsOf({ task: "chain" }) } }));
  incoming.receive(LEAVE);
  await turns();
  expect(answers).toMatchObject([refused("Error: a bug"), { $case: "leaveWorld" }]);
});

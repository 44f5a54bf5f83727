/** What a conversation reads and holds, without a stream: one that is asked faster than it answers is read no further. */
import { expect, test } from "vitest";
import { EnvironmentRequest, EnvironmentResponse } from "#icrl/proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { createDmEnvRpc } from "#icrl/server/dm-env-rpc/dm-env-rpc.js";
import type { Link } from "#icrl/server/sessions/link.js";
import { handSink } from "../../support/hand-sink.js";
import { handWork } from "../../support/hand-work.js";
import { sessionContext } from "../../support/session-on.js";

const LEAVE = Buffer.from(EnvironmentRequest.encode({ payload: { $case: "leaveWorld", value: {} } }).finish());

/** A link by hand, and what is done with it. */
function handLink() {
  const said: string[] = [];
  const link: Link = {
    peer: "127.0.0.1:1",
    read: (more) => void said.push(more ? "read" : "do not read"),
    send: (bytes) => void said.push(EnvironmentResponse.decode(bytes).payload?.$case ?? "nothing"),
    whenFlushed: (then) => then(),
    end: (error) => void said.push(`end ${(error as { reason?: string } | undefined)?.reason ?? ""}`),
  };
  return { link, said };
}

const turns = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

function talking() {
  const told: unknown[] = [];
  const { work } = handWork();
  const { context, clock } = sessionContext(work, { max_sessions: 2 }, handSink());
  const rpc = createDmEnvRpc({ ...context, tell: (event) => void told.push(event) }, (error) => ({
    code: 13,
    message: String(error),
    details: [],
  }));
  return { rpc, clock, told };
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

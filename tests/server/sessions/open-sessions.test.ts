import { expect, test } from "vitest";
import type { IcrlError } from "#icrl/common/errors.js";
import { hashOfKey, newKey } from "#icrl/server/keys.js";
import { openSessions, type Session } from "#icrl/server/sessions/open-sessions.js";

/** Sessions as far as anybody looks at them: how long they have been idle or without a stream, and why they ended. */
function table(max: number) {
  const sessions = openSessions(max);
  const come = (idleMs = 0, parkedMs: number | undefined = undefined) => {
    const session = {
      idleMs,
      parkedMs,
      reason: undefined as string | undefined,
      fail(error: IcrlError) {
        session.reason = error.reason;
        sessions.delete(session as never as Session);
      },
      giveWay: () => session.fail({ reason: "GAVE_WAY" } as never),
      drain: () => session.fail({ reason: "SERVER_DRAINING" } as IcrlError),
    };
    return session as never as Session & { idleMs: number; reason: string | undefined };
  };
  const admit = (session: Session) => {
    try {
      return sessions.admit(session, undefined);
    } catch (error) {
      return error;
    }
  };
  return { sessions, come, admit };
}

test("who has not said hello takes no place from those who have, and of too many the oldest gives way", () => {
  const { sessions, come, admit } = table(3);
  const silent = Array.from({ length: 10 }, () => come());
  for (const one of silent) sessions.expect(one);
  expect(silent.map(({ reason }) => reason)).toEqual([
    ...Array.from({ length: 7 }, () => "SERVER_BUSY"),
    ...Array.from({ length: 3 }, () => undefined),
  ]);
  expect(sessions.size).toBe(0);
  for (let i = 0; i < 3; i += 1) {
    const one = come();
    sessions.expect(one);
    expect(admit(one)).toBeUndefined();
  }
  expect([...sessions].length).toBe(3);
  expect(admit(come())).toMatchObject({ reason: "TOO_MANY_SESSIONS" });
});

test("a full table makes room by the session that has had nothing open for longest, and not by one that has just closed", () => {
  const { sessions, come, admit } = table(3);
  const [playing, short, long] = [come(0), come(4999), come(60_000)];
  for (const one of [playing, short, long]) admit(one);
  expect(admit(come())).toBeUndefined();
  expect([playing, short, long].map(({ reason }) => reason)).toEqual([undefined, undefined, "GAVE_WAY"]);
  expect(admit(come())).toMatchObject({ reason: "TOO_MANY_SESSIONS" });
  expect(sessions.size).toBe(3);
});

test("a full table makes room by the session that has been without a stream for longest, before any that has one", () => {
  const { come, admit } = table(3);
  const [idle, short, long] = [come(60_000), come(0, 1), come(60_000, 2)];
  for (const one of [idle, short, long]) admit(one);
  const reasons = () => [idle, short, long].map(({ reason }) => reason);
  expect(admit(come())).toBeUndefined();
  expect(reasons()).toEqual([undefined, undefined, "GAVE_WAY"]);
  expect(admit(come())).toBeUndefined();
  expect(reasons()).toEqual([undefined, "GAVE_WAY", "GAVE_WAY"]);
  expect(admit(come())).toBeUndefined();
  expect(reasons()).toEqual(["GAVE_WAY", "GAVE_WAY", "GAVE_WAY"]);
});

test("a session is found by its token as long as it is there, and by no other text", () => {
  const { sessions, come } = table(3);
  const [token, other] = [newKey(), newKey()];
  const session = come();
  sessions.admit(session, hashOfKey(token));
  sessions.admit(come(), undefined);
  expect(sessions.find(token)).toBe(session);
  const refusal = (text: string) => {
    try {
      return sessions.find(text);
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const text of [other, "", hashOfKey(token), token.slice(1)]) expect(refusal(text)).toMatch(/^no session waits/);
  sessions.delete(session);
  expect(refusal(token)).toBe(refusal(other));
});

test("draining ends those who have not said hello, refuses new ones, and is over when the last is", async () => {
  const { sessions, come, admit } = table(3);
  const [silent, playing] = [come(), come()];
  sessions.expect(silent);
  admit(playing);
  playing.drain = () => {};
  let drained = false;
  const draining = sessions.drain(1000).then(() => {
    drained = true;
  });
  expect(silent.reason).toBe("SERVER_DRAINING");
  expect(admit(come())).toMatchObject({ reason: "SERVER_DRAINING" });
  await Promise.resolve();
  expect(drained).toBe(false);
  sessions.delete(playing);
  await draining;
});

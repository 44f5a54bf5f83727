import { expect, test } from "vitest";
import type { IcrlError } from "#icrl/common/errors.js";
import { openSessions } from "#icrl/server/rpc/open-sessions.js";
import type { Session } from "#icrl/server/sessions/session.js";

/** Sessions as far as anybody looks at them: how long they have been idle, and why they ended. */
function table(max: number) {
  const sessions = openSessions(max);
  const come = (idleMs = 0) => {
    const session = {
      idleMs,
      reason: undefined as string | undefined,
      fail(error: IcrlError) {
        session.reason = error.reason;
        sessions.delete(session as never as Session);
      },
      drain: () => session.fail({ reason: "SERVER_DRAINING" } as IcrlError),
    };
    return session as never as Session & { idleMs: number; reason: string | undefined };
  };
  return { sessions, come };
}

test("who has not said hello takes no place from those who have, and of too many the oldest gives way", () => {
  const { sessions, come } = table(3);
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
    expect(sessions.admit(one)).toBeUndefined();
  }
  expect([...sessions].length).toBe(3);
  expect(sessions.admit(come())).toMatchObject({ reason: "TOO_MANY_SESSIONS" });
});

test("a full table makes room by the session that has had nothing open for longest, and not by one that has just closed", () => {
  const { sessions, come } = table(3);
  const [playing, short, long] = [come(0), come(4999), come(60_000)];
  for (const one of [playing, short, long]) sessions.admit(one);
  expect(sessions.admit(come())).toBeUndefined();
  expect([playing, short, long].map(({ reason }) => reason)).toEqual([undefined, undefined, "TOO_MANY_SESSIONS"]);
  expect(sessions.admit(come())).toMatchObject({ reason: "TOO_MANY_SESSIONS" });
  expect(sessions.size).toBe(3);
});

test("draining ends those who have not said hello, refuses new ones, and is over when the last is", async () => {
  const { sessions, come } = table(3);
  const [silent, playing] = [come(), come()];
  sessions.expect(silent);
  sessions.admit(playing);
  playing.drain = () => {};
  let drained = false;
  const draining = sessions.drain(1000).then(() => {
    drained = true;
  });
  expect(silent.reason).toBe("SERVER_DRAINING");
  expect(sessions.admit(come())).toMatchObject({ reason: "SERVER_DRAINING" });
  await Promise.resolve();
  expect(drained).toBe(false);
  sessions.delete(playing);
  await draining;
});

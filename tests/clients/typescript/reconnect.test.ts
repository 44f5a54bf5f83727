import { status } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { type ConnectOptions, connect } from "#icrl/clients/typescript/connect.js";
import { ConnectionError } from "#icrl/clients/typescript/errors.js";
import type { PlayStream, ServerMessage } from "#icrl/clients/typescript/play-stream.js";
import { type Reconnection, reconnectionText } from "#icrl/clients/typescript/reconnect-notice.js";
import { introduce } from "#icrl/clients/typescript/session.js";
import { IcrlError } from "#icrl/common/errors.js";
import { Limits, Observations, Opened, Welcome } from "#icrl/proto/gen/icrl/v1/environment.js";
import { statusOf } from "#icrl/server/rpc/errors.js";
import { actions, open } from "../../support/raw-stream.js";
import { type ScriptedStream, scriptedServer } from "../../support/scripted-server.js";

const nothing = new Uint8Array();
const welcome = (members: Partial<Welcome> = {}, resumeMs = 60_000): ServerMessage => ({
  $case: "welcome",
  value: {
    ...Welcome.decode(nothing),
    resumeToken: "secret",
    limits: { ...Limits.decode(nothing), resumeMs },
    ...members,
  },
});
const opened: ServerMessage = { $case: "opened", value: { ...Opened.decode(nothing), numEnvs: 1 } };
const observations = (stepIndex: number): ServerMessage => ({
  $case: "observations",
  value: { ...Observations.decode(nothing), stepIndex: BigInt(stepIndex) },
});

/** Says hello and opens, and takes the first observations. */
async function began(stream: PlayStream): Promise<void> {
  await introduce(stream, { agent: "test" });
  stream.send(open());
  expect((await stream.next()).$case).toBe("opened");
  expect((await stream.next()).$case).toBe("observations");
}

/** The server's side of that. */
async function begin(stream: ScriptedStream): Promise<void> {
  expect((await stream.expect("hello")).capabilities).toEqual(["resume"]);
  stream.send(welcome());
  await stream.expect("open");
  stream.send(opened);
  stream.send(observations(0));
}

/** A stream to it, and what its connection tells. */
async function streamTo(address: string, keeping: ConnectOptions = {}) {
  const told: Reconnection[] = [];
  const connection = await connect(address, undefined, undefined, undefined, {
    onReconnect: (reconnection) => told.push(reconnection),
    ...keeping,
  });
  onTestFinished(() => connection.close());
  return { stream: connection.play(), told, connection };
}

/** The step of the observations that come next. */
async function step(stream: PlayStream): Promise<number> {
  const message = await stream.next();
  if (message.$case !== "observations") throw new Error(`${message.$case} came`);
  return Number(message.value.stepIndex);
}

test("what the server had not taken is sent again byte for byte, and what came is counted", async () => {
  let first: Buffer | undefined;
  const server = await scriptedServer([
    async (stream) => {
      await begin(stream);
      await stream.expect("actions");
      stream.send(observations(1));
      first = (await stream.next()).bytes; // and it dies before it has taken them
      stream.cut();
    },
    async (stream) => {
      expect(await stream.expect("resume")).toEqual({ resumeToken: "secret", received: 3n });
      stream.send(welcome({ received: 2n }));
      expect((await stream.next()).bytes).toEqual(first);
      stream.send(observations(2));
    },
  ]);
  const { stream, told } = await streamTo(server.address);
  await began(stream);
  stream.send(actions(0, [1]));
  expect(await step(stream)).toBe(1);
  stream.send(actions(1, [2]));
  expect(await step(stream)).toBe(2);
  await server.done;
  expect(told.map(({ is }) => is)).toEqual(["lost", "back"]);
  expect(reconnectionText(told[0])).toMatch(
    /^the connection to 127\.0\.0\.1:\d+ was lost: trying again for up to 60 s \(/,
  );
  expect(reconnectionText(told[1])).toMatch(/^connected to 127\.0\.0\.1:\d+ again after \d\.\d s: nothing was lost$/);
});

test("what the server had taken is not sent again, and a draining is not counted", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await begin(stream);
      stream.send({ $case: "draining", value: { deadlineMs: 1000 } });
      await stream.expect("actions");
      stream.cut();
    },
    async (stream) => {
      expect((await stream.expect("resume")).received).toBe(2n);
      stream.send(welcome({ received: 2n }));
      stream.send(observations(1));
      expect((await stream.expect("actions")).stepIndex).toBe(1n);
      stream.send(observations(2));
    },
  ]);
  const { stream } = await streamTo(server.address);
  await began(stream);
  expect((await stream.next()).$case).toBe("draining");
  stream.send(actions(0, [1]));
  expect(await step(stream)).toBe(1);
  stream.send(actions(1, [1]));
  expect(await step(stream)).toBe(2);
  await server.done;
});

test("actions that are chosen while there is no connection wait for one, and an attempt that fails is made again", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await begin(stream);
      stream.cut();
    },
    (stream) => stream.fail({ code: status.UNAVAILABLE, details: "not yet" }),
    (stream) => stream.fail(statusOf(IcrlError.told("SERVER_BUSY", "not now"), () => {})),
    async (stream) => {
      const { received } = await stream.expect("resume");
      stream.send(welcome({ received: 1n }));
      for (const message of [opened, observations(0)].slice(Number(received))) stream.send(message);
      await stream.expect("actions");
      stream.send(observations(1));
    },
  ]);
  const { stream, told } = await streamTo(server.address);
  await began(stream);
  stream.send(actions(0, [1]));
  expect(await step(stream)).toBe(1);
  await server.done;
  expect(told.map(({ is }) => is)).toEqual(["lost", "back"]);
});

test("an answer to what is gone is not sent to a server that was started again", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await begin(stream);
      await stream.expect("actions");
      stream.send(observations(1));
      stream.fail(statusOf(new IcrlError("SERVER_DRAINING", "stops"), () => {}));
    },
    async (stream) => {
      await stream.expect("resume");
      stream.send(welcome({ restarted: true }));
      stream.send(opened);
      stream.send(observations(0));
      expect((await stream.expect("actions")).actions?.data[0]).toBe(2);
      stream.send(observations(1));
      stream.cut();
    },
    async (stream) => {
      expect((await stream.expect("resume")).received).toBe(3n); // counted from the restart on
      stream.send(welcome({ received: 1n }));
    },
  ]);
  const { stream, told } = await streamTo(server.address);
  await began(stream);
  stream.send(actions(0, [1]));
  expect(await step(stream)).toBe(1);
  await expect.poll(() => told.length).toBe(2);
  expect(told[1]).toMatchObject({ is: "back", restarted: true });
  stream.send(actions(1, [1])); // answers what is gone
  expect((await stream.next()).$case).toBe("opened");
  expect(await step(stream)).toBe(0);
  stream.send(actions(0, [2]));
  expect(await step(stream)).toBe(1);
  await server.done;
});

test("a close that a restarted server did not take is sent once what is open has begun anew", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await begin(stream);
      await stream.expect("close");
      stream.cut();
    },
    async (stream) => {
      await stream.expect("resume");
      stream.send(welcome({ restarted: true }));
      stream.send(opened);
      stream.send(observations(0));
      await stream.expect("close");
    },
  ]);
  const { stream } = await streamTo(server.address);
  await began(stream);
  stream.send({ $case: "close", value: { reason: "" } });
  expect((await stream.next()).$case).toBe("opened");
  expect((await stream.next()).$case).toBe("observations");
  await server.done;
});

test("an open that a restarted server did not take is sent again", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await stream.expect("hello");
      stream.send(welcome());
      await stream.expect("open");
      stream.cut();
    },
    async (stream) => {
      await stream.expect("resume");
      stream.send(welcome({ restarted: true, received: 0n }));
      await stream.expect("open");
      stream.send(opened);
      stream.send(observations(0));
    },
  ]);
  const { stream } = await streamTo(server.address);
  await began(stream);
  await server.done;
});

test("a session that its server no longer knows is an error while something is open, and begun anew where nothing is", async () => {
  const unknown = () => statusOf(new IcrlError("RESUME_UNKNOWN", "the session has ended"), () => {});
  const server = await scriptedServer([
    async (stream) => {
      await stream.expect("hello");
      stream.send(welcome());
      await stream.expect("open");
      stream.cut();
    },
    async (stream) => {
      await stream.expect("resume");
      stream.fail(unknown());
    },
    async (stream) => {
      await begin(stream); // hello, and the open that was not answered
      await stream.expect("actions");
      stream.cut();
    },
    async (stream) => {
      await stream.expect("resume");
      stream.fail(unknown());
    },
  ]);
  const { stream } = await streamTo(server.address);
  await began(stream);
  stream.send(actions(0, [1]));
  await expect(stream.next()).rejects.toMatchObject({ reason: "RESUME_UNKNOWN", message: "the session has ended" });
  await server.done;
});

test("a hello that nobody answered is said again", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await stream.expect("hello");
      stream.cut();
    },
    async (stream) => {
      await stream.expect("hello");
      stream.send(welcome());
    },
  ]);
  const { stream } = await streamTo(server.address);
  await introduce(stream, { agent: "test" });
  await server.done;
});

test("a loss is the end where the server gives no token, and where reconnecting is switched off", async () => {
  for (const [resumeToken, reconnect] of [
    ["", true],
    ["secret", false],
  ] as const) {
    const server = await scriptedServer([
      async (stream) => {
        expect((await stream.expect("hello")).capabilities).toEqual(reconnect ? ["resume"] : []);
        stream.send(welcome({ resumeToken }));
        await stream.expect("open");
        stream.cut();
      },
    ]);
    const { stream, told } = await streamTo(server.address, { reconnect });
    await introduce(stream, { agent: "test" });
    stream.send(open());
    await expect(stream.next()).rejects.toBeInstanceOf(ConnectionError);
    expect(told).toEqual([]);
  }
});

test("what the server says of an ending is the end, and not tried again", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await begin(stream);
      stream.fail(statusOf(IcrlError.told("ACT_TIMEOUT", "too late"), () => {}));
    },
  ]);
  const { stream, told } = await streamTo(server.address);
  await began(stream);
  await expect(stream.next()).rejects.toMatchObject({ reason: "ACT_TIMEOUT" });
  expect(told).toEqual([]);
});

test("after as long as the server keeps the session it is given up, with how long and why", async () => {
  const server = await scriptedServer([
    async (stream) => {
      await stream.expect("hello");
      stream.send(welcome({}, 300));
      await stream.expect("open");
      stream.cut();
    },
    ...Array.from({ length: 50 }, () => (stream: ScriptedStream) => {
      stream.fail({ code: status.UNAVAILABLE, details: "still not" });
    }),
  ]);
  const { stream } = await streamTo(server.address);
  await introduce(stream, { agent: "test" });
  stream.send(open());
  const error = await stream.next().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ConnectionError);
  expect((error as Error).message).toMatch(/was lost and could not be made again within 0\.3 s: .*still not/);
});

test("a stream that leaves says so, and its session is not kept for it", async () => {
  let ended: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const server = await scriptedServer([
    async (stream) => {
      await begin(stream);
      await stream.ended;
      ended();
      stream.end();
    },
  ]);
  const { stream } = await streamTo(server.address);
  await began(stream);
  stream.cancel();
  await over;
  await expect(stream.next()).rejects.toMatchObject({ code: status.CANCELLED });
});

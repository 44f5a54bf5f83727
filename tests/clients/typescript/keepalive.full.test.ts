/** A relay between a client and its server that goes dead without a word. */
import { createServer, connect as dial, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { ConnectionError } from "#icrl/clients/typescript/errors.js";
import { introduce, open } from "#icrl/clients/typescript/session.js";
import { serverForTest } from "../../support/server.js";

test("a client and its server both notice that the relay between them is dead, before an answer is due", async () => {
  const server = await serverForTest();
  let dead = false;
  const sockets: Socket[] = [];
  const relay = createServer((near) => {
    const at = server.address.lastIndexOf(":");
    const far = dial(Number(server.address.slice(at + 1)), server.address.slice(0, at));
    sockets.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on("error", () => {});
      from.on("data", (bytes) => {
        if (!dead) to.write(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  const connection = await connect(
    `127.0.0.1:${(relay.address() as { port: number }).port}`,
    undefined,
    undefined,
    undefined,
    {
      reconnect: false,
    },
  );
  onTestFinished(() => connection.close());
  const stream = connection.play();
  await introduce(stream, { agent: "far" });
  await open(stream, { task: "bernoulli-bandit" });
  await stream.next();
  dead = true;
  await expect(stream.next()).rejects.toBeInstanceOf(ConnectionError);
  const end = () => server.said.find(({ event }) => event === "session_ended");
  await expect.poll(end).toMatchObject({ reason: "CONNECTION_LOST" }); // and not ACT_TIMEOUT
});

import { connect } from "node:http2";
import { expect, onTestFinished, test } from "vitest";
import { actions, encodeRequest, hello, open } from "../../support/raw-stream.js";
import { serverForTest } from "../../support/server.js";

test("an agent that sends actions and reads no answer gets one answer made, and then its time is up", async () => {
  const server = await serverForTest({ act_timeout_ms: 300 });
  const client = connect(`http://${server.address}`);
  onTestFinished(() => client.destroy());
  const call = client.request({
    ":method": "POST",
    ":path": "/icrl.v1.EnvironmentService/Play",
    "content-type": "application/grpc",
    te: "trailers",
  });
  call.on("error", () => {});
  call.pause(); // HTTP/2 lets 64 KB of it through
  const send = (bytes: Buffer) => {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(bytes.length, 1);
    call.write(Buffer.concat([header, bytes]));
  };
  // By hand: each answer shows 50 envs 100 arms of 20 features, 400 KB.
  const options = { dim: 20, actions: 100, horizon: 100, arm_set: "fresh" };
  send(encodeRequest(hello()));
  send(encodeRequest(open({ task: "linear-bandit", options, numEnvs: 50, trials: 50n, record: false })));
  for (let k = 0; k < 40; k++) send(encodeRequest(actions(k, new Array(50).fill(0))));
  const ended = () => server.said.find(({ event }) => event === "session_ended");
  await expect.poll(ended).toMatchObject({ reason: "ACT_TIMEOUT", steps: 0 });
});

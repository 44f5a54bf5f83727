/** An agent that plays two lock-steps of three envs, says so, and waits to be killed: `node dying-agent.mjs HOST:PORT`. */
import { connect } from "#icrl/clients/typescript/connect.js";
import { introduce, open } from "#icrl/clients/typescript/session.js";
import { int32Tensor } from "#icrl/common/tensor.js";

const connection = await connect(process.argv[2]);
const stream = connection.play();
const { sessionId } = await introduce(stream, { agent: "dying" });
await open(stream, { task: "bernoulli-bandit", taskOptions: { arms: 3, horizon: 4 }, numEnvs: 3, trials: 9 });
await stream.next();
for (let step = 0; step < 2; step += 1) {
  const actions = int32Tensor(Int32Array.of(0, 1, 2), [3]);
  stream.send({
    $case: "actions",
    value: { stepIndex: BigInt(step), actions, propensities: undefined, probabilities: undefined },
  });
  await stream.next();
}
process.stdout.write(`${JSON.stringify({ sessionId })}\n`);
setInterval(() => {}, 1000);

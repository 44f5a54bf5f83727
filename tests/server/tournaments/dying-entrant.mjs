/**
 * An entrant "bad" that plays two trials and a half with one env, says so, and waits to be killed:
 * `node dying-entrant.mjs HOST:PORT TOURNAMENT`.
 */
import { connect } from "#icrl/clients/typescript/connect.js";
import { introduce } from "#icrl/clients/typescript/session.js";
import { int32Tensor } from "#icrl/common/tensor.js";

const [address, tournamentId] = process.argv.slice(2);
const stream = (await connect(address)).play();
await introduce(stream, { agent: "bad", entrant: "bad", tournamentId, numEnvs: 1 });
const opened = await stream.next();
const { horizon } = opened.value.task;
await stream.next();
for (let step = 0; step < 2.5 * horizon; step += 1) {
  const actions = int32Tensor(Int32Array.of(step % 2), [1]);
  stream.send({
    $case: "actions",
    value: { stepIndex: BigInt(step), actions, propensities: undefined, probabilities: undefined },
  });
  await stream.next();
}
process.stdout.write("played\n");
setInterval(() => {}, 1000);

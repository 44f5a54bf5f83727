/** A loop of your own, as with Gymnasium's vector envs: random actions on eight river-swim envs. Needs a running `icrl serve`. */
import { connect, makeEnv } from "icrl";

const connection = await connect(process.argv[2] ?? "127.0.0.1:50551");
const envs = await makeEnv(connection, { task: "river-swim", numEnvs: 8, trials: 16, seed: 1, agent: "gym-loop" });

let step = await envs.reset();
while (!step.done) {
  for (const { env, trialIndex } of step.trialStarts) console.log(`env ${env} begins trial ${trialIndex}`); // forget what you learnt
  const actions = Array.from(step.observation ?? [], () => Math.floor(Math.random() * envs.task.numActions));
  step = await envs.step(actions); // step.observation[n], .reward[n], .terminated[n], .truncated[n]
  for (const { env, trialReturn, regret } of step.trialEnds)
    console.log(`env ${env}: return ${trialReturn}, regret ${regret}`);
}

const { completeTrials, steps } = await envs.close();
console.log(`${completeTrials} trials, ${steps} steps, all in the log`);
connection.close();

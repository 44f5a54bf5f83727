/** A log worth reading: some tens of thousands of episodes. */
import { findAgent } from "../../agents/registry.js";
import { connect } from "../../clients/typescript/connect.js";
import { playAgent } from "../../clients/typescript/play-agent.js";

/** Plays them. */
export async function fillLog(address: string, trials = 20_000): Promise<void> {
  const connection = await connect(address);
  await playAgent(connection, findAgent("uniform"), {
    task: "bernoulli-bandit",
    taskOptions: { horizon: 200 },
    numEnvs: 1024,
    trials,
    seed: 1n,
  });
  connection.close();
}

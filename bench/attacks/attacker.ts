/** The process that attacks: it yields to those who play, so that the server is measured and not the machine's share. */
import { setPriority } from "node:os";
import { ATTACKS } from "./attack-list.js";

setPriority(5);
const [name, address, page, lastMs] = process.argv.slice(2);
const answer = await ATTACKS.find((attack) => attack.name === name)
  ?.run({ address, page, lastMs: Number(lastMs) })
  .catch((error: Error) => `failed: ${error.message}`);
process.send?.(answer, () => process.exit());

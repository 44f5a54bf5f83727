/** A process that labels a server's dataset, and ends. */
import { findAgent } from "../../agents/registry.js";
import { connect } from "../../clients/typescript/connect.js";
import { labelDataset } from "../../clients/typescript/label-dataset.js";

const [address, label] = process.argv.slice(2);
const connection = await connect(address);
await labelDataset(connection, findAgent("uniform"), { label, numEnvs: 8, streams: 2 });
connection.close();

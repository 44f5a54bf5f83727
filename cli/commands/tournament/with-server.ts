import { type Connection, connect } from "../../../clients/typescript/connect.js";
import { printText } from "../../print/terminal.js";
import { operatorKey } from "../operator-key.js";

/** Runs `use` with a connection to a server, which shows the operator's key where the environment has one. */
export async function withServer<T>(address: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const say = (line: string) => printText(process.stderr, `${line}\n`);
  const connection = await connect(address, undefined, say, operatorKey());
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

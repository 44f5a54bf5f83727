import { type Connection, connect } from "../../../clients/typescript/connect.js";
import type { GivenCredentials } from "../../../clients/typescript/credentials.js";
import { printText } from "../../print/terminal.js";
import { operatorCredentials } from "../credentials.js";

/** Runs `use` with a connection to a server, which shows the operator's key where the environment has one. */
export async function withServer<T>(
  address: string,
  given: GivenCredentials,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const say = (line: string) => printText(process.stderr, `${line}\n`);
  const connection = await connect(address, undefined, say, operatorCredentials(given));
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

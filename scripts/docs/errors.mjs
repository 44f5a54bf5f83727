/** docs/errors.md, from the closed list of reasons. */
import { status } from "@grpc/grpc-js";
import { REASONS } from "../../dist/common/errors.js";
import { notice, table } from "./markdown.mjs";

/** The page. */
export function errorsPage() {
  const rows = Object.entries(REASONS).map(([reason, { code, when }]) => [
    `\`${reason}\``,
    `${status[code]} (${code})`,
    when,
  ]);
  return `${notice("common/errors.ts")}
# Errors

A failed call ends with a gRPC status whose details hold a \`google.rpc.ErrorInfo\` with domain \`icrl\` and one of the reasons
below. Programs go by the reason: the list is closed, and a reason keeps its meaning. The status message is for people and may
change; it says what came, what was expected and what to do. [The protocol](protocol.md#errors) tells how to read the details.

A failure that has none of these reasons is a bug of the server: it leaves as a bare INTERNAL, and the server's own log has its
stack.

${table(["reason", "gRPC code", "given for"], rows)}`;
}

/** docs/errors.md, from the closed list of reasons. */
import { status } from "@grpc/grpc-js";
import { REASONS } from "../../dist/common/errors.js";
import { notice, table } from "./markdown.mjs";

/** The page. */
export function errorsPage() {
  /** @type {Readonly<Record<string, import("../../dist/common/errors.js").ReasonKind>>} */
  const reasons = REASONS;
  const rows = Object.entries(reasons).map(([reason, { code, when, keys = [], maybe = [] }]) => [
    `\`${reason}\``,
    `${status[code]} (${code})`,
    when,
    [...keys.map((key) => `\`${key}\``), ...maybe.map((key) => `(\`${key}\`)`)].join(", "),
  ]);
  return `${notice("common/errors.ts")}
# Errors

A failed call ends with a gRPC status whose details hold a \`google.rpc.ErrorInfo\` with domain \`icrl\` and one of the reasons
below. Programs go by the reason: the list is closed, and a reason keeps its meaning. The status message is for people and may
change; it says what came, what was expected and what to do. [The protocol](protocol.md#errors) tells how to read the details.

\`ErrorInfo.metadata\` has details for programs: the keys of the last column, those in brackets where they are known, and no others. Values are texts of at most some 200 printable
characters; longer ones lose their middle. Numbers are in decimal. \`field\`, \`other\` and \`bound\` are names of this project's own (\`open.seed\`, \`max_envs\`), \`limit\` what would have been allowed,
\`asked\` what was asked for, and \`expected\` what should have come; \`retry_delay_ms\` is how long it does well to wait before the same is tried again.

A failure that has none of these reasons is a bug of the server: it leaves as a bare INTERNAL, and the server's own log has its
stack.

${table(["reason", "gRPC code", "given for", "metadata"], rows)}`;
}

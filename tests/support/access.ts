/** Servers that ask for tokens, and tokens for them. */
import { join } from "node:path";
import { newToken, type Quotas, type Role } from "#icrl/server/access/token.js";
import { writeToken } from "#icrl/server/access/token-folder.js";

/** Makes a token of a server on a folder, as `icrl token create` does. */
export function tokenFor(
  dataDir: string,
  role: Role,
  more: { entrant?: string; expires?: number; quotas?: Quotas } = {},
): { readonly text: string; readonly id: string } {
  const { quotas = {}, ...rest } = more;
  const { text, token } = newToken({ role, created: Date.now(), ...rest, quotas });
  writeToken(join(dataDir, "access"), token);
  return { text, id: token.id };
}

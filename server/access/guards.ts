/** By which a server knows who calls, and where it writes down what they did and who was refused. */
import { join } from "node:path";
import { hashOfKey } from "../keys.js";
import { type Access, createAccess } from "./access.js";
import { type AuditLog, NO_AUDIT, openAuditLog } from "./audit-log.js";
import { type Addresses, type Doors, demandsTokens } from "./tls.js";
import { ACCESS_FOLDER } from "./token-folder.js";

/** What came by a token. */
export interface Bearing {
  readonly tokenId: string | undefined;
  fail(error: unknown): void;
}

/** Both. */
export interface Guards {
  readonly access: Access;
  readonly audit: AuditLog;
  /** From now on ends those of some sessions, and of what they are in, whose token is worth nothing any more, within about a second. */
  endSessions(...all: readonly Iterable<Bearing>[]): void;
  close(): Promise<void>;
}

/** What they need. */
export interface GuardsContext {
  /** Folder of the server. */
  readonly dataDir: string;
  /** Folder of the tokens and of the audit log; absent: `access` in that of the server. */
  readonly accessDir?: string;
  readonly doors?: Doors;
  readonly operatorKey: string;
  /** Unix time in milliseconds. */
  readonly nowMs: () => number;
  /** Told of what cannot be read or written. */
  readonly onError: (error: unknown) => void;
}

/** Opens them. Only a server that asks for tokens somewhere writes an audit log. */
export function openGuards(
  { listen, http, metrics }: Addresses,
  { dataDir, accessDir, doors = {}, operatorKey, nowMs, onError }: GuardsContext,
): Guards {
  const folder = accessDir ?? join(dataDir, ACCESS_FOLDER);
  const asks = [listen, http, metrics].some((address) => address !== undefined && demandsTokens(address, doors));
  const access = createAccess({ folder, operatorHash: hashOfKey(operatorKey), nowMs, onError });
  const audit = asks ? openAuditLog(folder, nowMs, onError) : NO_AUDIT;
  return {
    access,
    audit,
    endSessions(...all) {
      access.onCheck(() => {
        for (const session of all.flatMap((sessions) => [...sessions])) {
          const ended = session.tokenId === undefined ? undefined : access.endOf(session.tokenId);
          if (ended !== undefined) session.fail(ended);
        }
      });
    },
    async close() {
      access.close();
      await audit.close();
    },
  };
}

/** Who calls, and whether he may: the one door of every method. */
import type { Metadata } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import type { Access, Who } from "../access/access.js";
import type { AuditLog } from "../access/audit-log.js";
import { PERMISSIONS } from "./permissions.js";

/** The callers of one server. */
export interface Callers {
  /**
   * Who makes a call, if he may.
   *
   * @param peer his end of the connection, HOST:PORT
   * @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, ROLE_REFUSED; that is in the audit log then
   */
  admit(path: string, metadata: Metadata, peer: string): Who;
  /** Writes down what somebody did, or was refused. */
  readonly audit: AuditLog;
  readonly access: Access;
}

/**
 * @param demands whether a token is demanded of whoever comes over a connection
 */
export function createCallers(
  { access, audit }: { readonly access: Access; readonly audit: AuditLog },
  demands: (peer: string) => boolean,
): Callers {
  function check(path: string, metadata: Metadata, peer: string): Who {
    const demanded = demands(peer);
    const allowed = PERMISSIONS[path];
    if (allowed === "everybody") return { role: "anybody" };
    const [given] = metadata.get("authorization");
    const who = access.whoIs(given === undefined ? undefined : String(given), demanded);
    if (who.role === "anybody" || allowed?.includes(who.role)) return who;
    const may =
      allowed === undefined ? "nobody" : allowed.map((role) => `a ${role}`.replace("a op", "an op")).join(" or ");
    const error = new IcrlError("ROLE_REFUSED", `${methodOf(path)} is not for a ${who.role}: ${may} may`);
    throw Object.assign(error, { who });
  }

  return {
    access,
    audit,
    admit(path, metadata, peer) {
      try {
        return check(path, metadata, peer);
      } catch (error) {
        const { reason = "INTERNAL", who } = error as { reason?: string; who?: Who };
        audit.add({ what: methodOf(path), who, from: peer, outcome: reason });
        throw error;
      }
    },
  };
}

/** "TournamentService/CreateTournament" of "/icrl.v1.TournamentService/CreateTournament". */
export const methodOf = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

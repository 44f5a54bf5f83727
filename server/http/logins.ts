/** Who has logged in to the page by a token: a cookie says so from then on, so that the token itself is shown once. */
import { randomBytes } from "node:crypto";
import type { Access, Who } from "../access/access.js";

/** The logins of one listener. They end with the process. */
export interface Logins {
  /** The cookie of a new one. @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED */
  open(token: string): string;
  /** Who has the login of a request's cookies; undefined: nobody. @throws TOKEN_EXPIRED, TOKEN_REVOKED */
  whoHas(cookies: string | undefined): Who | undefined;
  /** Ends it; the cookie that says so. */
  end(cookies: string | undefined): string;
}

/** How long one is good, in milliseconds. */
const LOGIN_MS = 12 * 3_600_000;

/** Most of them at once; the oldest gives way. */
const MOST_LOGINS = 1000;

const NAME = "icrl_login";

/**
 * None yet.
 *
 * @param secure whether the page is https: then the cookie goes over nothing else
 */
export function createLogins(access: Access, nowMs: () => number, secure: boolean): Logins {
  const logins = new Map<string, { readonly who: Who; readonly untilMs: number }>();
  const attributes = `HttpOnly; SameSite=Strict; Path=/${secure ? "; Secure" : ""}`;
  const idIn = (cookies = "") => /(?:^|;\s*)icrl_login=([A-Za-z0-9_-]{43})(?:;|$)/.exec(cookies)?.[1];

  return {
    open(token) {
      const who = access.whoShows(token, true);
      const id = randomBytes(32).toString("base64url");
      for (const oldest of logins.keys()) {
        if (logins.size < MOST_LOGINS) break;
        logins.delete(oldest);
      }
      logins.set(id, { who, untilMs: nowMs() + LOGIN_MS });
      return `${NAME}=${id}; ${attributes}`;
    },
    whoHas(cookies) {
      const id = idIn(cookies);
      const login = id === undefined ? undefined : logins.get(id);
      if (id === undefined || login === undefined) return undefined;
      const { tokenId } = login.who;
      const ended = tokenId === undefined ? undefined : access.endOf(tokenId);
      if (ended === undefined && nowMs() < login.untilMs) return login.who;
      logins.delete(id);
      if (ended !== undefined) throw ended;
      return undefined;
    },
    end(cookies) {
      const id = idIn(cookies);
      if (id !== undefined) logins.delete(id);
      return `${NAME}=; ${attributes}; Max-Age=0`;
    },
  };
}

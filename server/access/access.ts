/**
 * Who calls, as a server knows him: by the token that he shows, or by where he comes to. What he may do is decided by whoever does it; this
 * says who he is.
 */
import { statSync } from "node:fs";
import { IcrlError } from "../../common/errors.js";
import { isKeyOf } from "../keys.js";
import { createShares, type Share } from "./share.js";
import { endedBy, isTokenText, type Role, type Token, tokenOf } from "./token.js";
import { readTokens } from "./token-folder.js";

/** Who calls. */
export interface Who {
  /** `anybody`: he showed nothing where nothing is demanded, and may what everybody may there. */
  readonly role: Role | "anybody";
  /** Id of his token; undefined where he showed none, or the operator's key. */
  readonly tokenId?: string;
  /** The one name under which he plays; undefined: any that is nobody's. */
  readonly entrant?: string;
}

/** Who is who on one server. */
export interface Access {
  /**
   * Who shows this.
   *
   * @param authorization `Bearer TOKEN`; undefined or something else where there is none
   * @param demanded whether he has to show a token where he comes to; where not, one that is none is left aside
   * @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED
   */
  whoIs(authorization: string | undefined, demanded: boolean): Who;
  /** The same of a token by itself. */
  whoShows(token: string | undefined, demanded: boolean): Who;
  /** What somebody's token may have, and has; undefined where he has none: he is not bounded. */
  shareOf(who: Who): Share | undefined;
  /**
   * Sees that somebody may play under a name; undefined: freely.
   * @throws ROLE_REFUSED
   */
  requireName(who: Who, entrant: string | undefined): void;
  /** Why who came with a token may stay no longer; undefined where he may. */
  endOf(tokenId: string): IcrlError | undefined;
  /** Calls a listener about once a second, and after tokens have changed: sessions of some may have to end. Returns how to stop that. */
  onCheck(listener: () => void): () => void;
  close(): void;
}

/** What it needs. */
export interface AccessContext {
  /** Folder of the tokens. */
  readonly folder: string;
  /** Hash of the operator's key. */
  readonly operatorHash: string;
  /** Unix time in milliseconds. */
  readonly nowMs: () => number;
  /** Told of files that are no tokens. */
  readonly onError: (error: unknown) => void;
}

/** Changes of the folder are looked for this often. */
const CHECK_MS = 1000;

/** A folder that changed this short a time before it was read may have changed again since, at the same time by the file system's clock. */
const UNSURE_MS = 2000;

/** Opens the door. */
export function createAccess({ folder, operatorHash, nowMs, onError }: AccessContext): Access {
  let tokens: ReadonlyMap<string, Token> = new Map();
  let names = new Set<string>();
  let stamp = "";
  let readAt = Number.NEGATIVE_INFINITY;
  const complained = new Set<string>();
  const listeners = new Set<() => void>();
  const shares = createShares((id) => tokens.get(id)?.quotas, nowMs);

  /** Reads the folder again where it has changed since. */
  function refresh(): void {
    const stat = statSync(folder, { throwIfNoEntry: false });
    const now = stat === undefined ? "none" : `${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs}`;
    const sure = stat === undefined || stat.mtimeMs < readAt - UNSURE_MS;
    if (now === stamp && sure) return;
    stamp = now;
    readAt = Date.now();
    const read = readTokens(folder);
    tokens = read.tokens;
    names = new Set([...tokens.values()].flatMap(({ entrant }) => entrant ?? []));
    for (const error of read.errors) {
      if (!complained.has(error.message)) onError(error);
      complained.add(error.message);
    }
  }

  function check(): void {
    try {
      refresh();
    } catch (error) {
      tokens = new Map(); // what cannot be read lets nobody in
      stamp = "";
      onError(error);
    }
    for (const listener of listeners) listener();
  }

  check();
  const timer = setInterval(check, CHECK_MS).unref();

  function valid(token: Token): Token {
    const error = refusalOf(token, nowMs());
    if (error !== undefined) throw error;
    return token;
  }

  function whoShows(text: string | undefined, demanded: boolean): Who {
    const anybody: Who = { role: "anybody" };
    if (text === undefined) {
      if (!demanded) return anybody;
      throw new IcrlError(
        "TOKEN_MISSING",
        "this server asks for a token: give --token or ICRL_TOKEN, or the metadata `authorization: Bearer TOKEN`",
      );
    }
    if (isKeyOf(operatorHash, text)) return { role: "operator" };
    if (isTokenText(text) && tokenOf(text, tokens) === undefined) refresh(); // it may have been created just now
    const token = tokenOf(text, tokens);
    if (!demanded) {
      const isOperator = token?.role === "operator" && refusalOf(token, nowMs()) === undefined;
      return isOperator ? { role: "operator", tokenId: token.id } : anybody;
    }
    if (token === undefined) {
      throw new IcrlError("TOKEN_INVALID", "this server has no such token: ask its operator for one");
    }
    const { id, role, entrant } = valid(token);
    return { role, tokenId: id, entrant };
  }

  return {
    whoIs: (authorization, demanded) => whoShows(/^Bearer (\S+)$/i.exec(authorization ?? "")?.[1], demanded),
    whoShows,
    shareOf: ({ tokenId }) => (tokenId === undefined ? undefined : shares.of(tokenId)),
    requireName({ role, entrant: own, tokenId }, entrant) {
      if (role === "anybody" || role === "operator") return;
      if (own !== undefined && own !== entrant) {
        const wanted = entrant === undefined ? "plays freely" : `enters as "${entrant}"`;
        throw new IcrlError("ROLE_REFUSED", `token ${tokenId} plays as "${own}" alone, and ${wanted}`);
      }
      if (own !== undefined || entrant === undefined) return;
      refresh(); // a token of that name may have been created just now
      if (names.has(entrant)) {
        throw new IcrlError("ROLE_REFUSED", `"${entrant}" is the name of another token: enter under another one`);
      }
    },
    endOf(tokenId) {
      const token = tokens.get(tokenId);
      if (token === undefined) return new IcrlError("TOKEN_REVOKED", `token ${tokenId} is there no more`);
      return refusalOf(token, nowMs());
    },
    onCheck(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      clearInterval(timer);
    },
  };
}

function refusalOf(token: Token, nowMs: number): IcrlError | undefined {
  const reason = endedBy(token, nowMs);
  if (reason === undefined) return undefined;
  const at = new Date((reason === "TOKEN_EXPIRED" ? token.expires : token.revoked) as number).toISOString();
  const what = reason === "TOKEN_EXPIRED" ? "was good until" : "was revoked at";
  return new IcrlError(reason, `token ${token.id} ${what} ${at}: ask the server's operator for another one`);
}

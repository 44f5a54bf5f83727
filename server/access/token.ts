/**
 * Tokens: who shows one may do what its role may. A token is 256 random bits behind the token's id; of the bits their SHA-256 alone is
 * kept. A slow hash, as for passwords, would guard nothing: nobody tries 2^256 of them.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** What somebody may be. */
export const ROLES = ["player", "reader", "operator"] as const;
export type Role = (typeof ROLES)[number];

/** What a token may have at most, by its name in the token's file and in refusals. */
export const QUOTAS = {
  sessions: { flag: "max-sessions", what: "sessions open", remedy: "close one first", help: "sessions open at once" },
  envs: {
    flag: "max-envs",
    what: "envs open",
    remedy: "open fewer, or close a session first",
    help: "envs open at once, in all of its sessions",
  },
  bytes: {
    flag: "max-bytes",
    what: "bytes held",
    remedy: "open fewer envs, or close a session first",
    help: "bytes of memory that its sessions hold at once",
  },
  tournaments: {
    flag: "max-tournaments",
    what: "tournaments and collections that are not over",
    remedy: "cancel one, or wait for its end",
    help: "tournaments and collections of its making that are not over",
  },
  reads: {
    flag: "max-reads",
    what: "reads of the log under way",
    remedy: "end one first",
    help: "reads of the log under way at once",
  },
  log_bytes_a_day: {
    flag: "log-bytes-a-day",
    what: "bytes logged today",
    remedy: "open without recording, or wait for the next day, UTC",
    help: "bytes that its sessions log in a day, UTC: then it opens nothing more that is recorded",
  },
  cpu_ms_a_second: {
    flag: "cpu-ms-a-second",
    what: "milliseconds of the processor used",
    remedy: "wait a while",
    help: "milliseconds a second that the server computes for its sessions; beyond it they wait",
  },
} as const;

/** What it is called. */
export type Quota = keyof typeof QUOTAS;

/** The most of each; what is absent is as the server has it for all. */
export type Quotas = { readonly [Q in Quota]?: number };

/** What is kept of one. */
export interface Token {
  /** Eight hexadecimal digits; no secret. */
  readonly id: string;
  readonly role: Role;
  /** The one name under which it plays; undefined: any that is nobody's. */
  readonly entrant?: string;
  /** SHA-256 of its bits, hexadecimal. */
  readonly hash: string;
  /** Unix times in milliseconds. */
  readonly created: number;
  readonly expires?: number;
  readonly revoked?: number;
  readonly quotas: Quotas;
}

const FORM = /^icrl_([0-9a-f]{8})_([A-Za-z0-9_-]{43})$/;

/** Whether a text has a token's form: it is to be in no log. */
export const isTokenText = (text: string): boolean => FORM.test(text);

const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** A new token: what is shown to whoever asked for it, once, and what is kept. */
export function newToken(of: Omit<Token, "id" | "hash">): { readonly text: string; readonly token: Token } {
  const id = randomBytes(4).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  return { text: `icrl_${id}_${secret}`, token: { ...of, id, hash: hashOf(secret).toString("hex") } };
}

/** The token that a text is, of those that there are; takes as long whatever is wrong with its bits. */
export function tokenOf(text: string, tokens: ReadonlyMap<string, Token>): Token | undefined {
  const [, id = "", secret = ""] = FORM.exec(text) ?? [];
  const token = tokens.get(id);
  if (token === undefined) return undefined;
  const kept = Buffer.from(token.hash, "hex");
  const shown = hashOf(secret);
  return kept.length === shown.length && timingSafeEqual(kept, shown) ? token : undefined;
}

/** Why a token is worth nothing any more; undefined where it is. */
export function endedBy({ expires, revoked }: Token, nowMs: number): "TOKEN_REVOKED" | "TOKEN_EXPIRED" | undefined {
  if (revoked !== undefined) return "TOKEN_REVOKED";
  return expires !== undefined && expires <= nowMs ? "TOKEN_EXPIRED" : undefined;
}

/**
 * The folder of a server's tokens, `token-ID.json` each, which `icrl token` writes and the server reads. A file for each, so that two who
 * create or revoke at once do not write the same one; each is there in whole, or as it was.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { jsonText } from "../../common/json-text.js";
import { type DocumentKind, type Parts, readDocument, schemaOf } from "../../datasets/files/document.js";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { makeFolders } from "../../datasets/files/make-folders.js";
import { PRIVATE_FILE, PRIVATE_FOLDER } from "../../datasets/files/private.js";
import { ROLES, type Token } from "./token.js";

/** Name of the folder in a server's. */
export const ACCESS_FOLDER = "access";

const NAME = /^token-([0-9a-f]{8})\.json$/;

const pathOf = (folder: string, id: string): string => join(folder, `token-${id}.json`);

const tokenDocument = ({ z, name, count, sha256, matching }: Parts) =>
  z.object({
    id: matching(/^[0-9a-f]{8}$/, "8 hexadecimal digits"),
    role: z.enum(ROLES),
    entrant: z.optional(name),
    hash: sha256,
    created: count,
    expires: z.optional(count),
    revoked: z.optional(count),
    quotas: z.object({
      sessions: z.optional(count),
      envs: z.optional(count),
      bytes: z.optional(count),
      tournaments: z.optional(count),
      reads: z.optional(count),
      log_bytes_a_day: z.optional(count),
      cpu_ms_a_second: z.optional(count),
    }),
  });

const TOKEN: DocumentKind<Token> = {
  schema: schemaOf<Token>()(tokenDocument),
  reason: "TOKEN_INVALID",
  remedy: "remove it, and create another token",
  mostBytes: 1 << 16,
};

/** The token in a file. @throws TOKEN_INVALID if it is none */
function readToken(folder: string, id: string): Token {
  const path = pathOf(folder, id);
  const document = readDocument(path, TOKEN);
  if (document.id !== id) throw new IcrlError("TOKEN_INVALID", `${path} is the token ${document.id}: remove it`);
  return document;
}

/** What a folder has. */
export interface TokensRead {
  /** By id, the oldest first. */
  readonly tokens: ReadonlyMap<string, Token>;
  /** What is wrong with the others: they are worth nothing. */
  readonly errors: readonly IcrlError[];
}

/** Reads all of them; none where there is no folder. */
export function readTokens(folder: string): TokensRead {
  const found: Token[] = [];
  const errors: IcrlError[] = [];
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return { tokens: new Map(), errors };
  for (const name of readdirSync(folder)) {
    const id = NAME.exec(name)?.[1];
    if (id === undefined) continue;
    try {
      found.push(readToken(folder, id));
    } catch (error) {
      errors.push(error as IcrlError);
    }
  }
  found.sort((a, b) => a.created - b.created);
  return { tokens: new Map(found.map((token) => [token.id, token])), errors };
}

/** Keeps a token, and makes the folder where it is the first. */
export function writeToken(folder: string, token: Token): void {
  makeFolders(folder, PRIVATE_FOLDER);
  replaceDurably(pathOf(folder, token.id), Buffer.from(jsonText(token)), PRIVATE_FILE);
}

/**
 * From now on a token is worth nothing.
 *
 * @returns it, as it is now; one that was revoked before stays as it was
 * @throws TOKEN_INVALID if there is no such token
 */
export function revokeToken(folder: string, id: string, nowMs: number): Token {
  const { tokens, errors } = readTokens(folder);
  const token = tokens.get(id);
  if (token === undefined) {
    throw errors[0] ?? new IcrlError("TOKEN_INVALID", `${folder} has no token ${id}: \`icrl token list\` has them`);
  }
  if (token.revoked !== undefined) return token;
  const revoked = { ...token, revoked: nowMs };
  writeToken(folder, revoked);
  return revoked;
}

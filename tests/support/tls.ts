/** The certificates of tests/fixtures/tls. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readTls, type ServerTls } from "#icrl/server/access/tls.js";

/** Path of one: "ca.pem". */
export const tlsFile = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** Its text. */
export const pem = (name: string): string => readFileSync(tlsFile(name), "utf8");

/** What the server of tests shows; with `clientCa` it asks for certificates of the test's authority. */
export const serverTls = (clientCa?: string): ServerTls =>
  readTls({
    cert: tlsFile("server.pem"),
    key: tlsFile("server.key"),
    clientCa: clientCa === undefined ? undefined : tlsFile(clientCa),
  });

/**
 * The HTTP listener: lets requests in, finds their route, and sends what it answers. Whatever goes wrong in a request ends in that
 * request's answer.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { IcrlError } from "../../common/errors.js";
import type { Access, Who } from "../access/access.js";
import type { AuditLog } from "../access/audit-log.js";
import type { ServerTls } from "../access/tls.js";
import { isAllowedHost } from "./allowed-host.js";
import type { ApiError } from "./api.js";
import { loginRoutes } from "./login-routes.js";
import { createLogins } from "./logins.js";
import { findRoute, type HttpAnswer, type Route } from "./route.js";

/** Where to listen. */
export interface HttpOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  /** Whether a free port will do where that one is taken. */
  readonly elseFree?: boolean;
  /** Absent: in the clear. */
  readonly tls?: ServerTls;
  /** Whether whoever comes has to show a token; no by default. */
  readonly demandsToken?: boolean;
}

/** What a listener asks and tells. */
export interface HttpEvents {
  /** By which it knows who asks. */
  readonly access: Access;
  /** Where refusals are written down. */
  readonly audit: AuditLog;
  /** Unix time in milliseconds. */
  readonly nowMs: () => number;
  /** Told what fails inside, beside the answer that says so. */
  onError(error: unknown): void;
}

/** Who may come in, and for how long. */
export interface HttpBounds {
  /** What is served, for the error of an address that cannot be listened on: "the live page". */
  readonly what: string;
  /** How long a request may take to arrive, in milliseconds. */
  readonly requestMs: number;
  /** Lets a connection in, or closes it; is told when a request of it, known by HOST:PORT, begins and ends. Absent: all come in. */
  readonly doors?: {
    admit(socket: Socket): unknown;
    began(peer: string): void;
    ended(peer: string): void;
  };
}

/** A listener. */
export interface HttpServer {
  /** Where a browser finds it: `http://127.0.0.1:50552/`. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** What a browser may do with anything that comes from here: use our own files, and nothing else. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Of the live page. */
export const PAGE_BOUNDS: HttpBounds = { what: "the live page", requestMs: 10_000 };

/** Bytes of a request's body: a token. */
const MOST_BODY = 1024;

/** Characters of a path that are written down. */
const MOST_PATH = 100;

/** How often requests that take too long are looked for. */
const CHECK_MS = 1000;

/** How long a connection may stand still: of whoever does not read what it asked for. */
const STILL_MS = 30_000;

/** HTTP statuses of the gRPC codes of reasons; others are a bad request. */
const STATUS: Readonly<Record<number, number>> = { 5: 404, 7: 403, 8: 429, 12: 405, 14: 503, 16: 401 };

/**
 * Starts it.
 *
 * @throws an Error with a code if the address cannot be listened on
 */
export async function startHttpServer(
  options: HttpOptions,
  ownRoutes: readonly Route[],
  { access, audit, nowMs, onError }: HttpEvents,
  { what, requestMs, doors }: HttpBounds = PAGE_BOUNDS,
): Promise<HttpServer> {
  const at = options.listen.lastIndexOf(":");
  const host = options.listen.slice(0, at);
  const hostname = host.replace(/^\[|\]$/g, "");
  const { tls, demandsToken = false } = options;
  const logins = createLogins(access, nowMs, tls !== undefined);
  const routes = [...ownRoutes, ...(demandsToken ? loginRoutes(logins) : [])];
  const timeouts = {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, requestMs),
  };
  const onRequest: RequestListener = (request, response) => {
    const peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
    doors?.began(peer);
    response.once("close", () => doors?.ended(peer));
    answer(request, response).catch((error: unknown) => {
      onError(error);
      response.destroy();
    });
  };
  const server =
    tls === undefined
      ? createServer(timeouts, onRequest)
      : createTlsServer({ ...timeouts, ...tls, handshakeTimeout: requestMs }, onRequest);
  server.timeout = STILL_MS;
  server.on("connection", (socket: Socket) => doors?.admit(socket));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {}); // whoever asked is gone
    try {
      const found = await route(request);
      send(request, response, found.status ?? 200, found);
    } catch (error) {
      if (!(error instanceof IcrlError)) onError(error);
      if (response.headersSent) throw error;
      if (error instanceof IcrlError && error.reason === "METHOD_INVALID") response.setHeader("Allow", "GET, HEAD");
      const known = error instanceof IcrlError;
      const said: ApiError = known
        ? { reason: error.reason, error: error.message }
        : { reason: "INTERNAL", error: "internal error" };
      const status = known ? (STATUS[error.code] ?? 400) : 500;
      send(request, response, status, { type: "application/json", body: JSON.stringify(said) });
    }
  }

  async function route(request: IncomingMessage): Promise<HttpAnswer> {
    if (!isAllowedHost(request.headers.host, hostname)) {
      throw new IcrlError(
        "HOST_REFUSED",
        `host ${JSON.stringify(request.headers.host?.slice(0, 100) ?? "")} is not one of this server's: ask for localhost or an address`,
      );
    }
    const [path, query] = (request.url ?? "/").split("?", 2);
    const found = findRoute(routes, path);
    const isPost = request.method === "POST" && found?.route.method === "POST";
    if (!isPost && request.method !== "GET" && request.method !== "HEAD") {
      throw new IcrlError("METHOD_INVALID", `method ${request.method}: this is for reading alone, send GET`);
    }
    if (found === undefined || (found.route.method === "POST") !== isPost) {
      throw new IcrlError("PATH_UNKNOWN", `there is no ${JSON.stringify(path.slice(0, 100))}: the page is at /`);
    }
    const { cookie: cookies } = request.headers;
    const operator = admit(path, found.route, request).role === "operator";
    const body = isPost ? await bodyOf(request) : "";
    const asked = { params: found.params, query: new URLSearchParams(query), operator, body, cookies };
    return found.route.answer(asked);
  }

  /** Who asks, if he may. @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, ROLE_REFUSED; that is in the audit log then */
  function admit(path: string, { allowed }: Route, { headers, socket }: IncomingMessage): Who {
    let who: Who | undefined;
    try {
      who = logins.whoHas(headers.cookie);
      if (allowed === "everybody") return who ?? { role: "anybody" };
      who ??= access.whoIs(headers.authorization, demandsToken);
      if (who.role === "anybody" || allowed.includes(who.role)) return who;
      throw new IcrlError("ROLE_REFUSED", `${path} is for readers and operators, and not for a ${who.role}`);
    } catch (error) {
      const { reason = "INTERNAL" } = error as { reason?: string };
      const from = `${socket.remoteAddress}:${socket.remotePort}`;
      audit.add({ what: path.slice(0, MOST_PATH), who, from, outcome: reason });
      throw error;
    }
  }

  const listenOn = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, hostname, () => {
        server.off("error", reject);
        resolve();
      });
    });
  await listenOn(Number(options.listen.slice(at + 1))).catch((error: NodeJS.ErrnoException) => {
    if (options.elseFree === true && error.code === "EADDRINUSE") return listenOn(0);
    const text = `${what} cannot be served on ${options.listen} (${error.message}): choose another address, or off`;
    throw Object.assign(new Error(text), { code: error.code });
  });
  server.on("error", onError);
  server.unref(); // it does not keep a process alive that has nothing else to do

  const anywhere = hostname === "0.0.0.0" || hostname === "::";
  return {
    url: `${tls === undefined ? "http" : "https"}://${anywhere ? "127.0.0.1" : host}:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @throws MESSAGE_TOO_LARGE; HOST_REFUSED where another page has sent it */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const { origin, host } = request.headers;
  if (origin !== undefined && !/^https?:\/\//.test(origin)) throw foreign(origin);
  if (origin !== undefined && new URL(origin).host !== host) throw foreign(origin);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    pieces.push(piece);
    if (length <= MOST_BODY) continue;
    const details = { bytes: length, limit: MOST_BODY };
    throw new IcrlError("MESSAGE_TOO_LARGE", `a body of more than ${MOST_BODY} bytes: send a token`, details);
  }
  return Buffer.concat(pieces).toString("utf8");
}

const foreign = (origin: string): IcrlError =>
  new IcrlError(
    "HOST_REFUSED",
    `a page of ${JSON.stringify(origin.slice(0, 100))} asks for this: it is for our own alone`,
  );

function send(request: IncomingMessage, response: ServerResponse, status: number, answer: HttpAnswer): void {
  response.setHeader("Content-Security-Policy", answer.policy ?? POLICY);
  if (answer.cookie !== undefined) response.setHeader("Set-Cookie", answer.cookie);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cache-Control", answer.etag === undefined ? "no-store" : "no-cache"); // no-cache: kept, asked about
  if (answer.etag !== undefined) {
    response.setHeader("ETag", answer.etag);
    if (request.headers["if-none-match"] === answer.etag) {
      response.writeHead(304).end();
      return;
    }
  }
  const packed = answer.gzip !== undefined && /\bgzip\b/.test(String(request.headers["accept-encoding"]));
  const body = packed ? (answer.gzip as Buffer) : Buffer.from(answer.body);
  if (answer.gzip !== undefined) response.setHeader("Vary", "Accept-Encoding");
  if (packed) response.setHeader("Content-Encoding", "gzip");
  response.writeHead(status, { "Content-Type": answer.type, "Content-Length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}

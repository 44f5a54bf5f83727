/** What an HTTP path answers. */
import type { Role } from "../access/token.js";

/** A request that was let in. */
export interface HttpRequest {
  /** The parts of the path that the route leaves open, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Whether it carries the operator's key, an operator's token or login. */
  readonly operator: boolean;
  /** Of a POST. */
  readonly body: string;
  readonly cookies: string | undefined;
}

/** What goes out. */
export interface HttpAnswer {
  /** HTTP status; 200 where there is none. */
  readonly status?: number;
  /** Content-Type. */
  readonly type: string;
  readonly body: string | Buffer;
  /** Hash of the body, quoted, for what may be kept and asked about again; what has none is not kept. */
  readonly etag?: string;
  /** The body packed by gzip, for those who take it. */
  readonly gzip?: Buffer;
  /** Content-Security-Policy, instead of everybody's. */
  readonly policy?: string;
  /** Set-Cookie. */
  readonly cookie?: string;
}

/** Who may read what a server tells of itself and of what is over. */
export const READERS: readonly Role[] = ["reader", "operator"];

/** A path and who answers it. */
export interface Route {
  /** "/api/tournaments/:id": parts that begin with a colon take any text. */
  readonly path: string;
  /** Roles that may ask, where a token is demanded; `everybody`: without one, too. */
  readonly allowed: readonly Role[] | "everybody";
  /** GET, with HEAD, where there is none. */
  readonly method?: "POST";
  /** @throws IcrlError for what the caller did wrong */
  answer(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
}

/** The route of a path, and what stands in its open parts. */
export function findRoute(
  routes: readonly Route[],
  path: string,
): { route: Route; params: Record<string, string> } | undefined {
  const parts = path.split("/");
  for (const route of routes) {
    const pattern = route.path.split("/");
    if (pattern.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.every((part, i) => {
      if (!part.startsWith(":")) return part === parts[i];
      try {
        params[part.slice(1)] = decodeURIComponent(parts[i]);
        return parts[i] !== "";
      } catch {
        return false; // no UTF-8
      }
    });
    if (fits) return { route, params };
  }
  return undefined;
}

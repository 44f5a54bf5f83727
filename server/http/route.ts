/** What an HTTP path answers. */

/** A request that was let in. */
export interface HttpRequest {
  /** The parts of the path that the route leaves open, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Whether it carries the operator's key. */
  readonly operator: boolean;
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
}

/** A path and who answers it. */
export interface Route {
  /** "/api/tournaments/:id": parts that begin with a colon take any text. */
  readonly path: string;
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

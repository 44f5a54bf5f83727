import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../http/api.js";
import { operatorKey } from "./operator-key.js";

/** What is known of a path. */
export interface Live {
  /** The path that `value` and `error` are of. */
  readonly path: string | undefined;
  /** The last answer. */
  readonly value: unknown;
  /** Why the server refused. */
  readonly error: ApiError | undefined;
  /** Whether the server did not answer last time; what was known stays. */
  readonly gone: boolean;
}

/** Between two questions; after a refusal; and when nobody answers, longer and longer up to the last. */
const POLL_MS = 1000;
const REFUSED_MS = 5000;
const RETRY_MS = [1000, 2000, 4000, 5000];

/** How long an answer may take. */
const TIMEOUT_MS = 10_000;

/**
 * Asks the server again and again, while the page can be seen.
 *
 * @param path what to ask for; nothing is asked without one
 * @param settled whether an answer will not change any more
 */
export function useLive(path: string | undefined, settled: (value: unknown) => boolean): Live {
  const [live, setLive] = useState<Live>({ path, value: undefined, error: undefined, gone: false });

  useEffect(() => {
    if (path === undefined) return;
    const stop = new AbortController();
    let timer = 0;
    let failures = 0;
    let asking = false;
    let done = false;

    async function ask(): Promise<void> {
      if (asking || done || stop.signal.aborted || document.hidden) return;
      asking = true;
      window.clearTimeout(timer);
      let wait = POLL_MS;
      try {
        const key = operatorKey();
        const response = await fetch(path as string, {
          headers: key === undefined ? {} : { Authorization: `Bearer ${key}` },
          signal: AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        const body: unknown = await response.json();
        failures = 0;
        if (response.ok) {
          done = settled(body);
          setLive({ path, value: body, error: undefined, gone: false });
        } else {
          wait = REFUSED_MS;
          setLive({ path, value: undefined, error: body as ApiError, gone: false });
        }
      } catch {
        if (stop.signal.aborted) return;
        wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
        failures += 1;
        setLive((before) => ({
          ...(before.path === path ? before : { path, value: undefined, error: undefined }),
          gone: true,
        }));
      } finally {
        asking = false;
        if (!done && !stop.signal.aborted) timer = window.setTimeout(ask, wait);
      }
    }

    const onVisible = () => void ask();
    document.addEventListener("visibilitychange", onVisible);
    window.addEventListener("online", onVisible);
    void ask();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("online", onVisible);
    };
  }, [path, settled]);

  return live.path === path ? live : { path, value: undefined, error: undefined, gone: live.gone };
}

/** What a server's metrics say. */
import { http } from "./http.js";

/** A scrape, parsed. */
export interface Scrape {
  /** By name, without the suffixes of histograms. */
  readonly families: ReadonlyMap<string, { readonly type: string; readonly help: string }>;
  /** By sample, as it is written: `icrl_trials_total{outcome="complete"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

/** Asks for the metrics beside a live page. */
export async function scrape(pageUrl: string): Promise<Scrape> {
  const { status, headers, body } = await http(new URL("/metrics", pageUrl).href);
  if (status !== 200) throw new Error(`/metrics: ${status} ${body.toString()}`);
  if (headers["content-type"] !== "text/plain; version=0.0.4; charset=utf-8") {
    throw new Error(`/metrics is ${headers["content-type"]}`);
  }
  return parseExposition(body.toString());
}

/** Reads Prometheus' text format 0.0.4. @throws Error at a line that is none of it, or a sample without a family */
export function parseExposition(text: string): Scrape {
  const families = new Map<string, { type: string; help: string }>();
  const samples = new Map<string, number>();
  for (const line of text.split("\n").filter(Boolean)) {
    const [, kind, name, rest] = /^# (HELP|TYPE) ([a-z0-9_]+) (.+)$/.exec(line) ?? [];
    if (kind !== undefined) {
      const family = families.get(name) ?? { type: "", help: "" };
      families.set(name, kind === "HELP" ? { ...family, help: rest } : { ...family, type: rest });
      continue;
    }
    const [, sample, labels = "", value] = /^([a-z0-9_]+)(\{(?:[a-z_]+="[^"]*",?)+\})? (\S+)$/.exec(line) ?? [];
    const family = sample && [sample, sample.replace(/_(bucket|sum|count)$/, "")].find((of) => families.has(of));
    if (!family || samples.has(sample + labels)) throw new Error(`not expected in an exposition: ${line}`);
    samples.set(sample + labels, Number(value.replace("Nan", "NaN")));
  }
  return { families, samples };
}

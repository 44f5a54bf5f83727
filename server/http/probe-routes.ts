/** What machines ask for: the numbers, and whether all is well. */
import { type HttpAnswer, READERS, type Route } from "./route.js";

/** What is read of a server. */
export interface Probed {
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly sink: { readonly writable: boolean };
  /** Whether it is about to stop. */
  draining(): boolean;
}

/** `/metrics`, in Prometheus' text format. */
export const metricsRoute = ({ metrics }: Pick<Probed, "metrics">): Route => ({
  path: "/metrics",
  allowed: READERS,
  answer: async () => ({ type: metrics.contentType, body: await metrics.text() }),
});

/** `/healthz`: 200 where sessions are opened and recorded, else 503 with what is wrong. */
export const healthRoute = ({ sink, draining }: Pick<Probed, "sink" | "draining">): Route => ({
  path: "/healthz",
  allowed: "everybody",
  answer() {
    if (draining()) return said(503, "draining");
    return sink.writable ? said(200, "ok") : said(503, "the log cannot be written");
  },
});

const said = (status: number, word: string): HttpAnswer => ({ status, type: "text/plain", body: `${word}\n` });

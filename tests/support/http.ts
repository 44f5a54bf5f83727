/** Requests to the live page's server, with headers that `fetch` does not let through. */
import { type IncomingHttpHeaders, request } from "node:http";

/** What came back. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks. */
export function http(
  url: string,
  headers: Record<string, string> = {},
  method = "GET",
  body?: string,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** What an address of the API answers to whoever shows a key, or none. @throws Error if it refuses */
export async function api<T>(pageUrl: string, path: string, key?: string): Promise<T> {
  const headers: Record<string, string> = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const { status, body } = await http(new URL(path, pageUrl).href, headers);
  if (status !== 200) throw new Error(`${path}: ${status} ${body.toString()}`);
  return JSON.parse(body.toString()) as T;
}

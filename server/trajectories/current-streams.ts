/** Streams of either schema as streams of the current one; Arrow is loaded for those of schema 1 alone. */
import { mayBeSchema1 } from "../../datasets/log/schema-1.js";

/** An Arrow IPC stream, and for messages the file that it is from. */
export interface NamedStream {
  readonly stream: Uint8Array;
  readonly file: string;
}

/** The streams in order, each of the current schema. @throws LOG_CORRUPT if one of schema 1 is not what it says of itself */
export async function currentStreams(all: readonly NamedStream[]): Promise<Uint8Array[]> {
  if (!all.some(({ stream }) => mayBeSchema1(stream))) return all.map(({ stream }) => stream);
  const { currentStream, isSchema1Stream } = await import("../../datasets/log/trajectory-batches.js");
  return all.map(({ stream, file }) => (isSchema1Stream(stream) ? currentStream(stream, file) : stream));
}

/** Streams of any schema as streams of the current one; Arrow is loaded for those of earlier ones alone. */
import { mayBeEarlier } from "../../datasets/log/earlier-schemas.js";

/** An Arrow IPC stream, and for messages the file that it is from. */
export interface NamedStream {
  readonly stream: Uint8Array;
  readonly file: string;
}

/** The streams in order, each of the current schema. @throws LOG_CORRUPT if one of an earlier schema is not what it says of itself */
export async function currentStreams(all: readonly NamedStream[]): Promise<Uint8Array[]> {
  if (!all.some(({ stream }) => mayBeEarlier(stream))) return all.map(({ stream }) => stream);
  const { currentStream, isEarlierStream } = await import("../../datasets/log/trajectory-batches.js");
  return all.map(({ stream, file }) => (isEarlierStream(stream) ? currentStream(stream, file) : stream));
}

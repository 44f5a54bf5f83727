import { AsyncByteQueue, type RecordBatch, RecordBatchStreamWriter } from "apache-arrow";

/** A complete Arrow IPC stream (schema, one batch, end marker), in pieces that share memory with the batch. */
export function ipcPieces(batch: RecordBatch): Uint8Array[] {
  // A queue's own toUint8Array would copy everything, and does not drain the queue: the pieces are caught on their way in.
  const pieces: Uint8Array[] = [];
  const sink = new AsyncByteQueue();
  sink.write = (piece) => void pieces.push(piece as Uint8Array);
  const writer = new RecordBatchStreamWriter();
  writer.reset(sink, batch.schema).write(batch);
  writer.finish();
  return pieces;
}

/**
 * Many Arrow IPC streams of one schema as one: the first's schema, everybody's batches, one end marker.
 * A stream is a schema message (4 bytes continuation, 4 bytes length, metadata), batches, and 8 bytes end marker.
 */
export function joinStreams(streams: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [index, stream] of streams.entries()) {
    const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
    const batches = 8 + view.getInt32(4, true);
    parts.push(stream.subarray(index === 0 ? 0 : batches, stream.length - 8));
  }
  parts.push(streams[0].subarray(streams[0].length - 8));
  return Buffer.concat(parts);
}

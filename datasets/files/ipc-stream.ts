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

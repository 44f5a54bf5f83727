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

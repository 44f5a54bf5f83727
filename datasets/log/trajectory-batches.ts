/** Batches of the log's rows from Arrow streams: checked, and of the one schema that readers know, whichever schema wrote them. */
import { type Data, Field, makeData, RecordBatch, RecordBatchReader, Schema, Struct } from "apache-arrow";
import { ipcPieces } from "../files/ipc-stream.js";
import { joinStreams } from "../files/join-streams.js";
import { TRAJECTORY_SCHEMA } from "./arrow-schema.js";
import { checkedBatches, type ExpectedColumn } from "./checked-batches.js";
import { changedColumns } from "./earlier-rows.js";
import { columnsToDecode, isEarlier, needsChange, schemaOf } from "./earlier-schemas.js";
import { TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

const ALL = TRAJECTORY_COLUMNS.map(({ name }) => name);

/**
 * Batches of an Arrow IPC stream, with the wanted columns and no others, in the schema's order.
 *
 * @param file for messages
 * @param wanted names of columns; all by default
 * @throws LOG_CORRUPT if it is not what it says of itself
 */
export function* trajectoryBatches(
  stream: Uint8Array,
  file: string,
  wanted: readonly string[] = ALL,
): Generator<RecordBatch> {
  const expected = (batch: RecordBatch): readonly ExpectedColumn[] => {
    const names = columnsToDecode(wanted, hasOf(batch.schema));
    return TRAJECTORY_COLUMNS.filter(({ name }) => names.includes(name));
  };
  for (const batch of checkedBatches(stream, file, expected)) yield asCurrent(batch, wanted);
}

const hasOf =
  ({ fields }: Schema) =>
  (name: string): boolean =>
    fields.some((field) => field.name === name);

/** A batch of any schema, whose columns were checked, as one of the current schema with the wanted columns. */
export function asCurrent(batch: RecordBatch, wanted: readonly string[] = ALL): RecordBatch {
  const of = schemaOf(hasOf(batch.schema));
  const changed = of < 3 && needsChange(wanted) ? changedColumns(batch, of as 1 | 2) : {};
  const fields: Field[] = [];
  const children: Data[] = [];
  for (const { name, nullable } of TRAJECTORY_COLUMNS) {
    if (!wanted.includes(name)) continue;
    const data = changed[name] ?? batch.getChild(name)?.data[0];
    const field = batch.schema.fields.find((candidate) => candidate.name === name);
    if (data === undefined && field === undefined) continue;
    const type = data?.type ?? field?.type;
    fields.push(new Field(name, type, nullable));
    children.push(data ?? makeData({ type, length: 0 } as never));
  }
  const schema = new Schema(fields, TRAJECTORY_SCHEMA.metadata);
  return new RecordBatch(schema, makeData({ type: new Struct(fields), length: batch.numRows, nullCount: 0, children }));
}

/** Whether an Arrow IPC stream has rows of an earlier schema; not where it is no such stream. */
export function isEarlierStream(stream: Uint8Array): boolean {
  try {
    return isEarlier(hasOf(RecordBatchReader.from(stream).open().schema));
  } catch {
    return false;
  }
}

/**
 * An Arrow IPC stream of an earlier schema as one of the current schema.
 *
 * @param file for messages
 * @throws LOG_CORRUPT if it is not what it says of itself
 */
export const currentStream = (stream: Uint8Array, file: string): Uint8Array =>
  joinStreams(Array.from(trajectoryBatches(stream, file), (batch) => Buffer.concat(ipcPieces(batch))));

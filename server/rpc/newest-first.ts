/** Lists of what a server keeps, newest first, a bounded page at a time. */
import { IcrlError } from "../../common/errors.js";

/** Most entries of a page; as many as are given where the caller does not say. */
const LARGEST_PAGE = 1000;
const DEFAULT_PAGE = 100;

/**
 * About the bytes of a page, by what its entries say of themselves: an answer takes a few milliseconds to make, however many there are to
 * list.
 */
export const PAGE_BYTES = 256 << 10;

/** Which page. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** What is listed. */
export interface Listed<T> {
  /** Oldest first. */
  readonly all: readonly T[];
  /** A number that grows from one entry to the next, and does not change. */
  readonly numberOf: (entry: T) => number;
  /** About its bytes in an answer. */
  readonly bytesOf: (entry: T) => number;
}

/**
 * The entries of a page, at least one where there is one, and the token of the next: it holds while entries come and go.
 * @throws PAGE_INVALID
 */
export function newestFirst<T>(
  { all, numberOf, bytesOf }: Listed<T>,
  { pageSize, pageToken }: PageRequest,
): { readonly entries: readonly T[]; readonly nextPageToken: string } {
  if (pageSize > LARGEST_PAGE) {
    throw new IcrlError(
      "PAGE_INVALID",
      `page size ${pageSize} is outside 0 .. ${LARGEST_PAGE}: 0 means ${DEFAULT_PAGE}`,
      { limit: LARGEST_PAGE },
    );
  }
  const before = pageToken === "" ? Number.POSITIVE_INFINITY : numberIn(pageToken);
  const entries: T[] = [];
  let bytes = 0;
  for (let i = all.length - 1; i >= 0; i--) {
    const entry = all[i];
    if (numberOf(entry) >= before) continue;
    bytes += Math.min(bytesOf(entry), PAGE_BYTES);
    if (entries.length === (pageSize || DEFAULT_PAGE) || (entries.length > 0 && bytes > PAGE_BYTES)) {
      return {
        entries,
        nextPageToken: Buffer.from(String(numberOf(entries[entries.length - 1]))).toString("base64url"),
      };
    }
    entries.push(entry);
  }
  return { entries, nextPageToken: "" };
}

/** @throws PAGE_INVALID */
function numberIn(token: string): number {
  const number = Number(Buffer.from(token.slice(0, 40), "base64url").toString());
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new IcrlError(
    "PAGE_INVALID",
    `page token "${token.slice(0, 40)}" is not one of this list's: send next_page_token unchanged`,
  );
}

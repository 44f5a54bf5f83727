/**
 * One writer a folder. Who writes has its file, `lock-<epoch>`: whoever takes the folder makes the file of the next epoch, which
 * only one can, and removes those before it. A writer whose file is gone has been replaced, however long it slept, and learns so
 * from `check`.
 *
 * A holder in this PID namespace is judged by the process table. Of any other (another container or host, another boot) only
 * its heartbeat tells: it is dead once its file has not changed for as long as the observer itself has watched it. No clocks
 * are compared.
 */
import {
  closeSync,
  fstatSync,
  futimesSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { IcrlError } from "../../common/errors.js";
import { PRIVATE_FILE } from "../../datasets/files/private.js";
import { openRegularFile, UnreadableFile } from "../../datasets/files/read-file.js";
import { type Holder, held, nameOf, seenInTable, thisHolder } from "./holder.js";

/** How a lock is kept and judged; other values than the defaults are for tests. */
export interface LockOptions {
  /** How often a holder shows that it lives, in milliseconds. */
  readonly beatMs?: number;
  /** For how long a holder that cannot be seen otherwise is watched before it counts as dead, in milliseconds. */
  readonly watchMs?: number;
}

/** What a taker says and knows of the folder. */
export interface Taking extends LockOptions {
  /** The folder's name in errors. */
  readonly shown?: string;
  /** The greatest epoch that the folder itself remembers, asked before and after the lock is made; 0 by default. */
  readonly remembered?: () => number;
  /** Told when a holder has to be watched, and for how long, in seconds. */
  readonly onWatch?: (holder: string, seconds: number) => void;
  /** Told, once, when another has taken the folder. */
  readonly onLost?: (error: IcrlError) => void;
}

/** A holder's file as it was made: enough to see, in any thread, whether the folder is still its own. */
export interface Claim {
  readonly path: string;
  /** Its first line. */
  readonly text: string;
  /** The folder's name in errors. */
  readonly shown: string;
}

/** A folder that is held. */
export interface FolderLock {
  /** Greater than that of every holder before. */
  readonly epoch: number;
  readonly claim: Claim;
  /** The largest number that holders before had written down, and had not settled in the folder. */
  readonly countedBefore: number;
  /** Writes a number down; it outlives the process, and maybe not the loss of power. Costs no wait for the disk. */
  count(number: number): void;
  /** @throws LOG_LOCKED if another has taken the folder: nothing that was not seen to be durable before may be told to anybody */
  check(): void;
  /** Gives the folder back; does nothing where another has it. */
  release(): void;
}

const BEAT_MS = 2_000;
const WATCH_MS = 30_000;
/** How often a watched holder is looked at: a pause of the observer's own counts as one look, not as the holder's silence. */
const LOOKS = 30;
/** Digits of the number that is written down, on the file's second line. */
const COUNT_DIGITS = 16;

interface LockFile {
  readonly path: string;
  readonly epoch: number;
}

function listLocks(folder: string): LockFile[] {
  const locks = readdirSync(folder).flatMap((name) => {
    const match = /^lock-(\d{1,12})$/.exec(name);
    return match === null ? [] : [{ path: join(folder, name), epoch: Number(match[1]) }];
  });
  return locks.sort((a, b) => a.epoch - b.epoch);
}

const MAX_LOCK_BYTES = 4096;

/** A lock's text and when it was touched last, by opening it: on a network's file system that is what asks the server. */
function look(path: string): { text: string; touched: bigint } | undefined {
  let fd: number;
  try {
    fd = openRegularFile(path, MAX_LOCK_BYTES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (!(error instanceof UnreadableFile)) throw error;
    throw new IcrlError(
      "LOG_LOCKED",
      `${path} ${error.message}: who holds it cannot be told: remove it if nothing writes to the folder`,
      {
        file: path,
      },
    );
  }
  try {
    const buffer = Buffer.alloc(MAX_LOCK_BYTES);
    const { mtimeNs } = fstatSync(fd, { bigint: true });
    return { text: buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, 0)), touched: mtimeNs };
  } finally {
    closeSync(fd);
  }
}

const firstLine = (text: string): string => text.slice(0, text.indexOf("\n") + 1);

function holderIn(text: string): Holder | undefined {
  try {
    const said = JSON.parse(firstLine(text)) as Partial<Holder> | null;
    const known = typeof said?.pid === "number" && typeof said.host === "string" && typeof said.token === "string";
    return known ? (said as Holder) : undefined;
  } catch {
    return undefined; // a loss of power left something else
  }
}

/** The number written down in a lock's text; 0 where there is none. */
function countIn(text: string): number {
  const count = Number(text.slice(firstLine(text).length));
  return Number.isSafeInteger(count) ? count : 0;
}

/** The largest number that holders of a folder have written down: of those that hold it, or did not live to give it back. */
export function countedIn(folder: string): number {
  return listLocks(folder).reduce((most, { path }) => Math.max(most, countIn(look(path)?.text ?? "")), 0);
}

/**
 * Whether a claim's folder is still its own. Works, if less surely on a network's file system, when no more files can be opened.
 * @throws the file system's error if that cannot be told, as while the folder itself is out of reach
 */
export function isHeld({ path, text }: Claim): boolean {
  try {
    const found = look(path);
    if (found === undefined) statSync(dirname(path));
    return firstLine(found?.text ?? "") === text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EMFILE" || code === "ENFILE") return statSync(path, { throwIfNoEntry: false }) !== undefined;
    throw error;
  }
}

/** What a holder says that has been replaced. */
export const takenOver = ({ shown }: Claim): IcrlError =>
  new IcrlError(
    "LOG_LOCKED",
    `another process has taken ${shown} over, as this one gave no sign of life for too long: it writes no more; start it again`,
    { folder: shown },
  );

/** Makes a lock's file if there is none: written aside and linked into place, so that it is never seen half written. */
function makeLock({ path, text }: Claim, token: string): number | undefined {
  const aside = join(dirname(path), `lock.${token}`);
  const fd = openSync(aside, "wx", PRIVATE_FILE);
  try {
    writeSync(fd, `${text}${"0".repeat(COUNT_DIGITS)}\n`);
    linkSync(aside, path);
    return fd;
  } catch (error) {
    closeSync(fd);
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Takes the lock of a folder that exists. Waits where a holder has to be watched to know whether it lives.
 *
 * @throws LOG_LOCKED if a living process holds it
 */
export async function lockFolder(dir: string, taking: Taking = {}): Promise<FolderLock> {
  const { beatMs = BEAT_MS, shown = dir, remembered = () => 0, onLost } = taking;
  const folder = realpathSync(dir);
  const me = thisHolder();
  const text = `${JSON.stringify(me)}\n`;
  let before: LockFile[];
  let claim: Claim;
  let epoch: number;
  let fd: number | undefined;
  for (;;) {
    before = listLocks(folder);
    for (const lock of before) await waitUntilDead(lock, shown, taking);
    epoch = Math.max(before.at(-1)?.epoch ?? 0, remembered()) + 1;
    claim = { path: join(folder, `lock-${epoch}`), text, shown };
    held.add(me.token);
    fd = makeLock(claim, me.token);
    if (fd === undefined) continue; // somebody was faster: is it alive?
    // Somebody may have taken it, and given it back, between the look at what was there and the link.
    if (listLocks(folder).at(-1)?.epoch === epoch && remembered() < epoch) break;
    closeSync(fd);
    rmSync(claim.path, { force: true });
  }
  const mine = fd;
  let countedBefore = 0;
  for (const { path } of before) {
    countedBefore = Math.max(countedBefore, countIn(look(path)?.text ?? ""));
    rmSync(path, { force: true });
  }

  let lost: IcrlError | undefined;
  const check = () => {
    if (lost === undefined && !isHeld(claim)) {
      lost = takenOver(claim);
      clearInterval(beat);
      onLost?.(lost);
    }
    if (lost !== undefined) throw lost;
  };
  const beat = setInterval(() => {
    try {
      const now = new Date();
      futimesSync(mine, now, now); // by its descriptor: the file of another must not look alive
      check();
    } catch {
      // told already; or the file system does not answer, and others may come to think us dead
    }
  }, beatMs).unref();
  let open = true;
  const close = () => {
    clearInterval(beat);
    held.delete(me.token);
    if (open) closeSync(mine);
    open = false;
  };
  try {
    check();
  } catch (error) {
    close();
    throw error;
  }
  return {
    epoch,
    claim,
    countedBefore,
    count: (number) => void writeSync(mine, String(number).padStart(COUNT_DIGITS, "0"), Buffer.byteLength(text)),
    check,
    release() {
      try {
        if (open && lost === undefined && isHeld(claim)) rmSync(claim.path, { force: true });
      } catch {
        // out of reach: whoever comes next sees that its holder is gone
      }
      close();
    },
  };
}

/**
 * Resolves when the holder of a lock is dead, or has given it back.
 * @throws LOG_LOCKED if it lives
 */
async function waitUntilDead(
  { path }: LockFile,
  shown: string,
  { watchMs = WATCH_MS, onWatch }: Taking,
): Promise<void> {
  const first = look(path);
  if (first === undefined) return;
  const holder = holderIn(first.text);
  const who = holder === undefined ? "an unknown process" : nameOf(holder);
  const locked = () =>
    new IcrlError("LOG_LOCKED", `${shown} is written by ${who}: stop it, or give another folder`, { folder: shown });
  const seen = holder && seenInTable(holder);
  if (seen === "dead") return;
  if (seen === "alive") throw locked();
  onWatch?.(who, watchMs / 1000);
  for (let looks = 0; looks < LOOKS; looks += 1) {
    await wait(watchMs / LOOKS);
    const now = look(path);
    if (now === undefined) return;
    if (now.touched !== first.touched || now.text !== first.text) throw locked();
  }
}

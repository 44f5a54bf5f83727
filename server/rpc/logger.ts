import type { Logger as PinoLogger } from "pino";

/** The server's log of its own doings, as structured lines. */
export type Logger = Pick<PinoLogger, "info" | "warn" | "error">;

/** The part of a pino logger that the log uses. */
export interface LogLogger {
  debug(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Says nothing. */
export const silentLogger: LogLogger = { debug() {}, warn() {}, error() {} };

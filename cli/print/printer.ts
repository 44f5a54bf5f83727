/** A command's one result on standard output: as text for people, or, with --json, as a document for programs. */
import { printJson } from "./json.js";
import { type Paint, paintFor } from "./paint.js";
import { printText, type TextOutput } from "./terminal.js";

/** Prints a result. */
export interface Printer {
  /**
   * @param text of the result, for people; with emphasis where the stream shows it
   * @param document of the result, for programs; default: the result as it is
   */
  print<T>(result: T, text: (result: T, paint: Paint) => string, document?: (result: T) => unknown): void;
}

/** For people. */
export const textPrinter = (stream: TextOutput, env: NodeJS.ProcessEnv): Printer => ({
  print: (result, text) => printText(stream, text(result, paintFor(stream, env))),
});

/** For programs. */
export const jsonPrinter = (stream: TextOutput): Printer => ({
  print: (result, _, document) => printJson(stream, document === undefined ? result : document(result)),
});

/** The one that a command's flags ask for. */
export const printerFor = ({ json }: { readonly json?: boolean }): Printer =>
  json === true ? jsonPrinter(process.stdout) : textPrinter(process.stdout, process.env);

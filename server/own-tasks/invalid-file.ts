import { IcrlError } from "../../common/errors.js";

/** Makes the error that says what is wrong with a file of tasks, and where. */
export type Invalid = (text: string) => IcrlError;

/** The error of a file, by its path. */
export const invalidFile =
  (path: string): Invalid =>
  (text) =>
    IcrlError.told("TASK_FILE_INVALID", `${path}: ${text}`, { file: path });

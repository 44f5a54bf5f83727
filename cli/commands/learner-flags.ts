/** Flags of commands that train: what computes, and with how many threads. */
import { Option } from "commander";
import { wholeNumber } from "./arguments.js";

/** What they give. */
export interface LearnerFlags {
  backend: "auto" | "engine" | "tensorflow-gpu" | "tensorflow" | "webgpu" | "wasm" | "cpu";
  threads?: number;
}

/** `--backend`. */
export const backendOption = (): Option =>
  new Option("--backend <name>", "what computes; auto takes a GPU where there is one, else the engine")
    .choices(["auto", "engine", "tensorflow-gpu", "tensorflow", "webgpu", "wasm", "cpu"])
    .default("auto");

/** `--threads`, for commander's `option`. */
export const threadsFlag = (help: string) => ["--threads <n>", help, wholeNumber(1, 256)] as const;

/// <reference path="./webassembly.d.ts" />
/**
 * Compiles a shape's kernels: AssemblyScript to WebAssembly, by the compiler's package, in some seconds; kept in memory and in the
 * user's cache folder, by a hash of the text.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { moduleSource } from "./assembly/module-source.js";
import type { Simd } from "./assembly/prelude.js";
import type { EngineShape } from "./shape.js";

/** Of a module's memory, as declared: all that 32 bits address. */
export const MOST_PAGES = 65_536;

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** The module of a shape. */
export function compileModule(shape: EngineShape, simd: Simd): Promise<WebAssembly.Module> {
  const source = moduleSource(shape, simd);
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const module = cachedBytes(source).then((bytes) => WebAssembly.compile(bytes));
  compiled.set(source, module);
  return module;
}

/** Of a text and of all else that decides what it compiles to. */
export function hashOfAssembly(source: string): string {
  const { version } = createRequire(import.meta.url)("assemblyscript/package.json") as { version: string };
  return createHash("sha256")
    .update(`${version} ${FLAGS.join(" ")} ${source}`)
    .digest("hex");
}

/** What a text compiles to, from the cache folder if it is there, and whole. */
export async function cachedBytes(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = join(homedir(), ".cache", "icrl", "engine");
  const path = join(folder, `${hashOfAssembly(source)}.wasm`);
  try {
    const bytes = new Uint8Array(readFileSync(path));
    if (WebAssembly.validate(bytes)) return bytes;
  } catch {
    // not there yet
  }
  const bytes = await compileAssembly(source);
  try {
    mkdirSync(folder, { recursive: true });
    const temporary = `${path}.${randomUUID()}`;
    writeFileSync(temporary, bytes);
    renameSync(temporary, path);
  } catch {
    // a home that cannot be written to: compiled again the next time
  }
  return bytes;
}

const FLAGS = [
  ...["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--sharedMemory", "--noExportMemory"],
  ...["--initialMemory", "1", "--maximumMemory", String(MOST_PAGES), "--enable", "simd,threads,relaxed-simd"],
];

/** Compiles AssemblyScript whose memory is imported as `env.memory`. */
export async function compileAssembly(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const asc = await import("assemblyscript/asc");
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(["kernels.ts", "--outFile", "kernels.wasm", ...FLAGS], {
    readFile: (name) => (name === "kernels.ts" ? source : null),
    writeFile: (_name, bytes) => {
      binary = new Uint8Array(bytes as Uint8Array);
    },
    listFiles: () => [],
  });
  if (binary === undefined) throw new Error(`the engine's kernels do not compile: ${error?.message}\n${stderr}`);
  return binary;
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const DIST = join(import.meta.dirname, "../../dist");

/** Packages that take a second to load, and are wanted by few commands. */
const HEAVY = /^(apache-arrow|@duckdb|parquet-wasm|vega|@resvg|@tensorflow)/;

/** Every way from a compiled file to a heavy package by imports that are followed before anything runs. */
function waysToHeavy(file: string, way: readonly string[] = [], seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const here = [...way, file.slice(DIST.length + 1)];
  const imports = readFileSync(file, "utf8").matchAll(/^(?:import|export)\b[^;]*?"([^"]+)";$/gms);
  return [...imports].flatMap(([, what]) => {
    if (HEAVY.test(what)) return [[...here, what].join(" -> ")];
    const next = join(dirname(file), what);
    return what.startsWith(".") && existsSync(next) ? waysToHeavy(next, here, seen) : [];
  });
}

test("the program loads Arrow, DuckDB, Vega and TensorFlow only for the commands that want them", () => {
  expect(waysToHeavy(join(DIST, "cli/main.js"))).toEqual([]);
});

test("a server loads DuckDB with the first query, and the threads that roll and read shards load no Arrow", () => {
  expect(waysToHeavy(join(DIST, "server/app.js")).filter((way) => way.includes("@duckdb"))).toEqual([]);
  for (const thread of ["server/trajectories/roll-worker.js", "datasets/log/shard-reader-worker.js"]) {
    expect(waysToHeavy(join(DIST, thread)).filter((way) => way.includes("apache-arrow"))).toEqual([]);
  }
});

test("a way that exists is found", () => {
  expect(waysToHeavy(join(DIST, "datasets/read/dataset-shards.js")).join()).toContain("apache-arrow");
});

/** docs/dm-env-rpc.md has the settings, observations and properties that there are, by their names and types. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DataType, type TensorSpec } from "#icrl/proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { worldSettings } from "#icrl/server/dm-env-rpc/settings.js";
import { OBSERVATIONS, specsOf } from "#icrl/server/dm-env-rpc/specs.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { conversation, settingsOf } from "../../support/dm-env-rpc.js";
import { serverForTest } from "../../support/server.js";

const PAGE = readFileSync(fileURLToPath(new URL("../../../docs/dm-env-rpc.md", import.meta.url)), "utf8");

/** Rows of the first table below a heading, without backquotes. */
function tableBelow(heading: string): string[][] {
  const section = PAGE.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const [, , ...rows] = section.split("\n").filter((line) => line.startsWith("|"));
  const cells = (row: string) => row.slice(1, -1).split("|");
  return rows.map((row) => cells(row).map((cell) => cell.trim().replaceAll("`", "")));
}

const typeOf = ({ dtype, shape }: TensorSpec): string => {
  const name = Object.entries(DataType).find(([, value]) => value === dtype)?.[0];
  return name === "INVALID_DATA_TYPE" ? "-" : `${name}${shape.length > 0 ? " [...]" : ""}`;
};

test("the settings of a world are those that it takes, with their defaults", () => {
  const rows = tableBelow("Worlds");
  expect(rows.map(([name]) => name)).toEqual(["task", "option.NAME", "seed", "sequence", "record"]);
  const defaults = Object.fromEntries(rows.map(([name, , value]) => [name, value]));
  const { seed, sequence, record } = worldSettings(settingsOf({ task: "chain" }));
  expect(defaults).toMatchObject({ seed: String(seed), sequence, record: String(record), task: "required" });
});

test("the observations are those of the specs, by number, name and type", () => {
  const rows = tableBelow("Actions and observations");
  expect(rows.map(([uid, name]) => [uid, name])).toEqual(OBSERVATIONS.map((name, i) => [String(i + 1), name]));
  const tasks = [buildTask("river-swim"), buildTask("linear-bandit"), buildTask("linear-bandit", { arm_set: "fresh" })];
  for (const [uid, name, type] of rows) {
    const specs = tasks.flatMap((task) => specsOf(task).observations.get(BigInt(uid)) ?? []);
    expect([...new Set(specs.map(typeOf))].join(", or ")).toBe(type);
    expect(new Set(specs.map((spec) => spec.name))).toEqual(new Set([name]));
  }
});

test("the properties are those that are listed, by key and type", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  await mine.enter({ task: "chain" });
  const listed: string[][] = [];
  for (const below of ["", "world", "trial"]) {
    const answer = await mine.property({ $case: "listProperty", value: { key: below } });
    if (answer?.$case !== "listProperty") throw new Error(answer?.$case);
    for (const { spec } of answer.value.values) listed.push([spec?.name ?? "", spec === undefined ? "" : typeOf(spec)]);
  }
  const documented = tableBelow("Properties").map(([key, type]) => [key, type.replace("[n]", "[...]")]);
  expect(listed.sort()).toEqual(documented.sort());
});

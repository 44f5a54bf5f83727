import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMITTED, type HostileEntry, isPassedOver, MADE, MOST_MIB, serveHostile } from "../support/hostile.js";

const ENTRIES = [...COMMITTED, ...MADE].filter(isPassedOver);

/** A server that listens; it stopped by itself, and touched nothing but its folder. */
const WELL = { ended: 0, listening: expect.stringContaining('"event":"listening"'), touched: [] };

test("a server starts without a warning where nothing was kept, and where nothing is wrong with what was", async () => {
  const good = { kind: "log", name: "good", target: "sessions.json", reasons: [] } as const;
  const kept = (dir: string) => writeFileSync(join(dir, "sessions.json"), '{"version":1,"sessions":[]}');
  for (const make of [() => {}, kept]) {
    const entry: HostileEntry = { ...good, make };
    expect(await serveHostile(entry)).toMatchObject({ ...WELL, events: [], left: "nothing" });
  }
});

test.each(ENTRIES.map((entry) => [entry.name, entry] as const))(
  "%s: a server says that nothing is resumed, and starts",
  async (name, entry) => {
    const outcome = await serveHostile(entry);
    expect(outcome).toMatchObject({ ...WELL, left: name.startsWith("folder") ? "folder" : "nothing" });
    expect(outcome.events).toMatchObject([
      { event: "sessions_not_kept", message: expect.stringMatching(/sessions\.json/) },
    ]);
    expect(String(outcome.events[0].message).length).toBeLessThan(400);
    expect(outcome.rss).toBeLessThan(MOST_MIB);
  },
);

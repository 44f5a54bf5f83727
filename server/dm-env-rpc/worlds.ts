/** The worlds of a server: tasks by a name that nobody guesses, in which agents play. They outlive the streams that made them, for a while. */
import type { Clock } from "../../common/clock.js";
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import { hashOfKey, newKey } from "../keys.js";
import type { Limits } from "../sessions/limits.js";
import type { Task } from "../tasks/task.js";
import { createSeries, type Series } from "./series.js";
import type { WorldSettings } from "./settings.js";

/** An agent in a world, as others there know it. */
export interface Inhabitant {
  /** Its sequence, if one is running, is cut short at its next step. */
  interrupt(): void;
}

/** One world. */
export interface World {
  readonly name: string;
  readonly settings: WorldSettings;
  readonly task: Task;
  readonly series: Series;
  readonly inhabitants: ReadonlySet<Inhabitant>;
}

/** What a world is made of. */
export interface NewWorld extends Pick<World, "settings" | "task"> {
  /** Whose it is: a token, or an address. */
  readonly owner: string;
  /** Takes the memory that it holds, and gives what gives it back. */
  reserve(): () => void;
}

/** All of them. */
export interface Worlds extends Iterable<World> {
  readonly size: number;
  /** @throws TOO_MANY_WORLDS, and what `reserve` throws */
  create(world: NewWorld): World;
  /** @throws WORLD_UNKNOWN */
  find(name: string): World;
  enter(world: World, inhabitant: Inhabitant): void;
  leave(world: World, inhabitant: Inhabitant): void;
  /** @throws WORLD_UNKNOWN, WORLD_JOINED */
  destroy(name: string): void;
  /** The server stops. */
  clear(): void;
}

/** A world as this table has it. */
interface Kept extends World {
  readonly owner: string;
  readonly inhabitants: Set<Inhabitant>;
  /** Since when nobody has been in it. */
  emptySinceMs: number;
  stopExpiry(): void;
  release(): void;
}

/** Of the worlds that there may be, one in so many is as many as one owner may have. */
const OWNERS = 4;

/** How long a world may have been empty without having to make room for others. */
const ROOM_MS = 5000;

/** None yet. Nobody can tell from the time that it takes how much of a name was right: worlds are found by its hash. */
export function createWorlds({ maxSessions, idleTimeoutMs }: Limits, clock: Clock): Worlds {
  const worlds = new Map<string, Kept>();
  const most = Math.ceil(maxSessions / OWNERS);

  function remove(world: Kept): void {
    if (!worlds.delete(hashOfKey(world.name))) return;
    world.stopExpiry();
    world.release();
  }

  function expireLater(world: Kept): void {
    world.emptySinceMs = clock.now();
    world.stopExpiry = clock.after(idleTimeoutMs, () => remove(world));
  }

  /** The one that has been empty for longest goes, if it has been for long. @returns whether there was one */
  function makeRoom(): boolean {
    let first: Kept | undefined;
    for (const world of worlds.values()) {
      if (world.inhabitants.size === 0 && world.emptySinceMs < (first?.emptySinceMs ?? Number.POSITIVE_INFINITY))
        first = world;
    }
    if (first === undefined || clock.now() - first.emptySinceMs < ROOM_MS) return false;
    remove(first);
    return true;
  }

  function find(name: string): Kept {
    const world = worlds.get(hashOfKey(name));
    if (world !== undefined) return world;
    throw new IcrlError(
      "WORLD_UNKNOWN",
      `there is no world ${JSON.stringify(name.slice(0, 40))}: create one; those that nobody is in for ${idleTimeoutMs} ms go`,
    );
  }

  return {
    get size() {
      return worlds.size;
    },
    [Symbol.iterator]: () => worlds.values(),
    create({ owner, reserve, ...world }) {
      const own = [...worlds.values()].filter((one) => one.owner === owner).length;
      const full = own >= most ? most : worlds.size >= maxSessions && !makeRoom() ? maxSessions : undefined;
      if (full !== undefined) {
        throw new IcrlError(
          "TOO_MANY_WORLDS",
          `there are ${full} worlds${own >= most ? " of yours" : ""}, as many as there may be: destroy some`,
          {
            limit: full,
            retry_delay_ms: RETRY_DELAY_MS,
          },
        );
      }
      const made: Kept = {
        ...world,
        owner,
        name: newKey(),
        series: createSeries(),
        inhabitants: new Set(),
        emptySinceMs: 0,
        stopExpiry() {},
        release: reserve(),
      };
      worlds.set(hashOfKey(made.name), made);
      expireLater(made);
      return made;
    },
    find,
    enter(world, inhabitant) {
      const { inhabitants, stopExpiry } = find(world.name);
      stopExpiry();
      inhabitants.add(inhabitant);
    },
    leave(world, inhabitant) {
      const left = worlds.get(hashOfKey(world.name));
      if (left?.inhabitants.delete(inhabitant) && left.inhabitants.size === 0) expireLater(left);
    },
    destroy(name) {
      const world = find(name);
      const agents = world.inhabitants.size;
      if (agents > 0) {
        throw new IcrlError(
          "WORLD_JOINED",
          `${agents} agents are in the world: it can be destroyed when they have left`,
          { agents },
        );
      }
      remove(world);
    },
    clear() {
      for (const world of [...worlds.values()]) remove(world);
    },
  };
}

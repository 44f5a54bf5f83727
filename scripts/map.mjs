/**
 * The map of the house, which `npm run check` prints: what each room holds, and how long its files and functions are. Beside it, what no
 * map may show: a function above the limit, a cycle of imports, an import of a higher room.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** Lines that a function may have, from its head to its last brace, whatever stands in them. */
export const LONGEST_FUNCTION = 120;

/** Top-level folders that hold code, in the map's order. */
const FOLDERS = [
  ...["proto", "common", "statistics", "datasets", "server", "clients", "agents", "jobs", "cli"],
  ...["bench", "scripts", "examples", "tests"],
];

/** Folders whose own folders are rooms. */
const HOUSES = new Set(["datasets", "server", "clients", "agents", "jobs", "cli"]);

/** Who may know whom: an import goes to a room further up in this list, never down and never to one on the same line. */
const ORDER = [
  ["proto"],
  ["common"],
  ["statistics"],
  ["datasets"],
  ["server", "clients"],
  ["agents"],
  ["jobs"],
  ["cli"],
  ["bench", "scripts"],
];

const GENERATED = /^proto\/gen\//;

/** Not held to the limit: what a tool writes, tests, which are scenarios read from top to bottom, functions that are mostly another language's text. */
const UNLIMITED = /^(proto\/gen|tests)\/|(^|\/)assembly\//;

/**
 * @typedef {{ file: string, line: number, name: string, lines: number }} Measured
 * @typedef {{ from: string, to: string }} Arrow
 */

/**
 * What a tree is like.
 *
 * @param {string} root folder that holds the rooms
 * @param {import("dependency-cruiser").ICruiseResult} cruised its imports
 * @returns {{ table: string, breaches: string[] }} the map, ready to print; and a line for all that it must not show
 */
export function houseMap(root, cruised) {
  const files = FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) => filesOf(root, folder));
  const cycles = cyclesOf(cruised);
  const upward = upwardArrows(cruised);
  const long = files.flatMap(({ functions }) => functions.filter(({ lines }) => lines > LONGEST_FUNCTION));
  const rooms = [...new Set(files.map(({ file }) => roomOf(file)))];
  const table = [
    ...aligned([
      ["room", "files", "median", "longest", "file", "longest", "function"],
      ...rooms.map((room) =>
        roomRow(
          room,
          files.filter(({ file }) => roomOf(file) === room),
        ),
      ),
      roomRow(
        "all of ours",
        files.filter(({ file }) => !GENERATED.test(file)),
      ),
    ]),
    `cycles ${cycles.length}, upward arrows ${upward.length}, functions above ${LONGEST_FUNCTION} lines ${long.length}`,
  ].join("\n");
  return {
    table,
    breaches: [
      ...long.map(
        ({ file, line, name, lines }) =>
          `long-function: ${file}:${line} ${name} has ${lines} lines, ${LONGEST_FUNCTION} are the most`,
      ),
      ...cycles.map((members) => `cycle: ${members.join(" -> ")} -> ${members[0]}`),
      ...upward.map(({ from, to }) => `upward-arrow: ${from} -> ${to}`),
    ],
  };
}

/** The files under a folder, with their lines and those of their functions. */
function filesOf(/** @type {string} */ root, /** @type {string} */ folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name}`)
    .filter((file) => /\.(tsx?|m?js)$/.test(file) && !/\/(node_modules|dist|fixtures)\//.test(file))
    .sort()
    .map((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
      return { file, lines, functions: UNLIMITED.test(file) ? [] : functionsOf(file, text) };
    });
}

/** Every function that has a body, the ones within others too. @returns {Measured[]} */
function functionsOf(/** @type {string} */ file, /** @type {string} */ text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const lineOf = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line + 1;
  /** @type {Measured[]} */
  const found = [];
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      const line = lineOf(node.getStart());
      found.push({ file, line, name: nameOf(node), lines: lineOf(node.end) - line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** A function's own name, else that of the variable or member that holds it. */
function nameOf(/** @type {ts.SignatureDeclaration} */ node) {
  const { parent } = node;
  const holder = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined;
  return (node.name ?? holder)?.getText() ?? "(without a name)";
}

/** `server/tasks` for a file in a room of a house, else its top-level folder. */
function roomOf(/** @type {string} */ file) {
  const [folder, room, ...rest] = file.split("/");
  return rest.length > 0 && HOUSES.has(folder) ? `${folder}/${room}` : folder;
}

/** A room's line of the map. @returns {string[]} */
function roomRow(/** @type {string} */ room, /** @type {ReturnType<typeof filesOf>} */ held) {
  const byLength = held.toSorted((a, b) => a.lines - b.lines);
  const middle = (byLength[(byLength.length - 1) >> 1].lines + byLength[byLength.length >> 1].lines) / 2;
  const longest = byLength.at(-1);
  const ofFunctions = held.flatMap(({ functions }) => functions).reduce(longer, undefined);
  const within = (/** @type {string} */ file) => (file.startsWith(`${room}/`) ? file.slice(room.length + 1) : file);
  return [
    ...[room, `${held.length}`, `${Math.round(middle)}`],
    ...[`${longest?.lines ?? 0}`, within(longest?.file ?? "")],
    ...(ofFunctions ? [`${ofFunctions.lines}`, `${ofFunctions.name} (${within(ofFunctions.file)})`] : ["", ""]),
  ];
}

/** @returns {Measured} */
function longer(/** @type {Measured | undefined} */ a, /** @type {Measured} */ b) {
  return a === undefined || b.lines > a.lines ? b : a;
}

/** Cells as lines of columns, those of numbers to the right. */
function aligned(/** @type {string[][]} */ rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = (/** @type {number} */ column) => rows.slice(1).every((row) => /^\d*$/.test(row[column]));
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}

/** Circles of imports, each once, whichever of its files it was found from. @returns {string[][]} */
function cyclesOf(/** @type {import("dependency-cruiser").ICruiseResult} */ { modules }) {
  const circles = modules.flatMap(({ dependencies }) =>
    dependencies.flatMap(({ cycle }) => (cycle ? [cycle.map(({ name }) => name)] : [])),
  );
  return [...new Map(circles.map((members) => [members.toSorted().join(" "), members])).values()];
}

/** Imports of a room that stands higher, or beside. @returns {Arrow[]} */
function upwardArrows(/** @type {import("dependency-cruiser").ICruiseResult} */ { modules }) {
  const arrows = modules.flatMap(({ source, dependencies }) =>
    dependencies.map(({ resolved }) => ({ from: source, to: resolved })),
  );
  return arrows.filter(({ from, to }) => {
    const [lower, upper] = [from, to].map((file) => file.split("/")[0]);
    const [a, b] = [lower, upper].map((room) => ORDER.findIndex((line) => line.includes(room)));
    return a >= 0 && b >= 0 && lower !== upper && a <= b;
  });
}

/**
 * Names that code may not use where it stands, found in the syntax tree: what an import rule cannot see.
 *
 *   impure-name   pure code reads no clock, does no I/O and draws no randomness of its own
 *   process-name  only a main.ts, the CLI, what starts processes for jobs, the benchmarks, the holder of a log's lock and tensor back ends use `process`
 *   truth         only tasks (and their oracle) read an instance's hidden parameters
 *   snake-case    types of what is held in memory have members in camelCase: snake_case is for files, JSON, options and columns
 */
import ts from "typescript";
import { PURE } from "../.dependency-cruiser.mjs";

const IMPURE = new Set([
  "Date",
  "performance",
  "process",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);
const pure = new RegExp(PURE);
/**
 * What runs an agent is the main of a process that its author starts. The log's lock asks the process table whether its holder lives; back
 * ends quiet their libraries, and undo what these do to the process. That is no setting read behind anybody's back.
 */
const mayReadProcess =
  /(^|\/)main\.ts$|^clients\/typescript\/run-agent\.ts$|^(cli|jobs\/processes)\/|^bench\/|^server\/trajectories\/holder\.ts$|^agents\/transformer\/backends\//;
/** Where an env can be at hand without being a task's own code; elsewhere `truth` is some other thing. */
const mustNotReadTruth = /^(server\/(?!tasks\/)|cli\/|jobs\/|bench\/)/;
/** Where no type is a document's; those of `datasets/`, `statistics/` and `jobs/` may be. */
const mustNotDeclareSnakes = /^(common\/|server\/(?!http\/)|clients\/|agents\/)/;
const SNAKE = /[a-z0-9]_[a-z0-9]/;

/** The rules' names. */
export const nameRules = ["impure-name", "process-name", "truth", "snake-case"];

/** Whether an identifier is only the name of a member, as `x` in `a.x`, `{ x: 1 }` or an interface. */
function isMemberName(/** @type {ts.Identifier} */ node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  return ts.isPropertySignature(parent) || ts.isMethodSignature(parent) || ts.isPropertyDeclaration(parent);
}

/** The member that a node reads: `truth` in `env.truth`, `env["truth"]` and `const { truth } = env`. */
function memberRead(/** @type {ts.Node} */ node) {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
    return node.argumentExpression.text;
  }
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
    return (node.propertyName ?? node.name).getText();
  }
  return undefined;
}

/**
 * Every use of a name that `file` may not use.
 *
 * @param {string} file path relative to the root, with slashes
 * @param {string} text its TypeScript
 * @returns {{ rule: string, detail: string }[]}
 */
export function forbiddenNames(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  /** @type {{ rule: string, detail: string }[]} */
  const found = [];
  const report = (/** @type {string} */ rule, /** @type {ts.Node} */ node) => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.push({ rule, detail: `line ${line}: ${node.getText()}` });
  };
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isIdentifier(node) && !isMemberName(node)) {
      if (pure.test(file) && IMPURE.has(node.text)) report("impure-name", node);
      else if (node.text === "process" && !mayReadProcess.test(file)) report("process-name", node);
    }
    const isProcessModule =
      ts.isStringLiteral(node) && ts.isImportDeclaration(node.parent) && /^(node:)?process$/.test(node.text);
    if (isProcessModule && !mayReadProcess.test(file)) report("process-name", node);
    const member = memberRead(node);
    if (member === "random" && pure.test(file) && /^Math\b/.test(node.getText())) report("impure-name", node);
    if (member === "truth" && mustNotReadTruth.test(file)) report("truth", node);
    const declares = ts.isPropertySignature(node) && SNAKE.test(node.name.getText());
    if (declares && mustNotDeclareSnakes.test(file)) report("snake-case", node.name);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

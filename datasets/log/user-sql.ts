/**
 * SQL that a user gives, before it is run: one statement that reads, and a condition that is no more than one. What it can reach is
 * bounded by the database it runs on (duckdb.ts); this is about what it does there.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { loadDuckDb } from "./duckdb.js";

/** Functions of a SELECT that change the database's settings, write, or run what they are given as text. */
const ACTING = [
  ...[
    "enable_logging",
    "disable_logging",
    "enable_profiling",
    "disable_profiling",
    "truncate_duckdb_logs",
    "write_log",
  ],
  ...["checkpoint", "force_checkpoint", "query", "json_execute_serialized_sql"],
];

/**
 * Sees that a text is one statement, and one that reads.
 *
 * @param anyKind whether it may be of any kind
 * @throws QUERY_INVALID
 */
export async function requireOneStatement(connection: DuckDBConnection, sql: string, anyKind: boolean): Promise<void> {
  const tree = await syntaxTree(connection, sql);
  const count = tree.error ? (await connection.extractStatements(sql)).count : tree.statements.length;
  if (count === 0) throw new IcrlError("QUERY_INVALID", "there is no SQL: give one statement");
  // A PIVOT becomes two, the first of which asks for the columns.
  if (count > 1 && !(tree.error && isPivot(sql))) {
    throw new IcrlError("QUERY_INVALID", `${count} statements, and the answer of one is shown: give one at a time`);
  }
  if (anyKind) return;
  const acting = ACTING.find((name) => (tree.error ? mentions(sql, name) : calls(tree, name)));
  if (acting !== undefined) throw reads(`the function ${acting}`);
  if (tree.error && count === 1) await requireReading(connection, sql);
}

/** Of what is no plain SELECT: DESCRIBE, SHOW and SUMMARIZE count as one, EXPLAIN of one is none. */
async function requireReading(connection: DuckDBConnection, sql: string): Promise<void> {
  const explained = /^\s*explain\s+(?:analyze\s+)?/i.exec(sql);
  if (explained !== null) return requireOneStatement(connection, sql.slice(explained[0].length), false);
  const { StatementType } = await loadDuckDb();
  const statement = await (await connection.extractStatements(sql)).prepare(0);
  const { statementType } = statement;
  statement.destroySync();
  if (statementType !== StatementType.SELECT) throw reads(`a statement of the kind ${StatementType[statementType]}`);
}

const reads = (what: string) =>
  new IcrlError("QUERY_INVALID", `${what} does more than read: give a SELECT, or allow it with --allow-files`);

/** Comments and space before the first word. */
const BEFORE = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/;

/** A query with a PIVOT that no other statement can follow: there is no semicolon but at its end, and it begins as what reads does. */
const isPivot = (sql: string): boolean =>
  /\bpivot\b/i.test(sql) &&
  !/;(?!\s*$)/.test(sql) &&
  /^(?:\(|(?:select|with|from|pivot)\b)/i.test(sql.replace(BEFORE, ""));

const mentions = (sql: string, name: string): boolean => new RegExp(`\\b${name}\\b`, "i").test(sql);

const calls = (tree: SyntaxTree, name: string): boolean => {
  let found = false;
  JSON.stringify(tree.statements, (key, value) => {
    if (key === "function_name" && String(value).toLowerCase() === name) found = true;
    return value;
  });
  return found;
};

/**
 * Sees that a text is one condition, that nothing else stands beside.
 * @throws QUERY_INVALID
 */
export async function requireCondition(connection: DuckDBConnection, where: string): Promise<void> {
  const tree = await syntaxTree(connection, `SELECT (${where}\n)`); // a line of its own, in case it ends with a comment
  if (tree.error) {
    const text = `the condition ${JSON.stringify(where)} is no SQL (${tree.error_message ?? ""}): give one as after WHERE`;
    throw new IcrlError("QUERY_INVALID", text);
  }
  const [{ node }, ...more] = tree.statements;
  const clauses = [node?.where_clause, node?.having, node?.qualify, node?.sample].some((clause) => clause != null);
  const plain =
    more.length === 0 &&
    node?.type === "SELECT_NODE" &&
    node.select_list?.length === 1 &&
    node.from_table?.type === "EMPTY" &&
    node.modifiers?.length === 0 &&
    node.group_expressions?.length === 0 &&
    !clauses;
  if (!plain)
    throw new IcrlError("QUERY_INVALID", `${JSON.stringify(where)} is more than a condition: give one as after WHERE`);
  const acting = ACTING.find((name) => calls(tree, name));
  if (acting !== undefined)
    throw new IcrlError("QUERY_INVALID", `the function ${acting} does more than read: leave it out`);
}

/** What DuckDB makes of a text of SELECTs, without running it. */
interface SyntaxTree {
  readonly error: boolean;
  readonly error_message?: string;
  readonly statements: readonly { readonly node?: SelectNode }[];
}

interface SelectNode {
  readonly type?: string;
  readonly select_list?: readonly unknown[];
  readonly from_table?: { readonly type?: string };
  readonly where_clause?: unknown;
  readonly having?: unknown;
  readonly qualify?: unknown;
  readonly sample?: unknown;
  readonly modifiers?: readonly unknown[];
  readonly group_expressions?: readonly unknown[];
}

async function syntaxTree(connection: DuckDBConnection, sql: string): Promise<SyntaxTree> {
  const [[text]] = await (await connection.run("SELECT json_serialize_sql($1::VARCHAR)", [sql])).getRows();
  return { statements: [], ...(JSON.parse(String(text)) as object) } as unknown as SyntaxTree;
}

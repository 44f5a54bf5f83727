/**
 * Names on both sides of an edge: snake_case in files, JSON, option tables and rows, camelCase in memory. A record is converted where it
 * crosses, so that nobody writes its names twice. For names of words that each begin with a letter (`beta1`, `act_timeout_ms`) one way undoes
 * the other.
 */

/** `actTimeoutMs` of `act_timeout_ms`. */
export type CamelCase<Name extends string> = Name extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** `act_timeout_ms` of `actTimeoutMs`. */
export type SnakeCase<Name extends string> = Name extends `${infer Letter}${infer Rest}`
  ? `${Letter extends Lowercase<Letter> ? Letter : `_${Lowercase<Letter>}`}${SnakeCase<Rest>}`
  : Name;

/** T with its own fields in camelCase; what is in them is as it was. */
export type CamelCased<T> = { [K in keyof T as K extends string ? CamelCase<K> : K]: T[K] };

/** T with its own fields in snake_case; what is in them is as it was. */
export type SnakeCased<T> = { [K in keyof T as K extends string ? SnakeCase<K> : K]: T[K] };

/** A name in camelCase. */
export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A name in snake_case. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A record as it is in memory: its own fields, in their order, named in camelCase. What is in them is not copied. */
export function toCamelCase<T extends object>(record: T): CamelCased<T> {
  return renamed(record, camelCase) as CamelCased<T>;
}

/** A record as it is outside: its own fields, in their order, named in snake_case. What is in them is not copied. */
export function toSnakeCase<T extends object>(record: T): SnakeCased<T> {
  return renamed(record, snakeCase) as SnakeCased<T>;
}

const renamed = (record: object, rename: (name: string) => string): object =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [rename(name), value]));

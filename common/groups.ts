/** Values by a key of theirs, keys in the order in which they first come. */
export function groups<K, T>(values: Iterable<T>, keyOf: (value: T) => K): (readonly [key: K, values: readonly T[]])[] {
  const found = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const own = found.get(key);
    if (own === undefined) found.set(key, [value]);
    else own.push(value);
  }
  return [...found];
}

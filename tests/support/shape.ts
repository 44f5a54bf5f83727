/** The shape of a JSON document: names, and types in place of values; of an array, the shape of its first member. */
export function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (value === null) return null;
  if (typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shape(member)]));
  return typeof value;
}

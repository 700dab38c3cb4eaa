/** Fields of a head, in order, names as they are sent. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** All values of a field (lower-case name) joined with ", " (RFC 9110 §5.3), or undefined. */
export function listOf(fields: Fields, name: string): string | undefined {
  let joined: string | undefined;
  for (const [one, value] of fields) {
    if (one.length !== name.length || one.toLowerCase() !== name) continue;
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** The first value of a field (lower-case name), or undefined. */
export function firstOf(fields: Fields, name: string): string | undefined {
  for (const [one, value] of fields) if (one.length === name.length && one.toLowerCase() === name) return value;
  return undefined;
}

/** The fields without those of these lower-case names. */
export function without(fields: Fields, names: ReadonlySet<string>): Fields {
  return fields.filter(([name]) => !names.has(name.toLowerCase()));
}

/** A map or list of written settings, as plain data; what fusion walks and changes without knowing every key. */
export type Plain = { [key: string]: unknown };

export function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entry as a map, or an empty one. */
export function mapAt(parent: Plain, key: string): Plain {
  const value = parent[key];
  return isPlain(value) ? value : {};
}

/** The entry as a list: one value stands for a list of one, nothing for none. */
export function listAt(parent: Plain, key: string): readonly unknown[] {
  const value = parent[key];
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

/** A copy in which `change` has replaced each map that it wants to, innermost first. */
export function changeMaps(value: unknown, change: (map: Plain) => Plain): unknown {
  if (Array.isArray(value)) return value.map((item) => changeMaps(item, change));
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, changeMaps(item, change)] as const);
  return change(Object.fromEntries(entries));
}

/** A copy in which `change` has replaced each text. */
export function changeTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => changeTexts(item, change));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, changeTexts(item, change)]));
}

/** An object as it came out of a JSON parser: `__proto__` may be one of its own members, so nothing is ever assigned to it. */
export type ParsedObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is ParsedObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Levels of objects in an item: the item, billing_data, address. What lies deeper is of no use and is not walked through. */
const DEPTH_MAX = 3;

/** RFC 7396: members of the patch replace those of the target, objects are merged, null removes. */
export function mergePatch(target: unknown, patch: ParsedObject, depth = 1): ParsedObject {
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isObject(value) && depth < DEPTH_MAX ? mergePatch(merged.get(name), value, depth + 1) : value);
  }
  return Object.fromEntries(merged);
}

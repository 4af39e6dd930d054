import { isObject, type JsonMembers } from '../platform/json/index.js';

/** Levels of objects in an item: the item, billing_data, address. What lies deeper is of no use and is not walked through. */
const DEPTH_MAX = 3;

/** RFC 7396: members of the patch replace those of the target, objects are merged, null removes. */
export function mergePatch(target: unknown, patch: JsonMembers, depth = 1): JsonMembers {
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isObject(value) && depth < DEPTH_MAX ? mergePatch(merged.get(name), value, depth + 1) : value);
  }
  return Object.fromEntries(merged);
}

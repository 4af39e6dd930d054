import { isObject, type JsonMembers } from '../platform/json/index.js';

/** The same value with every object in it changed, inner ones first. */
export function mapObjects(value: unknown, change: (object: JsonMembers) => JsonMembers): unknown {
  if (Array.isArray(value)) return value.map((element) => mapObjects(element, change));
  if (!isObject(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapObjects(member, change)])));
}

export const sortedByKey = <Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

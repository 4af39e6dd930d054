/** What an object of a JSON text has in it: `__proto__` may be one of its own members, so nothing is ever assigned to it. */
export type JsonMembers = Readonly<Record<string, unknown>>;

/** To JavaScript a list is an object too, and so is null. */
export const isObject = (value: unknown): value is JsonMembers =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const membersOf = (value: unknown): JsonMembers | null => (isObject(value) ? value : null);

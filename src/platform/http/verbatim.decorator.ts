const verbatim = new WeakMap<object, Set<string>>();

/**
 * The field of a DTO goes to the handler as it was parsed, by reference: not copied, not searched for unknown keys. For
 * what has a reader of its own (long lists, maps with keys of the caller's choice), which then sees to `__proto__`, NUL
 * and the like. The field's own validators still apply.
 */
export const Verbatim = (): PropertyDecorator => (prototype, property) => {
  if (typeof property === 'symbol') throw new Error('a JSON body has no symbols');
  const fields = verbatim.get(prototype) ?? new Set();
  verbatim.set(prototype, fields.add(property));
};

/** The verbatim fields of a DTO class and of those it extends. */
export function verbatimFields(dto: abstract new (...args: never[]) => unknown): string[] {
  const fields: string[] = [];
  for (
    let prototype = dto.prototype as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    fields.push(...(verbatim.get(prototype) ?? []));
  }
  return fields;
}

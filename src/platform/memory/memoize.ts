/**
 * Remembers what a pure function gave. When it is full it forgets everything, which costs one burst of computing and needs
 * no bookkeeping per look-up: the keys of one bulk are few, and what strangers send can not grow the memory.
 */
export function memoize<Value>(entriesMax: number, compute: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>();
  return (key) => {
    const kept = known.get(key);
    if (kept !== undefined || known.has(key)) return kept as Value;
    const value = compute(key);
    if (known.size >= entriesMax) known.clear();
    known.set(key, value);
    return value;
  };
}

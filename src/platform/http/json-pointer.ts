/** One step further in a JSON Pointer (RFC 6901): `~` and `/` inside a key are escaped. */
export const pointerTo = (parent: string, key: string | number): string =>
  `${parent}/${typeof key === 'number' ? String(key) : key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

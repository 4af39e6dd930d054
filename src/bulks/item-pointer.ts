import { isObject } from '../platform/json/index.js';
import { looksLikeCardNumber } from './card-number.js';

/** A longer name is cut: pointers are stored with every issue, and a name can be as long as a request. */
const NAME_LENGTH_MAX = 60;
/** Nearly every name: one word that needs no escape, is no card number, and is not long. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]{0,59}$/;
/** Stands for what can not be stored or must not be repeated. */
const UNSHOWN = '\uFFFD';

/** A member's name as it stands in the JSON Pointer of an issue (RFC 6901), fit to be stored and shown. */
export function nameInPointer(name: string): string {
  if (PLAIN.test(name)) return name;
  const short = name.length <= NAME_LENGTH_MAX ? name : `${name.slice(0, NAME_LENGTH_MAX)}…`;
  if (looksLikeCardNumber(short)) return UNSHOWN;
  return short
    .replaceAll(/[\p{Surrogate}\0]/gu, UNSHOWN)
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
}

/** Of how many members that this pointer may name a merge patch says something; all, where it does of something above them. */
export function membersTouched(patch: unknown, pointer: string): number {
  let nodes = [patch];
  for (const segment of pointer.split('/').slice(1)) {
    if (!nodes.every(isObject)) return Infinity;
    nodes = nodes.flatMap((node) =>
      Object.entries(node).flatMap(([name, value]) => (nameInPointer(name) === segment ? [value] : [])),
    );
  }
  return nodes.length;
}

/** Whether several members may be shown by this pointer. */
export const isAmbiguous = (pointer: string): boolean => pointer.includes('…') || pointer.includes(UNSHOWN);

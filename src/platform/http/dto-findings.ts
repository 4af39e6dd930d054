import type { ValidationError } from 'class-validator';
import { pointerTo } from './json-pointer.js';
import type { ProblemFinding } from './problem.js';

/** Keys that class-transformer passes over in silence, and so would be accepted unread, or takes for the value's class. */
const UNREADABLE_KEYS = new Set(['__proto__', 'constructor']);

/** NUL, and halves of a surrogate pair. */
const UNKEEPABLE = /\0|\p{Surrogate}/u;

/** Whether PostgreSQL can keep this in a text. */
export const isKeepable = (text: string): boolean => !UNKEEPABLE.test(text);

/** Faults of the plain value that no validator of a single field would see: keys and characters that get lost on the way. */
export function findingsOfPlain(value: unknown, pointer = ''): ProblemFinding[] {
  if (typeof value === 'string') {
    if (isKeepable(value)) return [];
    return [{ pointer, code: 'invalid_field', detail: 'must not contain NUL or half a surrogate pair' }];
  }
  if (Array.isArray(value)) return value.flatMap((element, index) => findingsOfPlain(element, pointerTo(pointer, index)));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    UNREADABLE_KEYS.has(key) ? [unknownField(pointerTo(pointer, key))] : findingsOfPlain(member, pointerTo(pointer, key)),
  );
}

/** A copy without the keys that are a finding of `findingsOfPlain` already: class-transformer would call a `constructor`. */
export function withoutUnreadable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnreadable);
  if (typeof value !== 'object' || value === null) return value;
  const readable = Object.entries(value).filter(([key]) => !UNREADABLE_KEYS.has(key));
  return Object.fromEntries(readable.map(([key, member]) => [key, withoutUnreadable(member)]));
}

/** The findings of class-validator, one for each place, all of its reasons in one sentence. Never the value itself. */
export function findingsOfValidation(errors: readonly ValidationError[], parent = ''): ProblemFinding[] {
  return errors.flatMap((error) => {
    const pointer = pointerTo(parent, error.property);
    const { whitelistValidation, ...constraints } = error.constraints ?? {};
    const own: ProblemFinding[] = [];
    if (whitelistValidation !== undefined) own.push(unknownField(pointer));
    const reasons = Object.values(constraints);
    if (reasons.length > 0) own.push({ pointer, code: 'invalid_field', detail: reasons.join('; ') });
    return [...own, ...findingsOfValidation(error.children ?? [], pointer)];
  });
}

export const unknownField = (pointer: string): ProblemFinding => ({
  pointer,
  code: 'unknown_field',
  detail: 'This field is unknown here, or can only be read. Leave it out.',
});

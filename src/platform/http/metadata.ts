import { registerDecorator } from 'class-validator';
import { isKeepable } from './dto-findings.js';

const ENTRIES_MAX = 50;
const KEY_LENGTH_MAX = 40;
const VALUE_LENGTH_MAX = 500;

/** Whether the value is `metadata` as every resource takes it: at most 50 string values of 500 characters, keys of 40. */
export function isMetadata(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value as Record<string, unknown>);
  return (
    entries.length <= ENTRIES_MAX && entries.every(([key, text]) => isText(key, KEY_LENGTH_MAX) && isText(text, VALUE_LENGTH_MAX))
  );
}

/** For DTO fields; stands together with `@Verbatim()`, since the keys are the caller's. */
export const IsMetadata = (): PropertyDecorator => (prototype, property) => {
  registerDecorator({
    name: 'isMetadata',
    target: prototype.constructor,
    propertyName: String(property),
    validator: {
      validate: isMetadata,
      defaultMessage: () =>
        `must be an object of at most ${String(ENTRIES_MAX)} strings of ${String(VALUE_LENGTH_MAX)} characters, ` +
        `with keys of ${String(KEY_LENGTH_MAX)} characters, none of them NUL or half a surrogate pair`,
    },
  });
};

/** Characters are code points, as a reader counts them. */
const isText = (value: unknown, length_max: number): boolean =>
  typeof value === 'string' && (value.length <= length_max || [...value].length <= length_max) && isKeepable(value);

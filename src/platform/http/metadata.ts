import { registerDecorator } from 'class-validator';
import { isObject } from '../json/index.js';
import { isKeepable } from './dto-findings.js';
import { kernelProblem } from './kernel.problems.js';

const ENTRIES_MAX = 50;
const KEY_LENGTH_MAX = 40;
const VALUE_LENGTH_MAX = 500;

/** Whether the value is `metadata` as every resource takes it: at most 50 string values of 500 characters, keys of 40. */
export function isMetadata(value: unknown): value is Readonly<Record<string, string>> {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= ENTRIES_MAX && entries.every(([key, text]) => isText(key, KEY_LENGTH_MAX) && isText(text, VALUE_LENGTH_MAX))
  );
}

/** A change of metadata (RFC 7396): null removes a key. */
export type MetadataPatch = Readonly<Record<string, string | null>>;

const isMetadataPatch = (value: unknown): boolean => isObject(value) && isMetadata(withoutNulls(value));

const withoutNulls = (members: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, member]) => member !== null));

/** @throws `invalid_field` where the result has more entries than metadata can have. */
export function mergeMetadata(metadata: Readonly<Record<string, string>>, patch: MetadataPatch): Record<string, string> {
  const merged = Object.fromEntries(new Map([...Object.entries(metadata), ...Object.entries(patch)]));
  const kept = withoutNulls(merged);
  if (isMetadata(kept)) return kept;
  const detail = `metadata would have more than ${String(ENTRIES_MAX)} entries; remove some with null.`;
  throw kernelProblem('invalid_field', detail, { errors: [{ pointer: '/metadata', code: 'invalid_field', detail }] });
}

const rule =
  (name: string, validate: (value: unknown) => boolean, values: string) => (): PropertyDecorator => (prototype, property) => {
    registerDecorator({
      name,
      target: prototype.constructor,
      propertyName: String(property),
      validator: {
        validate,
        defaultMessage: () =>
          `must be an object of at most ${String(ENTRIES_MAX)} ${values} of ${String(VALUE_LENGTH_MAX)} characters, ` +
          `with keys of ${String(KEY_LENGTH_MAX)} characters, none of them NUL or half a surrogate pair`,
      },
    });
  };

/** For DTO fields; stands together with `@Verbatim()`, since the keys are the caller's. */
export const IsMetadata = rule('isMetadata', isMetadata, 'strings');

/** The same for a change of it. */
export const IsMetadataPatch = rule('isMetadataPatch', isMetadataPatch, 'strings or nulls');

/** Characters are code points, as a reader counts them. */
const isText = (value: unknown, length_max: number): boolean =>
  typeof value === 'string' && (value.length <= length_max || [...value].length <= length_max) && isKeepable(value);

import { type JsonMembers, membersOf } from '../../platform/json/index.js';
import { isStorable, lengthOf } from '../../platform/text/index.js';
import { invalidInput } from './dots-refusal.js';

/** Dots' ids and keys. Some of its own examples have letters beyond f, so any letter does. */
const UUID = /^[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}$/;

/** Its own limit is not told; a thousandfold of what its examples have. */
const METADATA_LENGTH_MAX = 50_000;

/** Whatever the sender attaches: a text or an object. */
export type Metadata = string | JsonMembers | null;

/** Faults told in one refusal; the rest of a thousand equal ones would help nobody. */
const FAULTS_TOLD_MAX = 10;

/**
 * Reads the members of a request and collects every fault, each with its place: `items[1].amount`. A reader gives null where
 * there is a fault or nothing, and `refuse` ends the reading.
 */
export class RequestReader {
  private readonly faults: string[] = [];

  /** @throws invalid-input where there is a fault */
  refuse(): void {
    const { length } = this.faults;
    if (length === 0) return;
    const more = length > FAULTS_TOLD_MAX ? ` And ${length - FAULTS_TOLD_MAX} more.` : '';
    throw invalidInput(`${this.faults.slice(0, FAULTS_TOLD_MAX).join(' ')}${more}`);
  }

  fault(place: string, sentence: string): null {
    this.faults.push(`${place}: ${sentence}`);
    return null;
  }

  object(value: unknown, place: string): JsonMembers {
    const members = membersOf(value);
    if (members === null) this.fault(place, 'send an object.');
    return members ?? {};
  }

  text(value: unknown, place: string, max: number): string {
    return this.optionalText(value, place, max) ?? (isNothing(value) ? this.fault(place, 'is missing.') : null) ?? '';
  }

  optionalText(value: unknown, place: string, max: number): string | null {
    if (isNothing(value)) return null;
    if (typeof value === 'string' && isStorable(value) && value.length > 0 && lengthOf(value) <= max) return value;
    return this.fault(place, `send a text of 1 to ${max} characters.`);
  }

  /** In lower case: a UUID is the same in either (RFC 9562 section 4). */
  uuid(value: unknown, place: string): string {
    return this.optionalUuid(value, place) ?? (isNothing(value) ? this.fault(place, 'is missing.') : null) ?? '';
  }

  optionalUuid(value: unknown, place: string): string | null {
    if (isNothing(value)) return null;
    const text = typeof value === 'string' ? value.toLowerCase() : '';
    return UUID.test(text) ? text : this.fault(place, 'send a UUID.');
  }

  cents(value: unknown, place: string): bigint {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return BigInt(value);
    this.fault(place, 'send cents as a whole number above zero.');
    return 0n;
  }

  oneOf<Word extends string>(value: unknown, place: string, words: readonly Word[]): Word | null {
    const word = words.find((each) => each === value);
    return word ?? this.fault(place, `send one of ${words.join(', ')}.`);
  }

  optionalBoolean(value: unknown, place: string): boolean | null {
    if (isNothing(value)) return null;
    return typeof value === 'boolean' ? value : this.fault(place, 'send true or false.');
  }

  metadata(value: unknown, place: string): Metadata {
    if (isNothing(value)) return null;
    const kept = typeof value === 'string' ? value : membersOf(value);
    if (kept === null) return this.fault(place, 'send a text or an object.');
    if (JSON.stringify(kept).length <= METADATA_LENGTH_MAX) return kept;
    return this.fault(place, `send at most ${METADATA_LENGTH_MAX} characters.`);
  }
}

export const isNothing = (value: unknown): value is null | undefined => value === undefined || value === null;

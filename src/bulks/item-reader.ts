import { isObject, type JsonMembers } from '../platform/json/index.js';
import { isStorable, lengthOf } from '../platform/text/index.js';
import { looksLikeCardNumber, namesCardNumber } from './card-number.js';
import { nameInPointer } from './item-pointer.js';
import type { Issue, IssueCode } from './payout-content.js';

/** Code points of one value; more than any scheme of payment carries, and few enough that a row stays a row. */
const TEXT_LENGTH_MAX = 500;
/** Unknown members named per object: an object can have a million of them, and each issue is stored and sent. */
const UNKNOWN_NAMED_MAX = 20;

const METADATA_ENTRIES_MAX = 50;
const METADATA_KEY_LENGTH_MAX = 40;

/** In an edit, `null` removes (RFC 7396); in a new item it is the same as leaving the member out. */
const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

/** Without counting where the number of code units already settles it, which is nearly always. */
const isLongerThan = (text: string, max: number): boolean => text.length > max && (text.length > max * 2 || lengthOf(text) > max);

/** Reads what can be kept of one item and collects an issue for each value that can not. */
export class ItemReader {
  readonly issues: Issue[] = [];

  /** `everywhere`: card numbers are looked for in every text of the item, not only where a name or a card's member says so. */
  constructor(private readonly everywhere: boolean) {}

  /** The text of one member as it was given, or null. `watched`: a card number in it is refused. */
  text(value: unknown, pointer: string, watched = this.everywhere): string | null {
    if (isAbsent(value)) return null;
    if (typeof value !== 'string') {
      return pointer === '/amount'
        ? this.lose(
            'amount_not_a_string',
            pointer,
            'Send the amount as a string, such as "120.50": a JSON number is rounded on its way.',
          )
        : this.lose('invalid_field', pointer, 'Send a string here.');
    }
    if (!isStorable(value)) {
      return this.lose('invalid_characters', pointer, 'Remove the NUL character or the unpaired surrogate from this value.');
    }
    if (isLongerThan(value, TEXT_LENGTH_MAX))
      return this.lose('invalid_field', pointer, `Send at most ${TEXT_LENGTH_MAX} characters here.`);
    if (watched && looksLikeCardNumber(value)) return this.loseCardNumber(pointer);
    return value;
  }

  /** The object, or null. */
  object(value: unknown, pointer: string): JsonMembers | null {
    if (isAbsent(value)) return null;
    return isObject(value) ? value : this.lose('invalid_field', pointer, 'Send an object here.');
  }

  /** Names the members that are not known: none of them is kept. */
  refuseUnknown(object: JsonMembers, known: ReadonlySet<string>, parent: string): void {
    const unknown = Object.keys(object).filter((name) => !known.has(name) && !isAbsent(object[name]));
    unknown.slice(0, UNKNOWN_NAMED_MAX).forEach((name, index) => {
      const pointer = `${parent}/${nameInPointer(name)}`;
      const value = object[name];
      const isScalar = typeof value === 'string' || typeof value === 'number';
      if (
        isScalar &&
        (this.everywhere || namesCardNumber(name)) &&
        looksLikeCardNumber(String(value).slice(0, TEXT_LENGTH_MAX))
      ) {
        this.loseCardNumber(pointer);
        return;
      }
      const rest = index === UNKNOWN_NAMED_MAX - 1 ? unknown.length - UNKNOWN_NAMED_MAX : 0;
      const more = rest > 0 ? ` ${rest} more unknown members are not listed.` : '';
      this.lose(
        'unknown_field',
        pointer,
        `There is no such member here and it was not kept; mend its name, or send null for it in an edit.${more}`,
      );
    });
  }

  metadata(value: unknown): Record<string, string> | null {
    const object = this.object(value, '/metadata');
    if (object === null) return null;
    const given = Object.entries(object).filter(([, entry]) => !isAbsent(entry));
    if (given.length > METADATA_ENTRIES_MAX) {
      return this.lose('invalid_field', '/metadata', `Send at most ${METADATA_ENTRIES_MAX} entries; none of these was kept.`);
    }
    // fromEntries defines members and never assigns them, whatever they are called.
    return Object.fromEntries(given.flatMap(([key, entry]) => this.metadataEntry(key, entry)));
  }

  lose(code: IssueCode, pointer: string, detail: string): null {
    this.issues.push({ code, pointer, detail });
    return null;
  }

  private metadataEntry(key: string, entry: unknown): [string, string][] {
    const pointer = `/metadata/${nameInPointer(key)}`;
    const watched = this.everywhere || namesCardNumber(key);
    if (key === '__proto__') this.lose('invalid_field', pointer, 'Give this entry another key.');
    else if (!isStorable(key))
      this.lose('invalid_characters', pointer, 'Remove the NUL character or the unpaired surrogate from this key.');
    else if (isLongerThan(key, METADATA_KEY_LENGTH_MAX)) {
      this.lose('invalid_field', pointer, `Use keys of at most ${METADATA_KEY_LENGTH_MAX} characters.`);
    } else if (watched && looksLikeCardNumber(key)) this.loseCardNumber(pointer);
    else {
      const text = this.text(entry, pointer, watched);
      return text === null ? [] : [[key, text]];
    }
    return [];
  }

  private loseCardNumber(pointer: string): null {
    return this.lose(
      'raw_card_number',
      pointer,
      'Card numbers are never taken and this one was not kept: send the token of the card in payout_method/token, and null for this member in an edit.',
    );
  }
}

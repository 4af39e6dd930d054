import { isObject, type JsonMembers } from '../platform/json/index.js';
import { hasControlCharacter, isStorable, lengthOf } from '../platform/text/index.js';
import { looksLikeCardNumber } from './card-number.js';
import { isAmbiguous, membersTouched } from './item-pointer.js';
import { ItemReader } from './item-reader.js';
import { isMasked } from './masking.js';
import {
  ADDRESS_FIELDS,
  BILLING_FIELDS,
  type Issue,
  type JsonObject,
  METHOD_FIELDS,
  type PayoutContent,
} from './payout-content.js';

/** Why an item can not be taken in at all: it leaves its payout without a name. `pointer` is inside the item. */
export interface ItemRefusal {
  readonly pointer: '' | '/reference';
  readonly code: 'missing_field' | 'invalid_field' | 'raw_card_number';
  readonly detail: string;
}

/** What could be kept of an item, and an issue for each value that could not. */
export interface KeptContent {
  readonly content: PayoutContent;
  readonly issues: Issue[];
}

const REFERENCE_LENGTH_MAX = 100;

/** The members that an item may have. */
export const ITEM_FIELDS: ReadonlySet<string> = new Set([
  ...['reference', 'amount', 'currency', 'scheduled_date', 'timezone'],
  ...['payout_method', 'billing_data', 'metadata'],
]);
const BILLING_MEMBERS = new Set<string>([...BILLING_FIELDS, 'address']);
const ADDRESS_MEMBERS = new Set<string>(ADDRESS_FIELDS);
/** Of a method without a known type every member of any type is kept: an edit that mends the type mends the rest. */
const MEMBERS_OF_ANY_METHOD = ['type', ...new Set([...METHOD_FIELDS.values()].flat())];
const METHOD_MEMBERS = new Map([...METHOD_FIELDS].map(([type, fields]) => [type, ['type', ...fields]] as const));

/**
 * Takes in one item of a new bulk. Only an item without a valid `reference` is refused; every other fault is an issue, and
 * nothing that is kept has been judged.
 */
export function intakeItem(value: unknown): ({ readonly reference: string } & KeptContent) | { readonly refusal: ItemRefusal } {
  const named = readNamed(value);
  if ('refusal' in named) return named;
  const { reference, item } = named;
  if (paysCard(item) && looksLikeCardNumber(reference)) {
    const detail =
      'This reference looks like a card number, which is never stored; write a letter directly before it if it is none.';
    return refusal('/reference', 'raw_card_number', detail);
  }
  return { reference, ...intakeContent(item) };
}

/** What a creation and an edit ask of each element of `items`: an object that names its payout. */
export function readNamed(
  value: unknown,
): { readonly reference: string; readonly item: JsonMembers } | { readonly refusal: ItemRefusal } {
  if (!isObject(value)) return refusal('', 'invalid_field', 'Each item is an object with a reference.');
  const { reference } = value;
  if (reference === undefined || reference === null)
    return refusal('/reference', 'missing_field', 'Give each item a reference of its own.');
  if (isReference(reference)) return { reference, item: value };
  const detail = `Send a string of 1 to ${REFERENCE_LENGTH_MAX} characters without control characters and unpaired surrogates.`;
  return refusal('/reference', 'invalid_field', detail);
}

/**
 * What can be kept of an item's members. Card numbers are looked for where one can be meant: in every text of an item that
 * pays a card, in a payout method of no known type, and under names that say so (`card_number`, `pan`) anywhere. Nowhere
 * else, because an account number, a phone number or a reference may look like one by chance.
 */
export function intakeContent(item: JsonMembers): KeptContent {
  const reader = new ItemReader(paysCard(item));
  reader.refuseUnknown(item, ITEM_FIELDS, '');
  const content = {
    // Never looked at for card numbers: 13 to 15 digits are an amount in currencies of small units.
    amount: reader.text(item.amount, '/amount', false),
    currency: reader.text(item.currency, '/currency'),
    scheduled_date: reader.text(item.scheduled_date, '/scheduled_date'),
    timezone: reader.text(item.timezone, '/timezone'),
    payout_method: readMethod(reader, item.payout_method),
    billing_data: readBillingData(reader, item.billing_data),
    metadata: reader.metadata(item.metadata),
  };
  return { content, issues: reader.issues };
}

/**
 * The issues about values that could not be kept that outlive an edit: those about members which it says nothing of. Where several
 * members are shown by one pointer, each that it says something of mends one.
 */
export function issuesAfterEdit(previous: readonly Issue[], patch: JsonMembers): Issue[] {
  const replacesMethod = isObject(patch.payout_method) && givesType(patch.payout_method);
  const mended = new Map<string, number>();
  return previous.filter(({ pointer }) => {
    if (replacesMethod && (pointer === '/payout_method' || pointer.startsWith('/payout_method/'))) return false;
    const before = mended.get(pointer) ?? 0;
    mended.set(pointer, isAmbiguous(pointer) ? before + 1 : before);
    return membersTouched(patch, pointer) <= before;
  });
}

/** Whether an edit names the type of the method, which replaces the method whole. */
export const givesType = (method: JsonMembers): boolean => method.type !== undefined && method.type !== null;

const refusal = (pointer: ItemRefusal['pointer'], code: ItemRefusal['code'], detail: string): { refusal: ItemRefusal } => ({
  refusal: { pointer, code, detail },
});

/** The contract's `reference`: 1 to 100 code points, no control characters, and nothing that UTF-8 can not write. */
export function isReference(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > REFERENCE_LENGTH_MAX * 2) return false;
  return (
    isStorable(value) &&
    !hasControlCharacter(value) &&
    (value.length <= REFERENCE_LENGTH_MAX || lengthOf(value) <= REFERENCE_LENGTH_MAX)
  );
}

const paysCard = (item: JsonMembers): boolean => isObject(item.payout_method) && item.payout_method.type === 'card';

function readMethod(reader: ItemReader, value: unknown): JsonObject | null {
  const method = reader.object(value, '/payout_method');
  if (method === null) return null;
  const known = typeof method.type === 'string' ? METHOD_MEMBERS.get(method.type) : undefined;
  const members = known ?? MEMBERS_OF_ANY_METHOD;
  const watched = known === undefined || method.type === 'card';
  reader.refuseUnknown(method, new Set(members), '/payout_method');
  return membersOf(members, (name) => {
    const text = reader.text(method[name], `/payout_method/${name}`, watched);
    if (text === null || !isMasked(name, text)) return text;
    return reader.lose(
      'masked_value',
      `/payout_method/${name}`,
      'This is the masked form that answers show; send the whole value, or leave the member out of the edit.',
    );
  });
}

function readBillingData(reader: ItemReader, value: unknown): JsonObject | null {
  const data = reader.object(value, '/billing_data');
  if (data === null) return null;
  reader.refuseUnknown(data, BILLING_MEMBERS, '/billing_data');
  const kept = membersOf(BILLING_FIELDS, (name) => reader.text(data[name], `/billing_data/${name}`));
  const address = reader.object(data.address, '/billing_data/address');
  if (address === null) return kept;
  reader.refuseUnknown(address, ADDRESS_MEMBERS, '/billing_data/address');
  return { ...kept, address: membersOf(ADDRESS_FIELDS, (name) => reader.text(address[name], `/billing_data/address/${name}`)) };
}

/** The members that could be read, in the order of the contract. Names are ours, never the sender's. */
function membersOf(names: readonly string[], read: (name: string) => string | null): Record<string, string> {
  const members: Record<string, string> = {};
  for (const name of names) {
    const text = read(name);
    if (text !== null) members[name] = text;
  }
  return members;
}

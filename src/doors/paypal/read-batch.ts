import { type JsonMembers, membersOf } from '../../platform/json/index.js';
import { isPayableCurrency, parseAmount } from '../../platform/money/index.js';
import { isStorable, lengthOf } from '../../platform/text/index.js';
import type { Sent } from '../origin.repository.js';
import { paypalByEmail, paypalById, paypalByPhone } from '../paypal-account.js';
import type { DetailDto } from './error.dto.js';

/** One item, as it was sent and as the native contract says it. */
export interface ReadItem {
  readonly itemKey: string | null;
  readonly sent: Sent;
  readonly amount: string;
  readonly currency: string;
  readonly payoutMethod: Readonly<Record<string, string>>;
}

export interface ReadBatch {
  readonly batchKey: string | null;
  readonly header: Sent;
  readonly items: readonly ReadItem[];
}

/** PayPal's own limit; the operator's may be smaller. */
export const PAYPAL_ITEMS_MAX = 15_000;

const RECIPIENT_TYPES = ['EMAIL', 'PHONE', 'PAYPAL_ID', 'USER_HANDLE'] as const;
type RecipientType = (typeof RECIPIENT_TYPES)[number];
const WALLETS = ['PAYPAL', 'VENMO', 'RECIPIENT_SELECTED'];

/** Texts that are kept and shown again, with the most characters that PayPal takes. */
const HEADER_TEXTS = { sender_batch_id: 256, email_subject: 255, email_message: 1000, note: 4000 } as const;
const ITEM_TEXTS = {
  note: 4000,
  sender_item_id: 63,
  notification_language: 10,
  purpose: 64,
} as const;
const ITEM_OBJECTS = ['alternate_notification_method', 'application_context'];
const RECEIVER_LENGTH_MAX = 127;

/**
 * Reads the body of PayPal's "create batch payout". Every fault is found at once, and one is enough to refuse the whole
 * batch; members that PayPal does not know are left out, as PayPal does.
 */
export function readBatch(body: unknown, itemsMax: number): ReadBatch | { readonly details: readonly DetailDto[] } {
  const reader = new BatchReader();
  const batch = reader.read(membersOf(body), Math.min(itemsMax, PAYPAL_ITEMS_MAX));
  return reader.details.length === 0 && batch !== null ? batch : { details: reader.details };
}

class BatchReader {
  readonly details: DetailDto[] = [];
  private currency: string | null = null;

  read(body: JsonMembers | null, itemsMax: number): ReadBatch | null {
    const head = membersOf(body?.['sender_batch_header']);
    if (head === null) this.missing('sender_batch_header');
    const header = this.texts(head ?? {}, 'sender_batch_header', HEADER_TEXTS);
    const headType = this.recipientType(head?.['recipient_type'], 'sender_batch_header.recipient_type');
    const items = body?.['items'];
    if (!Array.isArray(items) || items.length === 0) {
      this.missing('items', 'Send at least one item.');
      return null;
    }
    if (items.length > itemsMax) {
      this.fault('items', 'INVALID_ARRAY_MAX_ITEMS', `Send at most ${itemsMax} items in one batch.`);
      return null;
    }
    const read = items.map((item: unknown, place) => this.item(membersOf(item), `items[${place}]`, headType));
    this.refuseRepeated(read);
    const batchKey = header['sender_batch_id'] ?? null;
    const kept = headType === null ? header : { ...header, recipient_type: headType };
    return { batchKey, header: kept, items: read.filter((item) => item !== null) };
  }

  private item(item: JsonMembers | null, at: string, headType: RecipientType | null): ReadItem | null {
    if (item === null) {
      this.fault(at, 'INVALID_PARAMETER_SYNTAX', 'Each item is an object.');
      return null;
    }
    const texts = this.texts(item, at, ITEM_TEXTS);
    const objects = this.objects(item, at);
    const wallet = this.oneOf(item['recipient_wallet'], `${at}.recipient_wallet`, WALLETS);
    const ownType = this.recipientType(item['recipient_type'], `${at}.recipient_type`);
    const type = ownType ?? headType;
    if (type === null && item['recipient_type'] === undefined)
      this.missing(`${at}.recipient_type`, 'Send it here or in sender_batch_header.');
    const receiver = this.receiver(item['receiver'], `${at}.receiver`);
    const amount = this.amount(item['amount'], `${at}.amount`);
    if (type === null || receiver === null || amount === null) return null;
    return {
      itemKey: texts['sender_item_id'] ?? null,
      sent: {
        ...(ownType === null ? {} : { recipient_type: ownType }),
        amount,
        receiver,
        ...texts,
        ...objects,
        ...(wallet === null ? {} : { recipient_wallet: wallet }),
      },
      amount: amount.value,
      currency: amount.currency,
      payoutMethod: methodOf(type, receiver),
    };
  }

  private receiver(value: unknown, field: string): string | null {
    if (value === undefined || value === null || value === '') {
      this.missing(field);
      return null;
    }
    return this.text(value, field, RECEIVER_LENGTH_MAX);
  }

  private amount(value: unknown, field: string): { readonly currency: string; readonly value: string } | null {
    const members = membersOf(value);
    const [amount, currency] = [members?.['value'], members?.['currency']];
    if (amount === undefined || amount === null) this.missing(`${field}.value`);
    if (currency === undefined || currency === null) {
      this.missing(`${field}.currency`);
      return null;
    }
    if (typeof currency !== 'string' || !isPayableCurrency(currency)) {
      this.fault(`${field}.currency`, 'INVALID_CURRENCY_CODE', 'Send an ISO 4217 code.');
      return null;
    }
    this.refuseMixed(currency, `${field}.currency`);
    if (amount === undefined || amount === null) return null;
    const read = typeof amount === 'string' ? parseAmount(amount, currency) : { fault: 'invalid_amount' };
    if ('fault' in read) {
      const issue = read.fault === 'too_many_decimals' ? 'DECIMAL_PRECISION' : 'CURRENCY_FORMAT';
      this.fault(`${field}.value`, issue, 'Send a decimal string with no more decimals than the currency has.');
      return null;
    }
    if (read.minor === 0n) {
      this.fault(`${field}.value`, 'ZERO_AMOUNT', 'Send more than zero.');
      return null;
    }
    return { currency, value: read.canonical };
  }

  private refuseMixed(currency: string, field: string): void {
    this.currency ??= currency;
    if (currency !== this.currency) this.fault(field, 'MULTIPLE_CURRENCIES', 'All items of a batch have one currency.');
  }

  /** A retry that repeats an item inside one batch would pay it twice. */
  private refuseRepeated(items: readonly (ReadItem | null)[]): void {
    const seen = new Set<string>();
    items.forEach((item, place) => {
      const key = item?.sent['sender_item_id'];
      if (typeof key !== 'string') return;
      if (seen.has(key)) this.fault(`items[${place}].sender_item_id`, 'DUPLICATE_ITEM', 'Another item of this batch has it.');
      seen.add(key);
    });
  }

  private recipientType(value: unknown, field: string): RecipientType | null {
    return this.oneOf(value, field, RECIPIENT_TYPES);
  }

  private oneOf<Word extends string>(value: unknown, field: string, words: readonly Word[]): Word | null {
    if (value === undefined || value === null) return null;
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    this.fault(field, 'INVALID_PARAMETER_VALUE', `Send one of ${words.join(', ')}.`);
    return null;
  }

  private texts(members: JsonMembers, at: string, lengths: Readonly<Record<string, number>>): Record<string, string> {
    const texts: Record<string, string> = {};
    for (const [name, max] of Object.entries(lengths)) {
      const value = members[name];
      const text = value === undefined || value === null ? null : this.text(value, `${at}.${name}`, max);
      if (text !== null) texts[name] = text;
    }
    return texts;
  }

  /** Kept to be shown again; nobody reads them. */
  private objects(members: JsonMembers, at: string): Record<string, JsonMembers> {
    const objects: Record<string, JsonMembers> = {};
    for (const name of ITEM_OBJECTS) {
      const value = members[name];
      if (value === undefined || value === null) continue;
      const object = membersOf(value);
      if (object !== null) objects[name] = object;
      else this.fault(`${at}.${name}`, 'INVALID_PARAMETER_SYNTAX', 'Send an object.');
    }
    return objects;
  }

  private text(value: unknown, field: string, max: number): string | null {
    if (typeof value !== 'string' || !isStorable(value)) {
      this.fault(field, 'INVALID_PARAMETER_SYNTAX', 'Send a text without NUL and unpaired surrogates.');
      return null;
    }
    if (lengthOf(value) <= max) return value;
    this.fault(field, 'INVALID_STRING_MAX_LENGTH', `Send at most ${max} characters.`);
    return null;
  }

  private missing(field: string, description = 'Required field is missing.'): void {
    this.fault(field, 'MISSING_REQUIRED_PARAMETER', description);
  }

  private fault(field: string, issue: string, description: string): void {
    this.details.push({ field, location: 'body', issue, description });
  }
}

function methodOf(type: RecipientType, receiver: string): Readonly<Record<string, string>> {
  switch (type) {
    case 'EMAIL':
      return paypalByEmail(receiver);
    case 'PHONE':
      return paypalByPhone(receiver);
    case 'PAYPAL_ID':
    case 'USER_HANDLE':
      return paypalById(receiver);
  }
}

import { parsePhoneNumberFromString } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/metadata.max.json';
import { createHash } from 'node:crypto';
import { isUuid, uuidOfHash } from '../../platform/ids/index.js';
import { parseAmount } from '../../platform/money/index.js';
import type { AccountData } from '../account-data.js';
import type { Failure, IntentRequest } from '../connector.js';

/** A way to pay a user, in Dots' words. */
export interface DotsMethod {
  readonly platform: 'ach' | 'paypal' | 'cash_app';
  readonly [detail: string]: string;
}

/** A person as Dots knows people: by the phone number. */
export interface DotsUser {
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string;
  readonly country_code: string;
  readonly phone_number: string;
}

/** What is to be paid, in Dots' words; what Dots can not pay is refused before it is asked for anything. */
export type DotsOrder = { readonly cents: number; readonly receiver: DotsReceiver } | { readonly refusal: Failure };

/** A user of Dots' who has said there how to be paid, or a person with an account who becomes one. */
export type DotsReceiver = { readonly userId: string } | { readonly user: DotsUser; readonly method: DotsMethod };

/** Whom an item names, and the account of his that it goes to. */
export interface Payee {
  readonly user_id: string;
  readonly platform: DotsMethod['platform'] | 'default';
  readonly account_id?: string;
}

type Members = Readonly<Record<string, unknown>>;

export function toOrder({ amount, currency, payoutMethod, billingData }: IntentRequest): DotsOrder {
  const cents = centsOf(amount, currency);
  if (cents === null)
    return refused('invalid-amount', `Dots pays whole cents of US dollars, at most ${Number.MAX_SAFE_INTEGER} of them.`);
  const userId = payoutMethod['type'] === 'wallet' ? textOf(payoutMethod['account_id'])?.toLowerCase() : undefined;
  if (userId !== undefined && isUuid(userId)) return { cents, receiver: { userId } };
  const method = methodOf(payoutMethod);
  if (method === null)
    return refused('no-receiver', 'Dots pays US bank accounts, PayPal accounts by e-mail, cash tags, and its users by their id.');
  const user = userOf(billingData ?? {});
  if (user === null)
    return refused(
      'user-info-missing',
      'Dots knows people by first_name, last_name, email and phone_number of the billing data.',
    );
  return { cents, receiver: { user, method } };
}

/**
 * The batch of one item that carries a payout under our key. Its metadata come back in every answer: they say whose it is, and
 * what was asked for when the key was sent for the first time.
 */
export function toBatch(
  { idempotencyKey, reference, amount, currency }: IntentRequest,
  { connectorId, cents, payee }: { readonly connectorId: string; readonly cents: number; readonly payee: Payee },
): object {
  return {
    idempotency_key: idempotencyKey,
    metadata: { tranche: connectorId, reference, amount, currency },
    items: [{ ...payee, amount: cents, idempotency_key: itemKeyOf(idempotencyKey), fund: true }],
  };
}

/** What of a payout Dots must not say again: the number of a telephone without its country's code, too. */
export const accountDataOf = ({ payoutMethod, billingData }: AccountData, receiver: DotsReceiver): AccountData =>
  'user' in receiver ? { payoutMethod, billingData: { ...billingData, user: receiver.user } } : { payoutMethod, billingData };

/** Derived like the key of the batch, and another one: whether Dots keeps the keys of both apart is not told. */
export const itemKeyOf = (batchKey: string): string =>
  uuidOfHash(createHash('sha256').update(`dots:item:v1|${batchKey}`).digest());

const refused = (code: string, message: string): DotsOrder => ({ refusal: { code, message, retryable: false } });

/** Null where they can not be written exactly: amounts are numbers of JSON there. */
function centsOf(amount: string, currency: string): number | null {
  const parsed = currency === 'USD' ? parseAmount(amount, currency) : null;
  const cents = parsed !== null && 'minor' in parsed ? Number(parsed.minor) : Number.NaN;
  return Number.isSafeInteger(cents) && cents > 0 ? cents : null;
}

/** Null where Dots has no word for it. */
function methodOf(method: Members): DotsMethod | null {
  const [type, email, tag] = [method['type'], textOf(method['email']), textOf(method['account_id'])];
  if (type === 'paypal' && email !== null) return { platform: 'paypal', email };
  if (type === 'wallet' && tag?.startsWith('$') === true) return { platform: 'cash_app', cash_tag: tag };
  const [routing_number, account_number] = [textOf(method['routing_number']), textOf(method['account_number'])];
  const account_type = textOf(method['account_type']);
  if (type !== 'bank_account' || routing_number === null || account_number === null || account_type === null) return null;
  return { platform: 'ach', routing_number, account_number, account_type };
}

function userOf(person: Members): DotsUser | null {
  const [first_name, last_name, email] = [textOf(person['first_name']), textOf(person['last_name']), textOf(person['email'])];
  const phone = parsePhoneNumberFromString(textOf(person['phone_number']) ?? '', metadata);
  if (first_name === null || last_name === null || email === null || phone === undefined) return null;
  return { first_name, last_name, email, country_code: phone.countryCallingCode, phone_number: phone.nationalNumber };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

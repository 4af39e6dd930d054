import type { BulkDto, PayoutStatus } from '../../bulks/index.js';
import type { IntentStatus, PayoutDto } from '../../payouts/index.js';
import { decimalsOf, formatAmount } from '../../platform/money/index.js';
import type { Host } from '../host.js';
import type { BulkOrigin, Sent } from '../origin.repository.js';
import type { BatchHeaderDto, ItemDto, MoneyDto } from './batch.dto.js';
import { linkTo } from './paypal-refusal.js';
import { type BatchStatus, transactionStatus, type TransactionStatus } from './transaction-status.js';

/** PayPal's ids have at most 30 characters: ours without the word in front. */
export const withoutPrefix = (id: string): string => id.slice(id.indexOf('_') + 1);

export const batchHref = (host: Host, batchId: string): string => `${host}/v1/payments/payouts/${batchId}`;
const itemHref = (host: Host, { id }: PayoutDto): string => `${host}/v1/payments/payouts-item/${withoutPrefix(id)}`;

/** What a provider takes is between it and the operator. A native payout may have been sent with a currency that is none. */
export const noFee = (currency: string): MoneyDto => ({
  currency,
  value: decimalsOf(currency) === undefined ? '0' : formatAmount(0n, currency),
});

/** The head of a batch with its sum. A bulk that came in natively is shown by its reference. */
export function toBatchHeader(bulk: BulkDto, status: BatchStatus, origin: BulkOrigin | null): BatchHeaderDto {
  const [total] = bulk.totals;
  const ended = status === 'SUCCESS' || status === 'DENIED';
  return {
    payout_batch_id: withoutPrefix(bulk.id),
    batch_status: status,
    time_created: withoutFraction(bulk.created_at),
    ...(ended ? { time_completed: withoutFraction(bulk.updated_at), time_closed: withoutFraction(bulk.updated_at) } : {}),
    sender_batch_header: origin?.sent ?? (bulk.reference === null ? {} : { sender_batch_id: bulk.reference }),
    funding_source: 'BALANCE',
    ...(total === undefined ? {} : { amount: { currency: total.currency, value: total.amount }, fees: noFee(total.currency) }),
  };
}

/** @param sent null where it came in natively. */
export const toItem = (payout: PayoutDto, sent: Sent | null, host: Host): ItemDto => ({
  ...factsOf(payout, sent),
  links: [linkTo(itemHref(host, payout), 'item')],
});

/** The same alone: with its batch. */
export const toSingleItem = (
  payout: PayoutDto,
  sent: Sent | null,
  { batch, host }: { batch: BulkOrigin | null; host: Host },
): ItemDto => ({
  ...factsOf(payout, sent),
  ...(batch === null || batch.batchKey === null ? {} : { sender_batch_id: batch.batchKey }),
  links: [linkTo(itemHref(host, payout)), linkTo(batchHref(host, withoutPrefix(payout.bulk_id)), 'batch')],
});

/** What an item shows of its payout, at any moment of its life. */
export type ItemFacts = Pick<PayoutDto, 'id' | 'bulk_id' | 'status' | 'issues' | 'amount' | 'currency' | 'updated_at'> & {
  readonly intent: Pick<NonNullable<PayoutDto['intent']>, 'status' | 'provider_reference' | 'failure' | 'updated_at'> | null;
};

const factsOf = (payout: PayoutDto, sent: Sent | null): Omit<ItemDto, 'links'> => toItemFacts(payout, sent ?? nativeItem(payout));

export function toItemFacts(payout: ItemFacts, sent: Sent): Omit<ItemDto, 'links'> {
  const status = transactionStatus({
    status: payout.status as PayoutStatus,
    intent_status: (payout.intent?.status ?? null) as IntentStatus | null,
    invalid: payout.issues.length > 0,
  });
  const reference = payout.intent?.provider_reference ?? null;
  const errors = errorsOf(payout, status);
  const atRest = status !== 'PENDING' && status !== 'ONHOLD';
  return {
    payout_item_id: withoutPrefix(payout.id),
    ...(reference === null ? {} : { transaction_id: reference, activity_id: reference }),
    transaction_status: status,
    payout_item_fee: noFee(payout.currency ?? 'USD'),
    payout_batch_id: withoutPrefix(payout.bulk_id),
    payout_item: { ...sent, amount: { currency: payout.currency, value: payout.amount } },
    ...(atRest ? { time_processed: withoutFraction(payout.intent?.updated_at ?? payout.updated_at) } : {}),
    ...(errors === null ? {} : { errors }),
  };
}

/** Where the native contract has a receiver whom PayPal has a word for; an account at a bank has none there. */
function nativeItem(payout: PayoutDto): Sent {
  const { type, email, phone_number, paypal_id } = (payout.payout_method ?? {}) as Readonly<Record<string, string | undefined>>;
  const [recipientType, receiver] =
    email !== undefined ? ['EMAIL', email] : phone_number !== undefined ? ['PHONE', phone_number] : ['PAYPAL_ID', paypal_id];
  return { ...(type === 'paypal' ? { recipient_type: recipientType, receiver } : {}), sender_item_id: payout.reference };
}

/** The provider's code or validation's, as PayPal writes names; null where nothing failed. */
function errorsOf(payout: ItemFacts, status: TransactionStatus): NonNullable<ItemDto['errors']> | null {
  if (status === 'UNCLAIMED') return { name: 'RECEIVER_UNREGISTERED', message: 'Receiver is unregistered.', details: [] };
  if (status !== 'FAILED' && status !== 'RETURNED') return null;
  const failure = payout.intent?.failure ?? null;
  const [issue] = payout.issues;
  if (failure !== null) return { name: failure.code.toUpperCase(), message: failure.message, details: [] };
  return issue === undefined ? null : { name: issue.code.toUpperCase(), message: issue.detail, details: [] };
}

/** PayPal's instants have whole seconds. */
export const withoutFraction = (instant: string): string => instant.replace(/\.\d+Z$/, 'Z');

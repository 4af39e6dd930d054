import { type BulkDto, type PayoutStatus } from '../../bulks/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import { defineBodyFormat, type ToldEvent } from '../../webhooks/index.js';
import { originKeysOf, type OriginKeys } from '../origin.repository.js';
import { noFee, toItemFacts, withoutFraction, withoutPrefix, type ItemFacts } from './batch-response.js';

/** PayPal's word for what an item has become, by the event that tells it. A cancellation before the claim is judged by itself. */
const ITEM_EVENTS = {
  'payout.cancelled': 'CANCELED',
  'payout.intent_creation_failed': 'FAILED',
  'payout.intent_failed': 'FAILED',
  'payout.intent_needs_review': 'HELD',
  'payout.intent_returned': 'RETURNED',
  'payout.intent_succeeded': 'SUCCEEDED',
  'payout.intent_unclaimed': 'UNCLAIMED',
} as const;
type ItemEvent = keyof typeof ITEM_EVENTS;

const BATCH_EVENTS = ['bulk.validated', 'bulk.completed'] as const;
type BatchEvent = (typeof BATCH_EVENTS)[number];

const ITEM_SUMMARIES = {
  CANCELED: 'A payouts item was canceled',
  FAILED: 'A payouts item has failed',
  HELD: 'A payouts item is held',
  RETURNED: 'A payouts item was returned',
  SUCCEEDED: 'A payouts item was successful',
  UNCLAIMED: 'A payouts item is unclaimed',
} as const;
const BATCH_SUMMARIES = {
  PROCESSING: 'Payouts batch is being processed',
  SUCCESS: 'Payouts batch completed successfully',
  DENIED: 'Payouts batch was denied',
} as const;

/** What says which webhook it is. */
export interface WebhookHead {
  readonly resource_type: 'payouts_item' | 'payouts';
  readonly event_type: string;
  readonly summary: string;
}

const itemHead = (word: keyof typeof ITEM_SUMMARIES): WebhookHead => ({
  resource_type: 'payouts_item',
  event_type: `PAYMENT.PAYOUTS-ITEM.${word}`,
  summary: ITEM_SUMMARIES[word],
});
const batchHead = (word: keyof typeof BATCH_SUMMARIES): WebhookHead => ({
  resource_type: 'payouts',
  event_type: `PAYMENT.PAYOUTSBATCH.${word}`,
  summary: BATCH_SUMMARIES[word],
});

/** All that is told in PayPal's words. */
export const WEBHOOK_HEADS: readonly WebhookHead[] = [
  ...(Object.keys(BATCH_SUMMARIES) as (keyof typeof BATCH_SUMMARIES)[]).map(batchHead),
  ...(Object.keys(ITEM_SUMMARIES) as (keyof typeof ITEM_SUMMARIES)[]).map(itemHead),
];

interface NativeBody<Data> {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Data & { readonly bulk_id: string; readonly bulk_reference: string | null };
}
type ItemData = Omit<ItemFacts, 'id' | 'updated_at'> & { readonly payout_id: string; readonly reference: string };
type BatchData = Pick<BulkDto, 'counts' | 'totals'>;

/** One event in the form of PayPal's webhooks: without links, since nobody's request says which way leads to us. */
function toWebhook({ event_id, body }: ToldEvent, keys: OriginKeys): Buffer {
  const native = JSON.parse(body.toString('utf8')) as NativeBody<ItemData | BatchData>;
  const { head, resource } = isItem(native) ? itemTold(native, keys) : batchTold(native as NativeBody<BatchData>, keys);
  const id = `WH-${withoutPrefix(toTypeId('event', event_id)).toUpperCase()}`;
  const { resource_type, event_type, summary } = head;
  const told = {
    id,
    event_version: '1.0',
    create_time: native.timestamp,
    resource_type,
    event_type,
    summary,
    resource,
    links: [],
  };
  return Buffer.from(JSON.stringify(told), 'utf8');
}

const isItem = (native: NativeBody<ItemData | BatchData>): native is NativeBody<ItemData> => native.type in ITEM_EVENTS;

function itemTold({ type, timestamp, data }: NativeBody<ItemData>, { batch_key, item_key }: OriginKeys) {
  const facts: ItemFacts = { ...data, id: data.payout_id, updated_at: timestamp };
  const item = toItemFacts(facts, { sender_item_id: item_key ?? data.reference });
  const sender_batch_id = batch_key ?? data.bulk_reference;
  // What validation found wrong was given up, not called back.
  const word = type === 'payout.cancelled' && item.transaction_status === 'FAILED' ? 'FAILED' : ITEM_EVENTS[type as ItemEvent];
  const resource = { ...item, ...(sender_batch_id === null ? {} : { sender_batch_id }), links: [] };
  return { head: itemHead(word), resource };
}

/** Nothing of it was processed: every payout of it has ended before a provider took it. */
const wasDenied = ({ counts }: BatchData): boolean => ((counts as Partial<Record<PayoutStatus, number>>).PROCESSED ?? 0) === 0;

function batchTold({ type, timestamp, data }: NativeBody<BatchData>, { batch_key }: OriginKeys) {
  const word = type === ('bulk.validated' satisfies BatchEvent) ? 'PROCESSING' : wasDenied(data) ? 'DENIED' : 'SUCCESS';
  const [total] = data.totals;
  const sender_batch_id = batch_key ?? data.bulk_reference;
  const batch_header = {
    payout_batch_id: withoutPrefix(data.bulk_id),
    batch_status: word,
    ...(word === 'PROCESSING' ? {} : { time_completed: withoutFraction(timestamp) }),
    sender_batch_header: sender_batch_id === null ? {} : { sender_batch_id },
    funding_source: 'BALANCE',
    ...(total === undefined ? {} : { amount: { currency: total.currency, value: total.amount }, fees: noFee(total.currency) }),
  };
  return { head: batchHead(word), resource: { batch_header, links: [] } };
}

defineBodyFormat<OriginKeys>('paypal', {
  types: [...Object.keys(ITEM_EVENTS), ...BATCH_EVENTS],
  read: async (tx, events) => new Map((await originKeysOf(tx, 'paypal', events)).map((keys) => [keys.event_id, keys])),
  write: (event, keys) => toWebhook(event, keys ?? { event_id: event.event_id, batch_key: null, item_key: null }),
});

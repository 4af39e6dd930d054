import { formatAmount } from '../../platform/money/index.js';
import type { Sent } from '../origin.repository.js';
import { type Platform, PLATFORMS } from './platforms.js';
import { isNothing, type Metadata, RequestReader } from './request-reader.js';

/** One item, as it was sent, and what is needed to pay it. */
export interface ReadItem {
  readonly sent: Sent;
  readonly key: string;
  readonly userId: string;
  /** In US dollars. */
  readonly amount: string;
  readonly platform: Platform;
  readonly accountId: string | null;
}

export interface ReadBatch {
  readonly batchKey: string | null;
  readonly metadata: Metadata;
  readonly items: readonly ReadItem[];
}

/** Dots' own limit; the operator's may be smaller. */
const DOTS_ITEMS_MAX = 5_000;

export const FEE_PARTIES = ['user', 'platform'] as const;

/** Members that Dots does not know are left out, as there. @throws invalid-input with every fault */
export function readBatch(value: unknown, operatorsMax: number): ReadBatch {
  const reader = new RequestReader();
  const body = reader.object(value, 'body');
  const itemsMax = Math.min(operatorsMax, DOTS_ITEMS_MAX);
  const sent: unknown[] = Array.isArray(body['items']) ? body['items'] : [];
  if (sent.length === 0 || sent.length > itemsMax) reader.fault('items', `send 1 to ${itemsMax}.`);
  const batchKey = reader.optionalUuid(body['idempotency_key'], 'idempotency_key');
  const metadata = reader.metadata(body['metadata'], 'metadata');
  const items = sent.length > itemsMax ? [] : sent.map((item, place) => readItem(reader, item, `items[${place}]`));
  refuseRepeated(reader, items);
  reader.refuse();
  return { batchKey, metadata, items };
}

function readItem(reader: RequestReader, value: unknown, at: string): ReadItem {
  const item = reader.object(value, at);
  const userId = reader.uuid(item['user_id'], `${at}.user_id`);
  const cents = reader.cents(item['amount'], `${at}.amount`);
  const platform = reader.oneOf(item['platform'], `${at}.platform`, PLATFORMS) ?? 'default';
  const accountId = reader.optionalUuid(item['account_id'], `${at}.account_id`);
  const key = reader.uuid(item['idempotency_key'], `${at}.idempotency_key`);
  if (item['fund'] !== true) reader.fault(`${at}.fund`, 'send true: a payout of a batch is always funded.');
  const party = item['payout_fee_party'];
  const kept = {
    tax_exempt: reader.optionalBoolean(item['tax_exempt'], `${at}.tax_exempt`),
    payout_fee_party: isNothing(party) ? null : reader.oneOf(party, `${at}.payout_fee_party`, FEE_PARTIES),
    metadata: reader.metadata(item['metadata'], `${at}.metadata`),
  };
  return {
    sent: {
      ...{ user_id: userId, amount: Number(cents), platform },
      ...withoutNothing({ account_id: accountId }),
      ...{ idempotency_key: key, fund: true },
      ...withoutNothing(kept),
    },
    key,
    userId,
    amount: formatAmount(cents, 'USD'),
    platform,
    accountId,
  };
}

export const withoutNothing = (members: Sent): Sent =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => !isNothing(value)));

function refuseRepeated(reader: RequestReader, items: readonly ReadItem[]): void {
  const seen = new Set<string>();
  items.forEach(({ key }, place) => {
    if (key !== '' && seen.has(key)) reader.fault(`items[${place}].idempotency_key`, 'another item of this batch has it.');
    seen.add(key);
  });
}

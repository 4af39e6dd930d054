import { expect } from '@jest/globals';
import { payoutLifecycle } from '../../src/bulks/payout.lifecycle.js';
import { payoutIntentLifecycle } from '../../src/payouts/payout-intent.lifecycle.js';
import type { TestApp } from './app.js';
import type { FeedEvent, MerchantClient, Payout } from './merchant-client.js';

/** What an intent says of the provider's books: these are in them, the others are not, and of the rest nothing is known. */
const PAID = new Set(['pending', 'unclaimed', 'succeeded', 'failed', 'returned']);
const NOT_PAID = new Set(['rejected']);

/**
 * The invariants of engine.md section 6 that can be read from outside, over everything of this merchant: counts equal the
 * payouts, each paid reference is in the provider's books once with the right amount, nothing else is, and each payout's
 * history has no gap.
 */
export async function expectSound(app: TestApp, merchant: MerchantClient): Promise<void> {
  expect(await app.differences()).toEqual([]);
  const payouts = await merchant.all<Payout>('/v1/payouts');
  const events = await merchant.events();
  await expectPaidOnce(app, payouts);
  expectHistories(payouts, events);
}

async function expectPaidOnce(app: TestApp, payouts: readonly Payout[]): Promise<void> {
  const ledger = await app.ledger();
  const wrong: string[] = [];
  for (const payout of payouts) {
    const entries = ledger.filter(
      ({ reference, intent_id }) => intent_id === payout.intent?.id || reference === payout.reference,
    );
    const mine = entries.filter(({ intent_id }) => intent_id === payout.intent?.id);
    const status = payout.intent?.status ?? 'none';
    if (
      mine.length > 1 ||
      (PAID.has(status) && mine.length !== 1) ||
      ((NOT_PAID.has(status) || status === 'none') && mine.length > 0)
    ) {
      wrong.push(`${payout.reference}: intent ${status}, ${String(mine.length)} in the ledger`);
    }
    for (const entry of mine) {
      if (entry.reference !== payout.reference || entry.amount !== payout.amount || entry.currency !== payout.currency)
        wrong.push(
          `${payout.reference}: paid ${entry.amount} ${entry.currency} for ${String(payout.amount)} ${String(payout.currency)}`,
        );
    }
  }
  expect(wrong).toEqual([]);
}

type Edges = Readonly<
  Record<string, { readonly from: readonly (string | null)[]; readonly to: string; readonly emits: string | null }>
>;

/** `type from to` of every edge that is told. */
const EDGES = new Set(
  Object.values(payoutLifecycle.transitions as Edges).flatMap(({ from, to, emits }) =>
    emits === null ? [] : from.map((status) => `${emits} ${String(status)} ${to}`),
  ),
);
const INTENT_TYPES = new Set(Object.values(payoutIntentLifecycle.transitions as Edges).flatMap(({ emits }) => emits ?? []));

/** Each payout's events from the feed: sequence 1 to n, each an edge that starts where the one before ended, the last one where the payout is. */
export function expectHistories(payouts: readonly Payout[], events: readonly FeedEvent[]): void {
  const byPayout = new Map<string, FeedEvent[]>(payouts.map(({ id }) => [id, []]));
  for (const event of events) byPayout.get(event.data.payout_id ?? '')?.push(event);
  for (const payout of payouts) {
    const history = byPayout.get(payout.id) ?? [];
    expect(gapsOf(history)).toEqual([]);
    expect(history.at(-1)?.data.status).toBe(payout.status);
  }
}

/** Every fault of a history, as sentences. */
export function gapsOf(history: readonly FeedEvent[]): string[] {
  const faults: string[] = history.length === 0 ? ['there are no events'] : [];
  let status: string | null = null;
  history.forEach(({ type, data, id }, index) => {
    const previous = data.previous_status ?? null;
    if (data.sequence !== index + 1) faults.push(`event ${String(index + 1)} has sequence ${String(data.sequence)}`);
    if (data.event_id !== id) faults.push(`${id} calls itself ${data.event_id}`);
    if (previous !== status) faults.push(`${type} comes from ${String(previous)}, but the payout was ${String(status)}`);
    const known = INTENT_TYPES.has(type) ? previous === data.status : EDGES.has(`${type} ${String(previous)} ${data.status}`);
    if (!known) faults.push(`${type} from ${String(previous)} to ${data.status} is no edge of the lifecycle`);
    status = data.status;
  });
  return faults;
}

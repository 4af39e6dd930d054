import { expect, it } from '@jest/globals';
// Loads every module, and with it every event type that one declares.
import '../../src/app.module.js';
import { payoutLifecycle } from '../../src/bulks/index.js';
import { payoutLinkLifecycle } from '../../src/payout-links/index.js';
import { payoutIntentLifecycle } from '../../src/payouts/index.js';
import type { Lifecycle } from '../../src/platform/lifecycle/index.js';
import { allEvents } from '../../src/webhooks/index.js';

const emittedBy = (lifecycle: Lifecycle): string[] => Object.values(lifecycle.transitions).flatMap(({ emits }) => emits ?? []);

it('every event that a lifecycle writes is in the catalogue that receivers read', () => {
  const known = new Set(allEvents().map(([type]) => type));
  const emitted = [payoutLifecycle, payoutIntentLifecycle, payoutLinkLifecycle].flatMap(emittedBy);
  expect(emitted.filter((type) => !known.has(type))).toEqual([]);
});

it('the catalogue has what is written by no lifecycle: milestones of bulks and notices about endpoints', () => {
  expect(allEvents().map(([type]) => type)).toEqual(
    expect.arrayContaining([
      'bulk.created',
      'bulk.validated',
      'bulk.completed',
      'webhook.ping',
      'webhook_endpoint.disabled',
      'webhook_endpoint.failing',
      'webhook_endpoint.recovered',
    ]),
  );
});

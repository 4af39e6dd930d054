import { describe, expect, it } from '@jest/globals';
import '../../src/app.module.js';
import { milestonesReached, PAYOUT_STATUSES, payoutLifecycle, type StatusCounts } from '../../src/bulks/index.js';
import { payoutLinkLifecycle } from '../../src/payout-links/index.js';
import { payoutIntentLifecycle } from '../../src/payouts/index.js';
import type { TransitionDefinition } from '../../src/platform/lifecycle/index.js';
import { allEvents, deliveryLifecycle, resendLifecycle } from '../../src/webhooks/index.js';
import { assertEvent } from '../support/event-schema.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';

const catalogue = new Map(allEvents());

const emittedBy = (lifecycle: { readonly transitions: Readonly<Record<string, TransitionDefinition<string>>> }): string[] =>
  Object.values(lifecycle.transitions).flatMap(({ emits }) => emits ?? []);

/** Every milestone that some change of the counts reaches. */
function milestones(): string[] {
  const none = Object.fromEntries(PAYOUT_STATUSES.map((status) => [status, 0])) as StatusCounts;
  return PAYOUT_STATUSES.flatMap((from) =>
    PAYOUT_STATUSES.flatMap((to) => milestonesReached({ ...none, [from]: 1 }, { ...none, [to]: 1 })),
  );
}

/** Milestones that a command tells by itself: the only words for them are in the use cases. */
const TOLD_BY_COMMANDS = ['bulk.created', 'bulk.edited', 'bulk.paused', 'bulk.resumed'];

describe('the catalogue of events', () => {
  it('has exactly the types that lifecycles, milestones and commands write', () => {
    const lifecycles = [payoutLifecycle, payoutIntentLifecycle, payoutLinkLifecycle, deliveryLifecycle, resendLifecycle].flatMap(
      emittedBy,
    );
    const written = new Set([...lifecycles, ...milestones(), ...TOLD_BY_COMMANDS]);
    const declared = [...catalogue.keys()].filter((type) => !type.startsWith('webhook'));
    expect(declared.sort()).toEqual([...written].sort());
  });

  it('has the types that the contract names for endpoints', () => {
    const declared = [...catalogue.keys()].filter((type) => type.startsWith('webhook'));
    expect(declared.sort()).toEqual([
      'webhook.ping',
      'webhook_endpoint.disabled',
      'webhook_endpoint.failing',
      'webhook_endpoint.recovered',
    ]);
  });

  it.each([...catalogue])('%s has an example that its schema takes', (type, { meaning, example }) => {
    expect(meaning).toMatch(/\.$/);
    assertEvent(JSON.parse(JSON.stringify({ type, timestamp: '2026-12-01T08:00:00.000Z', data: example })) as { type: string });
  });

  it('refuses a member that nobody has declared', () => {
    const { example } = catalogue.get('payout.scheduled')!;
    const event = { type: 'payout.scheduled', timestamp: '2026-12-01T08:00:00.000Z', data: { ...example, iban: 'DE89…' } };
    expect(() => assertEvent(event)).toThrow(/additionalProperty":"iban"/);
  });

  it('knows for each step of a payout which statuses its intent can have', () => {
    const { transitions } = payoutIntentLifecycle;
    const taken = [transitions.await_outcome, transitions.hold_unclaimed, transitions.succeed, transitions.fail].map(
      ({ to }) => to,
    );
    const intentOf = (type: string) =>
      (catalogue.get(type)?.schema as { properties: { intent: { properties: { status: object } } } }).properties.intent
        .properties;
    expect(intentOf('payout.processing_in_progress').status).toEqual({ enum: [transitions.create.to] });
    expect(intentOf('payout.processed').status).toEqual({ enum: taken });
    expect(intentOf('payout.intent_creation_failed').status).toEqual({ enum: [transitions.reject.to] });
  });
});

describe('the receiver of the tests', () => {
  const { example } = catalogue.get('webhook.ping')!;
  const posted = async (data: object): Promise<Receiver> => {
    const receiver = await startReceiver();
    const event = { type: 'webhook.ping', timestamp: '2026-12-01T08:00:00.000Z', data };
    await fetch(receiver.url, { method: 'POST', body: JSON.stringify(event) });
    return receiver;
  };

  it('holds whatever it gets to the catalogue', async () => {
    await (await posted(example)).close();
    await expect((await posted({ ...example, sequence: 0 })).close()).rejects.toThrow(/must be >= 1/);
    await expect((await posted({ ...example, more: true })).close()).rejects.toThrow(/additionalProperty":"more"/);
  });
});

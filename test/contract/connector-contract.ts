import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { cancelsUnclaimed, type Connector, type IntentRequest } from '../../src/connectors/connector.js';

/** One payment in the provider's own books. */
export interface BookedPayment {
  readonly idempotencyKey: string;
  readonly amount: string;
  readonly currency: string;
}

/**
 * What the suite needs of a connector and of the provider behind it. The provider lets the last four digits of the amount
 * in minor units choose what happens: 9001 pending, 9002 refused for good, 9003 the same and retryable, 9004 pending then
 * failed, 9006 taken and silent, 9007 taken and answered 500, 9009 busy twice, 9011 stays pending, 9012 unclaimed; anything
 * else succeeds.
 */
export interface ConnectorHarness {
  /** With a deadline of at most a second: the suite waits for it. */
  readonly connector: Connector;
  /** What the provider has booked under a key. */
  booked(idempotencyKey: string): Promise<readonly BookedPayment[]>;
  /** A connector of the same type whose provider can not be reached or does not answer. */
  readonly cutOff: Connector;
  close(): Promise<void>;
}

export function intentRequest(overrides: Partial<IntentRequest> = {}): IntentRequest {
  return {
    intentId: `intent_${randomUUID()}`,
    idempotencyKey: randomUUID(),
    reference: 'INV-1001',
    bulkReference: 'payroll-2026-11',
    amount: '120.50',
    currency: 'EUR',
    payoutMethod: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' },
    billingData: { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' },
    metadata: { invoice: 'INV-1001' },
    ...overrides,
  };
}

/** The specification of the port: what every connector does, whatever provider stands behind it. */
export function describeConnector(name: string, start: () => Promise<ConnectorHarness>): void {
  describe(`the ${name} connector`, () => {
    let harness: ConnectorHarness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness.close());

    describe('sends once', () => {
      it('books what it accepts, once, with the amount and the currency as given', async () => {
        const request = intentRequest({ amount: '1234567890123.45', currency: 'USD' });
        const outcome = await harness.connector.submit(request);
        expect(outcome).toMatchObject({ kind: 'accepted', payment: { status: 'succeeded', failure: null } });
        expect(await harness.booked(request.idempotencyKey)).toEqual([
          { idempotencyKey: request.idempotencyKey, amount: '1234567890123.45', currency: 'USD' },
        ]);
      });

      it('pays one key once under ten sends at the same time, and names the same payment to each', async () => {
        const request = intentRequest();
        const outcomes = await Promise.all(Array.from({ length: 10 }, () => harness.connector.submit(request)));
        const references = outcomes.map((outcome) =>
          outcome.kind === 'accepted' ? outcome.payment.providerReference : outcome.kind,
        );
        expect(new Set(references).size).toBe(1);
        expect(outcomes[0]?.kind).toBe('accepted');
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });

      it('answers a later send of the same key with the same payment', async () => {
        const request = intentRequest();
        const first = await harness.connector.submit(request);
        const second = await harness.connector.submit(request);
        if (first.kind !== 'accepted' || second.kind !== 'accepted') throw new Error('both sends should have been accepted');
        expect(second.payment.providerReference).toBe(first.payment.providerReference);
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });

      it('is unknown under a used key with other content, and pays nothing more', async () => {
        const request = intentRequest();
        await harness.connector.submit(request);
        const outcome = await harness.connector.submit({ ...request, amount: '120.51' });
        expect(outcome).toMatchObject({ kind: 'unknown', httpStatus: 409, unreadable: false });
        expect(await harness.booked(request.idempotencyKey)).toEqual([
          { idempotencyKey: request.idempotencyKey, amount: '120.50', currency: 'EUR' },
        ]);
      });

      it('keeps equal payouts under different keys apart', async () => {
        const [first, second] = [intentRequest(), intentRequest()];
        const outcomes = await Promise.all([harness.connector.submit(first), harness.connector.submit(second)]);
        const references = outcomes.map((outcome) =>
          outcome.kind === 'accepted' ? outcome.payment.providerReference : outcome.kind,
        );
        expect(new Set(references).size).toBe(2);
      });
    });

    describe('tells what the provider decided', () => {
      it.each([
        ['90.11', 'pending'],
        ['90.12', 'unclaimed'],
      ])('reports an amount of %s as %s', async (amount, status) => {
        expect(await harness.connector.submit(intentRequest({ amount }))).toMatchObject({
          kind: 'accepted',
          payment: { status },
        });
      });

      it.each([
        ['90.01', 'succeeded'],
        ['90.04', 'failed'],
      ])('reports an amount of %s as pending, and after a while as %s', async (amount, status) => {
        const request = intentRequest({ amount });
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'accepted', payment: { status: 'pending' } });
        let found = await harness.connector.lookup(request.idempotencyKey);
        while (found.kind === 'found' && found.payments[0].status === 'pending') {
          await new Promise((resolve) =>
            setTimeout(resolve, found.kind === 'found' ? (found.payments[0].checkAfter_ms ?? 100) : 0),
          );
          found = await harness.connector.lookup(request.idempotencyKey);
        }
        expect(found).toMatchObject({ kind: 'found', payments: [{ status }] });
        if (found.kind === 'found' && status === 'failed') expect(found.payments[0].failure?.code).toBeDefined();
      });

      it.each([
        ['90.02', 'account_closed', false],
        ['90.03', 'limit_exceeded', true],
      ])('rejects an amount of %s with the code %s and books nothing', async (amount, code, retryable) => {
        const request = intentRequest({ amount });
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'rejected', failure: { code, retryable } });
        expect(await harness.booked(request.idempotencyKey)).toEqual([]);
      });

      it('says not taken while the provider is busy, and is taken once it is not', async () => {
        const request = intentRequest({ amount: '90.09' });
        for (const _send of [1, 2]) {
          expect(await harness.connector.submit(request)).toMatchObject({ kind: 'not_taken', reason: 'busy', httpStatus: 429 });
          expect(await harness.booked(request.idempotencyKey)).toEqual([]);
        }
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'accepted' });
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });
    });

    describe('takes back what nobody claimed', () => {
      it('once, and says that it came back', async () => {
        const { connector } = harness;
        if (!cancelsUnclaimed(connector)) return;
        const request = intentRequest({ amount: '90.12' });
        const taken = await connector.submit(request);
        if (taken.kind !== 'accepted') throw new Error('it should have been accepted');
        const { providerReference } = taken.payment;
        expect(await connector.cancelUnclaimed(providerReference)).toMatchObject({
          kind: 'answered',
          payment: { providerReference, status: 'returned' },
        });
        expect(await connector.lookup(request.idempotencyKey)).toMatchObject({ payments: [{ status: 'returned' }] });
      });

      it('and never what was paid', async () => {
        const { connector } = harness;
        if (!cancelsUnclaimed(connector)) return;
        const request = intentRequest();
        const taken = await connector.submit(request);
        if (taken.kind !== 'accepted') throw new Error('it should have been accepted');
        const outcome = await connector.cancelUnclaimed(taken.payment.providerReference);
        expect(outcome.kind === 'answered' ? outcome.payment.status : outcome.kind).toMatch(/^(succeeded|refused)$/);
        expect(await connector.lookup(request.idempotencyKey)).toMatchObject({ payments: [{ status: 'succeeded' }] });
      });

      it('says that it is not known where the provider can not be reached', async () => {
        const { cutOff } = harness;
        if (!cancelsUnclaimed(cutOff)) return;
        expect(await cutOff.cancelUnclaimed('018f0000-0000-7000-8000-000000000000')).toMatchObject({ kind: 'unavailable' });
      });
    });

    describe('never guesses', () => {
      it('is unknown where the answer is an error of the provider, and the look-up finds the payment', async () => {
        const request = intentRequest({ amount: '90.07' });
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'unknown', httpStatus: 500 });
        expect(await harness.connector.lookup(request.idempotencyKey)).toMatchObject({
          kind: 'found',
          payments: [{ status: 'succeeded', amount: '90.07', currency: 'EUR' }],
        });
      });

      it('is unknown at the deadline where no answer comes, and the look-up finds the payment', async () => {
        const request = intentRequest({ amount: '90.06' });
        const started = performance.now();
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'unknown', httpStatus: null });
        // A timer may fire a millisecond early; a busy machine only makes it late.
        expect(performance.now() - started).toBeGreaterThan(harness.connector.capabilities.timeout_ms - 5);
        expect(await harness.connector.lookup(request.idempotencyKey)).toMatchObject({
          kind: 'found',
          payments: [{ amount: '90.06' }],
        });
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });

      it('does not meet the fate of the first answer again under the same key', async () => {
        const request = intentRequest({ amount: '90.07' });
        await harness.connector.submit(request);
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'accepted', payment: { status: 'succeeded' } });
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });
    });

    describe('can be asked', () => {
      it('finds nothing under a key that was never sent', async () => {
        expect(await harness.connector.lookup(randomUUID())).toEqual({ kind: 'none' });
      });

      it('finds nothing under a key that was refused', async () => {
        const request = intentRequest({ amount: '90.02' });
        await harness.connector.submit(request);
        expect(await harness.connector.lookup(request.idempotencyKey)).toEqual({ kind: 'none' });
      });

      it('finds the payment that the submit named', async () => {
        const request = intentRequest({ amount: '7.00', currency: 'USD' });
        const outcome = await harness.connector.submit(request);
        const found = await harness.connector.lookup(request.idempotencyKey);
        if (outcome.kind !== 'accepted' || found.kind !== 'found')
          throw new Error('the payment should have been accepted and found');
        expect(found.payments).toHaveLength(1);
        expect(found.payments[0]).toMatchObject({
          providerReference: outcome.payment.providerReference,
          amount: '7.00',
          currency: 'USD',
        });
      });

      it('takes keys with signs that mean something in a URL', async () => {
        const request = intentRequest({ idempotencyKey: `a&b=c#d/${randomUUID()}%20?` });
        await harness.connector.submit(request);
        expect(await harness.connector.lookup(request.idempotencyKey)).toMatchObject({ kind: 'found' });
      });
    });

    describe('never throws', () => {
      it('turns a provider that is away into an outcome, of a submit and of a look-up', async () => {
        expect(['not_taken', 'unknown']).toContain((await harness.cutOff.submit(intentRequest())).kind);
        expect(await harness.cutOff.lookup(randomUUID())).toMatchObject({ kind: 'unavailable' });
      });
    });

    it('says what it can do', () => {
      const { capabilities } = harness.connector;
      expect(capabilities.timeout_ms).toBeGreaterThan(0);
      expect(capabilities.keyRetention_ms).toBeGreaterThan(capabilities.staleWindow_ms);
      expect(capabilities.lookup).toBe(true);
    });
  });
}

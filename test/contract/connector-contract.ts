import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  cancelsUnclaimed,
  type Connector,
  type IntentRequest,
  type LookupOutcome,
  readsPayments,
  type SubmitOutcome,
} from '../../src/connectors/connector.js';

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
  /** With a deadline that no answer misses, however busy the machine is. */
  readonly connector: Connector;
  /** The same with a short one: the suite waits for it. */
  readonly impatient: Connector;
  /** What the provider has booked under a key. */
  booked(idempotencyKey: string): Promise<readonly BookedPayment[]>;
  /** A connector of the same type whose provider can not be reached or does not answer. */
  readonly cutOff: Connector;
  /** What every request has to have to be one for this provider, beside what the suite sends. */
  readonly request?: Partial<IntentRequest>;
  /** The provider's names for 9002 and 9003, where they are not `account_closed` and `limit_exceeded`. */
  readonly refusals?: { readonly final: string; readonly retryable: string };
  /** The answer to a send says that it was taken, and no more: what became of it has to be asked. */
  readonly answersWithReceipt?: true;
  /** The provider takes no keys but such as the engine derives. */
  readonly takesUuidsAlone?: true;
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
    const intentOf = (overrides: Partial<IntentRequest> = {}): IntentRequest =>
      intentRequest({ ...harness.request, ...overrides });
    const references = new Map<string, string>();
    /** What the provider has of a request that it took: by our key; where that is no question, the same send again says its name. */
    const found = async (request: IntentRequest): Promise<LookupOutcome> => {
      const { connector } = harness;
      const { idempotencyKey: key } = request;
      if (!readsPayments(connector)) return connector.lookup(key);
      if (!references.has(key)) {
        const again = await connector.submit(request);
        if (again.kind !== 'accepted') throw new Error(`the same send again was ${JSON.stringify(again)}`);
        references.set(key, again.payment.providerReference);
      }
      return connector.read(references.get(key) ?? '');
    };
    /** The first answer that says what became of it. */
    const decided = async (request: IntentRequest): Promise<SubmitOutcome> => {
      const first = await harness.connector.submit(request);
      if (harness.answersWithReceipt !== true || first.kind !== 'accepted') return first;
      expect(first.payment).toMatchObject({ status: 'pending', failure: null });
      const asked = await found(request);
      return asked.kind === 'found' ? { ...first, payment: asked.payments[0] } : first;
    };
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness.close());

    describe('sends once', () => {
      it('books what it accepts, once, with the amount and the currency as given', async () => {
        const request = intentOf({ amount: '1234567890123.45', currency: 'USD' });
        expect(await decided(request)).toMatchObject({ kind: 'accepted', payment: { status: 'succeeded', failure: null } });
        expect(await harness.booked(request.idempotencyKey)).toEqual([
          { idempotencyKey: request.idempotencyKey, amount: '1234567890123.45', currency: 'USD' },
        ]);
      });

      it('pays one key once under ten sends at the same time, and names the same payment to each', async () => {
        const request = intentOf();
        const outcomes = await Promise.all(Array.from({ length: 10 }, () => harness.connector.submit(request)));
        const references = outcomes.map((outcome) =>
          outcome.kind === 'accepted' ? outcome.payment.providerReference : outcome.kind,
        );
        expect(new Set(references).size).toBe(1);
        expect(outcomes[0]?.kind).toBe('accepted');
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });

      it('answers a later send of the same key with the same payment', async () => {
        const request = intentOf();
        const first = await harness.connector.submit(request);
        const second = await harness.connector.submit(request);
        if (first.kind !== 'accepted' || second.kind !== 'accepted') throw new Error('both sends should have been accepted');
        expect(second.payment.providerReference).toBe(first.payment.providerReference);
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });

      it('never takes other content under a used key for the first, and pays nothing more', async () => {
        const request = intentOf();
        await harness.connector.submit(request);
        const outcome = await harness.connector.submit({ ...request, amount: '120.51' });
        // The engine holds the amount against ours.
        if (outcome.kind === 'accepted') expect(outcome.payment).toMatchObject({ amount: '120.50', currency: request.currency });
        else expect(outcome).toMatchObject({ kind: 'unknown', httpStatus: 409, unreadable: false });
        expect(await harness.booked(request.idempotencyKey)).toEqual([
          { idempotencyKey: request.idempotencyKey, amount: '120.50', currency: request.currency },
        ]);
      });

      it('keeps equal payouts under different keys apart', async () => {
        const [first, second] = [intentOf(), intentOf()];
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
        if (status === 'unclaimed' && !cancelsUnclaimed(harness.connector)) return;
        expect(await decided(intentOf({ amount }))).toMatchObject({
          kind: 'accepted',
          payment: { status },
        });
      });

      it.each([
        ['90.01', 'succeeded'],
        ['90.04', 'failed'],
      ])('reports an amount of %s as pending, and after a while as %s', async (amount, status) => {
        const request = intentOf({ amount });
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'accepted', payment: { status: 'pending' } });
        let now = await found(request);
        while (now.kind === 'found' && now.payments[0].status === 'pending') {
          const wait_ms = now.payments[0].checkAfter_ms ?? 100;
          await new Promise((resolve) => setTimeout(resolve, wait_ms));
          now = await found(request);
        }
        expect(now).toMatchObject({ kind: 'found', payments: [{ status }] });
        if (now.kind === 'found' && status === 'failed') expect(now.payments[0].failure?.code).toBeDefined();
      });

      it.each([
        ['90.02', 'account_closed', false],
        ['90.03', 'limit_exceeded', true],
      ])('rejects an amount of %s with the provider’s word for %s and books nothing', async (amount, word, retryable) => {
        const code = harness.refusals?.[retryable ? 'retryable' : 'final'] ?? word;
        const request = intentOf({ amount });
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'rejected', failure: { code, retryable } });
        expect(await harness.booked(request.idempotencyKey)).toEqual([]);
      });

      it('says not taken while the provider is busy, and is taken once it is not', async () => {
        const request = intentOf({ amount: '90.09' });
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
        const request = intentOf({ amount: '90.12' });
        const taken = await connector.submit(request);
        if (taken.kind !== 'accepted') throw new Error('it should have been accepted');
        const { providerReference } = taken.payment;
        expect(await connector.cancelUnclaimed(providerReference)).toMatchObject({
          kind: 'answered',
          payment: { providerReference, status: 'returned' },
        });
        expect(await found(request)).toMatchObject({ payments: [{ status: 'returned' }] });
      });

      it('and never what was paid', async () => {
        const { connector } = harness;
        if (!cancelsUnclaimed(connector)) return;
        const request = intentOf();
        const taken = await connector.submit(request);
        if (taken.kind !== 'accepted') throw new Error('it should have been accepted');
        const outcome = await connector.cancelUnclaimed(taken.payment.providerReference);
        expect(outcome.kind === 'answered' ? outcome.payment.status : outcome.kind).toMatch(/^(succeeded|refused)$/);
        expect(await found(request)).toMatchObject({ payments: [{ status: 'succeeded' }] });
      });

      it('says that it is not known where the provider can not be reached', async () => {
        const { cutOff } = harness;
        if (!cancelsUnclaimed(cutOff)) return;
        expect(await cutOff.cancelUnclaimed('018f0000-0000-7000-8000-000000000000')).toMatchObject({ kind: 'unavailable' });
      });
    });

    describe('never guesses', () => {
      it('is unknown where the answer is an error of the provider, and the look-up finds the payment', async () => {
        const request = intentOf({ amount: '90.07' });
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'unknown', httpStatus: 500 });
        expect(await found(request)).toMatchObject({
          kind: 'found',
          payments: [{ status: 'succeeded', amount: '90.07', currency: request.currency }],
        });
      });

      it('is unknown at the deadline where no answer comes, and the look-up finds the payment', async () => {
        const request = intentOf({ amount: '90.06' });
        const started = performance.now();
        expect(await harness.impatient.submit(request)).toMatchObject({ kind: 'unknown', httpStatus: null });
        // A timer may fire a millisecond early; a busy machine only makes it late.
        expect(performance.now() - started).toBeGreaterThan(harness.impatient.capabilities.timeout_ms - 5);
        expect(await found(request)).toMatchObject({
          kind: 'found',
          payments: [{ amount: '90.06' }],
        });
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });

      it('does not meet the fate of the first answer again under the same key', async () => {
        const request = intentOf({ amount: '90.07' });
        await harness.connector.submit(request);
        expect(await harness.connector.submit(request)).toMatchObject({ kind: 'accepted' });
        expect(await found(request)).toMatchObject({ kind: 'found', payments: [{ status: 'succeeded' }] });
        expect(await harness.booked(request.idempotencyKey)).toHaveLength(1);
      });
    });

    describe('can be asked', () => {
      it('finds nothing under a key that was never sent, or says that this is no question', async () => {
        const { connector } = harness;
        const outcome = await connector.lookup(randomUUID());
        expect(outcome.kind).toBe(connector.capabilities.lookup ? 'none' : 'unavailable');
      });

      it('finds nothing under a key that was refused', async () => {
        const request = intentOf({ amount: '90.02' });
        await harness.connector.submit(request);
        const { kind } = await harness.connector.lookup(request.idempotencyKey);
        expect(kind).toBe(harness.connector.capabilities.lookup ? 'none' : 'unavailable');
      });

      it('finds the payment that the submit named', async () => {
        const request = intentOf({ amount: '7.00', currency: 'USD' });
        const outcome = await harness.connector.submit(request);
        const asked = await found(request);
        if (outcome.kind !== 'accepted' || asked.kind !== 'found')
          throw new Error('the payment should have been accepted and found');
        expect(asked.payments).toHaveLength(1);
        expect(asked.payments[0]).toMatchObject({
          providerReference: outcome.payment.providerReference,
          amount: '7.00',
          currency: 'USD',
        });
      });

      it('reads what was taken by the provider’s own reference, where it says so', async () => {
        const { connector } = harness;
        if (!readsPayments(connector)) return;
        const outcome = await connector.submit(intentOf({ amount: '7.00', currency: 'USD' }));
        if (outcome.kind !== 'accepted') throw new Error('it should have been accepted');
        const { providerReference } = outcome.payment;
        const payment = { providerReference, status: 'succeeded', amount: '7.00', currency: 'USD' };
        expect(await connector.read(providerReference)).toMatchObject({ kind: 'found', payments: [payment] });
        expect(await connector.read('unheard-of')).toMatchObject({ kind: 'unavailable' });
      });

      it('takes keys with signs that mean something in a URL', async () => {
        if (harness.takesUuidsAlone === true) return;
        const request = intentOf({ idempotencyKey: `a&b=c#d/${randomUUID()}%20?` });
        await harness.connector.submit(request);
        expect(await found(request)).toMatchObject({ kind: 'found' });
      });
    });

    describe('never throws', () => {
      it('turns a provider that is away into an outcome, of a submit and of a look-up', async () => {
        expect(['not_taken', 'unknown']).toContain((await harness.cutOff.submit(intentOf())).kind);
        expect(await harness.cutOff.lookup(randomUUID())).toMatchObject({ kind: 'unavailable' });
      });
    });

    it('says what it can do', () => {
      const { capabilities } = harness.connector;
      expect(capabilities.timeout_ms).toBeGreaterThan(0);
      expect(capabilities.keyRetention_ms).toBeGreaterThan(capabilities.staleWindow_ms);
      expect(capabilities.lookup || readsPayments(harness.connector)).toBe(true);
    });
  });
}

import { describe, expect, it } from '@jest/globals';
import type { Capabilities, Connector } from '../connectors/index.js';
import { callProvider } from './call-provider.js';
import type { Claimed } from './claim-payouts.js';
import type { AttemptKnowledge } from './decide-outcome.js';
import { sendableAge_ms } from './key-age.js';

const capabilities: Capabilities = {
  methodTypes: null,
  currencies: null,
  lookup: true,
  keyRetention_ms: 120_000,
  staleWindow_ms: 50_000,
  timeout_ms: 1_000,
};

/** A provider that has nothing, and counts what it is asked. */
function emptyProvider(): { connector: Connector; sends: number } {
  const provider = {
    sends: 0,
    connector: {
      capabilities,
      submit: () => {
        provider.sends += 1;
        return Promise.resolve({ kind: 'unknown', detail: 'no answer', httpStatus: null, unreadable: false } as const);
      },
      lookup: () => Promise.resolve({ kind: 'none' } as const),
      close: () => Promise.resolve(),
    },
  };
  return provider;
}

const claimed = (overrides: Partial<Omit<Claimed, 'request'>>): Claimed => {
  const one = {
    payoutId: 'payout',
    merchantId: 'merchant',
    idempotencyKey: 'key',
    bulkId: 'bulk',
    claimNo: 1,
    action: 'send',
    leaseEnds: Infinity,
    sendableUntil: 70_000,
    providerReference: null,
    sinceLastSend_ms: 0,
    request: {
      intentId: 'intent',
      idempotencyKey: 'key',
      reference: 'INV-1',
      bulkReference: null,
      amount: '1.00',
      currency: 'EUR',
      payoutMethod: {},
      billingData: null,
      metadata: null,
    },
    ...overrides,
  };
  return one as Claimed;
};

const refusedOnce: AttemptKnowledge = {
  intentStatus: 'unknown',
  amount: '1.00',
  currency: 'EUR',
  age_ms: 60_000,
  sinceLastSend_ms: 60_000,
  everUnknown: true,
  checks: 1,
  refused: { code: 'duplicate_request', message: '', retryable: false },
  detail: null,
} as AttemptKnowledge;

describe('a key that waits in the queue of a process', () => {
  const at = (now: number) => ({ now_ms: () => now });

  it('is sent until the provider may have forgotten it, and not after, however often the lease was renewed', async () => {
    const provider = emptyProvider();
    await callProvider(provider.connector, claimed({}), at(69_999));
    expect(provider.sends).toBe(1);
    await callProvider(provider.connector, claimed({}), at(70_000));
    expect(provider.sends).toBe(1);
  });

  it('is never sent so late that its request could arrive after it is forgotten', () => {
    expect(sendableAge_ms({ keyRetention_ms: 120_000, staleWindow_ms: 50_000 })).toBe(70_000);
    expect(sendableAge_ms({ keyRetention_ms: 86_400_000, staleWindow_ms: 60_000 })).toBe(0.8 * 86_400_000);
  });
});

describe('a provider that can not be asked by our key', () => {
  const looked = async (providerReference: string | null, reads: boolean) => {
    const asked: string[] = [];
    const read = (reference: string) => {
      asked.push(reference);
      return Promise.resolve({ kind: 'unavailable', detail: 'read', systemic: false } as const);
    };
    const { connector } = emptyProvider();
    const blind = { ...connector, ...(reads ? { read } : {}), capabilities: { ...capabilities, lookup: false } };
    const { finding } = await callProvider(blind, claimed({ action: 'look_up', providerReference }), { now_ms: () => 0 });
    const { attempt } = finding.decide({ ...refusedOnce, intentStatus: 'pending' });
    return { asked, detail: attempt.detail };
  };

  it('is asked by its own reference, where it can be and has given one', async () => {
    expect(await looked('pay_1', true)).toEqual({ asked: ['pay_1'], detail: 'read' });
    expect(await looked(null, true)).toMatchObject({ asked: [], detail: expect.stringContaining('can not be asked') });
    expect(await looked('pay_1', false)).toMatchObject({ asked: [], detail: expect.stringContaining('can not be asked') });
  });
});

describe('an empty look-up that is written long after it was answered', () => {
  const decided = async (sinceLastSend_ms: number) => {
    const looked = claimed({ action: 'look_up', sinceLastSend_ms });
    const { finding } = await callProvider(emptyProvider().connector, looked, { now_ms: () => 0 });
    return finding.decide(refusedOnce).transitions;
  };

  it('says nothing where it was asked within the stale window', async () => {
    expect(await decided(1_000)).toEqual([]);
  });

  it('counts where it was asked after it', async () => {
    expect(await decided(50_000)).toEqual(['reject']);
  });
});

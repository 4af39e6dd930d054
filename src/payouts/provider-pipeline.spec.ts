import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Connector, IntentRequest, OpenConnector, SubmitOutcome } from '../connectors/index.js';
import { ownMonotonicClock } from '../platform/time/index.js';
import type { Allowance } from './allowance.js';
import type { Claimed } from './claim-payouts.js';
import { ClaimedQueue } from './claimed-queue.js';
import { type PipelinePorts, ProviderPipeline } from './provider-pipeline.js';

const claimed = (merchantId: string, place: number): Claimed => ({
  payoutId: `${merchantId}${place}`,
  bulkId: 'bulk',
  merchantId,
  claimNo: 1,
  action: 'send',
  idempotencyKey: '',
  leaseEnds: Infinity,
  sendableUntil: Infinity,
  providerReference: null,
  sinceLastSend_ms: 0,
  request: {
    intentId: '',
    idempotencyKey: '',
    reference: `${merchantId}${place}`,
    bulkReference: null,
    amount: '1.00',
    currency: 'EUR',
    payoutMethod: {},
    billingData: {},
    metadata: {},
  },
});
const many = (merchantId: string, count: number): Claimed[] =>
  Array.from({ length: count }, (_, place) => claimed(merchantId, place));
const ids = (list: readonly Claimed[]): string[] => list.map(({ payoutId }) => payoutId);

describe('what is claimed and waits for a place', () => {
  it('goes in turns of the merchants, each merchant’s in its order', () => {
    const queue = new ClaimedQueue();
    queue.push(many('a', 4));
    queue.push(many('b', 2));
    const order = Array.from({ length: 7 }, () => queue.shift()?.payoutId);
    expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'a3', undefined]);
  });

  it('leaves with what is taken out, and nothing else', () => {
    const queue = new ClaimedQueue();
    queue.push([...many('a', 2), ...many('b', 2)]);
    expect(ids(queue.remove(({ payoutId }) => payoutId !== 'a1'))).toEqual(['a0', 'b0', 'b1']);
    expect([queue.length, ids(queue.all())]).toEqual([1, ['a1']]);
  });
});

/** A provider that answers when the test says so, one call at a time, and remembers what it was asked for. */
class Provider implements Connector {
  readonly capabilities = {
    methodTypes: null,
    currencies: null,
    lookup: true,
    keyRetention_ms: 1,
    staleWindow_ms: 1,
    timeout_ms: 1,
  };
  readonly asked: string[] = [];
  private answer: ((outcome: SubmitOutcome) => void) | null = null;

  submit({ reference }: IntentRequest): Promise<SubmitOutcome> {
    this.asked.push(reference);
    return new Promise((resolve) => (this.answer = resolve));
  }

  async answerNext(): Promise<void> {
    this.answer?.(ANSWERED);
    await turn();
  }

  lookup = () => Promise.reject(new Error('nobody looks'));
  close = () => Promise.resolve();
}

const ANSWERED: SubmitOutcome = { kind: 'unknown', detail: '', httpStatus: null, unreadable: false };

/** What may be claimed ahead follows how long calls take: on a clock that stands still they take no time. */
beforeAll(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
afterAll(() => void jest.useRealTimers());

const openOf = (connector: Connector): OpenConnector =>
  ({ connector, capabilities: connector.capabilities, maxConcurrency: 1, ratePerSecond: null }) as unknown as OpenConnector;

const ONE_PLACE: Allowance = { places: 1, until: Infinity, from: 0, maySend: 'anything', slowly: false };

/** With one place. */
function pipelineOf(
  provider: Provider,
  claim: (wish: { readonly limit: number }) => Claimed[],
  ports: Partial<PipelinePorts> = {},
): ProviderPipeline {
  const pipeline = new ProviderPipeline(openOf(provider), {
    claim: (wish) => Promise.resolve({ claimed: claim(wish), more: true }),
    renew: () => Promise.resolve({ kept: new Map(), leaseEnds: Infinity } as never),
    leasesLost: () => undefined,
    called: () => undefined,
    renewEvery_ms: 1e9,
    settle: () => undefined,
    lowWater: () => undefined,
    ...ports,
  });
  pipeline.update(openOf(provider), ONE_PLACE);
  return pipeline;
}

describe('the first of a burst', () => {
  it('wait for no more to be claimed with them than can be called at once', async () => {
    const provider = new Provider();
    const asked: number[] = [];
    const pipeline = pipelineOf(provider, ({ limit }) => {
      asked.push(limit);
      return many('large', limit);
    });
    // What is full needs no other round: calls that end ask for more.
    expect(await pipeline.fill()).toBe(false);
    expect(asked[0]).toBe(1);
    expect(asked[1]).toBeGreaterThan(1);
    const stopped = pipeline.stop();
    await provider.answerNext();
    await stopped;
  });
});

describe('a payout that comes due while another merchant’s fill the pipeline', () => {
  it('is called for before most of those that were claimed ahead of it', async () => {
    const provider = new Provider();
    const due: Claimed[][] = [many('large', 20)];
    const pipeline = pipelineOf(provider, () => due.shift() ?? []);
    await pipeline.fill();
    for (let call = 0; call < 4; call += 1) await provider.answerNext();
    due.push(many('small', 1));
    await pipeline.fill();
    for (let call = 0; call < 2; call += 1) await provider.answerNext();
    expect(provider.asked).toContain('small0');
    const stopped = pipeline.stop();
    await provider.answerNext();
    await stopped;
  });

  it('is claimed with no more of them than can be called at once', async () => {
    const provider = new Provider();
    const asked: number[] = [];
    const pipeline = pipelineOf(provider, ({ limit }) => {
      asked.push(limit);
      return many('large', limit);
    });
    await pipeline.fill();
    for (let call = 0; call < 4; call += 1) await provider.answerNext();
    asked.length = 0;
    await pipeline.fill();
    expect(asked).toEqual([1, 7]);
    const stopped = pipeline.stop();
    await provider.answerNext();
    await stopped;
  });

  it('is claimed as soon as there is room, where it came when there was none', async () => {
    const provider = new Provider();
    let asksForMore = 0;
    const pipeline = pipelineOf(provider, ({ limit }) => many('large', limit), { lowWater: () => (asksForMore += 1) });
    await pipeline.fill();
    await provider.answerNext();
    expect(asksForMore).toBe(0);
    await pipeline.fill();
    await pipeline.fill();
    await provider.answerNext();
    expect(asksForMore).toBe(1);
    const stopped = pipeline.stop();
    await provider.answerNext();
    await stopped;
  });
});

describe('what waits for its turn at a slow provider', () => {
  it('keeps its lease until it is called', async () => {
    const [LEASE_MS, CALL_MS, COUNT] = [3_000, 1_000, 10];
    const leaseEnds = (): number => ownMonotonicClock.now_ms() + LEASE_MS;
    const provider = new Provider();
    const due = [many('slow', COUNT)];
    const pipeline = pipelineOf(provider, () => (due.shift() ?? []).map((one) => ({ ...one, leaseEnds: leaseEnds() })), {
      renew: (held) => Promise.resolve({ kept: new Set(held), leaseEnds: leaseEnds() }),
      renewEvery_ms: LEASE_MS / 3,
    });
    await pipeline.fill();
    for (let call = 0; call < COUNT; call += 1) {
      await jest.advanceTimersByTimeAsync(CALL_MS);
      await provider.answerNext();
    }
    expect(provider.asked).toEqual(ids(many('slow', COUNT)));
    await pipeline.stop();
  });
});

describe('what is claimed ahead by a process that may call no more', () => {
  it.each([
    [
      'because others have its places',
      (pipeline: ProviderPipeline, provider: Provider) => pipeline.update(openOf(provider), { ...ONE_PLACE, places: 0 }),
    ],
    ['because its connector can not be opened', (pipeline: ProviderPipeline) => pipeline.halt()],
  ])('goes back at once, %s', async (_, happens) => {
    const provider = new Provider();
    const due = [many('large', 20)];
    const ended: string[] = [];
    const pipeline = pipelineOf(provider, () => due.shift() ?? [], { settle: ({ finding }) => ended.push(finding.payoutId) });
    await pipeline.fill();
    happens(pipeline, provider);
    expect(ended).toEqual(ids(many('large', 20)).slice(1));
    const stopped = pipeline.stop();
    await provider.answerNext();
    await stopped;
    expect(ended.at(-1)).toBe('large0');
  });
});

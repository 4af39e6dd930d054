import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { METHODS, validItem } from '../support/items.js';
import type { Attempt, Payout } from '../support/merchant-client.js';
import type { Fate } from '../support/provider-server.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const spaced = METHODS.iban.iban.replaceAll(/(.{4})/g, '$1 ').trim();

/** What a finance team reads: who did or said what, in which order, and what it meant. */
const storyOf = ({ steps }: Attempt) => steps.map(({ action, outcome, http_status }) => [action, outcome, http_status]);

describe('the attempts of a payout are evidence', () => {
  let world: ProviderWorld;
  beforeAll(async () => {
    world = await providerWorld({ config: { notification_secret: secret } });
  });
  afterAll(() => world.close());

  /** A payout that comes to where it is, and its only attempt. */
  const attemptOf = async (fate: (sends: number) => Fate, isThere: (payout: Payout) => boolean = ({ final }) => final) => {
    world.provider.setFate((_request, sends) => fate(sends));
    const bulk = await world.merchant.createBulk([validItem()]);
    const { id } = await world.merchant.payoutOf(bulk.id);
    const payout = await world.merchant.untilPayout(id, isThere);
    return { payout, attempt: await onlyAttemptOf(id) };
  };
  const onlyAttemptOf = async (id: string): Promise<Attempt> => {
    const answer = await world.merchant.get<{ data: Attempt[] }>(`/v1/payouts/${id}/attempts`);
    expect(answer.body.data).toHaveLength(1);
    for (const word of [world.provider.token, secret, METHODS.iban.iban, spaced, METHODS.iban.account_holder])
      expect(answer.text).not.toContain(word);
    const attempt = answer.body.data[0]!;
    const times = [attempt.started_at, ...attempt.steps.map(({ at }) => at)];
    expect(times.map((time) => new Date(time).toISOString())).toEqual(times.toSorted());
    return attempt;
  };
  const sentUnder = (payout: Payout): unknown[] => [
    ...new Set(
      world.provider.requests
        .filter(({ method, body }) => method === 'POST' && body.includes(`"${payout.reference}"`))
        .map(({ headers }) => headers['idempotency-key']),
    ),
  ];

  it('of one that is paid: the key that the provider saw, when, and its name for the payment', async () => {
    const { payout, attempt } = await attemptOf(() => ({ takes: true, status: 'succeeded' }));
    expect(attempt).toMatchObject({
      ...{ number: 1, connector: world.connectorId, sends: 1, outcome: 'accepted', http_status: 201 },
      ...{ idempotency_key: expect.stringMatching(UUID), provider_reference: world.provider.ledger.at(-1)!.id },
      ended_at: expect.any(String),
    });
    expect(sentUnder(payout)).toEqual([attempt.idempotency_key]);
    expect(storyOf(attempt)).toEqual([['send', 'accepted', 201]]);
  });

  it('of one that is refused: code and words of the provider, cleared of account data and of our credentials', async () => {
    const message = `${spaced} of Ada Lovelace is closed (Bearer ${world.provider.token})`;
    const refusal = { status: 422, body: { code: 'account_closed', message } };
    const { payout, attempt } = await attemptOf(() => ({ takes: false, answer: refusal }));
    expect(payout.intent?.failure).toMatchObject({
      code: 'account_closed',
      message: '[removed] of [removed] is closed (Bearer [removed])',
    });
    expect(attempt).toMatchObject({
      outcome: 'rejected',
      http_status: 422,
      provider_reference: null,
      ended_at: expect.any(String),
    });
    expect(storyOf(attempt)).toEqual([['send', 'rejected', 422]]);
    expect(attempt.steps[0]!.detail).toContain('account_closed: [removed]');
  });

  it('of one that got no clear answer: the send, and the look-up that cleared it up, under one key', async () => {
    const { payout, attempt } = await attemptOf(() => ({ takes: true, status: 'succeeded', answer: { status: 500 } }));
    expect(storyOf(attempt)).toEqual([
      ['send', 'unknown', 500],
      ['look_up', 'accepted', null],
    ]);
    expect(attempt).toMatchObject({ sends: 1, outcome: 'accepted', provider_reference: world.provider.ledger.at(-1)!.id });
    expect(sentUnder(payout)).toEqual([attempt.idempotency_key]);
  });

  it('of one that never arrived: the empty look-up, and the second send under the same key', async () => {
    const { payout, attempt } = await attemptOf((sends) => (sends === 1 ? { takes: false, answer: 'reset' } : { takes: true }));
    const story = storyOf(attempt);
    expect([story[0], story.at(-1)]).toEqual([
      ['send', 'unknown', null],
      ['send', 'accepted', 201],
    ]);
    expect(story.slice(1, -1).every(([action, outcome]) => action === 'look_up' && outcome === 'unknown')).toBe(true);
    expect(attempt.sends).toBe(2);
    expect(sentUnder(payout)).toEqual([attempt.idempotency_key]);
  });

  it('of one whose outcome came by notification: that the provider said so by itself', async () => {
    const { payout } = await attemptOf(
      () => ({ takes: true, status: 'pending' }),
      ({ status }) => status === 'PROCESSED',
    );
    const url = `${world.app.url}/v1/connectors/${world.connectorId}/notifications`;
    const entry = world.provider.ledger.at(-1)!;
    expect(await world.provider.notify({ url, secret, entry, status: 'succeeded' })).toBe(204);
    const attempt = await onlyAttemptOf(payout.id);
    expect(storyOf(attempt)).toEqual([
      ['send', 'accepted', 201],
      ['notification', 'accepted', null],
    ]);
    expect(attempt.steps.at(-1)!.detail).toBe('the provider says: succeeded');
  });

  it('of one that went to a person: why, who decided what, and the reason, without what nobody needs to know', async () => {
    const other = { id: 'other', status: 'succeeded', amount: '1.00', currency: 'EUR' };
    const { payout } = await attemptOf(
      () => ({ takes: true, answer: { status: 201, body: other } }),
      ({ intent }) => intent?.status === 'needs_review',
    );
    const reason = `line 14 of the statement, to ${spaced}`;
    const path = `/v1/operator/intents/${payout.intent!.id}/resolve`;
    expect((await world.app.operator.post(path, { status: 'succeeded', reason })).status).toBe(200);
    const attempt = await onlyAttemptOf(payout.id);
    expect(storyOf(attempt)).toEqual([
      ['send', 'unknown', 201],
      ['operator', 'accepted', null],
    ]);
    expect(attempt.steps[0]!.detail).toBe('The provider has another amount or currency under this key.');
    expect(attempt.steps[1]!.detail).toBe('settled by an operator as succeeded: line 14 of the statement, to [removed]');
    expect(attempt).toMatchObject({ outcome: 'accepted', provider_reference: 'other', ended_at: expect.any(String) });
  });
});

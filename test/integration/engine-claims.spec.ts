import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PauseBulk } from '../../src/bulks/pause-bulk.js';
import {
  ConnectorRepository,
  ConnectorTrafficRepository,
  type LookupOutcome,
  type SubmitOutcome,
} from '../../src/connectors/index.js';
import { notStarted } from '../../src/payouts/call-provider.js';
import { CallSettler } from '../../src/payouts/call-settler.js';
import { ClaimAllowed } from '../../src/payouts/claim-allowed.js';
import { ClaimPayouts } from '../../src/payouts/claim-payouts.js';
import { decideFound, decideLookup, decideSubmit } from '../../src/payouts/decide-outcome.js';
import { RenewLeases } from '../../src/payouts/renew-leases.js';
import { type Finding, SettleIntents } from '../../src/payouts/settle-intents.js';
import { ownMonotonicClock } from '../../src/platform/time/index.js';
import { ownPace } from '../../src/platform/workers/index.js';
import { CAPABILITIES, type EngineMerchant, EngineWorld, findingOf, paid } from '../support/engine-world.js';
import { inSeconds, validItem } from '../support/items.js';

const LEASE_S = 60;
const DAY_S = 86_400;

const answered =
  (outcome: SubmitOutcome): Finding['decide'] =>
  (known) =>
    decideSubmit(outcome, known, CAPABILITIES);
const looked =
  (outcome: LookupOutcome): Finding['decide'] =>
  (known) =>
    decideLookup(outcome, known, CAPABILITIES);
const NO_ANSWER: SubmitOutcome = { kind: 'unknown', detail: 'no answer', httpStatus: null, unreadable: false };
const BUSY: SubmitOutcome = { kind: 'not_taken', reason: 'busy', retryAfter_ms: 1_000, detail: 'answered 429', httpStatus: 429 };

describe('claims', () => {
  let world: EngineWorld;
  beforeAll(async () => {
    world = await EngineWorld.open();
  });
  afterAll(() => world.close());

  /** One payout in the hands of one claimer. */
  const claimedOne = async () => {
    const merchant = await world.merchant();
    await world.scheduledBulk(merchant);
    const [claimed] = await world.claim(merchant);
    return { merchant, claimed: claimed! };
  };

  it('give each payout to one of several claimers, and all of them to somebody', async () => {
    const merchant = await world.merchant();
    await world.scheduledBulk(merchant, { count: 300 });
    const rounds = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const mine: string[] = [];
        for (let empty = 0; empty < 3;) {
          const claimed = await world.claim(merchant, 20);
          mine.push(...claimed.map(({ payoutId }) => payoutId));
          empty = claimed.length === 0 ? empty + 1 : 0;
        }
        return mine;
      }),
    );
    expect(rounds.flat()).toHaveLength(300);
    expect(new Set(rounds.flat()).size).toBe(300);
  });

  it('are read again where nobody acknowledges their commit: nothing waits for the end of a lease that nobody uses', async () => {
    const { world: cutOff, proxy, close } = await EngineWorld.openBehindProxy();
    const merchant = await cutOff.merchant();
    const bulkId = await cutOff.scheduledBulk(merchant, { count: 5 });
    proxy.cutAfter('COMMIT');
    const claimed = await cutOff.claim(merchant);
    expect(proxy.cuts).toBe(1);
    const payouts = await cutOff.payouts(bulkId);
    expect(claimed.map(({ payoutId, claimNo }) => [payoutId, claimNo]).toSorted()).toEqual(
      payouts.map(({ id, claim_no }) => [id, claim_no]).toSorted(),
    );
    await close();
  });

  it('are settled once where nobody acknowledges the commit, and nothing of that counts as dropped', async () => {
    const { world: cutOff, proxy, close } = await EngineWorld.openBehindProxy();
    const merchant = await cutOff.merchant();
    await cutOff.scheduledBulk(merchant, { count: 3 });
    const claimed = await cutOff.claim(merchant);
    const dropped: number[] = [];
    let settled = 0;
    const settler = new CallSettler({
      connectorId: merchant.connectorId,
      transactions: cutOff.transactions,
      settle: cutOff.get(SettleIntents),
      connectors: cutOff.get(ConnectorRepository),
      traffic: cutOff.get(ConnectorTrafficRepository),
      metrics: {
        resultDropped: (count) => void dropped.push(count),
        breakerOpened: () => undefined,
        countSettled: (count) => void (settled += count),
      },
      pace: ownPace,
    });
    const results = claimed.map((one) => ({ ...notStarted(one), finding: findingOf(one, paid) }));
    proxy.cutAfter('COMMIT');
    for (const result of results) settler.push(result);
    await settler.drain();
    expect([proxy.cuts, settled, dropped]).toEqual([1, 3, []]);
    expect(await cutOff.query(`SELECT count(*)::integer AS steps FROM attempt_step`)).toEqual([{ steps: 3 }]);
    // What comes once more, of the same claim, is.
    settler.push({ ...results[0]! });
    await settler.drain();
    expect(dropped).toEqual([1]);
    await close();
  });

  it('bring what is to be asked again also where what is due can not be claimed any more', async () => {
    const { world: cutOff, proxy, close } = await EngineWorld.openBehindProxy();
    const merchant = await cutOff.merchant();
    await cutOff.scheduledBulk(merchant, { count: 2 });
    expect(await cutOff.claim(merchant)).toHaveLength(2);
    await cutOff.letTimePass(LEASE_S + 1);
    await cutOff.scheduledBulk(merchant, { count: 3 });
    // Behind the commit of the first claim the database is away for longer than a transaction is tried again.
    proxy.cutAfter('START TRANSACTION', 1, Infinity);
    expect((await cutOff.claim(merchant)).map(({ action }) => action)).toEqual(['look_up', 'look_up']);
    proxy.cutAfter('nothing');
    expect((await cutOff.claim(merchant)).map(({ action }) => action)).toEqual(['send', 'send', 'send']);
    await close();
  });

  it('take six round trips, and what comes of them is settled in four', async () => {
    const { world: far, proxy, close } = await EngineWorld.openBehindProxy();
    const merchant = await far.merchant();
    // The first of each opens a connection.
    for (const trips of [null, [6, 4]]) {
      await far.scheduledBulk(merchant, { count: 2 });
      const before = proxy.packets;
      const [claimed] = await far.claim(merchant);
      const between = proxy.packets;
      await far.settle([findingOf(claimed!, paid)]);
      if (trips !== null) expect([between - before, proxy.packets - between]).toEqual(trips);
    }
    await close();
  });

  it('that are renewed in time stay with their owner, however long they wait there for their turn', async () => {
    const patient = await EngineWorld.open();
    const merchant = await patient.merchant();
    await patient.scheduledBulk(merchant, { count: 5 });
    const leases = patient.get(RenewLeases);
    const claimed = await patient.claim(merchant);
    for (let passed_s = 0; passed_s <= 2 * LEASE_S; passed_s += leases.every_ms / 1000) {
      expect((await leases.execute(claimed)).kept.size).toBe(5);
      await patient.letTimePass(leases.every_ms / 1000);
      expect(await patient.claim(merchant)).toEqual([]);
    }
    await patient.close();
  });

  it('that have lost their lease are not prolonged for their new owner, and whoever lost them is told', async () => {
    const merchant = await world.merchant();
    await world.scheduledBulk(merchant, { count: 5 });
    const leases = world.get(RenewLeases);
    const first = await world.claim(merchant);
    expect(first).toHaveLength(5);
    expect((await leases.execute(first)).kept.size).toBe(5);
    expect(await world.claim(merchant)).toEqual([]);

    await world.letTimePass(LEASE_S + 1);
    const second = await world.claim(merchant);
    expect(second.map(({ action }) => action)).toEqual(first.map(() => 'look_up'));
    expect((await leases.execute(first)).kept.size).toBe(0);
    expect((await leases.execute(second)).kept.size).toBe(5);
    // One process may hold both: what it lost is lost, although the payout is its own again.
    expect((await leases.execute([...first, ...second])).kept).toEqual(new Set(second));
  });

  it('whose payment is found already come back tell each step as it was', async () => {
    const { claimed } = await claimedOne();
    const [sent] = await world.query<{ amount: string; currency: string }>(
      `SELECT amount, currency FROM payout_revision WHERE payout_id = $1`,
      [claimed.payoutId],
    );
    const { amount, currency } = sent!;
    const failure = { code: 'returned_by_bank', message: 'It came back.', retryable: false };
    const payment = { providerReference: 'P-1', status: 'returned', failure, amount, currency, checkAfter_ms: null } as const;
    await world.settle([findingOf(claimed, (known) => decideFound(payment, known))]);
    const told = await world.query(
      `SELECT type, convert_from(body, 'UTF8')::jsonb #>> '{data,intent,status}' AS intent,
         convert_from(body, 'UTF8')::jsonb #>> '{data,intent,failure,code}' AS failure
       FROM event WHERE subject_id = $1 ORDER BY sequence DESC LIMIT 3`,
      [claimed.payoutId],
    );
    expect(told.reverse()).toEqual([
      { type: 'payout.processed', intent: 'succeeded', failure: null },
      { type: 'payout.intent_succeeded', intent: 'succeeded', failure: null },
      { type: 'payout.intent_returned', intent: 'returned', failure: 'returned_by_bank' },
    ]);
  });

  it('that waited before they were sent count from the end of the send: an empty look-up soon after it says nothing', async () => {
    const patient = { ...CAPABILITIES, staleWindow_ms: 60_000 };
    const { merchant, claimed } = await claimedOne();
    await world.letTimePass(50);
    const failure = { code: 'duplicate_request', message: 'It is known.', retryable: false };
    const refused = { kind: 'rejected', failure, ofDuplicate: true, httpStatus: 422 } as const;
    await world.settle([findingOf(claimed, (known) => decideSubmit(refused, known, patient))]);

    const lookUp = async (): Promise<string[]> => {
      const [look] = await world.claim(merchant);
      await world.settle([{ ...findingOf(look!, (known) => decideLookup({ kind: 'none' }, known, patient)), source: 'look_up' }]);
      return (await world.payouts(claimed.bulkId)).map(({ status }) => status);
    };
    await world.letTimePass(20);
    expect(await lookUp()).toEqual(['PROCESSING_IN_PROGRESS']);
    await world.letTimePass(60);
    expect(await lookUp()).toEqual(['INTENT_CREATION_FAILED']);
  });

  it('serve every merchant of a connector, however much one of them has due', async () => {
    const large = await world.merchant();
    const small: EngineMerchant[] = [];
    for (let others = 0; others < 4; others += 1) small.push(await world.merchant(large.connectorId));
    await world.scheduledBulk(large, { count: 200 });
    for (const merchant of small) await world.scheduledBulk(merchant, { count: 3 });
    const claims = (limit: number) => world.get(ClaimPayouts).execute(large.connectorId, limit, CAPABILITIES);
    const { claimed, more } = await claims(50);
    const owners = await world.query<{ merchant_id: string; count: string }>(
      `SELECT merchant_id, count(*) FROM payout WHERE id = ANY ($1::uuid[]) GROUP BY 1`,
      [claimed.map(({ payoutId }) => payoutId)],
    );
    const counts = new Map(owners.map(({ merchant_id, count }) => [merchant_id, Number(count)]));
    expect(small.map(({ id }) => counts.get(id))).toEqual([3, 3, 3, 3]);
    expect(counts.get(large.id)).toBe(10);
    // What the small ones left of their shares goes to the large one, claim by claim, and whoever claims knows that it is there.
    expect(more).toBe(true);
    expect(await claims(50)).toMatchObject({ claimed: { length: 50 }, more: true });
    expect(await claims(1_000)).toMatchObject({ claimed: { length: 140 }, more: false });
  });

  it('take what has been due longest first', async () => {
    const merchant = await world.merchant();
    const items = [300, 100, 200].map((ago) => validItem({ scheduled_date: inSeconds(-ago / 10) }));
    const bulkId = await world.scheduledBulk(merchant, { items });
    const order: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const [claimed] = await world.claim(merchant, 1);
      order.push((await world.payouts(bulkId)).find(({ id }) => id === claimed?.payoutId)!.position);
    }
    expect(order).toEqual([0, 2, 1]);
  });

  it('take nothing before its instant, nothing of a paused bulk, nothing of a paused merchant', async () => {
    const [early, paused, stopped] = [await world.merchant(), await world.merchant(), await world.merchant()];
    await world.scheduledBulk(early, { items: [validItem({ scheduled_date: inSeconds(3_600) })] });
    const bulkId = await world.scheduledBulk(paused);
    const pause = { merchantId: paused.id, bulkId, ifMatch: null };
    await world.run((tx) => world.get(PauseBulk).execute(tx, { ...pause, pause: true }));
    await world.scheduledBulk(stopped);
    await world.query(`UPDATE merchant SET paused_at = tranche_now(), pause_reason = 'test' WHERE id = $1`, [stopped.id]);
    for (const merchant of [early, paused, stopped]) expect(await world.claim(merchant)).toEqual([]);
    await world.run((tx) => world.get(PauseBulk).execute(tx, { ...pause, pause: false }));
    expect(await world.claim(paused)).toHaveLength(1);
  });

  it('leave out a payout whose account data can not be opened, and take the rest', async () => {
    const merchant = await world.merchant();
    const bulkId = await world.scheduledBulk(merchant, { count: 3 });
    await world.query(
      `UPDATE payout_revision SET payout_method = 'damaged'
       WHERE payout_id = (SELECT id FROM payout WHERE bulk_id = $1 AND position = 0)`,
      [bulkId],
    );
    // Also where only one is asked for, as by an idle process with one place, or a probe: it is the oldest.
    expect(await world.claim(merchant, 1)).toHaveLength(1);
    expect(await world.claim(merchant)).toHaveLength(1);
    const waiting = await world.query(`SELECT position FROM payout WHERE bulk_id = $1 AND status = 'SCHEDULED'`, [bulkId]);
    expect(waiting).toEqual([{ position: 0 }]);
  });

  it('keep none waiting that is to be sent again, where the content of another can not be opened any more', async () => {
    const merchant = await world.merchant();
    await world.scheduledBulk(merchant, { count: 2 });
    const claimed = await world.claim(merchant);
    await world.settle(claimed.map((one) => findingOf(one, answered(BUSY))));
    await world.query(`UPDATE payout_revision SET payout_method = 'damaged' WHERE payout_id = $1`, [claimed[0]!.payoutId]);
    await world.query(`UPDATE payout_intent SET next_check_at = next_check_at - interval '1 hour' WHERE payout_id = $1`, [
      claimed[0]!.payoutId,
    ]);
    await world.letTimePass(2);
    const again = await world.claim(merchant, 1);
    expect(again.map(({ action, payoutId }) => [action, payoutId])).toEqual([['send', claimed[1]!.payoutId]]);
  });

  it('commit intent, attempt and derived key before anybody calls the provider', async () => {
    const { claimed } = await claimedOne();
    const [attempt] = await world.query(`SELECT * FROM attempt WHERE payout_id = $1`, [claimed.payoutId]);
    expect(attempt).toMatchObject({ number: 1, live: true, sends: 1, idempotency_key: claimed.idempotencyKey });
    expect(await world.intentOf(claimed.payoutId)).toMatchObject({ status: 'created' });
  });

  it('are fenced: what an older claim brings back writes nothing', async () => {
    const { merchant, claimed: older } = await claimedOne();
    await world.letTimePass(LEASE_S);
    const [newer] = await world.claim(merchant);
    const stale = await world.settle([findingOf(older, paid)]);
    expect(stale.size).toBe(0);
    expect(await world.intentOf(older.payoutId)).toMatchObject({ status: 'created', provider_reference: null });
    expect((await world.settle([findingOf(newer!, paid)])).size).toBe(1);
    expect((await world.settle([findingOf(newer!, paid)])).size).toBe(0);
    expect(await world.eventsOf(older.payoutId)).toEqual([
      'payout.created',
      'payout.validation_in_progress',
      'payout.scheduled',
      'payout.processing_in_progress',
      'payout.processed',
      'payout.intent_succeeded',
    ]);
  });

  it('belong to one process for the whole lease, and end in a look-up, never in another send', async () => {
    const { merchant, claimed } = await claimedOne();
    await world.letTimePass(LEASE_S - 5);
    expect(await world.claim(merchant)).toEqual([]);
    await world.letTimePass(5);
    const [takenOver] = await world.claim(merchant);
    expect(takenOver).toMatchObject({ payoutId: claimed.payoutId, action: 'look_up' });
    expect(takenOver!.idempotencyKey).toBe(claimed.idempotencyKey);
  });

  it('send the same key again after an empty look-up past the stale window', async () => {
    const { merchant, claimed } = await claimedOne();
    await world.settle([findingOf(claimed, answered(NO_ANSWER))]);
    await world.letTimePass(2);
    const [look] = await world.claim(merchant);
    expect(look!.action).toBe('look_up');
    await world.settle([findingOf(look!, looked({ kind: 'none' }))]);
    const [send] = await world.claim(merchant);
    expect(send).toMatchObject({ action: 'send', request: { idempotencyKey: claimed.idempotencyKey } });
  });

  it('send at once what was not taken, and only look once the key is too old, however long a pause lasted', async () => {
    const [fresh, old] = [await claimedOne(), await claimedOne()];
    for (const { claimed } of [fresh, old]) await world.settle([findingOf(claimed, answered(BUSY))]);
    await world.letTimePass(2);
    expect((await world.claim(fresh.merchant))[0]!.action).toBe('send');
    await world.letTimePass(0.8 * DAY_S);
    // Also where a breaker is open, or its connector paused: a probe finds nothing to send, and a look finds it.
    const claimOld = async (scope: 'sends' | 'look_ups') =>
      (await world.get(ClaimPayouts).execute(old.merchant.connectorId, 1, { ...CAPABILITIES, scope })).claimed;
    expect(await claimOld('sends')).toEqual([]);
    const [look] = await claimOld('look_ups');
    expect(look!.action).toBe('look_up');
    await world.settle([findingOf(look!, looked({ kind: 'none' }))]);
    expect(await world.intentOf(look!.payoutId)).toMatchObject({ status: 'needs_review', next_check_at: null });
  });

  it('of the one probe of an open breaker begin at once or not at all: later the probe may be another’s', async () => {
    const merchant = await world.merchant();
    await world.scheduledBulk(merchant, { count: 2 });
    await world.query(
      `UPDATE connector SET breaker_openings = 1, breaker_opened_at = now(), breaker_until = now() WHERE id = $1`,
      [merchant.connectorId],
    );
    const wish = { connectorId: merchant.connectorId, capabilities: CAPABILITIES, limit: 9, idle: true } as const;
    const probe = async () =>
      (await world.get(ClaimAllowed).execute({ ...wish, allowance: { maySend: 'probe', slowly: true } })).claimed;
    const probes = await probe();
    expect(probes.map(({ action }) => action)).toEqual(['send']);
    const PROBE_BEGINS_MS = 5_000;
    expect(probes[0]!.sendableUntil).toBeLessThanOrEqual(ownMonotonicClock.now_ms() + PROBE_BEGINS_MS);
    // Whoever finds the probe taken may look, and there is nothing to look at.
    expect(await probe()).toEqual([]);
    await world.query(`UPDATE connector SET breaker_until = now(), probe_until = now() WHERE id = $1`, [merchant.connectorId]);
    expect(await probe()).toHaveLength(1);
  });

  it('are not disturbed by a notification that comes first: the answer after it finds the fence raised', async () => {
    const { claimed } = await claimedOne();
    const payment = {
      providerReference: 'pay_1',
      status: 'pending',
      failure: null,
      amount: null,
      currency: null,
      checkAfter_ms: null,
    } as const;
    const told: Finding = { ...findingOf(claimed, (known) => decideFound(payment, known)), claimNo: null };
    for (let times = 0; times < 3; times += 1) await world.settle([told]);
    expect((await world.settle([findingOf(claimed, answered(NO_ANSWER))])).size).toBe(0);
    expect(await world.intentOf(claimed.payoutId)).toMatchObject({ status: 'pending', provider_reference: 'pay_1' });
    expect((await world.eventsOf(claimed.payoutId)).filter((type) => type === 'payout.intent_pending')).toHaveLength(1);
  });
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import { inSeconds, validItem } from '../support/items.js';
import type { Cancelled, MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

const EDITS = 200;
const CANCELS = 200;
const PAYOUTS = EDITS + CANCELS;
const BULKS = 20;
/** Has no divisor in common with the number of payouts: so each has its own turn. */
const STRIDE = 61;
/** Long enough to be validated before, in seconds. */
const DUE_IN_S = 5;
/** The shots fall evenly from so long before the due instant to so long after it. */
const AROUND_MS = 400;
const AMOUNT = '120.50';

let app: TestApp;
let merchant: MerchantClient;
beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
});
afterAll(() => app.close());

/** What was answered to one shot, and whether the answer was here before the due instant. */
interface Shot {
  readonly payout: Payout;
  readonly answer: 'edited' | 'not editable' | 'cancelled' | 'too late';
  readonly amount: string;
  readonly early: boolean;
}

async function edit(payout: Payout, amount: string): Promise<Shot['answer']> {
  const answer = await merchant.patch(`/v1/payouts/${payout.id}`, { amount });
  if (answer.status === 200) return 'edited';
  expect([answer.status, answer.body.code]).toEqual([409, 'payout_not_editable']);
  return 'not editable';
}

async function cancel(payout: Payout): Promise<Shot['answer']> {
  const answer = await merchant.post<Cancelled>(`/v1/payouts/${payout.id}/cancel`);
  expect(answer.status).toBe(200);
  const outcome = answer.body.results[0]?.outcome;
  expect(['cancelled', 'too_late']).toContain(outcome);
  return outcome === 'cancelled' ? 'cancelled' : 'too late';
}

async function shoot(payout: Payout, index: number, due: number): Promise<Shot> {
  const at = due - AROUND_MS + (2 * AROUND_MS * index) / PAYOUTS;
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
  const amount = `${String(index + 1)}.00`;
  const answer = index % 2 === 0 ? await edit(payout, amount) : await cancel(payout);
  return { payout, answer, amount, early: Date.now() < due };
}

it('200 edits and 200 cancellations at the due second: what was answered is what happened to each', async () => {
  const date = inSeconds(DUE_IN_S);
  const due = Date.parse(date);
  const items = Array.from({ length: PAYOUTS / BULKS }, () => ({ amount: AMOUNT, scheduled_date: date }));
  const bulks = await Promise.all(Array.from({ length: BULKS }, () => merchant.createBulk(items.map((item) => validItem(item)))));
  await Promise.all(bulks.map(({ id }) => merchant.untilValidated(id)));
  const payouts = (await Promise.all(bulks.map(({ id }) => merchant.payouts(id)))).flat();

  // Neighbours in time are of different bulks, and of every bulk some are early and some late.
  const shots = await Promise.all(payouts.map((payout, place) => shoot(payout, (place * STRIDE) % PAYOUTS, due)));
  const after = new Map(
    (await Promise.all(bulks.map(({ id }) => merchant.untilAtRest(id)))).flat().map((payout) => [payout.id, payout]),
  );
  const ledger = await app.ledger();

  const shotWith = (...answers: Shot['answer'][]): number => shots.filter(({ answer }) => answers.includes(answer)).length;
  expect([shotWith('edited', 'not editable'), shotWith('cancelled', 'too late')]).toEqual([EDITS, CANCELS]);
  const lies = shots.filter(({ payout, answer, amount }) => {
    const paid = ledger.filter(({ reference }) => reference === payout.reference).map((entry) => entry.amount);
    const expected = answer === 'cancelled' ? [] : [answer === 'edited' ? amount : AMOUNT];
    const status = after.get(payout.id)?.status;
    return paid.join() !== expected.join() || status !== (answer === 'cancelled' ? 'CANCELLED' : 'PROCESSED');
  });
  expect(lies).toEqual([]);
  // Before its instant nothing is too late.
  expect(shots.filter(({ early, answer }) => early && (answer === 'too late' || answer === 'not editable'))).toEqual([]);
  // Once paid, everything is.
  const goers = shots.filter(({ answer }) => answer !== 'cancelled').slice(0, 10);
  for (const { payout } of goers)
    expect([await edit(payout, '1.00'), await cancel(payout)]).toEqual(['not editable', 'too late']);
  await expectSound(app, merchant);
});

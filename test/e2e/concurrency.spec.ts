import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Answer } from '../support/api-client.js';
import { testApp, type TestApp } from '../support/app.js';
import { amountOf, inSeconds, invalidItem, validItem } from '../support/items.js';
import type { MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';
import { eventually } from '../support/until.js';

let app: TestApp;
let merchant: MerchantClient;
beforeAll(async () => {
  app = await testApp();
  merchant = await app.merchant();
});
afterAll(() => app.close());

/** Everything that can be asked of a bulk at the same time; each of it is done, or refused for a reason. */
const stepsOf = (bulkId: string, payouts: readonly Payout[], turn: number): (() => Promise<Answer<unknown>>)[] => {
  const path = `/v1/bulks/${bulkId}`;
  const of = (place: number): Payout => payouts[(turn * 7 + place) % payouts.length]!;
  return [
    () => merchant.patch(path, { scheduled_date: inSeconds(0.3), label: String(turn) }),
    () =>
      merchant.patch(path, {
        items: [
          { reference: of(1).reference, amount: '3.00' },
          { reference: of(2).reference, currency: 'EUR' },
        ],
      }),
    () => merchant.patch(`/v1/payouts/${of(3).id}`, { amount: '4.00', currency: 'EUR' }),
    () => merchant.post(`/v1/payouts/${of(4).id}/cancel`),
    () => merchant.post(`${path}/cancel`, { references: [of(5).reference] }),
    () => merchant.post(`${path}/pause`),
    () => merchant.post(`/v1/payouts/${of(6).id}/retry`),
    () => merchant.post(`${path}/resume`),
    () => merchant.get(path),
    () => merchant.get(`${path}/payouts?limit=10`),
  ];
};

it('a storm of edits, cancellations, pauses and retries on bulks that are being paid leaves nothing lost, doubled or stuck', async () => {
  const bulks = await Promise.all(
    (['hold', 'reject', 'drop', 'hold'] as const).map((invalid_items) =>
      merchant.createBulk({
        invalid_items,
        scheduled_date: inSeconds(0.5),
        items: Array.from({ length: 40 }, (_, place) =>
          place % 10 === 9 ? invalidItem() : validItem({ amount: place % 5 === 0 ? amountOf(9003) : `${String(place + 1)}.00` }),
        ),
      }),
    ),
  );
  const answers: Answer<unknown>[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    const steps = (await Promise.all(bulks.map(async ({ id }) => stepsOf(id, await merchant.payouts(id), turn)))).flat();
    answers.push(...(await Promise.all(steps.map((step) => step()))));
  }
  expect(answers.filter(({ status }) => ![200, 409].includes(status)).map(({ status, text }) => [status, text])).toEqual([]);

  for (const { id } of bulks) {
    await merchant.post(`/v1/bulks/${id}/resume`);
    await merchant.untilValidated(id);
    // What is still invalid would hold a bulk that rejects for ever.
    const invalid = await merchant.all<Payout>(`/v1/bulks/${id}/payouts?status=VALIDATION_FAILED`);
    if (invalid.length > 0)
      await merchant.post(`/v1/bulks/${id}/cancel`, { references: invalid.map(({ reference }) => reference) });
    await eventually(
      () => merchant.payouts(id),
      (payouts) => payouts.every(({ final }) => final),
    );
  }
  await expectSound(app, merchant);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bulkStatus,
  CancelPayouts,
  EditBulk,
  type EditBulkCommand,
  PAYOUT_STATUSES,
  ReferenceHoldRepository,
  type StatusCounts,
} from '../../src/bulks/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { ValidatePayouts } from '../../src/validation/validate-payouts.js';
import { type EngineMerchant, EngineWorld, findingOf, paid } from '../support/engine-world.js';
import { invalidItem, newReference, validItem } from '../support/items.js';
import { until, WHO_WAITS } from '../support/until.js';

describe('bulks under the work of many', () => {
  let world: EngineWorld;
  beforeAll(async () => {
    world = await EngineWorld.open();
  });
  afterAll(() => world.close());

  const milestones = async (bulkId: string, type: string): Promise<number> =>
    (await world.eventsOf(bulkId)).filter((told) => told === type).length;
  const edit = (merchant: EngineMerchant, bulkId: string, items: EditBulkCommand['items']): Promise<void> =>
    world.transactions.asMerchant(merchant.id, (tx) =>
      world.get(EditBulk).execute(tx, { merchantId: merchant.id, bulkId, ifMatch: null, head: {}, controlTotals: null, items }),
    );
  const cancel = (merchant: EngineMerchant, bulkId: string, references: readonly string[] | null = null) =>
    world.transactions.asMerchant(merchant.id, (tx) =>
      world.get(CancelPayouts).execute(tx, { merchantId: merchant.id, bulkId, references, ifMatch: null }),
    );
  const mended = (reference: string) => ({ reference, patch: { currency: 'EUR' }, pointer: '/items/0' });

  it('have the status that the function of their counts gives, in every combination', async () => {
    const bulkId = await world.createBulk(await world.merchant());
    const columns = PAYOUT_STATUSES.map((status) => status.toLowerCase());
    const combinations = Array.from({ length: 2 ** columns.length }, (_, bits) =>
      columns.map((_column, place) => (bits >> place) & 1),
    );
    const stored = await world.run(async (tx) => {
      await tx.query(`CREATE TEMPORARY TABLE every_combination (LIKE bulk_progress INCLUDING GENERATED) ON COMMIT DROP`);
      return tx.query<StatusCounts & { status: string }>(
        `INSERT INTO every_combination (bulk_id, merchant_id, totals, validation_pending, validation_in_progress, scheduled, validation_failed,
           cancelled, processing_in_progress, processed, intent_creation_failed, outcome_succeeded, outcome_failed, outcome_pending,
           outcome_returned, last_sequence, feed, updated_at)
         SELECT gen_random_uuid(), $1, '[]', ${columns.map((column) => `(v->>'${column}')::integer`).join(', ')}, 0, 0, 0, 0, 0, 0, now()
         FROM jsonb_array_elements($2::jsonb) v RETURNING *`,
        [
          bulkId,
          JSON.stringify(combinations.map((bits) => Object.fromEntries(columns.map((column, place) => [column, bits[place]])))),
        ],
      );
    });
    expect(stored).toHaveLength(256);
    for (const row of stored) {
      const counts = Object.fromEntries(
        PAYOUT_STATUSES.map((status) => [status, Number(row[status.toLowerCase() as never])]),
      ) as StatusCounts;
      expect({ counts, status: row.status }).toEqual({ counts, status: bulkStatus(counts) });
    }
  });

  it('tell their end once, whoever settles the last two payouts at the same moment', async () => {
    const merchant = await world.merchant();
    for (let times = 0; times < 10; times += 1) {
      const bulkId = await world.scheduledBulk(merchant, { count: 2 });
      const claimed = await world.claim(merchant);
      await Promise.all(claimed.map((one) => world.settle([findingOf(one, paid)])));
      expect(await milestones(bulkId, 'bulk.completed')).toBe(1);
    }
    expect(await world.differences()).toEqual([]);
  });

  it('tell that they are validated once, however many judges were at them', async () => {
    const merchant = await world.merchant();
    const bulkIds = await Promise.all([1, 2, 3].map(() => world.createBulk(merchant, { count: 700 })));
    await Promise.all([1, 2, 3].map(() => world.validate()));
    for (const bulkId of bulkIds) expect(await milestones(bulkId, 'bulk.validated')).toBe(1);
    expect(await world.differences()).toEqual([]);
  });

  it('are sound only where every row that is named is there', async () => {
    const merchant = await world.merchant();
    await world.scheduledBulk(merchant);
    const [claimed] = await world.claim(merchant);
    const rename = `UPDATE payout SET connector_id = $2 WHERE id = $1`;
    await world.query(rename, [claimed!.payoutId, merchant.id]);
    expect(await world.differences()).toEqual([`payout.connector_id names no connector: ${merchant.id}`]);
    await world.query(rename, [claimed!.payoutId, merchant.connectorId]);
    expect(await world.differences()).toEqual([]);
  });

  const somebodyWaits = async (): Promise<boolean> => (await world.query(WHO_WAITS)).length > 0;

  it('lose no payout to an edit that a cancellation had to wait for', async () => {
    const merchant = await world.merchant();
    const items = [validItem(), validItem(), validItem()];
    const bulkId = await world.scheduledBulk(merchant, { items });
    const command = { merchantId: merchant.id, bulkId, ifMatch: null, head: {}, controlTotals: null };
    const change = { reference: items[1]!.reference, patch: { amount: '77.00' }, pointer: '/items/0' };
    const [cancelled] = await world.transactions.asMerchant(merchant.id, async (tx) => {
      await world.get(EditBulk).execute(tx, { ...command, items: [change] });
      const waiting = cancel(merchant, bulkId);
      await until(somebodyWaits);
      // In an array, or this transaction would wait for the one that waits for it.
      return [waiting];
    });
    expect((await cancelled).map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(await world.differences()).toEqual([]);
  });

  it('that reject hold every payout back while one is invalid, and let all go with its mending', async () => {
    const merchant = await world.merchant();
    const wrong = invalidItem();
    const bulkId = await world.scheduledBulk(merchant, { items: [validItem(), wrong, validItem()], invalidItems: 'reject' });
    expect((await world.payouts(bulkId)).map(({ status, held }) => [status, held])).toEqual([
      ['SCHEDULED', true],
      ['VALIDATION_FAILED', true],
      ['SCHEDULED', true],
    ]);
    expect(await world.claim(merchant)).toEqual([]);
    await edit(merchant, bulkId, [mended(wrong.reference)]);
    expect(await world.claim(merchant)).toEqual([]);
    await world.validate();
    expect(await world.claim(merchant)).toHaveLength(3);
  });

  it('that reject are all or nothing for every claim that races with the edit that makes one wrong', async () => {
    const merchant = await world.merchant();
    for (let times = 0; times < 10; times += 1) {
      const items = [validItem(), validItem(), validItem(), validItem()];
      const bulkId = await world.scheduledBulk(merchant, { items, invalidItems: 'reject' });
      const spoil = { reference: items[0]!.reference, patch: { currency: 'XXX' }, pointer: '/items/0' };
      const [claimed, edited] = await Promise.all([
        world.claim(merchant),
        edit(merchant, bulkId, [spoil]).then(
          () => 'edited',
          () => 'refused',
        ),
      ]);
      await world.validate();
      const later = await world.claim(merchant);
      expect([claimed.length, later.length, edited]).toEqual(edited === 'edited' ? [0, 0, 'edited'] : [4, 0, 'refused']);
      if (edited === 'edited') await cancel(merchant, bulkId);
    }
  });

  it('that reject let the rest go when what is wrong is cancelled', async () => {
    const merchant = await world.merchant();
    const wrong = invalidItem();
    const bulkId = await world.scheduledBulk(merchant, { items: [validItem(), wrong], invalidItems: 'reject' });
    await cancel(merchant, bulkId, [wrong.reference]);
    expect(await world.claim(merchant)).toHaveLength(1);
  });

  it('give a reference that two of them race for to exactly one', async () => {
    const merchant = await world.merchant();
    const references = Array.from({ length: 20 }, () => newReference());
    const bulkIds = await Promise.all(
      [1, 2, 3].map(() => world.createBulk(merchant, { items: references.map((reference) => validItem({ reference })) })),
    );
    const judge = world.get(ValidatePayouts);
    await Promise.all([judge.execute(), judge.execute(), judge.execute()]);
    await world.validate();
    const payouts = (await Promise.all(bulkIds.map((bulkId) => world.payouts(bulkId)))).flat();
    for (const reference of references) {
      const statuses = payouts.filter((payout) => payout.reference === reference).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual(['SCHEDULED', 'VALIDATION_FAILED', 'VALIDATION_FAILED']);
    }
  });

  it('give a reference to a payout that waited for the holder to let it go', async () => {
    const merchant_id = (await world.merchant()).id;
    const holds = world.get(ReferenceHoldRepository);
    const reference = newReference();
    const [holder, taker] = [newUuid(), newUuid()];
    await world.run((tx) => holds.take(tx, [{ merchant_id, reference, payout_id: holder }]));
    const [refused] = await world.run(async (tx) => {
      await holds.release(tx, [{ merchant_id, reference, id: holder }]);
      const taking = world.run((other) => holds.take(other, [{ merchant_id, reference, payout_id: taker }]));
      await until(somebodyWaits);
      return [taking];
    });
    expect(await refused).toEqual(new Map());
    expect(await world.query(`SELECT payout_id FROM reference_hold WHERE reference = $1`, [reference])).toEqual([
      { payout_id: taker },
    ]);
  });

  it('never leave a taker without the reference and without a holder, when the holder it met lets go before it looks', async () => {
    const merchant_id = (await world.merchant()).id;
    const holds = world.get(ReferenceHoldRepository);
    const reference = newReference();
    const [holder, taker] = [newUuid(), newUuid()];
    await world.run((tx) => holds.take(tx, [{ merchant_id, reference, payout_id: holder }]));
    const refused = await world.run((tx) => {
      let letGo: Promise<unknown> | null = null;
      const letGoAfterTheFirst = new Proxy(tx, {
        get: (target, name) =>
          name !== 'query'
            ? (Reflect.get(target, name) as unknown)
            : async (text: string, values: readonly unknown[]) => {
                // What is made together runs one after the other; somebody else may be quicker than the second.
                if (letGo !== null) await letGo;
                const rows = target.query(text, values);
                letGo ??= rows.then(() => world.run((other) => holds.release(other, [{ merchant_id, reference, id: holder }])));
                return rows;
              },
      });
      return holds.take(letGoAfterTheFirst, [{ merchant_id, reference, payout_id: taker }]);
    });
    expect(refused).toEqual(new Map());
    expect(await world.query(`SELECT payout_id FROM reference_hold WHERE reference = $1`, [reference])).toEqual([
      { payout_id: taker },
    ]);
  });

  it('are judged again by another when a judge dies, and the dead one can write nothing any more', async () => {
    const merchant = await world.merchant();
    const bulkId = await world.createBulk(merchant, { count: 3 });
    await world.query(
      `UPDATE payout SET status = 'VALIDATION_IN_PROGRESS', lease_until = tranche_now() + interval '30 seconds', claim_no = 1 WHERE bulk_id = $1`,
      [bulkId],
    );
    await world.query(`UPDATE bulk_progress SET validation_pending = 0, validation_in_progress = 3 WHERE bulk_id = $1`, [bulkId]);
    await world.validate();
    expect((await world.payouts(bulkId)).map(({ status }) => status)).toEqual(Array(3).fill('VALIDATION_IN_PROGRESS'));
    await world.letTimePass(31);
    await world.validate();
    expect((await world.payouts(bulkId)).map(({ status }) => status)).toEqual(Array(3).fill('SCHEDULED'));
    expect(await world.differences()).toEqual([]);
  });
});

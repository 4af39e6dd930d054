import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AuditEntryDto, AuditVerificationDto } from '../../src/merchants/dto/audit.dto.js';
import { SealAudit } from '../../src/platform/audit/index.js';
import { Transactions } from '../../src/platform/database/index.js';
import { fromTypeId, newUuid } from '../../src/platform/ids/index.js';
import { type TestApp, testApp } from '../support/app.js';
import { newReference, tomorrow, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { asAdmin, TEMPLATE_DATABASE } from '../support/test-server.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let app: TestApp;
let databaseUrl: string;
beforeAll(async () => {
  databaseUrl = await createDatabase(TEMPLATE_DATABASE);
  app = await testApp({ databaseUrl });
});
afterAll(async () => {
  await app.close();
  await dropDatabase(databaseUrl);
});

const audit = (merchant: MerchantClient): Promise<AuditEntryDto[]> => merchant.all<AuditEntryDto>('/v1/audit');
const seal = (): Promise<void> => app.part(SealAudit).execute();
const verify = async (merchant: MerchantClient): Promise<AuditVerificationDto> =>
  (await app.operator.get<AuditVerificationDto>(`/v1/operator/merchants/${merchant.id}/audit/verification`)).body;
const uuidOf = ({ id }: MerchantClient): string => fromTypeId('merchant', id) ?? '';

/** What somebody does who has the database, all of its rights, and time. */
const tamper = (text: string, values: readonly unknown[]): Promise<unknown> =>
  asAdmin(databaseUrl, async (admin) => {
    await admin.query(`SET session_replication_role = replica`);
    await admin.query(text, [...values]);
  });

describe('an audit entry', () => {
  it('says who did what to what, when, in which request, and what it was before and after', async () => {
    const merchant = await app.merchant({ name: 'Audited' });
    const items = [validItem({ scheduled_date: tomorrow(), reference: 'one' }), validItem({ scheduled_date: tomorrow() })];
    const bulk = await merchant.post<{ id: string }>('/v1/bulks', { items, label: 'October' });
    await merchant.untilValidated(bulk.body.id);
    const at = `/v1/bulks/${bulk.body.id}`;
    const edited = await merchant.patch(at, {
      label: 'November',
      items: [{ reference: 'one', billing_data: { last_name: 'B' } }],
    });
    await merchant.post(`${at}/pause`);
    await merchant.post(`${at}/cancel`, { references: ['one'] });
    await app.operator.patch(`/v1/operator/merchants/${merchant.id}`, { timezone: 'Europe/Berlin' });
    const entries = (await audit(merchant)).reverse();
    expect(entries.map(({ action, actor, subject }) => [action, actor.kind, subject])).toEqual([
      ['createMerchant', 'operator', merchant.id],
      ['createBulk', 'merchant_key', bulk.body.id],
      ['editBulk', 'merchant_key', bulk.body.id],
      ['pauseBulk', 'merchant_key', bulk.body.id],
      ['cancelBulk', 'merchant_key', bulk.body.id],
      ['updateMerchant', 'operator', merchant.id],
    ]);
    expect(entries[2]).toMatchObject({
      actor: { id: merchant.created.api_key_id },
      request_id: edited.headers.get('request-id'),
      changes: [
        { field: 'label', before: 'October', after: 'November' },
        { field: 'payouts/one', before: null, after: ['billing_data.last_name'] },
      ],
    });
    expect(entries[4]!.changes.map(({ field, after }) => [field, after])).toEqual([['payouts/one', 'CANCELLED']]);
    expect(entries[5]!.changes).toEqual([{ field: 'timezone', before: null, after: 'Europe/Berlin' }]);
  });

  it('is there once for a request that is sent twice, and not at all for one that is refused or writes nothing', async () => {
    const merchant = await app.merchant();
    const key = { 'idempotency-key': newReference() };
    const body = { items: [validItem({ scheduled_date: tomorrow() })] };
    await merchant.post('/v1/bulks', body, key);
    await merchant.post('/v1/bulks', body, key);
    expect((await merchant.post('/v1/bulks', { items: [] }, { 'idempotency-key': newReference() })).status).toBe(422);
    expect((await merchant.post('/v1/bulks/validate', body)).status).toBe(200);
    expect((await audit(merchant)).map(({ action }) => action)).toEqual(['createBulk', 'createMerchant']);
  });

  it('is neither changed nor removed', async () => {
    const merchant = await app.merchant();
    await merchant.createBulk([validItem({ scheduled_date: tomorrow() })]);
    await seal();
    const run = (text: string): Promise<unknown> => asAdmin(databaseUrl, (admin) => admin.query(text));
    for (const text of [
      `UPDATE audit_entry SET action = 'nothing'`,
      `UPDATE audit_entry SET number = NULL, hash = NULL`,
      `DELETE FROM audit_entry`,
      `TRUNCATE audit_entry`,
    ])
      await expect(run(text)).rejects.toThrow('audit entries are neither changed nor removed');
  });

  it("of connectors and brakes stands in the engine's own chain, without the values of a config", async () => {
    const config = { base_url: 'http://127.0.0.1:9', token: 'token_of_the_gateway' };
    const made = await app.operator.post<{ id: string }>('/v1/operator/connectors', { name: 'Gateway', type: 'http', config });
    await app.operator.post(`/v1/operator/connectors/${made.body.id}/pause`, { reason: 'maintenance' });
    const [paused, created] = (await app.operator.get<{ data: AuditEntryDto[] }>('/v1/operator/audit')).body.data;
    expect([paused!.action, paused!.subject, paused!.changes.at(-1)?.after]).toEqual([
      'pauseConnector',
      made.body.id,
      'maintenance',
    ]);
    expect(created!.changes.filter(({ field }) => field.startsWith('config/'))).toEqual([
      { field: 'config/base_url', before: null, after: null },
      { field: 'config/token', before: null, after: null },
    ]);
  });
});

describe('tranche audit', () => {
  const run = (...words: string[]): Promise<{ code: number | null; out: string; err: string }> => {
    const child = spawn(
      process.execPath,
      ['--import', here('../support/register-typescript.mjs'), here('../../src/tranche.ts'), 'audit', ...words],
      {
        env: { PATH: process.env['PATH'], OPERATOR_KEY: app.operator.key ?? '', TRANCHE_URL: app.url },
      },
    );
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    return once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  };

  it('exports a chain that anybody can compute anew, and names the first link that is broken', async () => {
    const merchant = await app.merchant();
    await merchant.createBulk([validItem({ scheduled_date: tomorrow() })]);
    await seal();
    const exported = (await run('export', '--merchant', merchant.id)).out.trim().split('\n');
    const entries = exported.map((line) => JSON.parse(line) as AuditEntryDto).reverse();
    let before = Buffer.alloc(32);
    for (const { number, id, occurred_at, actor, request_id, action, subject, changes, hash } of entries) {
      const text = JSON.stringify([number, id, occurred_at, actor.kind, actor.id, request_id, action, subject, changes]);
      before = createHash('sha256').update(before).update(text).digest();
      expect(hash).toBe(before.toString('hex'));
    }
    const whole = await run('verify', '--merchant', merchant.id);
    expect([whole.code, whole.out]).toEqual([
      0,
      `2 entries are as they were sealed, until ${before.toString('hex')}; 0 wait to be sealed\n`,
    ]);
    await tamper(`UPDATE audit_entry SET action = 'forged' WHERE merchant_id = $1 AND number = 2`, [uuidOf(merchant)]);
    const broken = await run('verify', '--merchant', merchant.id);
    expect([broken.code, broken.out.split('\n')[1]]).toEqual([
      1,
      'BROKEN at entry 2: an entry was changed, put in or moved here',
    ]);
  });
});

describe('the chain of a merchant', () => {
  let merchant: MerchantClient;
  const entriesOf = async (): Promise<{ place: string; number: number }[]> =>
    app
      .part(Transactions)
      .asEngine((tx) =>
        tx.query<{ place: string; number: number }>(
          `SELECT place, number::integer FROM audit_entry WHERE merchant_id = $1 ORDER BY number`,
          [uuidOf(merchant)],
        ),
      );
  const fresh = async (): Promise<{ place: string; number: number }[]> => {
    merchant = await app.merchant();
    for (let count = 0; count < 4; count += 1) await merchant.createBulk([validItem({ scheduled_date: tomorrow() })]);
    await seal();
    expect(await verify(merchant)).toMatchObject({ whole: true, entries: 5, waiting: 0, broken: null });
    return entriesOf();
  };
  const foundAt = async (number: number): Promise<void> =>
    expect(await verify(merchant)).toMatchObject({ whole: false, broken: { number } });

  it('goes on over what was committed late, and waits for nothing that is still open', async () => {
    merchant = await app.merchant();
    const id = uuidOf(merchant);
    await app.part(Transactions).asMerchant(id, async (tx) => {
      await tx.query(
        `INSERT INTO audit_entry (id, merchant_id, actor_kind, action, changes) VALUES ($1, $2, 'system', 'late', '[]')`,
        [newUuid(), id],
      );
      await merchant.createBulk([validItem({ scheduled_date: tomorrow() })]);
      await seal();
      expect(await verify(merchant)).toMatchObject({ whole: true, entries: 2, waiting: 0 });
    });
    expect(await verify(merchant)).toMatchObject({ whole: true, entries: 2, waiting: 1 });
    await Promise.all([seal(), seal(), seal()]);
    expect(await verify(merchant)).toMatchObject({ whole: true, entries: 3, waiting: 0 });
  });

  it('is given no number by whoever writes an entry', async () => {
    merchant = await app.merchant();
    const id = uuidOf(merchant);
    const numbered = app
      .part(Transactions)
      .asMerchant(id, (tx) =>
        tx.query(
          `INSERT INTO audit_entry (id, merchant_id, actor_kind, action, changes, number) VALUES ($1, $2, 'system', 'x', '[]', 9)`,
          [newUuid(), id],
        ),
      );
    await expect(numbered).rejects.toThrow('permission denied');
  });

  it('that can not be gone on with keeps no other from it', async () => {
    const poisoned = await app.merchant();
    await poisoned.createBulk([validItem({ scheduled_date: tomorrow() })]);
    await tamper(
      `INSERT INTO audit_entry (id, merchant_id, actor_kind, action, changes, number, hash) VALUES ($1, $2, 'system', 'x', '[]', 1, '')`,
      [newUuid(), uuidOf(poisoned)],
    );
    merchant = await app.merchant();
    await expect(seal()).rejects.toThrow('1 audit chains could not be sealed');
    expect(await verify(merchant)).toMatchObject({ whole: true, entries: 1, waiting: 0 });
    expect(await verify(poisoned)).toMatchObject({ entries: 0 });
    await tamper(`DELETE FROM audit_entry WHERE merchant_id = $1 AND number = 1`, [uuidOf(poisoned)]);
    await seal();
    expect(await verify(poisoned)).toMatchObject({ whole: true, waiting: 0 });
  });

  it('shows an entry that was changed', async () => {
    const entries = await fresh();
    await tamper(`UPDATE audit_entry SET actor_id = 'somebody else' WHERE place = $1`, [entries[2]!.place]);
    await foundAt(3);
  });

  it('shows an entry that was removed, from the middle and from the end', async () => {
    const entries = await fresh();
    await tamper(`DELETE FROM audit_entry WHERE place = $1`, [entries[4]!.place]);
    await foundAt(5);
    await tamper(`DELETE FROM audit_entry WHERE place = $1`, [entries[1]!.place]);
    await foundAt(2);
  });

  it('shows an entry that was put in, whatever numbers the others were given', async () => {
    const entries = await fresh();
    for (const { place, number } of entries.slice(2).reverse())
      await tamper(`UPDATE audit_entry SET number = $2 WHERE place = $1`, [place, number + 1]);
    await tamper(
      `INSERT INTO audit_entry (id, merchant_id, actor_kind, action, changes, number, hash)
       SELECT $2, merchant_id, 'operator', 'forged', '[]', 3, hash FROM audit_entry WHERE place = $1`,
      [entries[1]!.place, newUuid()],
    );
    await foundAt(3);
  });

  it('shows entries that changed places', async () => {
    const entries = await fresh();
    const put = (place: string, number: number): Promise<unknown> =>
      tamper(`UPDATE audit_entry SET number = $2 WHERE place = $1`, [place, number]);
    await put(entries[1]!.place, 99);
    await put(entries[2]!.place, 2);
    await put(entries[1]!.place, 3);
    await foundAt(2);
  });

  it('shows an end that the engine has not sealed, and is not gone on with behind it', async () => {
    const entries = await fresh();
    await tamper(`DELETE FROM audit_entry WHERE place = $1`, [entries[4]!.place]);
    await tamper(
      `UPDATE audit_chain c SET number = e.number, hash = e.hash FROM audit_entry e WHERE e.merchant_id = c.merchant_id AND e.place = $1`,
      [entries[3]!.place],
    );
    await foundAt(4);
    await merchant.createBulk([validItem({ scheduled_date: tomorrow() })]);
    await seal();
    expect(await verify(merchant)).toMatchObject({ whole: false, entries: 4, waiting: 1 });
  });
});

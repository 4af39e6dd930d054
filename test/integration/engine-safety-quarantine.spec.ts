import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import { Transactions, type Tx } from '../../src/platform/database/index.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { QuarantineDto } from '../../src/reconciliation/dto/quarantine.dto.js';
import { QuarantineRepository } from '../../src/reconciliation/quarantine.repository.js';
import { testApp, type TestApp } from '../support/app.js';
import { inSeconds, validItem, validItems } from '../support/items.js';
import type { Payout } from '../support/merchant-client.js';
import type { ProviderOptions } from '../support/provider-server.js';
import { providerWorld, type ProviderWorld } from '../support/provider-world.js';
import { createDatabase, databaseNameOf, dropDatabase } from '../support/test-database.js';
import { asAdmin, TEMPLATE_DATABASE } from '../support/test-server.js';
import { eventually } from '../support/until.js';

describe('quarantine', () => {
  let world: ProviderWorld;
  let restored: TestApp | null = null;
  const databases: string[] = [];
  afterEach(async () => {
    await restored?.close();
    restored = null;
    await world.provider.close();
    await Promise.all(databases.splice(0).map(dropDatabase));
  });

  const database = async (template: string): Promise<string> => {
    const url = await createDatabase(template);
    databases.push(url);
    return url;
  };

  /** A database that knows of ten payouts and of none of their sends: those came after the backup. */
  const restoredAfterPaying = async (provider: ProviderOptions = {}): Promise<{ backup: string; references: string[] }> => {
    const live = await database(TEMPLATE_DATABASE);
    world = await providerWorld({ app: { databaseUrl: live, roles: new Set(['api', 'worker']) }, provider });
    const due = inSeconds(4);
    const items = validItems(10, { scheduled_date: due });
    const bulk = await world.merchant.createValidated(items);
    await world.app.close();
    const backup = await database(databaseNameOf(live));

    const goesOn = await testApp({ databaseUrl: live });
    await goesOn.known(world.merchant).untilAtRest(bulk.id);
    // Ordered and paid after the backup: the restored database has never heard of it.
    const later = await goesOn.known(world.merchant).createBulk([validItem({ reference: 'after the backup' })]);
    if (provider.lists !== false) await goesOn.known(world.merchant).untilAtRest(later.id);
    await goesOn.close();
    return { backup, references: items.map(({ reference }) => reference) };
  };

  const quarantineOf = async (app: TestApp): Promise<QuarantineDto> =>
    (await app.operator.get<QuarantineDto>('/v1/operator/quarantine')).body;
  const sentOnce = (references: readonly string[]): boolean =>
    references.every((wanted) => world.provider.ledger.filter(({ request }) => request.reference === wanted).length === 1);

  it('adopts what was paid and lost, alarms over what it can not know, and ends when an operator has looked', async () => {
    const { backup, references } = await restoredAfterPaying();
    const before = world.provider.requests.filter(({ method }) => method === 'POST').length;
    restored = await testApp({ databaseUrl: backup, quarantine: true });
    const app = restored;
    const merchant = app.known(world.merchant);

    const waits = await eventually(
      () => quarantineOf(app),
      ({ detail }) => detail?.includes('contradict our books') === true,
    );
    expect(waits).toMatchObject({ active: true, since: expect.any(String) });
    const payouts = await eventually(
      () => merchant.all<Payout>('/v1/payouts'),
      (all) => all.every(({ final }) => final),
    );
    expect(payouts.map(({ status, intent }) => [status, intent?.status])).toEqual(payouts.map(() => ['PROCESSED', 'succeeded']));
    // What was adopted was sent nobody knows when: the next comparison begins no later, should this one not have come to its end.
    const connectorId = fromTypeId('connector', world.connectorId)!;
    const from = (tx: Tx) => app.part(QuarantineRepository).compareFrom(tx, connectorId, 0);
    expect(await app.part(Transactions).asEngine(from)).toEqual(new Date(0));
    const ready = (await app.operator.get<{ checks: { name: string; ok: boolean; detail: string | null }[] }>('/readyz')).body;
    expect(ready.checks.find(({ name }) => name === 'quarantine')).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/nothing is sent/),
    });
    const connector = (await app.operator.get<ConnectorDto>(`/v1/operator/connectors/${world.connectorId}`)).body;
    expect(connector).toMatchObject({
      paused: true,
      paused_by: 'engine',
      pause_reason: expect.stringMatching(/no attempt or payout of ours/),
    });

    // Whatever comes due meanwhile waits.
    const fresh = await merchant.createValidated([validItem()]);
    expect((await merchant.payoutOf(fresh.id)).status).toBe('SCHEDULED');
    expect(world.provider.requests.filter(({ method }) => method === 'POST')).toHaveLength(before);

    expect((await app.operator.post(`/v1/operator/connectors/${world.connectorId}/resume`)).status).toBe(200);
    await eventually(
      () => quarantineOf(app),
      ({ active }) => !active,
    );
    await merchant.untilAtRest(fresh.id);
    expect(sentOnce(references)).toBe(true);
    expect(await app.differences()).toEqual([]);
  });

  it('asks under every key where the provider has no list, and ends by itself', async () => {
    const { backup, references } = await restoredAfterPaying({ lists: false });
    restored = await testApp({ databaseUrl: backup, quarantine: true });
    const app = restored;
    const merchant = app.known(world.merchant);
    await eventually(
      () => quarantineOf(app),
      ({ active }) => !active,
    );
    const payouts = await eventually(
      () => merchant.all<Payout>('/v1/payouts'),
      (all) => all.every(({ final }) => final),
    );
    expect(payouts).toHaveLength(10);
    expect(sentOnce(references)).toBe(true);
  });

  it('does not take for unsent what the provider may have forgotten', async () => {
    const { backup, references } = await restoredAfterPaying({ lists: false, remembers_ms: 0 });
    await asAdmin(backup, (admin) => admin.query(`UPDATE payout SET scheduled_at = scheduled_at - interval '3 days'`));
    restored = await testApp({ databaseUrl: backup, quarantine: true });
    const app = restored;
    const waits = await eventually(
      () => quarantineOf(app),
      ({ detail }) => detail?.includes('than it remembers keys') === true,
    );
    expect(waits).toMatchObject({ active: true, detail: expect.stringMatching(/payout_\w+ was due longer ago/) });
    expect(sentOnce(references)).toBe(true);
  });

  it('is lifted by an operator with a reason, and only where it is on', async () => {
    world = await providerWorld({
      app: { databaseUrl: await database(TEMPLATE_DATABASE), quarantine: true },
      config: { stale_window_ms: 600_000 },
    });
    restored = world.app;
    const bulk = await world.merchant.createValidated([validItem()]);
    const payout = await world.merchant.payoutOf(bulk.id);
    await eventually(
      () => world.merchant.explanation(payout.id),
      ({ cause, detail }) => cause === 'provider_busy' && detail.includes('compared'),
    );
    const reason = 'Compared by hand.';
    expect((await world.app.operator.post('/v1/operator/quarantine/lift', {})).status).toBe(422);
    expect((await world.app.operator.post('/v1/operator/quarantine/lift', { reason })).status).toBe(200);
    await world.merchant.untilAtRest(bulk.id);
    const again = await world.app.operator.post('/v1/operator/quarantine/lift', { reason });
    expect(again).toMatchObject({ status: 409, body: { code: 'not_in_quarantine' } });
  });
});

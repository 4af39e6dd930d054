import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkAll, type Evidence } from '../../examples/demo/checks.js';
import type { Event, Payout, Payroll } from '../../examples/demo/contract.js';
import { ROOT } from '../architecture/repository-files.js';

const DEMO_MS = 120_000;
/** Every n-th payout: few enough for a test, with some of every kind. */
const EVERY_NTH = 7;

describe('the demo', () => {
  it('ends with 0 when every promise was kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tranche-demo-test-'));
    try {
      const payroll = JSON.parse(await readFile(join(ROOT, 'examples/payroll.json'), 'utf8')) as Payroll;
      const items = payroll.items.filter((_, position) => position % EVERY_NTH === 0);
      const file = join(folder, 'payroll.json');
      await writeFile(file, JSON.stringify({ ...payroll, items, control_totals: { count: items.length } }));
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', join(ROOT, 'test/support/register-typescript.mjs'), join(ROOT, 'examples/demo.ts'), file],
        { cwd: ROOT, timeout: DEMO_MS, env: { PATH: process.env['PATH'] } },
      );
      expect(stdout).toContain('Every promise was kept.');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

const payout: Payout = {
  id: 'payout_1',
  reference: 'A',
  amount: '10.00',
  currency: 'EUR',
  scheduled_at: '2026-12-01T09:00:00.000Z',
  status: 'PROCESSED',
  final: true,
  issues: [],
  payout_method: { type: 'wallet', account_id: 'w' },
  metadata: null,
  intent: { status: 'succeeded', failure: null, created_at: '2026-12-01T09:00:00.002Z' },
};
const event = (sequence: number): Event => ({
  type: 'payout.created',
  data: { event_id: `event_${sequence}`, sequence, bulk_id: 'bulk_1', payout_id: 'payout_1' },
});
const sound: Evidence = {
  bulk: {
    id: 'bulk_1',
    status: 'PROCESSED',
    item_count: 1,
    counts: { PROCESSED: 1 },
    totals: [{ currency: 'EUR', amount: '10.00', count: 1 }],
    outcome: { succeeded: 1, failed: 0, pending: 0, returned: 0 },
  },
  payouts: [payout],
  cancellations: [],
  ledger: [{ id: '1', reference: 'A', amount: '10.00', currency: 'EUR' }],
  feed: [event(1), event(2)],
  received: [event(1), event(2)],
  refusedSignatures: 0,
};
const faultsOf = (change: Partial<Evidence>): string[] => checkAll({ ...sound, ...change }).flatMap(({ faults }) => faults);

describe('the checks of the demo', () => {
  it('find nothing where nothing is wrong', () => {
    expect(faultsOf({})).toEqual([]);
  });

  const [paid] = sound.ledger;
  it.each<[string, Partial<Evidence>, string]>([
    ['a payout that was paid twice', { ledger: [paid!, paid!] }, 'A was paid twice'],
    ['a payout that was not paid', { ledger: [] }, 'A was not paid'],
    ['a wrong amount', { ledger: [{ ...paid!, amount: '10.01' }] }, 'A was paid 10.01 EUR, not 10.00 EUR'],
    ['a stranger in the ledger', { ledger: [paid!, { ...paid!, reference: 'B' }] }, 'B was paid and is not PROCESSED'],
    ['a payout that hangs', { payouts: [{ ...payout, final: false }] }, 'A is PROCESSED (succeeded)'],
    ['a start before its instant', { payouts: [{ ...payout, scheduled_at: '2026-12-01T09:00:01.000Z' }] }, 'A started at'],
    [
      'a cancelled payout that was paid',
      { cancellations: [{ reference: 'A', outcome: 'cancelled' }] },
      'A was answered “cancelled”',
    ],
    ['an event that never arrived', { received: [event(1)] }, 'event_2 never arrived'],
    ['an event that nobody knows', { received: [event(1), event(2), event(3)] }, 'event_3 is not in the feed'],
    ['webhooks out of order', { received: [event(2), event(1)] }, 'came as number 2, expected 1'],
    ['a wrong signature', { refusedSignatures: 1 }, '1 were not'],
    ['a wrong count', { bulk: { ...sound.bulk, counts: { SCHEDULED: 1 } } }, 'counts'],
    ['a wrong total', { bulk: { ...sound.bulk, totals: [{ currency: 'EUR', amount: '9.00', count: 1 }] } }, 'EUR'],
  ])('find %s', (_, change, fault) => {
    expect(faultsOf(change)).toContainEqual(expect.stringContaining(fault));
  });
});

import type { QueryRunner } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { rights } from '../../migrations/rights.js';
import { BulkProgress } from '../../src/bulks/index.js';
import type { Transactions } from '../../src/platform/database/index.js';
import { ClusterJobs } from '../../src/scheduler/jobs.js';
import './next-release.events.js';

/**
 * The program as a next release may be: it expands the tables under this one's processes, brings a table with rights of its own, a
 * job that writes it, and tells of a step that nobody knew. It is this version's code otherwise.
 */
const EXPANDED = ['bulk', 'payout', 'payout_revision', 'payout_intent', 'attempt', 'event', 'webhook_delivery', 'merchant'];

function migrationOf(number: number, name: string, text: string): new () => { name: string } {
  return class {
    readonly name = `${name}${20_991_231_000_000 + number}`;
    up = (runner: QueryRunner): Promise<unknown> => runner.query(text);
    down = (): Promise<void> => Promise.reject(new Error('this is only a test'));
  };
}

const expanding = EXPANDED.map((table, number) =>
  migrationOf(
    number,
    'NextExpands',
    `ALTER TABLE ${table} ADD COLUMN next_maybe text, ADD COLUMN next_surely integer NOT NULL DEFAULT 7`,
  ),
);
const adding = migrationOf(
  EXPANDED.length,
  'NextAdds',
  `CREATE TABLE next_duty (process integer NOT NULL, at timestamptz NOT NULL)`,
);
(migrations as unknown[]).push(...expanding, adding);

Object.assign(rights, { next_duty: { ofMerchant: null, api: ['SELECT'], worker: ['SELECT', 'INSERT'] } });

patch(
  ClusterJobs.prototype,
  'list',
  (list) =>
    function (this: ClusterJobs) {
      const { transactions } = this as unknown as { readonly transactions: Transactions };
      const run = async (): Promise<void> => {
        await transactions.asEngine((tx) => tx.query('INSERT INTO next_duty VALUES ($1, tranche_now())', [process.pid]));
      };
      const duty = { name: 'next-duty', meaning: 'Of the next release.', every: '1 second', lease_ms: 60_000, run };
      return [...list.call(this), duty];
    },
);

patch(
  BulkProgress.prototype,
  'tell',
  (tell) =>
    function (this: BulkProgress, tx, told) {
      const noted = told.map(({ id, types }) => ({
        id,
        types: types.flatMap((type) => (type === 'bulk.created' ? [type, 'bulk.noted'] : type)),
      }));
      return tell.call(this, tx, noted);
    },
);

/** Puts another method in the place of one, which is given along. */
function patch<Part, Name extends keyof Part>(part: Part, name: Name, by: (before: Part[Name]) => Part[Name]): void {
  part[name] = by(part[name]);
}

await import('../../src/main.js');

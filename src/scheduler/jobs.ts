import { Logger } from '@nestjs/common';
import type { BulkAudit } from '../bulks/index.js';
import { forgetProviderNotifications } from '../payouts/index.js';
import type { SealAudit } from '../platform/audit/index.js';
import type { Transactions } from '../platform/database/index.js';
import type { RotateKeys, UseEncryptionKey } from '../platform/encryption/index.js';
import { forgetIdempotencyKeys, forgetIdempotencySecrets } from '../platform/http/index.js';
import { defineJobs, type Job } from '../platform/jobs/index.js';
import { forgetFullBuckets } from '../platform/rate-limit/index.js';
import type { ExpireUnclaimed, ReconcileConnectors } from '../reconciliation/index.js';
import type { ExpireHeld, LaneFigures } from '../webhooks/index.js';
import type { EngineFigures } from './engine-figures.js';
import type { RemoveOldEvents } from './remove-old-events.js';

const MINUTE_MS = 60_000;

/** What the jobs work with. */
export interface JobPorts {
  readonly transactions: Transactions;
  readonly bulkAudit: BulkAudit;
  readonly reconciliation: ReconcileConnectors;
  readonly expireHeld: ExpireHeld;
  readonly expireUnclaimed: ExpireUnclaimed;
  readonly rotateKeys: RotateKeys;
  readonly removeOldEvents: RemoveOldEvents;
  readonly sealAudit: SealAudit;
}

/**
 * Every recurring duty of the cluster, run by agenda: one worker at a time takes each. What is due at an instant of its own
 * (payouts, checks of intents, deliveries, leases that end) is no job: rows are the schedule, and the workers wake for them.
 */
export const clusterJobs = ({
  transactions,
  bulkAudit,
  reconciliation,
  expireHeld,
  expireUnclaimed,
  rotateKeys,
  removeOldEvents,
  sealAudit,
}: JobPorts): readonly Job[] =>
  defineJobs([
    ...forgetting(transactions),
    ...askingProviders(reconciliation, expireUnclaimed),
    {
      name: 'expire-held-deliveries',
      meaning: 'Drops what disabled webhook endpoints have missed and nobody has asked for in WEBHOOK_HELD_DAYS.',
      every: '1 hour',
      lease_ms: 30 * MINUTE_MS,
      run: () => expireHeld.execute(),
    },
    {
      name: 'rotate-encryption-keys',
      meaning: 'Seals anew what lies under older encryption keys than the current one, and retires these keys.',
      every: '1 minute',
      lease_ms: 30 * MINUTE_MS,
      run: () => rotateKeys.execute(),
    },
    {
      name: 'remove-old-events',
      meaning: 'Removes events with their deliveries, and ended resends, that are older than EVENTS_RETENTION_DAYS.',
      every: '1 hour',
      lease_ms: 60 * MINUTE_MS,
      run: () => removeOldEvents.execute(),
    },
    {
      name: 'seal-audit',
      meaning: 'Puts new audit entries behind the end of the chain of their merchant.',
      every: '1 minute',
      lease_ms: 5 * MINUTE_MS,
      run: () => sealAudit.execute(),
    },
    {
      name: 'audit-bulk-counts',
      meaning:
        'Compares the stored counts of the newest bulks with their payouts; a difference is a defect and is logged as one.',
      every: '5 minutes',
      lease_ms: 5 * MINUTE_MS,
      run: async () => {
        for (const difference of await bulkAudit.differences()) new Logger('BulkAudit').error(difference);
      },
    },
  ]);

/** What providers are asked without a payout's own schedule asking for it. */
const askingProviders = (reconciliation: ReconcileConnectors, expireUnclaimed: ExpireUnclaimed): readonly Job[] => [
  {
    name: 'reconcile-connectors',
    meaning: 'Compares the list of every provider that has one with our attempts; what contradicts pauses the connector.',
    every: '5 minutes',
    lease_ms: 15 * MINUTE_MS,
    run: () => reconciliation.execute(),
  },
  {
    name: 'expire-unclaimed',
    meaning: 'Takes back from providers what no receiver has claimed in UNCLAIMED_DAYS.',
    every: '1 hour',
    lease_ms: 60 * MINUTE_MS,
    run: () => expireUnclaimed.execute(),
  },
];

/** What grows with every request, and what nobody asks for any more. */
const forgetting = (transactions: Transactions): readonly Job[] => [
  {
    name: 'forget-idempotency-secrets',
    meaning: 'Drops kept answers that carried a secret, an hour after they were given.',
    every: '5 minutes',
    lease_ms: 5 * MINUTE_MS,
    run: () => inSlices(transactions, forgetIdempotencySecrets),
  },
  {
    name: 'forget-idempotency-keys',
    meaning: 'Deletes idempotency keys that are older than a day.',
    every: '15 minutes',
    lease_ms: 10 * MINUTE_MS,
    run: () => inSlices(transactions, forgetIdempotencyKeys),
  },
  {
    name: 'forget-full-rate-buckets',
    meaning: 'Deletes the rate buckets of keys and addresses that have not come for a minute.',
    every: '1 minute',
    lease_ms: 5 * MINUTE_MS,
    run: () => inSlices(transactions, forgetFullBuckets),
  },
  {
    name: 'forget-provider-notifications',
    meaning: 'Deletes what providers said of payments that were never ours, thirty days after it came.',
    every: '1 hour',
    lease_ms: 10 * MINUTE_MS,
    run: () => inSlices(transactions, forgetProviderNotifications),
  },
];

/** Every recurring duty that each process has for itself, run by @nestjs/schedule. */
export const ownDuties = {
  measureEngine: {
    meaning:
      'Reads the figures of the engine that /metrics shows: due and late payouts, unknown outcomes, paused connectors, lanes.',
    every_ms: 15_000,
    run: async (engine: EngineFigures, lanes: LaneFigures) => {
      await engine.refresh();
      await lanes.refresh();
    },
  },
  useEncryptionKey: {
    meaning: 'Says that this process seals under its current encryption key, so that no rotation retires it meanwhile.',
    every_ms: 60_000,
    run: (use: UseEncryptionKey) => use.execute(),
  },
} as const;

/** Slices, so that no transaction is long and other writers never wait. */
async function inSlices(
  transactions: Transactions,
  forget: (tx: Parameters<typeof forgetIdempotencyKeys>[0]) => Promise<number>,
): Promise<void> {
  while ((await transactions.asEngine(forget)) > 0);
}

import { Injectable, Logger } from '@nestjs/common';
import { BulkAudit } from '../bulks/index.js';
import { ExpirePayoutLinks } from '../payout-links/index.js';
import { forgetProviderNotifications } from '../payouts/index.js';
import { SealAudit } from '../platform/audit/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import { RotateKeys, type UseEncryptionKey } from '../platform/encryption/index.js';
import { forgetIdempotencyKeys, forgetIdempotencySecrets } from '../platform/http/index.js';
import { defineJobs, type Job } from '../platform/jobs/index.js';
import { forgetFullBuckets } from '../platform/rate-limit/index.js';
import { EraseRestingReceivers, SealOldContents } from '../receivers/index.js';
import { ExpireUnclaimed, ReconcileConnectors } from '../reconciliation/index.js';
import { ExpireHeld, type LaneFigures } from '../webhooks/index.js';
import type { EngineFigures } from './engine-figures.js';
import { RemoveOldEvents } from './remove-old-events.js';

const MINUTE_MS = 60_000;

/**
 * Every recurring duty of the cluster, run by agenda: one worker at a time takes each. What is due at an instant of its own
 * (payouts, checks of intents, deliveries, leases that end) is no job: rows are the schedule, and the workers wake for them.
 */
@Injectable()
export class ClusterJobs {
  constructor(
    private readonly transactions: Transactions,
    private readonly bulkAudit: BulkAudit,
    private readonly reconciliation: ReconcileConnectors,
    private readonly expireHeld: ExpireHeld,
    private readonly expireUnclaimed: ExpireUnclaimed,
    private readonly expirePayoutLinks: ExpirePayoutLinks,
    private readonly rotateKeys: RotateKeys,
    private readonly removeOldEvents: RemoveOldEvents,
    private readonly eraseReceivers: EraseRestingReceivers,
    private readonly sealOldContents: SealOldContents,
    private readonly sealAudit: SealAudit,
  ) {}

  list(): readonly Job[] {
    return defineJobs([...this.forgetting(), ...this.askingProviders(), ...this.keeping(), ...this.auditing()]);
  }

  /** What grows with every request, and what nobody asks for any more. */
  private forgetting(): readonly Job[] {
    return [
      {
        name: 'forget-idempotency-secrets',
        meaning: 'Drops kept answers that carried a secret, an hour after they were given.',
        every: '5 minutes',
        lease_ms: 5 * MINUTE_MS,
        run: () => this.inSlices(forgetIdempotencySecrets),
      },
      {
        name: 'forget-idempotency-keys',
        meaning: 'Deletes idempotency keys that are older than a day.',
        every: '15 minutes',
        lease_ms: 10 * MINUTE_MS,
        run: () => this.inSlices(forgetIdempotencyKeys),
      },
      {
        name: 'forget-full-rate-buckets',
        meaning: 'Deletes the rate buckets of keys and addresses that have not come for a minute.',
        every: '1 minute',
        lease_ms: 5 * MINUTE_MS,
        run: () => this.inSlices(forgetFullBuckets),
      },
      {
        name: 'forget-provider-notifications',
        meaning: 'Deletes what providers said of payments that were never ours, thirty days after it came.',
        every: '1 hour',
        lease_ms: 10 * MINUTE_MS,
        run: () => this.inSlices(forgetProviderNotifications),
      },
    ];
  }

  /** What providers are asked without a payout's own schedule asking for it. */
  private askingProviders(): readonly Job[] {
    return [
      {
        name: 'reconcile-connectors',
        meaning: 'Compares the list of every provider that has one with our attempts; what contradicts pauses the connector.',
        every: '5 minutes',
        lease_ms: 15 * MINUTE_MS,
        run: () => this.reconciliation.execute(),
      },
      {
        name: 'expire-unclaimed',
        meaning: 'Takes back from providers what no receiver has claimed in UNCLAIMED_DAYS.',
        every: '1 hour',
        lease_ms: 60 * MINUTE_MS,
        run: () => this.expireUnclaimed.execute(),
      },
    ];
  }

  /** What is kept for a time, and what lies sealed. */
  private keeping(): readonly Job[] {
    return [
      {
        name: 'expire-held-deliveries',
        meaning: 'Drops what disabled webhook endpoints have missed and nobody has asked for in WEBHOOK_HELD_DAYS.',
        every: '1 hour',
        lease_ms: 30 * MINUTE_MS,
        run: () => this.expireHeld.execute(),
      },
      {
        name: 'expire-payout-links',
        meaning: 'Writes down that payout links have expired which nobody has claimed in PAYOUT_LINK_DAYS.',
        every: '1 minute',
        lease_ms: 5 * MINUTE_MS,
        run: () => this.expirePayoutLinks.execute(),
      },
      {
        name: 'rotate-encryption-keys',
        meaning: 'Seals anew what lies under older encryption keys than the current one, and retires these keys.',
        every: '1 minute',
        lease_ms: 30 * MINUTE_MS,
        run: () => this.rotateKeys.execute(),
      },
      {
        name: 'remove-old-events',
        meaning: 'Removes events with their deliveries, and ended resends, that are older than EVENTS_RETENTION_DAYS.',
        every: '1 hour',
        lease_ms: 60 * MINUTE_MS,
        run: () => this.removeOldEvents.execute(),
      },
      {
        name: 'seal-old-contents',
        meaning: 'Seals under keys of their receivers what was ordered before receivers had keys, so that they can be forgotten.',
        every: '1 minute',
        lease_ms: 30 * MINUTE_MS,
        run: () => this.sealOldContents.execute(),
      },
      {
        name: 'erase-resting-receivers',
        meaning:
          'Erases account and billing data of receivers to whose payouts nothing has happened in RECEIVERS_RETENTION_DAYS.',
        every: '1 day',
        lease_ms: 60 * MINUTE_MS,
        run: () => this.eraseReceivers.execute(),
      },
    ];
  }

  private auditing(): readonly Job[] {
    return [
      {
        name: 'seal-audit',
        meaning: 'Puts new audit entries behind the end of the chain of their merchant.',
        every: '1 minute',
        lease_ms: 5 * MINUTE_MS,
        run: () => this.sealAudit.execute(),
      },
      {
        name: 'audit-bulk-counts',
        meaning:
          'Compares the stored counts of the newest bulks with their payouts; a difference is a defect and is logged as one.',
        every: '5 minutes',
        lease_ms: 5 * MINUTE_MS,
        run: async () => {
          for (const difference of await this.bulkAudit.differences()) new Logger('BulkAudit').error(difference);
        },
      },
    ];
  }

  /** Slices, so that no transaction is long and other writers never wait. */
  private async inSlices(forget: (tx: Tx) => Promise<number>): Promise<void> {
    while ((await this.transactions.asEngine(forget)) > 0);
  }
}

/** Every recurring duty that each process has for itself, run by @nestjs/schedule. */
export const ownDuties = {
  measureEngine: {
    meaning:
      'Reads the figures of the engine that /metrics shows: due and late payouts, unknown outcomes, paused connectors, lanes.',
    every_ms: 15_000,
    run: async (engine: EngineFigures, lanes: LaneFigures) => {
      try {
        await engine.refresh();
      } finally {
        await lanes.refresh();
      }
    },
  },
  useEncryptionKey: {
    meaning: 'Says that this process seals under its current encryption key, so that no rotation retires it meanwhile.',
    every_ms: 60_000,
    run: (use: UseEncryptionKey) => use.execute(),
  },
} as const;

import { Injectable } from '@nestjs/common';
import { Transactions } from '../platform/database/index.js';
import { newUuid } from '../platform/ids/index.js';
import { GONE_AFTER_MS, shareOf } from './connector-share.js';
import { ConnectorWorkerRepository } from './connector-worker.repository.js';

/** Often enough that two beats can be lost before this worker counts as gone. */
const BEAT_MS = 1_000;

/** How much of one connector this process uses, and the limit of all processes together. */
export interface ConnectorUse {
  readonly connectorId: string;
  readonly limit: number;
  readonly inFlight: number;
}

/** This process's part of a connector. */
export interface Share {
  readonly places: number;
  /** On this process's monotonic clock: past it others may have taken the places over, and no call starts. */
  readonly until: number;
}

const NO_SHARE: Share = { places: 0, until: 0 };

/**
 * Shares the limits of connectors out between the workers of the cluster, once a second and by the database's clock. The sum
 * never exceeds a limit, but for calls of a worker that died or froze: those may be out for their timeout after its places
 * have gone to others.
 */
@Injectable()
export class ShareConnectors {
  private readonly workerId = newUuid();
  private shares: ReadonlyMap<string, Share> = new Map();
  private lastBeat = -Infinity;

  constructor(
    private readonly transactions: Transactions,
    private readonly workers: ConnectorWorkerRepository,
  ) {}

  of(connectorId: string): Share {
    return this.shares.get(connectorId) ?? NO_SHARE;
  }

  /** Tells the others that this process is here and takes its part anew, where the last time is a second ago. */
  async execute(uses: readonly ConnectorUse[]): Promise<void> {
    const now = performance.now();
    const known = uses.every(({ connectorId }) => this.shares.has(connectorId));
    if (known && now - this.lastBeat < BEAT_MS) return;
    const places = await this.transactions.asEngine(async (tx) => {
      const others = await this.workers.lockOthers(tx, this.workerId);
      const shared = uses.map(({ connectorId, limit, inFlight }) => {
        const mine = shareOf(
          limit,
          this.workerId,
          others.filter(({ connector_id }) => connector_id === connectorId),
        );
        return { connectorId, mine, inFlight };
      });
      // Calls that are out keep their places until they have ended, even where this process's part has become smaller.
      const rows = shared.map(({ connectorId, mine, inFlight }) => ({
        connector_id: connectorId,
        places: Math.max(mine, inFlight),
      }));
      await this.workers.write(tx, this.workerId, rows);
      return shared;
    });
    this.lastBeat = now;
    this.shares = new Map(places.map(({ connectorId, mine }) => [connectorId, { places: mine, until: now + GONE_AFTER_MS }]));
  }

  /** Others need not wait until this process counts as gone. */
  async leave(): Promise<void> {
    this.shares = new Map();
    await this.transactions.asEngine((tx) => this.workers.leave(tx, this.workerId));
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { type Capabilities, ConnectorTrafficRepository } from '../connectors/index.js';
import { Transactions } from '../platform/database/index.js';
import { MONOTONIC_CLOCK, type MonotonicClock } from '../platform/time/index.js';
import type { Allowance } from './allowance.js';
import { ClaimPayouts, type Claims, NO_CLAIMS } from './claim-payouts.js';

/** A probe begins within this of being taken, and is another's after that and the deadline of its call. */
const PROBE_BEGINS_MS = 5_000;

/** What one process has room for at one connector. */
export interface ClaimWish {
  readonly connectorId: string;
  readonly capabilities: Capabilities;
  readonly limit: number;
  readonly allowance: Pick<Allowance, 'maySend' | 'slowly'>;
  /** Nothing is claimed, and nothing is out. */
  readonly idle: boolean;
}

/** Claims what may leave now: everything that is due, looks alone, or the one probe that finds out whether a breaker can be closed. */
@Injectable()
export class ClaimAllowed {
  constructor(
    private readonly transactions: Transactions,
    private readonly traffic: ConnectorTrafficRepository,
    private readonly claims: ClaimPayouts,
    @Inject(MONOTONIC_CLOCK) private readonly clock: MonotonicClock,
  ) {}

  async execute({ connectorId, capabilities, limit, allowance: { maySend, slowly }, idle }: ClaimWish): Promise<Claims> {
    if (maySend === 'anything') return this.claims.execute(connectorId, limit, { ...capabilities, scope: 'all' });
    const looks = { ...capabilities, scope: 'look_ups' } as const;
    if (!slowly) return this.claims.execute(connectorId, limit, looks);
    if (!idle) return NO_CLAIMS;
    const probe = maySend === 'probe' ? await this.claimProbe(connectorId, capabilities) : NO_CLAIMS;
    return probe.claimed.length > 0 ? probe : this.claims.execute(connectorId, 1, looks);
  }

  /** None where another process has it, or nothing is due. One that is still here when it is another's again is not sent. */
  private async claimProbe(connectorId: string, capabilities: Capabilities): Promise<Claims> {
    const taken = this.clock.now_ms();
    const hold_ms = PROBE_BEGINS_MS + capabilities.timeout_ms;
    if (!(await this.transactions.asEngine((tx) => this.traffic.takeProbe(tx, connectorId, hold_ms)))) return NO_CLAIMS;
    const { claimed, more } = await this.claims.execute(connectorId, 1, { ...capabilities, scope: 'sends' });
    if (claimed.length === 0) await this.transactions.asEngine((tx) => this.traffic.releaseProbe(tx, connectorId));
    const sendableUntil = taken + PROBE_BEGINS_MS;
    return { claimed: claimed.map((one) => ({ ...one, sendableUntil: Math.min(one.sendableUntil, sendableUntil) })), more };
  }
}

import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { ClaimDeliveries } from './claim-deliveries.js';
import type { SentDelivery } from './deliver.js';
import type { ClaimedDelivery } from './delivery.repository.js';
import { LaneRepository } from './lane.repository.js';
import type { Places } from './places.js';
import { SettleDeliveries, type SettledUnheld } from './settle-deliveries.js';
import { merchantsWithoutTurn } from './share-places.js';
import { WriteBodies } from './write-bodies.js';

/** Lanes that are ready and were not served (somebody held them, or a limit was reached) are looked at again this soon. */
const READY_AGAIN_MS = 50;
/** Another round has let go of its lanes by then. Who has not may be frozen: what he holds is left to whoever can wait. */
const LANE_HELD_MAX_MS = 250;
const NONE: ReadonlySet<SentDelivery> = new Set();

export interface RoundCalls {
  /** To be settled. */
  readonly settling: readonly SentDelivery[];
  /** Grows while the transaction runs: calls that have ended meanwhile, to be settled by the next. */
  readonly ended: readonly SentDelivery[];
  readonly places: Places;
}

/** What is neither counted nor held had been claimed anew by somebody else. */
export interface SettledAndClaimed extends SettledUnheld {
  /** To be sent. */
  readonly claimed: readonly ClaimedDelivery[];
  /** Milliseconds until a lane may have something to send; null where none has anything. */
  readonly wait_ms: number | null;
}

/**
 * One round of a dispatcher, in one transaction: settles calls that have ended, and claims as many as there is room for. Mostly the
 * lanes of both are the same: apart, each would find what the other has locked, and half of all claims nothing else. For a lane that
 * somebody else holds it waits no longer than another round may take; all other lanes wait with it.
 */
@Injectable()
export class SettleAndClaim {
  constructor(
    private readonly settle: SettleDeliveries,
    private readonly claims: ClaimDeliveries,
    private readonly bodies: WriteBodies,
    private readonly lanes: LaneRepository,
  ) {}

  async execute(tx: Tx, { settling, ended, places }: RoundCalls): Promise<SettledAndClaimed> {
    const settled = await this.settled(tx, settling);
    const claimed = await this.bodies.execute(tx, await this.claims.execute(tx, places, ended));
    const again_ms = claimed.length > 0 ? 0 : READY_AGAIN_MS;
    return { ...settled, claimed, wait_ms: await this.lanes.nextReady(tx, merchantsWithoutTurn(places), again_ms) };
  }

  private async settled(tx: Tx, settling: readonly SentDelivery[]): Promise<SettledUnheld> {
    if (settling.length === 0) return { counted: [], held: NONE };
    const [, settled] = await Promise.all([
      tx.waitAtMost(LANE_HELD_MAX_MS),
      tx.isRetry
        ? this.settle.executeUnheld(tx, settling)
        : this.settle.execute(tx, settling).then((counted) => ({ counted, held: NONE })),
    ]);
    return settled;
  }
}

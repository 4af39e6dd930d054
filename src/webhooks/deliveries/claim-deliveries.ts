import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import type { Tx } from '../../platform/database/index.js';
import type { SentDelivery } from './deliver.js';
import { type ClaimedDelivery, DeliveryRepository } from './delivery.repository.js';
import { LaneRepository } from './lane.repository.js';
import type { Places } from './places.js';
import { merchantsWithoutTurn, sharePlaces } from './share-places.js';

/**
 * Takes what this process may send next: lanes that are ready join the queue; lanes in turn, locked; then, with snapshots younger
 * than the locks, the calls that are out, and the rows. Safe to crash here because a claim is a lease: what nobody sends or settles comes
 * back at its end.
 */
@Injectable()
export class ClaimDeliveries {
  /** The last merchant that a claim has asked, where there are more than one can ask. */
  private cameTo: string | undefined;

  constructor(
    private readonly lanes: LaneRepository,
    private readonly deliveries: DeliveryRepository,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /**
   * @param places this process's; what is claimed takes its place when the claim is committed, by the caller.
   * @param ended calls of this process that have ended and are not settled; read as late as can be.
   */
  async execute(tx: Tx, places: Places, ended: readonly SentDelivery[] = []): Promise<ClaimedDelivery[]> {
    const [, , lanes] = await Promise.all([
      tx.planOnce(),
      this.lanes.queueReady(tx),
      this.lanes.inTurn(tx, merchantsWithoutTurn(places), this.cameTo),
    ]);
    this.cameTo = lanes[0]?.cameTo ?? undefined;
    if (lanes.length === 0) return [];
    const hosts = [...new Set(lanes.map(({ host }) => host))];
    const out = await this.lanes.callsOut(
      tx,
      hosts,
      ended.map(({ delivery }) => delivery),
    );
    const shares = sharePlaces(lanes, places, out);
    const { lease_s } = this.configuration;
    return this.deliveries.claim(tx, { shares, doubtfulMax: places.freeForDoubtful, lease_s });
  }
}

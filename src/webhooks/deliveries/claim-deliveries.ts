import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import type { Tx } from '../../platform/database/index.js';
import { type ClaimedDelivery, DeliveryRepository } from './delivery.repository.js';
import { LaneRepository } from './lane.repository.js';
import type { Places } from './places.js';
import { merchantsWithoutRoom, sharePlaces } from './share-places.js';

/**
 * Takes what this process may send next: lanes in turn, locked; then, with snapshots younger than the locks, the calls that
 * are out, and the rows. Safe to crash here because a claim is a lease: what nobody sends or settles comes back at its end.
 */
@Injectable()
export class ClaimDeliveries {
  constructor(
    private readonly lanes: LaneRepository,
    private readonly deliveries: DeliveryRepository,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** @param places this process's; what is claimed takes its place when the claim is committed, by the caller. */
  async execute(tx: Tx, places: Places): Promise<ClaimedDelivery[]> {
    const lanes = await this.lanes.inTurn(tx, merchantsWithoutRoom(places));
    if (lanes.length === 0) return [];
    const shares = sharePlaces(lanes, places, await this.lanes.callsOut(tx));
    const { lease_s } = this.configuration;
    return this.deliveries.claim(tx, { shares, doubtfulMax: places.freeForDoubtful, lease_s });
  }
}

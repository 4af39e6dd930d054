import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { webhookProblem } from '../webhooks.problems.js';
import { ResendRepository } from './resend.repository.js';

/** Sends one event again, or sooner: same id, same bytes, fresh timestamp and signature. One that is being sent just now goes on. */
@Injectable()
export class ResendDelivery {
  constructor(private readonly resends: ResendRepository) {}

  async execute(tx: Tx, { merchantId, deliveryId }: { merchantId: string; deliveryId: string }): Promise<void> {
    const lane = await this.resends.laneOf(tx, merchantId, deliveryId);
    if (lane === null) throw notFound();
    if (!lane.open) throw webhookProblem('endpoint_disabled', 'The endpoint of this delivery is disabled or deleted.');
    await this.resends.sendAgain(tx, deliveryId);
  }
}

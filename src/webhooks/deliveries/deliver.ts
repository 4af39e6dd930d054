import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Sealer } from '../../platform/crypto/index.js';
import { Egress, type EgressAnswer } from '../egress/egress.js';
import { deliveryHeaders } from './delivery-headers.js';
import type { ClaimedDelivery } from './delivery.repository.js';
import { judgeAnswer, type Verdict } from './judge-answer.js';

/** A delivery whose attempt has ended, to be settled. Instants are this process's monotonic clock, in milliseconds. */
export interface SentDelivery {
  readonly delivery: ClaimedDelivery;
  readonly answer: EgressAnswer;
  readonly verdict: Verdict;
  readonly claimed_ms: number;
  readonly started_ms: number;
  readonly ended_ms: number;
}

/** One attempt: signs and sends, with no transaction open. */
@Injectable()
export class Deliver {
  constructor(
    private readonly egress: Egress,
    private readonly sealer: Sealer,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /**
   * @param claimed_ms when the claim was sent off, on this process's monotonic clock.
   * @returns null where the delivery waited so long that its call could outlast its lease (a frozen process): then it is
   * left alone, and whoever claims it after the lease sends it.
   * @throws where the operator's proxy failed: no attempt of the receiver's, so it is left alone too, and the log says why.
   */
  async execute(delivery: ClaimedDelivery, claimed_ms: number): Promise<SentDelivery | null> {
    const { lease_s, webhookTimeout_s, webhookRetrySchedule_s } = this.configuration;
    const started_ms = performance.now();
    if (started_ms - claimed_ms > (lease_s - webhookTimeout_s) * 1000) return null;
    const answer = await this.egress.post({
      url: delivery.url,
      ...deliveryHeaders(delivery, this.sealer, started_ms - claimed_ms),
      body: delivery.body,
      timeout_ms: webhookTimeout_s * 1000,
    });
    if (answer.kind === 'failed' && answer.fault === 'proxy_failed') throw new Error('the proxy of WEBHOOK_PROXY_URL failed');
    const verdict = judgeAnswer(answer, {
      attempt: delivery.attempts - delivery.attempts_before + 1,
      schedule_s: webhookRetrySchedule_s,
      now: new Date(),
      random: Math.random(),
    });
    return { delivery, answer, verdict, claimed_ms, started_ms, ended_ms: performance.now() };
  }
}

import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { toTypeId } from '../../platform/ids/index.js';
import { Metrics, Traces } from '../../platform/observability/index.js';
import type { SentDelivery } from './deliver.js';
import type { AttemptFault } from './judge-answer.js';

/** From a receiver beside us to one that was down for a night, in seconds. */
const LATENCY_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 43_200];

/** What could not be written: nothing was sent. */
const UNWRITABLE = { outcome: 'exhausted', fault: 'unwritable' satisfies AttemptFault } as const;

/** What an operator sees of the dispatcher. No merchant, endpoint or URL is a label: there would be no end of them. */
@Injectable()
export class DispatcherMetrics {
  private readonly attempts: Counter<'outcome' | 'fault'>;
  private readonly dropped: Counter;
  private readonly expired: Counter;
  private readonly inFlight: Gauge;
  private readonly eventToDelivered: Histogram;

  constructor(
    { registry }: Metrics,
    private readonly traces: Traces,
  ) {
    const registers = [registry];
    this.attempts = new Counter({
      name: 'tranche_webhook_attempts_total',
      help: 'Attempts to deliver, by what followed (delivered, retry, exhausted, gone) and what they failed of (none where delivered).',
      labelNames: ['outcome', 'fault'] as const,
      registers,
    });
    // A series has to be there before its first increase, or no rule sees that.
    this.attempts.inc(UNWRITABLE, 0);
    this.dropped = new Counter({
      name: 'tranche_webhook_attempts_dropped_total',
      help: 'Attempts whose result came after their lease and was dropped: the receiver may have got the event twice.',
      registers,
    });
    this.expired = new Counter({
      name: 'tranche_webhook_deliveries_expired_total',
      help: 'Deliveries that were held for longer than WEBHOOK_HELD_DAYS and dropped.',
      registers,
    });
    this.inFlight = new Gauge({
      name: 'tranche_webhook_in_flight',
      help: 'Deliveries that this process has claimed and whose calls have not ended.',
      registers,
    });
    this.eventToDelivered = new Histogram({
      name: 'tranche_webhook_event_to_delivered_seconds',
      help: 'From the transition that an event tells to its first delivery to an endpoint.',
      buckets: LATENCY_BUCKETS_S,
      registers,
    });
  }

  setInFlight(count: number): void {
    this.inFlight.set(count);
  }

  countExpired(count: number): void {
    this.expired.inc(count);
  }

  countUnwritable(count: number): void {
    this.attempts.inc(UNWRITABLE, count);
  }

  observe(sent: readonly SentDelivery[], counted: readonly SentDelivery[]): void {
    this.dropped.inc(sent.length - counted.length);
    if (this.traces.isOn) for (const each of sent) this.trace(each);
    for (const { delivery, verdict, ended_ms, claimed_ms } of counted) {
      this.attempts.inc({ outcome: verdict.kind, fault: verdict.kind === 'delivered' ? 'none' : verdict.fault });
      if (verdict.kind !== 'delivered' || delivery.attempts_before > 0) continue;
      // Up to the claim on the database's clock, from there on ours: the two are never compared.
      const beforeClaim_ms = delivery.claimed_at.getTime() - delivery.occurred_at.getTime();
      this.eventToDelivered.observe(Math.max(0, beforeClaim_ms + ended_ms - claimed_ms) / 1000);
    }
  }

  /** A bulk is a trace: what is about none is in none. */
  private trace({ delivery, answer, verdict, started_ms, ended_ms }: SentDelivery): void {
    const { bulk_id: subject, payout_id } = delivery;
    if (subject === null) return;
    this.traces.record({
      subject,
      name: `webhook ${delivery.type}`,
      kind: 'client',
      started_ms,
      ended_ms,
      failed: verdict.kind !== 'delivered',
      fields: {
        event_id: toTypeId('event', delivery.event_id),
        endpoint_id: toTypeId('endpoint', delivery.endpoint_id),
        bulk_id: toTypeId('bulk', subject),
        payout_id: payout_id === null ? undefined : toTypeId('payout', payout_id),
        ...{ outcome: verdict.kind, attempt: delivery.attempts + 1 },
        status: answer.kind === 'answered' ? answer.status : null,
      },
    });
  }
}

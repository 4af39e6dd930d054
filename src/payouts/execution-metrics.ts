import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { toTypeId } from '../platform/ids/index.js';
import { Metrics, Traces } from '../platform/observability/index.js';
import type { CallResult } from './call-provider.js';
import type { Claimed } from './claim-payouts.js';

/** What an operator is woken for; each has its section in docs/operations.md. */
@Injectable()
export class ExecutionMetrics {
  private readonly claimed: Counter;
  private readonly settled: Counter;
  private readonly leasesLost: Counter;
  private readonly resultsDropped: Counter;
  private readonly breakerOpenings: Counter;

  constructor(
    { registry }: Metrics,
    private readonly traces: Traces,
  ) {
    const registers = [registry];
    this.claimed = new Counter({
      name: 'tranche_payouts_claimed_total',
      help: 'Payouts that this process claimed, to send them or to look them up.',
      registers,
    });
    this.settled = new Counter({
      name: 'tranche_payouts_settled_total',
      help: 'Results of providers that this process wrote, whatever they said.',
      registers,
    });
    this.leasesLost = new Counter({
      name: 'tranche_leases_lost_total',
      help: 'Payouts that were taken over by another process before this one had sent them.',
      registers,
    });
    this.resultsDropped = new Counter({
      name: 'tranche_results_dropped_total',
      help: 'Answers of providers that came after the payout was taken over or settled another way, and were dropped.',
      registers,
    });
    this.breakerOpenings = new Counter({
      name: 'tranche_breaker_openings_total',
      help: 'Times that a breaker opened, or stayed open after a probe, because sends failed in a row.',
      registers,
    });
  }

  countClaimed(count: number): void {
    this.claimed.inc(count);
  }

  /** One call to a provider has ended. */
  traceCall({ payoutId, bulkId, action }: Claimed, { finding, reach }: CallResult, started_ms: number): void {
    if (!this.traces.isOn) return;
    this.traces.record({
      subject: bulkId,
      name: action === 'send' ? 'provider send' : 'provider look-up',
      kind: 'client',
      started_ms,
      ended_ms: performance.now(),
      failed: reach === 'fault',
      fields: { payout_id: toTypeId('payout', payoutId), bulk_id: toTypeId('bulk', bulkId), status: finding.httpStatus },
    });
  }

  countSettled(count: number): void {
    this.settled.inc(count);
  }

  leaseLost(count: number): void {
    this.leasesLost.inc(count);
  }

  resultDropped(count: number): void {
    this.resultsDropped.inc(count);
  }

  breakerOpened(): void {
    this.breakerOpenings.inc();
  }
}

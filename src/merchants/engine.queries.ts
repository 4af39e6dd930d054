import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import type { EngineBrake } from './engine.repository.js';

/** The engine at a glance: its brake, who is stopped, and how many payouts are in which state. */
export interface EngineStatus extends EngineBrake {
  readonly merchants: number;
  readonly merchants_paused: number;
  readonly connectors: number;
  readonly connectors_paused: number;
  readonly bulks_paused: number;
  /** By status, every one of them. */
  readonly payouts: Readonly<Record<string, number>>;
  /** Of the payouts that a provider took or may have taken, by what became of them. */
  readonly outcome: Readonly<Record<string, number>>;
}

@Injectable()
export class EngineQueries {
  /** Sums the counts of the bulks, a row per bulk, instead of walking a row per payout: a thousandth of the work at full bulks. */
  async status(tx: Tx): Promise<EngineStatus> {
    const row = await tx.one<EngineStatus & Record<string, unknown>>(
      `SELECT e.paused_at, e.pause_reason, e.resumed_at, e.resume_reason,
         m.merchants, m.merchants_paused, c.connectors, c.connectors_paused, b.bulks_paused, p.payouts, p.outcome
       FROM engine e
       CROSS JOIN (SELECT count(*)::integer AS merchants, count(paused_at)::integer AS merchants_paused FROM merchant) m
       CROSS JOIN (SELECT count(*)::integer AS connectors, count(paused_at)::integer AS connectors_paused FROM connector) c
       CROSS JOIN (SELECT count(paused_at)::integer AS bulks_paused FROM bulk) b
       CROSS JOIN (
         SELECT
           json_build_object(
             'VALIDATION_PENDING', coalesce(sum(validation_pending), 0),
             'VALIDATION_IN_PROGRESS', coalesce(sum(validation_in_progress), 0),
             'SCHEDULED', coalesce(sum(scheduled), 0),
             'VALIDATION_FAILED', coalesce(sum(validation_failed), 0),
             'PROCESSING_IN_PROGRESS', coalesce(sum(processing_in_progress), 0),
             'PROCESSED', coalesce(sum(processed), 0),
             'INTENT_CREATION_FAILED', coalesce(sum(intent_creation_failed), 0),
             'CANCELLED', coalesce(sum(cancelled), 0)) AS payouts,
           json_build_object(
             'succeeded', coalesce(sum(outcome_succeeded), 0),
             'failed', coalesce(sum(outcome_failed), 0),
             'pending', coalesce(sum(outcome_pending), 0),
             'returned', coalesce(sum(outcome_returned), 0)) AS outcome
         FROM bulk_progress) p`,
    );
    if (row === null) throw new Error('the row of table engine is gone; its migration made it');
    return row;
  }
}

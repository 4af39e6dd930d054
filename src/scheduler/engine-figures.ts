import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Transactions } from '../platform/database/index.js';
import { JOB_FAILED, JOB_LATE } from '../platform/jobs/index.js';
import { Metrics } from '../platform/observability/index.js';

interface Figures {
  readonly [column: string]: unknown;
  readonly due: number;
  readonly lateness_s: number;
  readonly unknown: number;
  readonly needs_review: number;
  readonly connectors_paused: number;
  readonly breakers_open: number;
  readonly stray_payments: number;
  readonly books_behind_s: number;
  readonly quarantined: number;
  readonly feed_lag_s: number;
  readonly database_bytes: number;
  readonly connections_used: number;
  readonly transaction_id_age: number;
  readonly jobs_failed: number;
  readonly jobs_late: number;
  readonly read_at_s: number;
}

/** What an operator watches of the engine as a whole; the same in every process, since it is read from the database. */
@Injectable()
export class EngineFigures {
  private readonly gauges: Readonly<Record<keyof Figures & string, Gauge>>;

  constructor(
    private readonly transactions: Transactions,
    { registry }: Metrics,
  ) {
    const gauge = (name: string, help: string): Gauge => new Gauge({ name: `tranche_${name}`, help, registers: [registry] });
    this.gauges = {
      due: gauge('payouts_due', 'Payouts whose instant has come and that are not claimed yet.'),
      lateness_s: gauge('payouts_lateness_seconds', 'How long the oldest of them has been due, in seconds.'),
      unknown: gauge('intents_unknown', 'Intents whose outcome is not known; each is being looked up.'),
      needs_review: gauge('intents_needs_review', 'Intents that wait for a person.'),
      connectors_paused: gauge('connectors_paused', 'Connectors that are paused, by an operator or by the engine.'),
      breakers_open: gauge('breakers_open', 'Connectors whose provider does not answer; one payout at a time probes.'),
      stray_payments: gauge(
        'stray_payments_open',
        'Payments at providers that contradict our books and that nobody has looked at yet.',
      ),
      books_behind_s: gauge(
        'books_behind_seconds',
        "How long ago a provider's books were last compared with ours to the end, of the connector that is furthest behind.",
      ),
      quarantined: gauge('quarantined', '1 while nothing is sent because the database may have lost commits.'),
      feed_lag_s: gauge(
        'event_feed_lag_seconds',
        'Age of the oldest transaction that writes on the server: readers of the feed of events stay behind it.',
      ),
      database_bytes: gauge('database_size_bytes', 'What the database takes on the disk of its server.'),
      connections_used: gauge(
        'database_connections_used_ratio',
        'Connections of the server that are in use, of max_connections.',
      ),
      transaction_id_age: gauge(
        'database_transaction_id_age',
        'Transactions since the last freeze; PostgreSQL stops at 2 thousand million.',
      ),
      jobs_failed: gauge('jobs_failed', 'Recurring jobs of the cluster whose last run failed.'),
      jobs_late: gauge('jobs_late', 'Recurring jobs of the cluster that nobody has run for hours.'),
      read_at_s: gauge(
        'figures_read_timestamp_seconds',
        'When the figures of the engine were last read, in seconds since 1970: where that is long ago, none of them is true.',
      ),
    };
  }

  async refresh(): Promise<void> {
    const figures = await this.transactions.asEngine((tx) =>
      tx.one<Figures>(
        `SELECT d.*, i.*, c.*, s.*, e.*, p.*, j.*, extract(epoch FROM now())::double precision AS read_at_s
         FROM (SELECT count(*)::integer AS due, coalesce(extract(epoch FROM tranche_now() - min(scheduled_at)), 0)::double precision AS lateness_s
               FROM payout WHERE status = 'SCHEDULED' AND NOT held AND scheduled_at <= tranche_now()) d,
              (SELECT count(*) FILTER (WHERE status = 'unknown')::integer AS unknown,
                 count(*) FILTER (WHERE status = 'needs_review')::integer AS needs_review
               FROM payout_intent WHERE status IN ('unknown', 'needs_review')) i,
              (SELECT count(paused_at)::integer AS connectors_paused, count(breaker_until)::integer AS breakers_open,
                 coalesce(extract(epoch FROM tranche_now() - min(books_compared_until(connector))), 0)::double precision AS books_behind_s FROM connector) c,
              (SELECT count(*)::integer AS stray_payments FROM stray_payment WHERE acknowledged_at IS NULL) s,
              (SELECT count(quarantined_at)::integer AS quarantined FROM engine) e,
              (SELECT oldest_write_s AS feed_lag_s, clients::double precision / current_setting('max_connections')::integer AS connections_used,
                 pg_database_size(current_database())::double precision AS database_bytes,
                 (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS transaction_id_age
               FROM sessions_of_server()) p,
              (SELECT count(*) FILTER (WHERE ${JOB_FAILED})::integer AS jobs_failed, count(*) FILTER (WHERE ${JOB_LATE})::integer AS jobs_late
               FROM agenda_jobs) j`,
      ),
    );
    if (figures === null) return;
    for (const [name, gauge] of Object.entries(this.gauges)) gauge.set(Number(figures[name]));
  }
}

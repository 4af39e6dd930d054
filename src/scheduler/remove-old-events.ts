import { Inject, Injectable, Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import { subjectsAtWork } from '../payouts/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions } from '../platform/database/index.js';
import { Metrics } from '../platform/observability/index.js';
import { type OldEvent, OldEventsRepository } from '../webhooks/index.js';
import { EventArchive } from './event-archive.js';

/** Well within the lease of the job. What is left over by then (a first run over years) goes in the next ones. */
const RUN_MAX_MS = 15 * 60_000;
const FIRST_PLACE = '0';

/**
 * Removes events that are older than EVENTS_RETENTION_DAYS, each with its deliveries and their attempts, and resends that ended as
 * long ago. What is still going on keeps all of its history: payouts and bulks that are not at rest, deliveries that wait or are held.
 * Safe to crash here because each slice is written to the archive, if there is one, before it is removed in one transaction.
 */
@Injectable()
export class RemoveOldEvents {
  private readonly logger = new Logger(RemoveOldEvents.name);
  private readonly removed: Counter<'kind'>;

  constructor(
    private readonly transactions: Transactions,
    private readonly oldEvents: OldEventsRepository,
    @Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'eventsRetention_days' | 'archiveDir'>,
    { registry }: Metrics,
  ) {
    this.removed = new Counter({
      name: 'tranche_retention_removed_total',
      help: 'Rows that were removed because they are older than EVENTS_RETENTION_DAYS, by kind: event, delivery, resend.',
      labelNames: ['kind'] as const,
      registers: [registry],
    });
  }

  async execute(): Promise<void> {
    const { eventsRetention_days: days, archiveDir } = this.configuration;
    if (days === null) return;
    const archive = archiveDir === null ? null : new EventArchive(archiveDir);
    try {
      await this.removeEvents(days, archive);
    } finally {
      await archive?.close();
    }
    await this.removeResends(days);
  }

  private async removeEvents(days: number, archive: EventArchive | null): Promise<void> {
    const total = { events: 0, deliveries: 0 };
    const ends = performance.now() + RUN_MAX_MS;
    for (let after: string | null = FIRST_PLACE; after !== null && performance.now() < ends;) {
      const { next, places } = await this.look(days, after);
      after = next;
      if (places.length === 0) continue;
      if (archive !== null) await archive.append(await this.transactions.asEngine((tx) => this.oldEvents.whole(tx, places)));
      const { events, deliveries } = await this.transactions.asEngine((tx) => this.oldEvents.remove(tx, places));
      total.events += events;
      total.deliveries += deliveries;
      this.removed.inc({ kind: 'event' }, events);
      this.removed.inc({ kind: 'delivery' }, deliveries);
    }
    if (total.events > 0)
      this.logger.log(
        `removed ${total.events} events older than ${days} days with ${total.deliveries} deliveries, ${archive === null ? 'archived nowhere' : 'archived'}`,
      );
  }

  private look(days: number, after: string): Promise<{ next: string | null; places: readonly string[] }> {
    return this.transactions.asEngine(async (tx) => {
      const { next, found } = await this.oldEvents.look(tx, days, after);
      const atWork = await subjectsAtWork(tx, subjectsOf(found));
      return { next, places: found.filter(({ subject_id }) => !atWork.has(subject_id)).map(({ place }) => place) };
    });
  }

  private async removeResends(days: number): Promise<void> {
    for (let resends = 1; resends > 0;) {
      resends = await this.transactions.asEngine((tx) => this.oldEvents.removeResends(tx, days));
      this.removed.inc({ kind: 'resend' }, resends);
    }
  }
}

const subjectsOf = (events: readonly OldEvent[]): readonly string[] => [...new Set(events.map(({ subject_id }) => subject_id))];

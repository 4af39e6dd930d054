import { Injectable, Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { Tx } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { Metrics } from '../platform/observability/index.js';
import { ConnectorRepository } from './connector.repository.js';
import { type StrayPayment, StrayPaymentRepository } from './stray-payment.repository.js';

/** In one line of the log; the table has all. */
const STRAYS_NAMED = 5;

/** Who has found them. */
export interface StrayFinder {
  readonly connectorId: string;
  readonly source: 'notification' | 'reconciliation' | 'look_up';
}

/**
 * Tells of payments that contradict our books, of each once: it is recorded, counted, and pauses the connector, so that nothing
 * is added to what is wrong until an operator has looked. What a notification contradicts pauses nothing where the intent
 * itself goes to a person.
 */
@Injectable()
export class RaiseStrayPayments {
  private readonly logger = new Logger(RaiseStrayPayments.name);
  /** What an operator is woken for; it has its section in docs/operations.md. */
  private readonly found: Counter<'kind'>;

  constructor(
    private readonly strays: StrayPaymentRepository,
    private readonly connectors: ConnectorRepository,
    { registry }: Metrics,
  ) {
    this.found = new Counter({
      name: 'tranche_stray_payments_total',
      help: 'Payments found in the books of a provider that contradict ours, by kind; each is counted once.',
      labelNames: ['kind'] as const,
      registers: [registry],
    });
  }

  async execute(tx: Tx, { connectorId, source }: StrayFinder, strays: readonly StrayPayment[]): Promise<void> {
    if (strays.length === 0) return;
    const fresh = await this.strays.record(tx, connectorId, strays);
    const grave = fresh.find(({ kind }) => source !== 'notification' || kind === 'superseded');
    if (grave !== undefined) {
      const reason = `payment ${grave.provider_reference} at the provider: ${grave.detail}`;
      await this.connectors.pause(tx, connectorId, { by: 'engine', reason });
    }
    tx.afterCommit(() => {
      for (const { kind } of fresh) this.found.inc({ kind });
      if (fresh.length > 0) this.logger.error(wordsOf(fresh, toTypeId('connector', connectorId)));
    });
  }
}

/** One line, however many there are: an account that somebody else pays from too has a page full of them. */
function wordsOf(strays: readonly StrayPayment[], connector: string): string {
  const named = strays
    .slice(0, STRAYS_NAMED)
    .map(({ provider_reference, kind, detail }) => `${provider_reference} (${kind}): ${detail}`);
  const more = strays.length > STRAYS_NAMED ? `; and ${strays.length - STRAYS_NAMED} more` : '';
  return `stray payments at ${connector}: ${named.join('; ')}${more}`;
}

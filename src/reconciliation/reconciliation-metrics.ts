import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Metrics } from '../platform/observability/index.js';
import type { StrayKind } from './provider-books.repository.js';

/** What an operator is woken for; it has its section in docs/operations.md. */
@Injectable()
export class ReconciliationMetrics {
  private readonly strays: Counter<'kind'>;

  constructor({ registry }: Metrics) {
    this.strays = new Counter({
      name: 'tranche_stray_payments_total',
      help: 'Payments found in the books of a provider that contradict ours, by kind; each is counted once.',
      labelNames: ['kind'] as const,
      registers: [registry],
    });
  }

  strayFound(kind: StrayKind): void {
    this.strays.inc({ kind });
  }
}

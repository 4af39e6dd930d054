import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Transactions } from '../database/index.js';
import { Metrics } from './metrics.js';

/** The connections of this process to its database, read when they are asked for. */
@Injectable()
export class PoolFigures {
  constructor(transactions: Transactions, { registry }: Metrics) {
    const read = (): [string, number][] => Object.entries(transactions.pool());
    new Gauge({
      name: 'tranche_database_pool_connections',
      help: 'Connections of this process by state: busy, idle; and how many transactions are waiting for one.',
      labelNames: ['state'] as const,
      registers: [registry],
      collect() {
        for (const [state, count] of read()) this.set({ state }, count);
      },
    });
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions } from '../../platform/database/index.js';
import { BacklogRepository } from './backlog.repository.js';
import { DispatcherMetrics } from './dispatcher-metrics.js';

/** A slice takes some tens of milliseconds, in which its lanes can not be enabled. */
const ROWS_PER_SLICE = 2_000;

/** Drops what disabled endpoints have missed and nobody has asked for in a month, in slices, so that no transaction is long. */
@Injectable()
export class ExpireHeld {
  constructor(
    private readonly transactions: Transactions,
    private readonly backlog: BacklogRepository,
    private readonly metrics: DispatcherMetrics,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async execute(): Promise<void> {
    const slice = { days: this.configuration.webhookHeld_days, rowsMax: ROWS_PER_SLICE };
    for (let expired = 1; expired > 0;) {
      expired = await this.transactions.asEngine((tx) => this.backlog.expire(tx, slice));
      this.metrics.countExpired(expired);
    }
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions } from '../../platform/database/index.js';
import { BacklogRepository } from './backlog.repository.js';
import { DispatcherMetrics } from './dispatcher-metrics.js';

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
    for (let expired = 1; expired > 0;) {
      expired = await this.transactions.asEngine((tx) => this.backlog.expire(tx, this.configuration.webhookHeld_days));
      this.metrics.countExpired(expired);
    }
  }
}

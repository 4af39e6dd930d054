import { Injectable, type OnModuleInit } from '@nestjs/common';
import { compareMigrations, contractionsAmong, Transactions } from '../database/index.js';
import { Readiness, type ReadinessCheck } from './readiness.js';

/** The database answers, and has every migration that this build knows, and none that takes away what it needs. */
@Injectable()
export class DatabaseReadiness implements OnModuleInit, ReadinessCheck {
  readonly name = 'database';

  constructor(
    private readonly readiness: Readiness,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    this.readiness.add(this);
  }

  check(): Promise<string | null> {
    return this.transactions.asEngine(async (tx) => {
      const { missing, unknown } = await compareMigrations(tx);
      const [contraction] = contractionsAmong(unknown);
      if (contraction !== undefined) return `a newer version has taken away what this one needs: ${contraction}`;
      return missing.length === 0 ? null : `not migrated: lacks ${missing.join(', ')}`;
    });
  }
}

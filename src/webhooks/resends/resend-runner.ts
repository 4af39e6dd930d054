import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions, WakeListener } from '../../platform/database/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../../platform/workers/index.js';
import { AdvanceResend } from './advance-resend.js';

/** Advances resends, in every worker: each is advanced by one of them at a time. */
@Injectable()
export class ResendRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop = new WakefulLoop(ResendRunner.name, () => this.round());

  constructor(
    private readonly transactions: Transactions,
    private readonly advance: AdvanceResend,
    private readonly wakes: WakeListener,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  onApplicationBootstrap(): void {
    if (this.configuration.roles.has('worker')) this.loop.start((wake) => this.wakes.on('resend', wake));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async round(): Promise<number> {
    return (await this.transactions.asEngine((tx) => this.advance.execute(tx))) ?? SLEEP_MAX_MS;
  }
}

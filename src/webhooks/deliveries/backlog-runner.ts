import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions, WakeListener } from '../../platform/database/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../../platform/workers/index.js';
import { WorkOffBacklog } from './work-off-backlog.js';

/** Works off backlogs, in every worker: one of them at a time. */
@Injectable()
export class BacklogRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop = new WakefulLoop(BacklogRunner.name, async () =>
    (await this.transactions.asEngine((tx) => this.workOff.execute(tx))) ? 0 : SLEEP_MAX_MS,
  );

  constructor(
    private readonly transactions: Transactions,
    private readonly workOff: WorkOffBacklog,
    private readonly wakes: WakeListener,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  onApplicationBootstrap(): void {
    if (this.configuration.roles.has('worker')) this.loop.start((wake) => this.wakes.on('backlog', wake));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }
}

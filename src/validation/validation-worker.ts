import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { WakeListener } from '../platform/database/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../platform/workers/index.js';
import { GROUP_MAX, ValidatePayouts } from './validate-payouts.js';

/**
 * Validates whatever waits, in every process with the role worker; SKIP LOCKED shares the work. Where more waits than one group, a
 * second judge works beside the first: one judges while PostgreSQL writes the verdicts of the other.
 */
@Injectable()
export class ValidationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly first = new WakefulLoop(ValidationWorker.name, () => this.judge());
  private readonly second = new WakefulLoop(ValidationWorker.name, async () => (this.moreWaits ? this.judge() : SLEEP_MAX_MS));
  private moreWaits = false;

  constructor(
    private readonly validate: ValidatePayouts,
    private readonly wakes: WakeListener,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.configuration.roles.has('worker')) return;
    this.first.start((wake) => this.wakes.on('validate', wake));
    this.second.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.first.stop(), this.second.stop()]);
  }

  private async judge(): Promise<number> {
    const count = await this.validate.execute();
    this.moreWaits = count >= GROUP_MAX;
    if (this.moreWaits) this.second.wake();
    return count > 0 ? 0 : SLEEP_MAX_MS;
  }
}

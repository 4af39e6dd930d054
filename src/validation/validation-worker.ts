import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { WakeListener } from '../platform/database/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../platform/workers/index.js';
import { ValidatePayouts } from './validate-payouts.js';

/** Validates whatever waits, in every process with the role worker; SKIP LOCKED shares the work. */
@Injectable()
export class ValidationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop = new WakefulLoop(ValidationWorker.name, async () =>
    (await this.validate.execute()) > 0 ? 0 : SLEEP_MAX_MS,
  );

  constructor(
    private readonly validate: ValidatePayouts,
    private readonly wakes: WakeListener,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  onApplicationBootstrap(): void {
    if (this.configuration.roles.has('worker')) this.loop.start((wake) => this.wakes.on('validate', wake));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }
}

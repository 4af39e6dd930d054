import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { UseEncryptionKey } from '../platform/encryption/index.js';
import { LaneFigures } from '../webhooks/index.js';
import { EngineFigures } from './engine-figures.js';
import { ownDuties } from './jobs.js';

/** Runs what each process does by itself, by @nestjs/schedule. */
@Injectable()
export class OwnClock {
  private readonly logger = new Logger(OwnClock.name);
  private measuring = false;

  constructor(
    private readonly engine: EngineFigures,
    private readonly lanes: LaneFigures,
    private readonly key: UseEncryptionKey,
  ) {}

  /** A turn is left out while the one before it is still running: the figures are no reason to queue up at a slow database. */
  @Interval(ownDuties.measureEngine.every_ms)
  async measureEngine(): Promise<void> {
    if (this.measuring) return;
    this.measuring = true;
    try {
      await ownDuties.measureEngine.run(this.engine, this.lanes);
    } catch (error) {
      this.logger.warn(`the figures of the engine were not read: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.measuring = false;
    }
  }

  @Interval(ownDuties.useEncryptionKey.every_ms)
  async useEncryptionKey(): Promise<void> {
    try {
      await ownDuties.useEncryptionKey.run(this.key);
    } catch (error) {
      this.logger.warn(`the current encryption key was not reported: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

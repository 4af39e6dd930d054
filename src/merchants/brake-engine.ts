import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { type Brake, brakeChanges } from './brake.js';
import { type EngineBrake, EngineRepository } from './engine.repository.js';

/**
 * Stops everything, or lets it go on: while the engine is paused no payout of any merchant is claimed. What was claimed
 * before goes on; overdue payouts run at once after the resume. Repeating is harmless.
 */
@Injectable()
export class BrakeEngine {
  constructor(private readonly engine: EngineRepository) {}

  async execute(tx: Tx, brake: Brake): Promise<EngineBrake> {
    const { paused, reason } = brake;
    tx.note({ changes: brakeChanges(await this.engine.lock(tx), brake) });
    if (paused) return this.engine.pause(tx, reason);
    tx.wake('execute');
    return this.engine.resume(tx, reason);
  }
}

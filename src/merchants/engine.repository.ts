import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';

/** The brake on everything: while it is on, nothing is claimed for any merchant. */
export interface EngineBrake {
  readonly paused_at: Date | null;
  readonly pause_reason: string | null;
  /** Of the last resume, kept through later pauses. */
  readonly resumed_at: Date | null;
  readonly resume_reason: string | null;
}

type BrakeRow = EngineBrake & Record<string, unknown>;

const COLUMNS = 'paused_at, pause_reason, resumed_at, resume_reason';

@Injectable()
export class EngineRepository {
  async lock(tx: Tx): Promise<EngineBrake> {
    return theOne(await tx.one<BrakeRow>(`SELECT ${COLUMNS} FROM engine FOR NO KEY UPDATE`));
  }

  /** Pausing what is paused keeps its beginning and takes the newer reason. */
  async pause(tx: Tx, reason: string): Promise<EngineBrake> {
    return theOne(
      await tx.one<BrakeRow>(
        `UPDATE engine SET paused_at = coalesce(paused_at, tranche_now()), pause_reason = $1 RETURNING ${COLUMNS}`,
        [reason],
      ),
    );
  }

  async resume(tx: Tx, reason: string | null): Promise<EngineBrake> {
    return theOne(
      await tx.one<BrakeRow>(
        `UPDATE engine SET paused_at = NULL, pause_reason = NULL, resumed_at = tranche_now(), resume_reason = $1 RETURNING ${COLUMNS}`,
        [reason],
      ),
    );
  }
}

function theOne(row: EngineBrake | null): EngineBrake {
  if (row === null) throw new Error('the row of table engine is gone; its migration made it');
  return row;
}

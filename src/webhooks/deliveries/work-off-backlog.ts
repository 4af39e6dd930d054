import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { BacklogRepository } from './backlog.repository.js';

/** Rows of one transaction: some tens of milliseconds. */
const ROWS_PER_SLICE = 2_000;

/**
 * One slice of what endpoints have dropped, or of what is due again because they were enabled. Nobody waits for it: claims and
 * answers go by the endpoint's row. Safe to crash here because a slice is whole or was never made, and whoever looks next goes on.
 */
@Injectable()
export class WorkOffBacklog {
  constructor(private readonly backlog: BacklogRepository) {}

  /** @returns whether there may be more right now. */
  async execute(tx: Tx, rowsMax = ROWS_PER_SLICE): Promise<boolean> {
    if (!(await this.backlog.takeTurn(tx))) return false;
    // First, because what is dropped is not to be made due.
    if ((await this.backlog.drop(tx, rowsMax)) > 0) return true;
    // What fails now and then goes on doing so: a slice that is not full has seen all that was put off before.
    if ((await this.backlog.hasten(tx, rowsMax)) === rowsMax) return true;
    await this.backlog.forgetDropped(tx);
    return false;
  }
}

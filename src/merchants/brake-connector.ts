import { Injectable } from '@nestjs/common';
import { type ConnectorEntity, ConnectorRepository } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';
import { type Brake, brakeChanges } from './brake.js';

export interface BrakeConnectorCommand {
  readonly connectorId: string;
  readonly brake: Brake;
}

/**
 * Stops one connector, or lets it go on, whoever paused it: nothing is sent through a paused connector. What was sent
 * before goes on, and is asked for where its outcome is open; overdue payouts run at once after the resume. Repeating is harmless.
 */
@Injectable()
export class BrakeConnector {
  constructor(private readonly connectors: ConnectorRepository) {}

  async execute(tx: Tx, { connectorId, brake }: BrakeConnectorCommand): Promise<ConnectorEntity> {
    const { paused, reason } = brake;
    const before = await this.connectors.lock(tx, connectorId);
    const connector = await (paused
      ? this.connectors.pause(tx, connectorId, { by: 'operator', reason })
      : this.connectors.resume(tx, connectorId, reason));
    if (before === null || connector === null) throw notFound();
    tx.note({ changes: brakeChanges(before, brake) });
    if (!paused) tx.wake('execute');
    return connector;
  }
}

import { Injectable } from '@nestjs/common';
import { type ConnectorEntity, ConnectorRepository } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';

export interface BrakeConnectorCommand {
  readonly connectorId: string;
  /** Why it is paused; null resumes. */
  readonly reason: string | null;
}

/**
 * Stops one connector, or lets it go on, whoever paused it: nothing is sent through a paused connector. What was sent
 * before goes on, and is asked for where its outcome is open; overdue payouts run at once after the resume. Repeating is harmless.
 */
@Injectable()
export class BrakeConnector {
  constructor(private readonly connectors: ConnectorRepository) {}

  async execute(tx: Tx, { connectorId, reason }: BrakeConnectorCommand): Promise<ConnectorEntity> {
    const connector = await (reason === null
      ? this.connectors.resume(tx, connectorId)
      : this.connectors.pause(tx, connectorId, { by: 'operator', reason }));
    if (connector === null) throw notFound();
    if (reason === null) tx.wake('execute');
    return connector;
  }
}

import { Injectable } from '@nestjs/common';
import { cancelsUnclaimed, type Connector, ConnectorRegistry, ConnectorUnavailableError } from '../connectors/index.js';
import { Transactions } from '../platform/database/index.js';
import { ReceiveNotification } from './receive-notification.js';

/** What is to be taken back, as the provider knows it. */
export interface UnclaimedPayment {
  readonly connectorId: string;
  readonly providerReference: string;
}

/**
 * `answered`: our books say what the provider says now. `refused`: it will not, or can not. `unavailable`: not known, and
 * nothing was written; asking again finds out.
 */
export type CancelUnclaimedOutcome = 'answered' | 'refused' | 'unavailable';

/**
 * Takes back a payment that waits at the provider for a receiver whom it does not know.
 * Safe to crash here because the provider's word is what counts: if it took the payment back and we died before we wrote it,
 * it says so when the intent is looked at next, and to whoever cancels again.
 */
@Injectable()
export class CancelUnclaimed {
  constructor(
    private readonly transactions: Transactions,
    private readonly registry: ConnectorRegistry,
    private readonly receive: ReceiveNotification,
  ) {}

  /** Calls the provider: not to be called inside a transaction. */
  async execute({ connectorId, providerReference }: UnclaimedPayment): Promise<CancelUnclaimedOutcome> {
    const connector = await this.connectorOf(connectorId);
    if (connector === null) return 'unavailable';
    if (!cancelsUnclaimed(connector)) return 'refused';
    const outcome = await connector.cancelUnclaimed(providerReference);
    if (outcome.kind !== 'answered') return outcome.kind;
    const { payment } = outcome;
    // What names another payment says nothing of this one.
    if (payment.providerReference !== providerReference) return 'unavailable';
    const news = { providerReference, idempotencyKey: null, payment };
    await this.transactions.asEngine((tx) => this.receive.execute(tx, connectorId, news));
    return 'answered';
  }

  private async connectorOf(connectorId: string): Promise<Connector | null> {
    try {
      return (await this.registry.get(connectorId)).connector;
    } catch (error) {
      if (error instanceof ConnectorUnavailableError) return null;
      throw error;
    }
  }
}

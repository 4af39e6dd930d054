import { Injectable } from '@nestjs/common';
import type { IntentStatus, PayoutView } from '../../payouts/index.js';
import { PayoutQueries } from '../../payouts/index.js';
import { Transactions } from '../../platform/database/index.js';
import type { HttpRequest, Preparation } from '../../platform/http/index.js';
import { fromTypeId } from '../../platform/ids/index.js';
import { CancelUnclaimed, type CancelUnclaimedOutcome } from '../../reconciliation/index.js';

/** How the item stood when it was asked for, and what its provider said; null where it was not asked. */
export interface Cancellation {
  readonly intentStatus: IntentStatus | null;
  readonly outcome: CancelUnclaimedOutcome | null;
}

/** Asks the provider for an unclaimed item before the transaction of the request begins, and writes down what it says. */
@Injectable()
export class CancelItem implements Preparation<Cancellation> {
  constructor(
    private readonly transactions: Transactions,
    private readonly payouts: PayoutQueries,
    private readonly cancel: CancelUnclaimed,
  ) {}

  async prepare({ caller, params }: HttpRequest): Promise<Cancellation> {
    const id = fromTypeId('payout', `payout_${String(params['id'])}`);
    const merchantId = caller?.kind === 'merchant' ? caller.merchant.id : null;
    const payout =
      id === null || merchantId === null
        ? null
        : await this.transactions.asMerchant(merchantId, (tx) => this.payouts.find(tx, merchantId, id));
    const unclaimed = payout === null ? null : unclaimedPaymentOf(payout);
    const outcome = unclaimed === null ? null : await this.cancel.execute(unclaimed);
    return { intentStatus: payout?.intent_status ?? null, outcome };
  }
}

function unclaimedPaymentOf({ intent_status, intent_connector_id: connectorId, provider_reference }: PayoutView) {
  if (intent_status !== 'unclaimed' || connectorId === null || provider_reference === null) return null;
  return { connectorId, providerReference: provider_reference };
}

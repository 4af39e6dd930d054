import { Injectable, Logger } from '@nestjs/common';
import type { PayoutStatus } from '../bulks/index.js';
import { type ListedPayment, RaiseStrayPayments, type StrayPayment, StrayPaymentRepository } from '../connectors/index.js';
import { ClaimPayouts } from '../payouts/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import { MatchPayments } from './match-payments.js';
import { ProviderBooksRepository } from './provider-books.repository.js';

/** Its verdict decides what its payment means: it is looked at again when there is one. */
const UNDECIDED: readonly PayoutStatus[] = ['VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS'];

/**
 * Payments at a provider that no attempt of ours names. Where a payout is still to be paid under the very key, the send was
 * lost with its commit: the attempt is written again and settled, and nothing is paid twice. Every other one is a stray.
 */
@Injectable()
export class AdoptPayments {
  private readonly logger = new Logger(AdoptPayments.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly books: ProviderBooksRepository,
    private readonly claims: ClaimPayouts,
    private readonly match: MatchPayments,
    private readonly strays: StrayPaymentRepository,
    private readonly alarm: RaiseStrayPayments,
  ) {}

  async execute(connectorId: string, unnamed: readonly ListedPayment[]): Promise<{ adopted: number; undecided: number }> {
    if (unnamed.length === 0) return { adopted: 0, undecided: 0 };
    return this.transactions.asEngine((tx) => this.adoptIn(tx, connectorId, unnamed));
  }

  private async adoptIn(
    tx: Tx,
    connectorId: string,
    unnamed: readonly ListedPayment[],
  ): Promise<{ adopted: number; undecided: number }> {
    const told = await this.strays.known(
      tx,
      connectorId,
      unnamed.map(({ payment }) => payment.providerReference),
    );
    const fresh = unnamed.filter(({ payment }) => !told.has(payment.providerReference));
    const keys = fresh.flatMap(({ idempotencyKey }) => idempotencyKey ?? []);
    const payouts = new Map((await this.books.derivedFrom(tx, keys)).map((row) => [row.key, row]));
    const payoutOf = ({ idempotencyKey }: ListedPayment) => payouts.get(idempotencyKey?.toLowerCase() ?? '');

    const scheduled = [...payouts.values()].filter(({ status }) => status === 'SCHEDULED').map(({ payout_id }) => payout_id);
    const adopted = new Set(await this.claims.adopt(tx, connectorId, scheduled));
    const ours = fresh.filter((entry) => adopted.has(payoutOf(entry)?.payout_id ?? ''));
    await this.match.execute(tx, { connectorId, source: 'reconciliation', inHandToo: true }, ours);
    const undecided = fresh.filter((entry) => UNDECIDED.includes(payoutOf(entry)?.status ?? 'CANCELLED'));
    const strays = fresh.filter((entry) => !ours.includes(entry) && !undecided.includes(entry));
    const source = 'reconciliation' as const;
    await this.alarm.execute(
      tx,
      { connectorId, source },
      strays.map((entry) => strayOf(entry, payoutOf(entry))),
    );
    if (adopted.size > 0) {
      const words = `${adopted.size} payouts had been paid by attempts that our database has lost; they are settled, not paid again`;
      tx.afterCommit(() => this.logger.warn(words));
    }
    return { adopted: adopted.size, undecided: undecided.length };
  }
}

function strayOf({ payment }: ListedPayment, payout: { payout_id: string; status: PayoutStatus } | undefined): StrayPayment {
  const provider_reference = payment.providerReference;
  const is = `it is ${payment.status}`;
  if (payout === undefined) {
    return {
      provider_reference,
      kind: 'unknown',
      payout_id: null,
      detail: `${is}, and no attempt or payout of ours has its key`,
    };
  }
  const { payout_id, status } = payout;
  return { provider_reference, kind: 'not_ours_to_pay', payout_id, detail: `${is}, and its payout is ${status}` };
}

import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { allows } from '../platform/lifecycle/index.js';
import { AdvancePayouts } from './advance-payouts.js';
import { bulkProblem } from './bulk.problems.js';
import { LockedBulks, refuseStaleVersion, type LockedBulk } from './locked-bulks.js';
import { payoutLifecycle, type PayoutStatus } from './payout.lifecycle.js';
import type { PayoutRow } from './payout.repository.js';
import { ReferenceHoldRepository } from './reference-hold.repository.js';

export interface CancelPayoutsCommand {
  readonly merchantId: string;
  readonly bulkId: string;
  /** Absent: every payout of the bulk. */
  readonly references: readonly string[] | null;
  readonly ifMatch: number | null;
  /** Version of the one payout, where the request was about it alone. */
  readonly payoutIfMatch?: number | null;
}

export interface Cancellation {
  readonly payoutId: string;
  readonly reference: string;
  readonly outcome: 'cancelled' | 'already_cancelled' | 'too_late';
  readonly status: PayoutStatus;
}

/**
 * Cancels what is not yet claimed and says honestly what is. Whoever locks a payout first, this or the claim, decides: an
 * answer `cancelled` is committed before it is given and can not be claimed any more.
 */
@Injectable()
export class CancelPayouts {
  constructor(
    private readonly locked: LockedBulks,
    private readonly advance: AdvancePayouts,
    private readonly holds: ReferenceHoldRepository,
  ) {}

  async execute(tx: Tx, command: CancelPayoutsCommand): Promise<Cancellation[]> {
    if (command.references?.length === 0) {
      const detail = 'Name at least one reference, or leave `references` out to cancel the whole bulk.';
      throw bulkProblem('too_few_references', detail, {
        errors: [{ pointer: '/references', code: 'too_few_references', detail }],
      });
    }
    const bulk = await this.locked.open(tx, command);
    const chosen = command.references === null ? bulk.payouts : chosenOf(bulk, command.references);
    for (const { version } of chosen) refuseStaleVersion(command.payoutIfMatch ?? null, version);
    const cancellable = chosen.filter(({ status }) => allows(payoutLifecycle, 'cancel', status));
    await this.cancel(tx, cancellable);
    if (cancellable.length > 0) await this.locked.close(tx, bulk, null);
    tx.note({
      changes: cancellable.map(({ reference, status }) => ({
        field: `payouts/${reference}`,
        before: status,
        after: 'CANCELLED',
      })),
    });

    const cancelled = new Set(cancellable.map(({ id }) => id));
    return chosen.map(({ id, reference, status }) =>
      cancelled.has(id)
        ? { payoutId: id, reference, outcome: 'cancelled', status: 'CANCELLED' }
        : { payoutId: id, reference, outcome: status === 'CANCELLED' ? 'already_cancelled' : 'too_late', status },
    );
  }

  private async cancel(tx: Tx, payouts: readonly PayoutRow[]): Promise<void> {
    await this.advance.execute(
      tx,
      payouts.map((payout) => ({ payout, transitions: ['cancel'], changes: { version: payout.version + 1 } })),
    );
    await this.holds.release(tx, payouts);
  }
}

/** The payouts of these references, each once, in the order of the bulk. */
function chosenOf(bulk: LockedBulk, references: readonly string[]): PayoutRow[] {
  const byReference = new Map(bulk.payouts.map((payout) => [payout.reference, payout]));
  refuseUnknownReferences(
    byReference,
    references.map((reference, index) => ({ reference, pointer: `/references/${index}` })),
  );
  const wanted = new Set(references);
  return bulk.payouts.filter(({ reference }) => wanted.has(reference));
}

/** @throws `unknown_reference` with a pointer to every name that the bulk does not have. */
export function refuseUnknownReferences(
  known: ReadonlyMap<string, unknown>,
  named: readonly { readonly reference: string; readonly pointer: string }[],
): void {
  const detail = 'No payout of this bulk has this reference; payouts can not be added to a bulk.';
  const errors = named
    .filter(({ reference }) => !known.has(reference))
    .map(({ pointer }) => ({ pointer, code: 'unknown_reference', detail }));
  if (errors.length > 0)
    throw bulkProblem('unknown_reference', 'Nothing was changed: some references are not in this bulk.', { errors });
}

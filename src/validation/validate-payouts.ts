import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import {
  AdvancePayouts,
  BulkProgress,
  type Issue,
  PayoutContentRepository,
  PayoutRepository,
  type PayoutRow,
  type PayoutStep,
  ReferenceHoldRepository,
  type StoredContent,
} from '../bulks/index.js';
import { isUnanswered, Transactions, type Tx } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { MONOTONIC_CLOCK, type MonotonicClock } from '../platform/time/index.js';
import { type Judgement, judgePayout } from './judge-payout.js';
import { type JudgingContext, JudgingContexts } from './judging-contexts.js';

/** Payouts judged in one go: large enough that the statements do not count, small enough to keep a bulk's row for milliseconds. */
const GROUP_MAX = 500;
/** A judge needs milliseconds; one that needs this long is dead or frozen, and another takes its payouts over. */
const LEASE_S = 30;
/** A database that is away is asked again this often, until the lease ends and others may judge. */
const RETRY_MS = 250;

/**
 * Created, and begun to be judged: a payout with no more history than this is judged for the first time. Its version would not
 * say so, because a new date of the bulk raises that of payouts that still wait.
 */
const EVENTS_BEFORE_FIRST_VERDICT = 2;

interface Judged {
  readonly payout: PayoutRow;
  readonly judgement: Judgement;
  readonly connectorId: string | null;
}

/**
 * Judges what waits: takes a group under a lease, judges each payout by itself, writes the verdicts.
 * Safe to crash here because a payout in validation has a lease: when it ends, the next round takes the payout over, and
 * the fence drops what its former judge may still write.
 */
@Injectable()
export class ValidatePayouts {
  constructor(
    private readonly transactions: Transactions,
    private readonly payouts: PayoutRepository,
    private readonly contents: PayoutContentRepository,
    private readonly contexts: JudgingContexts,
    private readonly advance: AdvancePayouts,
    private readonly holds: ReferenceHoldRepository,
    private readonly progress: BulkProgress,
    @Inject(MONOTONIC_CLOCK) private readonly clock: MonotonicClock,
  ) {}

  /** @returns how many payouts were taken. */
  async execute(): Promise<number> {
    const leaseEnds = this.clock.now_ms() + LEASE_S * 1000;
    const judged = await this.transactions.asEngineConfirmed((tx) => this.takeAndJudge(tx));
    if (judged.length > 0) await this.settleWhileOurs(judged, leaseEnds);
    return judged.length;
  }

  /** A verdict is not lost because the database is away for a moment: else its payout waits for the end of the lease. */
  private async settleWhileOurs(judged: readonly Judged[], leaseEnds: number): Promise<void> {
    for (;;) {
      try {
        await this.transactions.asEngineConfirmed((tx) => this.settle(tx, judged));
        return;
      } catch (error) {
        if (!isUnanswered(error) || this.clock.now_ms() > leaseEnds) throw error;
        await wait(RETRY_MS);
      }
    }
  }

  private async takeAndJudge(tx: Tx): Promise<Judged[]> {
    const waiting = await this.payouts.lockForValidation(tx, GROUP_MAX);
    if (waiting.length === 0) return [];
    const { rows } = await this.advance.execute(
      tx,
      waiting.map((payout) => ({
        payout,
        transitions: payout.status === 'VALIDATION_PENDING' ? ['begin_validation'] : [],
        lease_s: LEASE_S,
      })),
    );
    const taken = [...rows.values()];
    const stored = await this.contents.current(
      tx,
      taken.map(({ id }) => id),
    );
    const contexts = await this.contexts.load(tx, taken);
    return taken.flatMap((payout) => judge(payout, stored.get(payout.id), contexts));
  }

  private async settle(tx: Tx, judged: readonly Judged[]): Promise<void> {
    const rejecting = [
      ...new Set(judged.filter(({ payout }) => payout.invalid_items === 'reject').map(({ payout }) => payout.bulk_id)),
    ];
    const locked = new Map(
      (
        await this.payouts.lock(
          tx,
          judged.map(({ payout }) => payout.id),
          rejecting,
        )
      ).map((row) => [row.id, row]),
    );
    const ours = judged.filter(({ payout }) => locked.get(payout.id)?.claim_no === payout.claim_no);
    const valid = ours.filter(({ judgement }) => judgement.issues.length === 0).map(({ payout }) => payout);
    const holders = await this.holds.take(
      tx,
      valid.map(({ id, merchant_id, reference }) => ({ payout_id: id, merchant_id, reference })),
    );
    const steps = ours.map((verdict) => stepOf(verdict, holders.get(verdict.payout.id)));
    await this.holds.release(
      tx,
      steps.filter(({ transitions }) => transitions[0] !== 'schedule').map(({ payout }) => payout),
    );
    await this.advance.execute(tx, steps);
    if (rejecting.length > 0) await this.progress.updateHolds(tx, rejecting);
    tx.wake('execute');
  }
}

function judge(payout: PayoutRow, stored: StoredContent | undefined, contexts: ReadonlyMap<string, JudgingContext>): Judged[] {
  const context = contexts.get(payout.bulk_id);
  // What can not be opened keeps its lease and is looked at again when that ends.
  if (stored === undefined || context === undefined) return [];
  const judgement = judgePayout(stored.content, stored.intakeIssues, { ...context.rules, acceptedAt: stored.acceptedAt });
  return [{ payout, judgement, connectorId: context.connectorId }];
}

/** The verdict as a step; what the first validation of a dropping bulk finds invalid is cancelled with it. */
function stepOf({ payout, judgement, connectorId }: Judged, holder: string | undefined): PayoutStep {
  const issues = holder === undefined ? judgement.issues : [duplicateReference(holder)];
  if (issues.length === 0) {
    return {
      payout,
      transitions: ['schedule'],
      changes: { issues: null, scheduled_at: judgement.scheduledAt, connector_id: connectorId },
    };
  }
  const changes = { issues, scheduled_at: judgement.scheduledAt };
  const dropped = payout.invalid_items === 'drop' && payout.last_sequence === EVENTS_BEFORE_FIRST_VERDICT;
  return { payout, transitions: dropped ? ['fail_validation', 'cancel'] : ['fail_validation'], changes };
}

/** The finding that only the database can make; the dry run makes the same. */
export const duplicateReference = (holder: string): Issue => ({
  code: 'duplicate_reference',
  pointer: '/reference',
  detail: 'Another payout of yours holds this reference; cancel that one first, or send this one under another reference.',
  existing_id: toTypeId('payout', holder),
});

import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  AdvancePayouts,
  BulkProgress,
  type Issue,
  PayoutContentRepository,
  PayoutRepository,
  type PayoutRow,
  type PayoutStep,
  type PayoutTransition,
  ReferenceHoldRepository,
  type StoredContent,
} from '../bulks/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { Traces } from '../platform/observability/index.js';
import { GroupSettler, PACE, type Pace } from '../platform/workers/index.js';
import { AmountCaps, type Candidate, candidateOf, type MerchantCaps } from './amount-caps.js';
import { type Judgement, judgePayout } from './judge-payout.js';
import { type JudgingContext, JudgingContexts } from './judging-contexts.js';

/** Payouts judged in one go: large enough that the statements do not count, small enough to keep a bulk's row for milliseconds. */
export const GROUP_MAX = 500;
/** A judge needs milliseconds; one that needs this long is dead or frozen, and another takes its payouts over. */
const LEASE_S = 30;

/**
 * Created, and begun to be judged: a payout with no more history than this is judged for the first time. Its version would not
 * say so, because a new date of the bulk raises that of payouts that still wait.
 */
const EVENTS_BEFORE_FIRST_VERDICT = 2;

interface Judged {
  readonly payout: PayoutRow;
  readonly judgement: Judgement;
  readonly connectorId: string | null;
  readonly currency: string | null;
  readonly caps: MerchantCaps;
}

/** What one transaction has taken, and of it what is judged and waits for a second one. */
interface Taken {
  readonly count: number;
  readonly unsettled: readonly Judged[];
  /** Of what was taken. */
  readonly bulkIds: readonly string[];
}

/**
 * Judges what waits: takes a group, judges each payout by itself and writes the verdicts, in one transaction. Two kinds of payouts
 * are only begun in it, under a lease: those of a bulk that one invalid item rejects, because their verdict lets go or holds the
 * whole bulk, and whoever holds some of its payouts must not wait for the others; and those that can not be opened.
 * Safe to crash here because a payout in validation has a lease: when it ends, the next round takes the payout over, and
 * the fence drops what its former judge may still write.
 */
@Injectable()
export class ValidatePayouts {
  private readonly logger = new Logger(ValidatePayouts.name);
  private readonly settler: GroupSettler<Judged>;

  constructor(
    private readonly transactions: Transactions,
    private readonly payouts: PayoutRepository,
    private readonly contents: PayoutContentRepository,
    private readonly contexts: JudgingContexts,
    private readonly advance: AdvancePayouts,
    private readonly holds: ReferenceHoldRepository,
    private readonly progress: BulkProgress,
    private readonly amountCaps: AmountCaps,
    private readonly traces: Traces,
    @Inject(PACE) pace: Pace,
  ) {
    this.settler = new GroupSettler(ValidatePayouts.name, {
      settle: (judged) => this.transactions.asEngineConfirmed((tx) => this.settle(tx, judged)),
      giveUp: ({ payout }) => {
        this.logger.error(`payout ${payout.id} is judged again when its lease ends`);
      },
      pace,
    });
  }

  /** @returns how many payouts were taken. */
  async execute(): Promise<number> {
    const started_ms = performance.now();
    const { count, unsettled, bulkIds } = await this.transactions.asEngineConfirmed((tx) => this.takeAndJudge(tx));
    // Verdicts are not lost because the database is away for a moment: else their payouts wait for the end of the lease.
    if (unsettled.length > 0) await this.settler.settle(unsettled);
    const ended_ms = performance.now();
    for (const subject of bulkIds) {
      const fields = { bulk_id: toTypeId('bulk', subject), group_count: count };
      this.traces.record({ subject, name: 'validate', kind: 'internal', started_ms, ended_ms, failed: false, fields });
    }
    return count;
  }

  private async takeAndJudge(tx: Tx): Promise<Taken> {
    const waiting = await this.payouts.lockForValidation(tx, GROUP_MAX);
    if (waiting.length === 0) return { count: 0, unsettled: [], bulkIds: [] };
    const ids = waiting.map(({ id }) => id);
    const [stored, contexts] = await Promise.all([this.contents.current(tx, ids), this.contexts.load(tx, waiting)]);
    const judged = waiting.flatMap((payout) => this.judge(payout, stored.get(payout.id), contexts.get(payout.bulk_id)) ?? []);
    const verdicts = await this.verdicts(
      tx,
      judged.filter(({ payout }) => !isRejecting(payout)),
    );
    const settled = new Set(verdicts.map(({ payout }) => payout.id));
    const begun = waiting
      .filter(({ id }) => !settled.has(id))
      .map((payout) => ({ payout, transitions: beginning(payout), lease_s: LEASE_S }));
    const { rows } = await this.advance.execute(tx, [...verdicts, ...begun]);
    if (verdicts.length > 0) tx.wake('execute');
    const unsettled = judged.flatMap((verdict) => {
      const payout = rows.get(verdict.payout.id);
      return payout === undefined || settled.has(payout.id) ? [] : [{ ...verdict, payout }];
    });
    return { count: rows.size, unsettled, bulkIds: [...new Set(waiting.map(({ bulk_id }) => bulk_id))] };
  }

  /** What can not be opened, or a rule can not judge, keeps its lease and is looked at again when that ends; the others go on. */
  private judge(payout: PayoutRow, stored: StoredContent | undefined, context: JudgingContext | undefined): Judged | null {
    if (stored === undefined || context === undefined) return null;
    try {
      const judgement = judgePayout(stored.content, stored.intakeIssues, { ...context.rules, acceptedAt: stored.acceptedAt });
      const { connectorId, caps } = context;
      return { payout, judgement, connectorId, currency: stored.content.currency, caps };
    } catch (error) {
      this.logger.error({ message: `payout ${payout.id} could not be judged; it is tried again when its lease ends`, error });
      return null;
    }
  }

  /** The verdicts that were left for a transaction of their own, under the lock of every payout that they may let go or hold. */
  private async settle(tx: Tx, judged: readonly Judged[]): Promise<void> {
    const bulkIds = [...new Set(judged.map(({ payout }) => payout.bulk_id))];
    const locked = new Map((await this.payouts.lockBulks(tx, bulkIds)).map((row) => [row.id, row]));
    const ours = judged.flatMap((verdict) => {
      const payout = locked.get(verdict.payout.id);
      // As it is now: its bulk may have another URL since it was taken.
      return payout?.claim_no === verdict.payout.claim_no ? [{ ...verdict, payout }] : [];
    });
    await this.advance.execute(tx, await this.verdicts(tx, ours));
    await this.progress.updateHolds(tx, [...locked.values()]);
    tx.wake('execute');
  }

  /** Takes the references of what is valid, which only one payout of each can have, and lets go those of what is not. */
  private async verdicts(tx: Tx, judged: readonly Judged[]): Promise<PayoutStep[]> {
    const valid = judged.filter(({ judgement }) => judgement.issues.length === 0).map(({ payout }) => payout);
    const holders = await this.holds.take(
      tx,
      valid.map(({ id, merchant_id, reference }) => ({ payout_id: id, merchant_id, reference })),
    );
    const over = await this.amountCaps.take(
      tx,
      judged.flatMap((verdict) => (holders.has(verdict.payout.id) ? [] : candidatesOf(verdict))),
    );
    const steps = judged.map((verdict) => stepOf(verdict, holders.get(verdict.payout.id), over.get(verdict.payout.id)));
    await this.holds.release(
      tx,
      steps.filter(({ transitions }) => !transitions.includes('schedule')).map(({ payout }) => payout),
    );
    return steps;
  }
}

const isRejecting = ({ invalid_items }: PayoutRow): boolean => invalid_items === 'reject';

/** Nothing where a judge who died has begun it. */
const beginning = ({ status }: PayoutRow): PayoutTransition[] => (status === 'VALIDATION_PENDING' ? ['begin_validation'] : []);

function candidatesOf({ payout, judgement, currency, caps }: Judged): Candidate[] {
  const { id: payout_id, merchant_id, bulk_id, position, reference } = payout;
  return candidateOf({ payout_id, merchant_id, bulk_id, position, reference, caps }, currency, judgement);
}

/** The verdict as a step; what the first validation of a dropping bulk finds invalid is cancelled with it. */
function stepOf({ payout, judgement, connectorId }: Judged, holder: string | undefined, over: Issue | undefined): PayoutStep {
  const conflict = conflictOf(holder, over);
  const issues = conflict === undefined ? judgement.issues : [conflict];
  const begin = beginning(payout);
  if (issues.length === 0) {
    return {
      payout,
      transitions: [...begin, 'schedule'],
      changes: { issues: null, scheduled_at: judgement.scheduledAt, connector_id: connectorId },
    };
  }
  const changes = { issues, scheduled_at: judgement.askedFor };
  const first = payout.last_sequence + begin.length === EVENTS_BEFORE_FIRST_VERDICT;
  const dropped = payout.invalid_items === 'drop' && first;
  return { payout, transitions: [...begin, 'fail_validation', ...(dropped ? (['cancel'] as const) : [])], changes };
}

/** What only the database can find: who holds the reference, or that the amounts are used up. The dry run finds the same. */
export const conflictOf = (holder: string | undefined, over: Issue | undefined): Issue | undefined =>
  holder === undefined ? over : duplicateReference(holder);

const duplicateReference = (holder: string): Issue => ({
  code: 'duplicate_reference',
  pointer: '/reference',
  detail: 'Another payout of yours holds this reference; cancel that one first, or send this one under another reference.',
  existing_id: toTypeId('payout', holder),
});

import { Injectable } from '@nestjs/common';
import type { Tx } from '../platform/database/index.js';
import { allows } from '../platform/lifecycle/index.js';
import { type EventDraft, recordEvents } from '../webhooks/index.js';
import { type BulkChange, BulkProgress } from './bulk-progress.js';
import type { Outcome } from './bulk-status.js';
import { type PayoutEvent, payoutEvent } from './payout-event.js';
import { payoutLifecycle, type PayoutStatus, type PayoutTransition } from './payout.lifecycle.js';
import { PayoutRepository, type PayoutRow, type PayoutWrite, type PayoutWritten } from './payout.repository.js';

/**
 * What the caller's aggregate adds to a step: the intent to be shown, its own event, its move between the bulk's outcomes. What is
 * shown comes of what the caller has written of intents (`Written`), which travels with the step.
 */
export interface IntentStep<Written = unknown> {
  /** The intent as the payout's own events show it: after the first of its steps; null where a new attempt has none yet. */
  readonly shown: (written: Written) => object | null;
  /** Events of the intent, told after the payout's own, each with the intent as it was then; both statuses are the payout's. */
  readonly events: readonly { readonly type: string; readonly shown: (written: Written) => object }[];
  readonly outcome: { readonly from: Outcome; readonly to: Outcome };
  /** No further change of the intent comes by itself. */
  readonly settled: boolean;
}

/** One step of one payout: the row as it was loaded under lock, where it goes, and what changes with it. */
export interface PayoutStep<Written = unknown> {
  readonly payout: PayoutRow;
  /** Steps along the lifecycle, in order; none where only the intent or the lease moves. */
  readonly transitions: readonly PayoutTransition[];
  readonly changes?: Partial<
    Pick<PayoutRow, 'version' | 'revision' | 'scheduled_at' | 'connector_id' | 'attempt_no' | 'issues' | 'amount' | 'currency'>
  >;
  /** Seconds; only a payout in validation has one. */
  readonly lease_s?: number;
  readonly intent?: IntentStep<Written>;
  /** Further members of the payout's own events. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface Advanced {
  /** The row as it stands now, by payout id. A payout that is missing was moved on by somebody else and was not touched. */
  readonly rows: ReadonlyMap<string, PayoutRow>;
}

/**
 * The only way a payout moves: state, fence, sequence, events, deliveries and the bulk's counts in the caller's transaction,
 * set-based, whatever the number of payouts.
 * Safe to crash here because it is one transaction: either all of it is committed or nothing.
 */
@Injectable()
export class AdvancePayouts {
  constructor(
    private readonly payouts: PayoutRepository,
    private readonly progress: BulkProgress,
  ) {}

  /** @param writing what the steps show of their intents, on its way before them. */
  async execute<Written>(tx: Tx, steps: readonly PayoutStep<Written>[], writing?: Promise<Written>): Promise<Advanced> {
    if (steps.length === 0) return { rows: new Map() };
    // Where a step is refused, nobody waits for what is on its way; that fails the transaction anyhow.
    writing?.catch(() => undefined);
    const planned = steps.map(plan);
    const writes = planned.map(({ write }) => write);
    const [moved, shown] = await Promise.all([this.payouts.write(tx, writes), writing as Promise<Written>]);
    const written = new Map(moved.map((row) => [row.id, row]));
    const rows = new Map<string, PayoutRow>();
    const drafts: EventDraft[] = [];
    const changes: BulkChange[] = [];
    for (const { step, after, events } of planned) {
      const row = written.get(after.id);
      if (row === undefined) continue;
      rows.set(after.id, { ...after, claim_no: row.claim_no, last_sequence: row.last_sequence });
      const told = events.map((event) => ({ ...event, intent: event.intent(shown) }));
      drafts.push(...draftsOf(after, told, row));
      changes.push(changeOf(step, after));
    }
    // The bulk's row last, and told apart: every other group of the same bulk waits for it until this one is committed.
    const [, milestones] = await Promise.all([recordEvents(tx, drafts), this.progress.apply(tx, changes)]);
    await recordEvents(tx, milestones);
    return { rows };
  }
}

type PlannedEvent<Written> = Omit<PayoutEvent, 'intent'> & { readonly intent: (written: Written) => object | null };

interface PlannedStep<Written> {
  readonly step: PayoutStep<Written>;
  readonly after: PayoutRow;
  readonly events: readonly PlannedEvent<Written>[];
  readonly write: PayoutWrite;
}

/** Pure: walks the lifecycle and says what is to be written and told. */
function plan<Written>(step: PayoutStep<Written>): PlannedStep<Written> {
  let status: PayoutStatus = step.payout.status;
  const after = { ...step.payout, ...step.changes };
  const shown = { ...findingsOf(after), intent: step.intent?.shown ?? (() => null) };
  const events: PlannedEvent<Written>[] = [];
  for (const transition of step.transitions) {
    if (!allows(payoutLifecycle, transition, status)) throw new Error(`a payout in ${status} can not ${transition}`);
    const { to, emits } = payoutLifecycle.transitions[transition];
    if (emits !== null) {
      events.push({
        type: emits,
        previous_status: status,
        status: to,
        final: isFinal(to, step.intent),
        ...shown,
        // A validation begins with what was known before; what it found is told by its verdict.
        ...(transition === 'begin_validation' ? findingsOf(step.payout) : {}),
        more: step.more,
      });
    }
    status = to;
  }
  for (const { type, shown: intent } of step.intent?.events ?? []) {
    events.push({ type, previous_status: status, status, final: isFinal(status, step.intent), ...shown, intent });
  }
  const { id, claim_no, version, revision, scheduled_at, connector_id, attempt_no, issues } = after;
  return {
    step,
    after: { ...after, status },
    events,
    write: {
      id,
      claim_no,
      status,
      version,
      revision,
      scheduled_at,
      connector_id,
      attempt_no,
      issues,
      lease_s: step.lease_s ?? null,
      events: events.length,
    },
  };
}

const findingsOf = ({ scheduled_at, issues }: PayoutRow) => ({ scheduled_at, issues: issues ?? [] });

/** No further change comes by itself, except `returned`. */
export function isFinal(status: PayoutStatus, intent: { readonly settled: boolean } | undefined): boolean {
  if (status === 'PROCESSED') return intent?.settled === true;
  return status === 'CANCELLED' || status === 'INTENT_CREATION_FAILED';
}

const draftsOf = (payout: PayoutRow, events: readonly PayoutEvent[], row: PayoutWritten): EventDraft[] =>
  events.map((event, index) =>
    payoutEvent(payout, event, {
      sequence: row.last_sequence - events.length + 1 + index,
      feed: row.feed,
      at: row.updated_at,
    }),
  );

const changeOf = (step: PayoutStep<never>, after: PayoutRow): BulkChange => ({
  bulkId: step.payout.bulk_id,
  from: step.payout.status,
  to: after.status,
  outcome: step.intent?.outcome ?? { from: null, to: null },
  // What the bulk amounts to and when it runs is read again only where an amount, an instant, or what counts at all has changed.
  summaryChanged:
    after.status === 'CANCELLED' || step.changes?.revision !== undefined || step.changes?.scheduled_at !== undefined,
});

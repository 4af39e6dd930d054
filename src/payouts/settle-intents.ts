import { Injectable } from '@nestjs/common';
import {
  AdvancePayouts,
  type IntentStep,
  type Outcome,
  PayoutContentRepository,
  PayoutRepository,
  type PayoutRow,
  type PayoutStep,
  type PayoutTransition,
  ReferenceHoldRepository,
} from '../bulks/index.js';
import { clearOfAccountData, RaiseStrayPayments } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { allows } from '../platform/lifecycle/index.js';
import { SLEEP_MAX_MS } from '../platform/workers/index.js';
import { knowledgeOf } from './attempt-knowledge.js';
import { decideNotItsOwn, newNameOf } from './decide-not-its-own.js';
import { type AttemptKnowledge, decideFound, type Decision } from './decide-outcome.js';
import { toIntentResponse } from './intent-response.js';
import type { AttemptStepWrite, StepAction } from './intent-writes.js';
import { type IntentStatus, type IntentTransition, payoutIntentLifecycle } from './payout-intent.lifecycle.js';
import { byPayout, type IntentRow, type IntentWritten, PayoutIntentRepository } from './payout-intent.repository.js';
import { type KeptNotification, ProviderNotificationRepository } from './provider-notification.repository.js';

/** Something was learnt about one intent, and what it means is decided once it is known where the intent stands now. */
export interface Finding {
  readonly payoutId: string;
  /** The fence of the claim under which it was learnt; null for what a provider or a person says unasked. */
  readonly claimNo: number | null;
  readonly decide: (known: AttemptKnowledge) => Decision;
  readonly httpStatus: number | null;
  /** How it was learnt; null where no call was made and there is nothing to keep as evidence. */
  readonly source: StepAction | null;
}

interface Settled {
  readonly payout: PayoutRow;
  readonly intent: IntentRow;
  readonly decision: Decision;
  readonly status: IntentStatus;
  readonly httpStatus: number | null;
  readonly source: StepAction | null;
}

/**
 * Writes what was learnt, in groups: intent, attempt, payout, events and the bulk in one transaction.
 * Safe to crash here because nothing is told before it is committed, and an intent whose finding is lost is due again when
 * its lease ends. Findings of an older claim are dropped: whoever took the payout over resolves it.
 */
@Injectable()
export class SettleIntents {
  constructor(
    private readonly payouts: PayoutRepository,
    private readonly intents: PayoutIntentRepository,
    private readonly advance: AdvancePayouts,
    private readonly holds: ReferenceHoldRepository,
    private readonly contents: PayoutContentRepository,
    private readonly notifications: ProviderNotificationRepository,
    private readonly strays: RaiseStrayPayments,
  ) {}

  /** @returns the payouts whose finding counted. */
  async execute(tx: Tx, findings: readonly Finding[]): Promise<ReadonlySet<string>> {
    const ids = findings.map(({ payoutId }) => payoutId);
    const [locked, known] = await Promise.all([this.payouts.lock(tx, ids), this.intents.of(tx, ids)]);
    const payouts = new Map(locked.map((row) => [row.id, row]));
    const intents = byPayout(known);
    const found = findings.flatMap((finding) => settle(finding, payouts.get(finding.payoutId), intents.get(finding.payoutId)));
    const settled = await this.withoutAccountData(tx, await this.keptApart(tx, found));
    if (settled.length === 0) return new Set();
    const writing = this.intents.write(tx, {
      intents: settled.map(intentWriteOf),
      attempts: settled.map(attemptWriteOf),
      steps: settled.flatMap(stepsWrittenOf),
    });
    const free = settled.filter(lettingGo).map(({ payout }) => payout);
    const [early] = await Promise.all([
      this.notifications.take(tx, settled.flatMap(newNameOf)),
      this.holds.release(tx, free),
      this.advance.execute(tx, settled.map(stepOf), writing),
    ]);
    // Later looks are found by the poll that precedes them; a wake for every group would have all processes ask all the time.
    if (settled.some(({ decision }) => isSoon(decision))) tx.wake('execute');
    await this.heedEarlyWords(tx, early);
    await this.tellStrays(tx, settled);
    return new Set(settled.map(({ payout }) => payout.id));
  }

  /**
   * What others have written is said by the unique index alone, and the work is tried again then: only there is it asked whose the
   * payments are, so that a provider that names each apart costs no statement.
   */
  private async keptApart(tx: Tx, found: readonly Settled[]): Promise<Settled[]> {
    const names = tx.isRetry ? found.flatMap(newNameOf) : [];
    const contradicted = decideNotItsOwn(found, names.length === 0 ? [] : await this.intents.holdersOf(tx, names));
    return found.map((each) => {
      const decision = contradicted.get(each.payout.id);
      return decision === undefined ? each : { ...each, decision, status: walk(each.intent.status, decision.transitions) };
    });
  }

  /** A provider may tell of a payment before its answer to the send has told us its name: that was kept until now. */
  private async heedEarlyWords(tx: Tx, early: readonly KeptNotification[]): Promise<void> {
    for (const { payout_id, payment } of early) {
      const decide = (known: AttemptKnowledge): Decision => decideFound(payment, known);
      await this.execute(tx, [{ payoutId: payout_id, claimNo: null, httpStatus: null, source: 'notification', decide }]);
    }
  }

  /** Together: a gateway that shows other amounts does so of a whole group, whose findings are of one connector and one source. */
  private async tellStrays(tx: Tx, settled: readonly Settled[]): Promise<void> {
    const contradicted = settled.filter(({ decision }) => decision.stray !== undefined);
    for (const connectorId of new Set(contradicted.map(({ intent }) => intent.connector_id))) {
      const here = contradicted.filter(({ intent }) => intent.connector_id === connectorId);
      const source = here.every((each) => each.source === 'notification') ? 'notification' : 'look_up';
      const strays = here.flatMap(({ payout, decision: { stray } }) =>
        stray === undefined ? [] : [{ ...stray, payout_id: payout.id }],
      );
      await this.strays.execute(tx, { connectorId, source }, strays);
    }
  }

  /** Providers and people repeat what they speak of: the payout's own account data is taken out of their words before those are kept or told. */
  private async withoutAccountData(tx: Tx, settled: readonly Settled[]): Promise<Settled[]> {
    const speaking = settled.filter(({ decision, source }) => decision.failure != null || source === 'operator');
    if (speaking.length === 0) return [...settled];
    const ids = speaking.map(({ payout }) => payout.id);
    const contents = await this.contents.current(tx, ids);
    return settled.map((each) => {
      const stored = contents.get(each.payout.id);
      if (stored === undefined) return each;
      if (stored.erased) return { ...each, decision: withoutWords(each.decision) };
      const { content } = stored;
      const account = { payoutMethod: content.payout_method ?? {}, billingData: content.billing_data };
      return { ...each, decision: cleared(each.decision, (words) => clearOfAccountData(words, account)) };
    });
  }
}

function cleared(decision: Decision, clear: (words: string) => string): Decision {
  const { failure, attempt } = decision;
  return {
    ...decision,
    ...(failure == null ? {} : { failure: { ...failure, code: clear(failure.code), message: clear(failure.message) } }),
    attempt: { ...attempt, detail: attempt.detail === null ? null : clear(attempt.detail) },
  };
}

/** Of a receiver who was forgotten nobody knows any more what of a provider's words to take out. */
const withoutWords = (decision: Decision): Decision => ({
  ...decision,
  ...(decision.failure == null ? {} : { failure: { ...decision.failure, code: 'unspecified', message: '' } }),
  attempt: { ...decision.attempt, detail: null },
});

const isSoon = ({ nextCheck_ms }: Decision): boolean => nextCheck_ms !== null && nextCheck_ms < SLEEP_MAX_MS;

function settle(finding: Finding, payout: PayoutRow | undefined, intent: IntentRow | undefined): Settled[] {
  if (payout === undefined || intent === undefined) return [];
  if (finding.claimNo !== null && finding.claimNo !== payout.claim_no) return [];
  const decision = finding.decide(knowledgeOf(payout, intent));
  const { httpStatus, source } = finding;
  return [{ payout, intent, decision, status: walk(intent.status, decision.transitions), httpStatus, source }];
}

function walk(from: IntentStatus, transitions: readonly IntentTransition[]): IntentStatus {
  let status = from;
  for (const transition of transitions) {
    if (!allows(payoutIntentLifecycle, transition, status)) throw new Error(`an intent in ${status} can not ${transition}`);
    status = payoutIntentLifecycle.transitions[transition].to;
  }
  return status;
}

const intentWriteOf = ({ payout, intent, decision, status }: Settled) => ({
  payout_id: payout.id,
  status,
  provider_reference: decision.providerReference ?? intent.provider_reference,
  failure: decision.failure === undefined ? intent.failure : decision.failure,
  next_check_ms: decision.nextCheck_ms,
  checks: status === intent.status ? intent.checks + 1 : 0,
});

const attemptWriteOf = ({ payout, decision, httpStatus, source }: Settled) => ({
  payout_id: payout.id,
  number: payout.attempt_no,
  sent: source === 'send',
  live: decision.attempt.live,
  may_have_been_taken: decision.attempt.mayHaveBeenTaken,
  ever_unknown: decision.attempt.everUnknown,
  refused: decision.attempt.refused,
  outcome: decision.attempt.outcome,
  http_status: httpStatus,
  provider_reference: decision.providerReference ?? null,
  detail: decision.attempt.detail,
});

/**
 * The evidence of one step. Looks and words that say nothing new are left out: an intent that stays pending for weeks is asked
 * a thousand times.
 */
function stepsWrittenOf({ intent, decision, status, httpStatus, source }: Settled): AttemptStepWrite[] {
  const { outcome, detail } = decision.attempt;
  const news = source === 'send' || source === 'operator' || status !== intent.status || detail !== intent.attempt_detail;
  if (source === null || !news) return [];
  const words = detail ?? wordsOf(decision, status);
  const { merchant_id, attempt_id } = intent;
  return [{ merchant_id, attempt_id, action: source, outcome, http_status: httpStatus, detail: words }];
}

const wordsOf = ({ failure }: Decision, status: IntentStatus): string =>
  failure == null ? `the provider says: ${status}` : `the provider says: ${status}; ${failure.code}: ${failure.message}`;

type WrittenIntents = ReadonlyMap<string, IntentWritten>;

/** The payout follows its intent out of PROCESSING_IN_PROGRESS; later changes of the intent never change its status. */
function stepOf({ payout, intent, status, decision }: Settled): PayoutStep<WrittenIntents> {
  // A look may find several steps at once. Each is told as it was: what came back had been paid before.
  const shownAt = (at: IntentStatus) => (written: WrittenIntents) => {
    const row = written.get(payout.id);
    if (row === undefined) throw new Error(`the intent of payout ${payout.id} is gone`);
    return toIntentResponse({ ...intent, ...row, status: at, ...(at === status ? {} : { failure: null }) });
  };
  const steps = decision.transitions.map((transition) => payoutIntentLifecycle.transitions[transition]);
  return {
    payout,
    transitions: payout.status === 'PROCESSING_IN_PROGRESS' ? payoutTransitionsTo(status) : [],
    intent: {
      shown: shownAt(steps[0]?.to ?? status),
      events: steps.flatMap(({ emits, to }) => (emits === null ? [] : { type: emits, shown: shownAt(to) })),
      outcome: { from: outcomeOf(intent.status), to: outcomeOf(status) },
      settled: isSettled(status),
    },
  };
}

function payoutTransitionsTo(status: IntentStatus): PayoutTransition[] {
  switch (status) {
    case 'created':
    case 'unknown':
    case 'needs_review':
      return [];
    case 'pending':
    case 'unclaimed':
    case 'succeeded':
    case 'failed':
    case 'returned':
      return ['process'];
    case 'rejected':
      return ['fail_intent_creation'];
  }
}

/** In which count of the bulk's `outcome` an intent of this status stands. */
export function outcomeOf(status: IntentStatus): Outcome {
  switch (status) {
    case 'created':
    case 'unknown':
    case 'needs_review':
    case 'pending':
    case 'unclaimed':
      return 'pending';
    case 'succeeded':
    case 'returned':
    case 'failed':
      return status;
    case 'rejected':
      return 'failed';
  }
}

/** No further change of the intent comes by itself, except `returned`. */
export const isSettled = (status: IntentStatus): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'returned' || status === 'rejected';

/** A payout that was not paid, or whose money came back, lets its reference go: it can be tried again in a new bulk. */
const lettingGo = ({ intent, status }: Settled): boolean =>
  status !== intent.status && (status === 'rejected' || status === 'failed' || status === 'returned');

/** An intent that was just written ahead of its first send. */
export const claimedIntent = <Written>(shown: (written: Written) => object): IntentStep<Written> => ({
  shown,
  events: [],
  outcome: { from: null, to: 'pending' },
  settled: false,
});

import { payoutLifecycle, type PayoutStatus } from '../../src/bulks/index.js';
import type { Connector, Failure, SubmitOutcome } from '../../src/connectors/index.js';
import { callProvider, type CallResult } from '../../src/payouts/call-provider.js';
import type { Claimed } from '../../src/payouts/claim-payouts.js';
import type { AttemptKnowledge, Decision } from '../../src/payouts/decide-outcome.js';
import { decideFound, decideSubmit } from '../../src/payouts/decide-outcome.js';
import { type IntentStatus, payoutIntentLifecycle } from '../../src/payouts/payout-intent.lifecycle.js';
import type { MonotonicClock } from '../../src/platform/time/index.js';
import type { PlantedBug } from './scene.js';
import type { Actor } from './stage.js';

const MADE_UP: Failure = { code: 'made_up', message: 'Nobody said so.', retryable: true };

/** What a careless engine makes of an answer: a definite refusal, after which a merchant opens a new attempt. */
const refuse = (retryable: boolean) => (): Decision => ({
  transitions: ['reject'],
  failure: { ...MADE_UP, retryable },
  nextCheck_ms: null,
  attempt: { outcome: 'rejected', mayHaveBeenTaken: false, everUnknown: true, refused: null, live: false, detail: null },
});

const isUndecided = (known: AttemptKnowledge): boolean => known.intentStatus === 'created' || known.intentStatus === 'unknown';

/** The real call, with what it decides replaced where the answer is of a kind. */
function misreading(
  misread: (outcome: { submit: SubmitOutcome | null; empty: boolean }) => ((known: AttemptKnowledge) => Decision) | null,
) {
  return async (connector: Connector, claimed: Claimed, clock?: MonotonicClock): Promise<CallResult> => {
    let submit: SubmitOutcome | null = null;
    let empty = false;
    const result = await callProvider(
      {
        capabilities: connector.capabilities,
        submit: async (request) => (submit = await connector.submit(request)),
        lookup: async (key) => {
          const outcome = await connector.lookup(key);
          empty = outcome.kind === 'none';
          return outcome;
        },
        close: () => connector.close(),
      },
      claimed,
      clock,
    );
    const wrong = misread({ submit, empty });
    if (wrong === null) return result;
    const { decide } = result.finding;
    return { ...result, finding: { ...result.finding, decide: (known) => (isUndecided(known) ? wrong(known) : decide(known)) } };
  };
}

const replacing =
  (from: string, to: string): PlantedBug['statement'] =>
  ({ text, values }) => ({ text: text.replaceAll(from, to), values });

/** The table of the lifecycle with one more edge for as long as the error is planted. */
const edgeFromProcessing = (transition: 'cancel' | 'edit') => (): (() => void) => {
  const from = payoutLifecycle.transitions[transition].from as PayoutStatus[];
  from.push('PROCESSING_IN_PROGRESS');
  return () => void from.splice(from.indexOf('PROCESSING_IN_PROGRESS'), 1);
};

/** The same for an intent that goes back to pending from wherever it is. */
function edgesFromEnds(): () => void {
  const from = payoutIntentLifecycle.transitions.await_outcome.from as IntentStatus[];
  const ends: readonly IntentStatus[] = ['pending', 'unclaimed', 'succeeded', 'failed', 'returned', 'rejected'];
  from.push(...ends);
  return () => void from.splice(from.length - ends.length, ends.length);
}

/** Statements that a transaction left out, to be run after it. */
const leftOut = new WeakMap<Actor, { readonly text: string; readonly values: readonly unknown[] }[]>();

/** Errors that engines of this kind have had, each planted from here alone. The suite has to find every one. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'key drawn at call time',
    meaning: 'Each send has a fresh key, so the provider can not recognise a repetition.',
    request: (request, world) => ({ ...request, idempotencyKey: world.drawUuid() }),
  },
  {
    name: 'timeout opens a new attempt',
    meaning: 'A call without an answer counts as refused, and is tried again under a new number.',
    callProvider: misreading(({ submit }) => (submit?.kind === 'unknown' && submit.httpStatus === null ? refuse(true) : null)),
  },
  {
    name: 'not found opens a new attempt',
    meaning: 'An empty look-up counts as proof that nothing was taken.',
    callProvider: misreading(({ empty }) => (empty ? refuse(true) : null)),
  },
  {
    name: '5xx is final',
    meaning: 'A server error counts as refused.',
    callProvider: misreading(({ submit }) => (submit?.kind === 'unknown' && submit.httpStatus === 500 ? refuse(false) : null)),
  },
  {
    name: 'retention ignored',
    meaning: 'A key is sent again however long ago the provider saw it first.',
    capabilities: (told) => ({ ...told, keyRetention_ms: Number.MAX_SAFE_INTEGER }),
  },
  {
    name: 'stale window ignored',
    meaning: 'An empty look-up is believed although the request may still be on its way, or the books behind.',
    capabilities: (told) => ({ ...told, staleWindow_ms: 0 }),
  },
  {
    name: 'event outside the transaction',
    meaning: 'Events and deliveries are written in a transaction of their own after the change.',
    began: (actor) => void leftOut.delete(actor),
    statement: ({ text, values, actor }) => {
      if (!/INSERT INTO (event|webhook_delivery) /.test(text)) return { text, values };
      leftOut.set(actor, [...(leftOut.get(actor) ?? []), { text, values }]);
      return 'left_out';
    },
    afterCommit: async (world, actor) => {
      const statements = leftOut.get(actor) ?? [];
      leftOut.delete(actor);
      if (statements.length === 0) return;
      await world.stage.pause(actor, { point: 'planted:after_commit' });
      await world.unstaged(actor, async (tx) => {
        for (const { text, values } of statements) await tx.query(text, values);
      });
    },
  },
  {
    name: 'no fence',
    meaning: 'A result is written whoever holds the payout by now.',
    claimNo: () => null,
  },
  {
    name: 'lease ignored',
    meaning: 'What is with a provider is claimed although its lease has not ended.',
    statement: ({ text, values, step }) => ({
      text: step === 'claim' ? text.replaceAll('i.next_check_at <= tranche_now()', 'i.next_check_at IS NOT NULL') : text,
      values,
    }),
  },
  {
    name: 'lease by worker clock',
    meaning: 'Whether a lease has ended is asked of the clock of the server, which may be ten minutes off.',
    statement: ({ text, values, step, actor }) => ({
      text:
        step === 'claim' && /next_check_at <= tranche_now\(\)/.test(text)
          ? text.replaceAll(
              'next_check_at <= tranche_now()',
              `next_check_at <= tranche_now() + interval '${actor.host.skew_ms} ms'`,
            )
          : text,
      values,
    }),
  },
  {
    name: 'cancel while processing',
    meaning: 'What is with a provider can still be cancelled.',
    plant: edgeFromProcessing('cancel'),
  },
  {
    name: 'edit while processing',
    meaning: 'What is with a provider can still be edited.',
    plant: edgeFromProcessing('edit'),
  },
  {
    name: 'no send deadline',
    meaning: 'A call starts however little of its lease is left.',
    clock: { now_ms: () => Number.NEGATIVE_INFINITY },
  },
  {
    name: 'refusal of a re-send taken as definite',
    meaning: 'A refusal counts although an earlier send of the key may have been taken.',
    callProvider: misreading(({ submit }) =>
      submit?.kind === 'rejected'
        ? (known) =>
            decideSubmit(
              { ...submit, ofDuplicate: submit.ofDuplicate && !known.everUnknown },
              { ...known, everUnknown: false },
              { lookup: true, keyRetention_ms: Infinity, staleWindow_ms: 0 },
            )
        : null,
    ),
  },
  {
    name: 'refusal of a duplicate taken as definite',
    meaning: 'A refusal of a first send counts although it is of its own copy, made on the way.',
    callProvider: misreading(({ submit }) =>
      submit?.kind === 'rejected' && submit.ofDuplicate
        ? (known) =>
            decideSubmit({ ...submit, ofDuplicate: false }, known, { lookup: true, keyRetention_ms: Infinity, staleWindow_ms: 0 })
        : null,
    ),
  },
  {
    name: 'notification out of order accepted',
    meaning: 'The last word of the provider counts, also where it is an older one.',
    plant: edgesFromEnds,
    receive: async (tx, { idempotencyKey, payment }, { settle }) => {
      const [attempt] = await tx.query<{ payout_id: string }>(`SELECT payout_id FROM attempt WHERE idempotency_key::text = $1`, [
        idempotencyKey,
      ]);
      if (attempt === undefined) return;
      const decide = (known: AttemptKnowledge): Decision => ({
        ...decideFound(payment, known),
        ...(payment.status === 'pending' ? { transitions: ['await_outcome'], nextCheck_ms: 1_000 } : {}),
      });
      await settle.execute(tx, [
        { payoutId: attempt.payout_id, claimNo: null, httpStatus: null, source: 'notification', decide },
      ]);
    },
  },
  {
    name: 'names of payments not kept',
    meaning: 'Nobody knows whose payment it is that a provider names: it counts for whoever asked.',
    statement: replacing('SET status = v.status, provider_reference = v.provider_reference', 'SET status = v.status'),
  },
  {
    name: 'reconciliation blind',
    meaning: "The provider's list is not compared with our books.",
    list: () => ({ kind: 'page', payments: [], nextCursor: null }),
  },
  {
    name: 'a probe for every server',
    meaning: 'An open breaker lets one payout of each server through, instead of one of the cluster.',
    statement: replacing('AND (probe_until IS NULL OR probe_until <= tranche_now())', ''),
  },
  {
    name: 'quarantine ignored',
    meaning: 'What is due is claimed although the database may have lost commits.',
    statement: ({ text, values }) => ({ text: text.replaceAll(/AND (e\.)?quarantined_at IS NULL/g, ''), values }),
  },
  {
    name: 'deliveries in any order',
    meaning: 'An event is sent although an earlier one of the same payout is still open.',
    statement: replacing('d.sequence = (SELECT b.sequence FROM', 'd.sequence >= (SELECT b.sequence FROM'),
  },
];

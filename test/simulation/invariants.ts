import { bulkStatus, type StatusCounts } from '../../src/bulks/bulk-status.js';
import { payoutLifecycle } from '../../src/bulks/payout.lifecycle.js';
import { idempotencyKeyOf } from '../../src/payouts/idempotency-key.js';
import { payoutIntentLifecycle } from '../../src/payouts/payout-intent.lifecycle.js';
import { toTypeId } from '../../src/platform/ids/index.js';
import { parseAmount } from '../../src/platform/money/index.js';
import type { EventEvidence, Evidence, PayoutEvidence } from './evidence.js';

/** What is wrong about what; each is one too many. */
export interface Finding {
  readonly subject: string;
  readonly detail: string;
}

export interface Violation extends Finding {
  /** Of engine.md section 6; 0: the engine threw what nobody expected. */
  readonly invariant: number;
}

export interface Invariant {
  readonly number: number;
  readonly statement: string;
  readonly check?: (evidence: Evidence) => Finding[];
  /** The tests that prove it where a run's evidence can not. */
  readonly provenBy?: string;
}

/** Statuses of an intent that say: the provider has it. */
const TAKEN = new Set(['pending', 'unclaimed', 'succeeded', 'failed', 'returned']);
const SETTLED = new Set(['succeeded', 'failed', 'returned', 'rejected']);
/** What may still be told after a final event: money that comes back, a retry by hand, a contradiction for a person. */
const AFTER_FINAL = new Set(['payout.intent_returned', 'payout.retried', 'payout.intent_needs_review']);
/** A key is not sent again past this share of the provider's memory. */
const RETENTION_SHARE = 0.8;

/** One sentence about each payout of which something is wrong; null: nothing. */
const perPayout =
  (judge: (payout: PayoutEvidence, evidence: Evidence) => string | null) =>
  (evidence: Evidence): Finding[] =>
    evidence.payouts.flatMap((payout) => {
      const detail = judge(payout, evidence);
      return detail === null ? [] : [{ subject: nameOf(evidence, payout.id), detail }];
    });

const nameOf = (evidence: Evidence, payoutId: string): string => evidence.world.stage.nameOf('payout', payoutId);

const paymentsOf = ({ ledger }: Evidence, { id, intent_id }: PayoutEvidence) =>
  ledger.filter((entry) => entry.payoutId === id || (intent_id !== null && entry.intentId === toTypeId('intent', intent_id)));

const historyOf = ({ events }: Evidence, { id }: PayoutEvidence): EventEvidence[] =>
  events.filter(({ subject_id }) => subject_id === id);

type Edges = Readonly<
  Record<string, { readonly from: readonly (string | null)[]; readonly to: string; readonly emits: string | null }>
>;
const EDGES = Object.values(payoutLifecycle.transitions as Edges);
const INTENT_EDGES = Object.values(payoutIntentLifecycle.transitions as Edges);

const intentIn = ({ told }: Pick<EventEvidence, 'told'>): string | null =>
  (told['intent'] as { status: string } | null)?.status ?? null;

/** What the history says of a payout, or the first fault of it. */
function replay(history: readonly EventEvidence[]): { readonly status: string | null; readonly intent: string | null } | string {
  let status: string | null = null;
  let intent: string | null = null;
  for (const [index, { type, sequence, told }] of history.entries()) {
    if (sequence !== index + 1) return `has event ${sequence} where ${index + 1} is due`;
    if (told['previous_status'] !== status)
      return `has ${type} from ${String(told['previous_status'])}, but it was ${String(status)}`;
    const edge = EDGES.find(({ emits, from, to }) => emits === type && from.includes(status) && to === told['status']);
    const ofIntent = INTENT_EDGES.some(({ emits }) => emits === type) && told['status'] === status;
    if (edge === undefined && !ofIntent)
      return `has ${type} from ${String(status)} to ${String(told['status'])}, which is no edge`;
    status = String(told['status']);
    intent = (told['intent'] as { status: string } | null)?.status ?? intent;
  }
  return { status, intent };
}

const disagreements = perPayout((payout, evidence) => {
  const [entry] = paymentsOf(evidence, payout);
  const { status, intent_status } = payout;
  if (intent_status === 'needs_review') return null;
  const says = TAKEN.has(intent_status ?? '');
  if (says !== (entry !== undefined)) return `is ${status}, intent ${String(intent_status)}, and ${entry ? 'paid' : 'not paid'}`;
  if (entry === undefined) return null;
  const at = evidence.world.provider.paymentOf(entry).status;
  return at === intent_status ? null : `has intent ${String(intent_status)}, and the provider says ${at}`;
});

/** Payments that no attempt of ours names, at a provider whose list is read. */
const untold = ({ ledger, strays, world }: Evidence): Finding[] =>
  ledger
    .filter(
      ({ payoutId, providerReference }) => world.provider.temper.lists && payoutId === null && !strays.has(providerReference),
    )
    .map(({ providerReference }) => ({ subject: providerReference, detail: 'is paid, and nobody was told of it' }));

export const INVARIANTS: readonly Invariant[] = [
  {
    number: 1,
    statement: 'Per payout at most one payment at the provider, ever.',
    check: perPayout((payout, evidence) => {
      const paid = paymentsOf(evidence, payout).length;
      return paid > 1 ? `is paid ${paid} times` : null;
    }),
  },
  {
    number: 2,
    statement: 'Once faults stop, every payout comes to rest: none lost, none stuck.',
    check: perPayout(({ status, held, intent_status }) => {
      const intentRests = intent_status === 'needs_review' || SETTLED.has(intent_status ?? '');
      const rests =
        ['CANCELLED', 'VALIDATION_FAILED', 'INTENT_CREATION_FAILED'].includes(status) ||
        (status === 'SCHEDULED' && held) ||
        (status === 'PROCESSING_IN_PROGRESS' && intent_status === 'needs_review') ||
        (status === 'PROCESSED' && intentRests);
      return rests ? null : `is left ${status} with intent ${String(intent_status)}`;
    }),
  },
  {
    number: 3,
    statement: 'The state agrees with what the provider has, and what it has beside that is told of.',
    check: (evidence) => [...disagreements(evidence), ...untold(evidence)],
  },
  {
    number: 4,
    statement: 'Amount, currency and receiver at the provider are those of the last edit before the claim.',
    check: perPayout((payout, evidence) => {
      const [entry] = paymentsOf(evidence, payout);
      const wish = evidence.wishes.find(({ payoutId }) => payoutId === payout.id);
      if (entry === undefined || wish === undefined) return null;
      const amount = canonical(wish.amount, wish.currency);
      if (entry.amount !== amount || entry.currency !== wish.currency)
        return `is paid ${entry.amount} instead of ${String(amount)}`;
      const { iban } = entry.receiver as { iban: string };
      return iban === wish.iban ? null : `is paid to ${iban} instead of ${wish.iban}`;
    }),
  },
  {
    number: 5,
    statement: 'Never before its instant.',
    check: perPayout((payout, evidence) => {
      const wish = evidence.wishes.find(({ payoutId }) => payoutId === payout.id);
      const [entry] = paymentsOf(evidence, payout);
      if (entry === undefined || wish === undefined) return null;
      return entry.at_ms < wish.scheduled_ms ? `is paid ${wish.scheduled_ms - entry.at_ms} ms early` : null;
    }),
  },
  {
    number: 6,
    statement: 'Answered `cancelled`: never paid. Answered `too_late`: goes on.',
    check: perPayout((payout, evidence) => {
      const answers = evidence.world.answers.filter(({ action, payoutId }) => action === 'cancel' && payoutId === payout.id);
      const paid = paymentsOf(evidence, payout).length > 0;
      const cancelled = answers.some(({ result }) => result === 'cancelled' || result === 'already_cancelled');
      if (cancelled && (paid || payout.status !== 'CANCELLED'))
        return `was answered cancelled and is ${payout.status}${paid ? ', paid' : ''}`;
      if (payout.status === 'CANCELLED' && paid) return 'is cancelled and paid';
      const retried = historyOf(evidence, payout).some(({ type }) => type === 'payout.retried');
      const tooLate = answers.some(({ result }) => result === 'too_late');
      return tooLate && payout.status === 'CANCELLED' && !retried && !cancelled ? 'was answered too_late and is cancelled' : null;
    }),
  },
  {
    number: 7,
    statement: 'Of two edits of the same version one is refused; an edit after the claim is refused; versions only rise.',
    check: perPayout((payout, evidence) => {
      const edits = evidence.world.answers.filter(
        ({ action, payoutId, result }) => action === 'edit' && payoutId === payout.id && result.startsWith('edited'),
      );
      const versions = edits.flatMap(({ ifMatch }) => ifMatch ?? []);
      if (new Set(versions).size < versions.length) return `was edited twice from one version (${versions.join(', ')})`;
      return payout.version < 1 + edits.length ? `has version ${payout.version} after ${edits.length} edits` : null;
    }),
  },
  {
    number: 8,
    statement: 'Final states never change, but for money that comes back, a retry by hand and a contradiction.',
    check: perPayout((payout, evidence) => {
      const history = historyOf(evidence, payout);
      const at = history.findIndex(({ told }, index) => {
        const next = history[index + 1];
        return (
          told['final'] === true &&
          next !== undefined &&
          !AFTER_FINAL.has(next.type) &&
          (next.told['status'] !== told['status'] || intentIn(next) !== intentIn({ told }))
        );
      });
      return at < 0 ? null : `went on from final ${String(history[at]?.told['status'])} by ${String(history[at + 1]?.type)}`;
    }),
  },
  {
    number: 9,
    statement: 'Every event is an edge of the table, and the chain has no gap.',
    check: perPayout((payout, evidence) => {
      const replayed = replay(historyOf(evidence, payout));
      return typeof replayed === 'string' ? replayed : null;
    }),
  },
  {
    number: 10,
    statement: 'One live attempt per payout at most, and none where everything is settled.',
    check: perPayout((payout, { attempts }) => {
      const live = attempts.filter(({ payout_id, live }) => payout_id === payout.id && live).length;
      if (live > 1) return `has ${live} live attempts`;
      return live > 0 && SETTLED.has(payout.intent_status ?? '')
        ? `is ${String(payout.intent_status)} with a live attempt`
        : null;
    }),
  },
  {
    number: 11,
    statement: 'A committed attempt exists before the provider sees its key.',
    check: ({ world }) =>
      world.provider.calls
        .filter(({ attempt }) => attempt === null)
        .map(({ action, host, key }) => ({ subject: host, detail: `calls (${action}) under ${key}, which no attempt has` })),
  },
  {
    number: 12,
    statement: 'The key is a function of merchant, payout and attempt number.',
    check: ({ attempts, world }) => {
      const derived = new Set(
        attempts.map((attempt) => idempotencyKeyOf(attempt.merchant_id, attempt.payout_id, attempt.number)),
      );
      const kept = attempts.map(({ idempotency_key }) => idempotency_key);
      const seen = world.provider.calls.map(({ key }) => key);
      return [...new Set([...kept, ...seen])]
        .filter((key) => !derived.has(key))
        .map((key) => ({ subject: 'key', detail: `${key} is not derived` }));
    },
  },
  {
    number: 13,
    statement: 'Ambiguity is never failure: what is rejected or failed, the provider has refused or failed itself.',
    check: perPayout((payout, evidence) => {
      const { attempts, world, ledger } = evidence;
      const told = historyOf(evidence, payout);
      for (const [index] of told.filter(({ type }) => type === 'payout.intent_creation_failed').entries()) {
        const key = attempts.find(({ payout_id, number }) => payout_id === payout.id && number === index + 1)?.idempotency_key;
        if (ledger.some((entry) => entry.key === key))
          return `was told as refused in attempt ${index + 1}, and the provider has taken it`;
        if (!world.provider.refusals.some((refusal) => refusal.key === key) && !world.rejectedByHand.has(key ?? ''))
          return `was told as refused in attempt ${index + 1}, and nobody refused it`;
      }
      if (!told.some(({ type }) => type === 'payout.intent_failed')) return null;
      const failed = paymentsOf(evidence, payout).some(({ course }) => course.some(({ status }) => status === 'failed'));
      return failed ? null : 'was told as failed, and the provider never said so';
    }),
  },
  {
    number: 14,
    statement: 'A result of a claim that another has followed writes nothing.',
    check: ({ world }) =>
      world.settles.flatMap(({ payoutId, claimNo, counted, order }) => {
        const newer = world.claims.find(
          (claim) => claim.payoutId === payoutId && claim.order < order && claimNo !== null && claim.claimNo > claimNo,
        );
        if (!counted || newer === undefined) return [];
        const detail = `counts the result of claim ${String(claimNo)} after claim ${newer.claimNo} of ${newer.host}`;
        return [{ subject: world.stage.nameOf('payout', payoutId), detail }];
      }),
  },
  {
    number: 15,
    statement: 'Leases of one payout never overlap on the clock of the database.',
    check: ({ world }) =>
      world.claims.flatMap((claim) => {
        const before = world.claims
          .filter(({ payoutId, claimNo }) => payoutId === claim.payoutId && claimNo < claim.claimNo)
          .at(-1);
        if (before === undefined || claim.at_ms >= before.leaseEnd_ms) return [];
        // Notifications and a person's word settle without a claim, and free the payout before the end of the lease.
        const freed = world.freed.some(
          ({ payoutId, claimNo }) => payoutId === claim.payoutId && claimNo >= before.claimNo && claimNo < claim.claimNo,
        );
        if (freed) return [];
        const detail = `is claimed by ${claim.host} ${before.leaseEnd_ms - claim.at_ms} ms before the lease of ${before.host} ends`;
        return [{ subject: world.stage.nameOf('payout', claim.payoutId), detail }];
      }),
  },
  {
    number: 16,
    statement: 'No call starts later than its time limit before the end of its lease.',
    check: ({ world }) =>
      world.provider.calls.flatMap(({ claim, at_ms, host, action }) => {
        const late_ms = claim === null ? 0 : at_ms - (claim.leaseEnd_ms - world.provider.temper.timeout_ms);
        return late_ms <= 0 ? [] : [{ subject: host, detail: `starts a ${action} ${late_ms} ms after the last moment for it` }];
      }),
  },
  {
    number: 17,
    statement: 'No key is sent again beyond 0.8 of the time for which the provider remembers it.',
    check: ({ world }) =>
      world.provider.calls.flatMap(({ action, attempt, at_ms, host }) => {
        if (action !== 'send' || attempt === null) return [];
        // Decided when it is claimed; the lease bounds how much later it leaves.
        const age_ms = at_ms - attempt.started_ms - LEASE_MS;
        const limit_ms = RETENTION_SHARE * world.provider.temper.keyRetention_ms;
        return age_ms <= limit_ms ? [] : [{ subject: host, detail: `sends a key that is ${age_ms - limit_ms} ms too old` }];
      }),
  },
  {
    number: 18,
    statement: 'Gaps and overlaps of daylight saving give the documented instant.',
    check: perPayout((payout, evidence) => {
      const wish = evidence.wishes.find(({ payoutId }) => payoutId === payout.id);
      if (wish === undefined || payout.scheduled_ms === null || payout.scheduled_ms === wish.scheduled_ms) return null;
      return `is due ${payout.scheduled_ms - wish.scheduled_ms} ms after its instant`;
    }),
    provenBy: 'src/platform/time/to-instant.spec.ts',
  },
  {
    number: 19,
    statement: 'Equal creates at once make one bulk.',
    check: ({ bulks }) =>
      bulks.flatMap(({ id, merchant_id, label }) => {
        const first = bulks.find((other) => other.merchant_id === merchant_id && other.label === label);
        return first?.id === id ? [] : [{ subject: String(label), detail: 'was created twice' }];
      }),
    provenBy: 'test/integration/idempotency.spec.ts, with fifty',
  },
  {
    number: 20,
    statement: 'A create is all or nothing.',
    check: ({ bulks, payouts, events, world }) =>
      bulks.flatMap(({ id, item_count }) => {
        const count = payouts.filter(({ bulk_id }) => bulk_id === id).length;
        const told = events.filter(
          ({ type, told }) => type === 'payout.created' && told['bulk_id'] === toTypeId('bulk', id),
        ).length;
        if (count === item_count && told === item_count) return [];
        return [{ subject: world.stage.nameOf('bulk', id), detail: `of ${item_count} items has ${count} and tells of ${told}` }];
      }),
  },
  {
    number: 21,
    statement: 'A reference has one holder: whoever may be paid, or was.',
    check: perPayout(({ id, status, intent_status, holder }) => {
      const gone = ['failed', 'returned'].includes(intent_status ?? '');
      const holds =
        ['SCHEDULED', 'PROCESSING_IN_PROGRESS'].includes(status) ||
        (status === 'PROCESSED' && !gone && intent_status !== 'needs_review');
      if (holds && holder !== id) return `is ${status} without its reference`;
      return ['CANCELLED', 'INTENT_CREATION_FAILED'].includes(status) && holder === id
        ? `is ${status} and holds its reference`
        : null;
    }),
  },
  {
    number: 22,
    statement: 'Nothing runs that is not valid in its current version.',
    check: perPayout((payout, evidence) => {
      if (paymentsOf(evidence, payout).length === 0) return null;
      return canonical(payout.amount, payout.currency) === null ? `is paid with the amount ${String(payout.amount)}` : null;
    }),
  },
  {
    number: 23,
    statement: 'Money is exact, from the decimal string that came to the canonical one that goes.',
    check: ({ ledger }) =>
      ledger
        .filter(({ amount, currency }) => canonical(amount, currency) !== amount)
        .map(({ amount, reference }) => ({ subject: reference, detail: `goes out as ${amount}` })),
    provenBy: 'src/platform/money/amount.spec.ts',
  },
  {
    number: 24,
    statement: 'Tenants never see each other; unknown and foreign look the same.',
    check: ({ world }) =>
      world.answers
        .filter(({ action, result, answered }) => action === 'foreign' && answered && result !== 'not_found')
        .map(({ result }) => ({ subject: 'a foreign bulk', detail: `is answered ${result}` })),
  },
  {
    number: 25,
    statement: 'Every event reaches a healed receiver, under one id.',
    check: ({ deliveries, world }) => {
      const received = new Set(world.received.map(({ url, eventId }) => `${url} ${eventId}`));
      return deliveries
        .filter(({ url, event_id }) => !received.has(`${url} ${toTypeId('event', event_id)}`))
        .map(({ event_id, state }) => ({
          subject: world.stage.nameOf('event', event_id),
          detail: `is ${state} and never arrived`,
        }));
    },
  },
  {
    number: 26,
    statement: 'In sequence per payout: none arrives for the first time before the one that precedes it.',
    check: ({ world, events }) => {
      const first = new Map<string, number>();
      return world.received.flatMap(({ url, subject, sequence }) => {
        const known = first.get(`${url} ${subject}`) ?? firstSequence(events, subject) - 1;
        if (sequence <= known) return [];
        first.set(`${url} ${subject}`, sequence);
        return sequence === known + 1 ? [] : [{ subject, detail: `event ${sequence} arrives after ${known}` }];
      });
    },
  },
  {
    number: 27,
    statement: 'State and event are one commit.',
    check: perPayout((payout, evidence) => {
      const history = historyOf(evidence, payout);
      if (history.length !== payout.last_sequence) return `counts ${payout.last_sequence} events and has ${history.length}`;
      const told = String(history.at(-1)?.told['status']);
      return told === payout.status ? null : `is ${payout.status} and has told ${told}`;
    }),
  },
  {
    number: 28,
    statement: 'The history rebuilds the row.',
    check: perPayout((payout, evidence) => {
      const replayed = replay(historyOf(evidence, payout));
      if (typeof replayed === 'string') return null;
      if (replayed.status !== payout.status) return `is ${payout.status}, and its history says ${String(replayed.status)}`;
      const told = replayed.intent;
      // An attempt that is opened again is told with its claim.
      return payout.intent_status === null || told === payout.intent_status || payout.status === 'INTENT_CREATION_FAILED'
        ? null
        : `has intent ${payout.intent_status}, and its history says ${String(told)}`;
    }),
  },
  {
    number: 29,
    statement: "A bulk's status and counts are the function of its items, in every read.",
    check: (evidence) => [
      ...evidence.world.audits.map((detail) => ({ subject: 'a bulk', detail })),
      ...evidence.bulks.flatMap(({ id, status, progress }) => {
        const mine = evidence.payouts.filter(({ bulk_id }) => bulk_id === id);
        const counts = Object.fromEntries(
          Object.keys(payoutLifecycle.states).map((each) => [each, mine.filter((one) => one.status === each).length]),
        ) as unknown as StatusCounts;
        const wrong = Object.entries(counts).filter(([each, count]) => progress[each.toLowerCase()] !== count);
        const subject = evidence.world.stage.nameOf('bulk', id);
        if (wrong.length > 0)
          return [
            {
              subject,
              detail: `counts ${wrong.map(([each, count]) => `${each} ${String(progress[each.toLowerCase()])} for ${count}`).join(', ')}`,
            },
          ];
        return status === bulkStatus(counts) ? [] : [{ subject, detail: `is ${status} instead of ${bulkStatus(counts)}` }];
      }),
    ],
  },
  {
    number: 30,
    statement: 'A commit whose acknowledgement was lost is read again, never compensated.',
    check: ({ world, payouts }) => {
      const taken = world.unacknowledged.flatMap(({ payoutId, claimNo }) => {
        const stands = payouts.find(({ id }) => id === payoutId)?.claim_no ?? -1;
        if (stands >= claimNo) return [];
        return [
          { subject: world.stage.nameOf('payout', payoutId), detail: `is back at ${stands}, and ${claimNo} was committed` },
        ];
      });
      const counted = world.settles.filter((one) => one.counted && one.claimNo !== null);
      const again = counted.filter((one) =>
        counted.some(({ payoutId, claimNo, order }) => payoutId === one.payoutId && claimNo === one.claimNo && order < one.order),
      );
      const twice = again.map(({ payoutId, claimNo }) => ({
        subject: world.stage.nameOf('payout', payoutId),
        detail: `has the result of claim ${String(claimNo)} written twice`,
      }));
      return [...taken, ...twice];
    },
    provenBy: 'test/integration/transactions.spec.ts',
  },
];

const LEASE_MS = 60_000;

function canonical(amount: string | null, currency: string | null): string | null {
  const parsed = amount === null || currency === null ? null : parseAmount(amount, currency);
  return parsed !== null && 'minor' in parsed && parsed.minor > 0n ? parsed.canonical : null;
}

const firstSequence = (events: readonly EventEvidence[], subject: string): number =>
  Math.min(
    ...events
      .filter(({ payout_id, subject_id }) => subject === toTypeId(payout_id === null ? 'bulk' : 'payout', subject_id))
      .map(({ sequence }) => sequence),
    1,
  );

/** Every finding of every check. */
export const judge = (evidence: Evidence): Violation[] =>
  INVARIANTS.flatMap(({ number, check }) =>
    check === undefined ? [] : check(evidence).map((finding) => ({ invariant: number, ...finding })),
  );

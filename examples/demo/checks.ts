import type { Bulk, Cancellation, Event, LedgerEntry, Payout } from './contract.js';
import { endingOf } from './endings.js';

/** Everything that was seen, by whoever saw it. */
export interface Evidence {
  readonly bulk: Bulk;
  readonly payouts: readonly Payout[];
  readonly cancellations: Cancellation['results'];
  /** The books of the provider, read by the operator. */
  readonly ledger: readonly LedgerEntry[];
  /** What the feed says has happened. */
  readonly feed: readonly Event[];
  /** What arrived at the receiver, in the order of arrival. */
  readonly received: readonly Event[];
  readonly refusedSignatures: number;
}

export interface Check {
  readonly promise: string;
  /** Empty where the promise was kept. */
  readonly faults: readonly string[];
}

export const checkAll = (evidence: Evidence): Check[] => [
  { promise: 'every payout is at rest: final, or open at the provider by the sandbox’s own rules', faults: restless(evidence) },
  { promise: 'every payout ended as its amount asks of the sandbox, or was cancelled', faults: surprising(evidence) },
  {
    promise: 'paid once: the provider’s ledger has each PROCESSED payout once, with its amount, and nothing else',
    faults: ledgerFaults(evidence),
  },
  { promise: 'whatever was answered “cancelled” was never paid', faults: paidAfterCancel(evidence) },
  { promise: 'nothing started before its instant', faults: early(evidence) },
  { promise: 'told truly: the receiver has every event of the feed, and no other', faults: untold(evidence) },
  { promise: 'each payout’s webhooks arrived in sequence, without a gap', faults: outOfSequence(evidence) },
  {
    promise: 'every webhook’s signature was right',
    faults: evidence.refusedSignatures === 0 ? [] : [`${evidence.refusedSignatures} were not`],
  },
  { promise: 'the counts and totals of the bulk are those of its payouts', faults: wrongCounts(evidence) },
];

const shown = ({ reference, status, intent }: Payout): string => `${reference} is ${status} (${intent?.status ?? 'no intent'})`;

const restless = ({ payouts }: Evidence): string[] =>
  payouts.filter(({ final, intent }) => !final && intent?.status !== 'pending' && intent?.status !== 'unclaimed').map(shown);

const surprising = ({ payouts }: Evidence): string[] =>
  payouts
    .filter((payout) => payout.status !== 'CANCELLED')
    .filter((payout) => payout.status !== endingOf(payout).status || payout.intent?.status !== endingOf(payout).intent)
    .map(shown);

function ledgerFaults({ payouts, ledger }: Evidence): string[] {
  const money = ({ amount, currency }: Pick<Payout, 'amount' | 'currency'>): string => `${amount ?? ''} ${currency ?? ''}`;
  const due = new Map(payouts.filter(({ status }) => status === 'PROCESSED').map((payout) => [payout.reference, money(payout)]));
  const paid = new Map<string, string>();
  const faults: string[] = [];
  for (const entry of ledger) {
    const { reference } = entry;
    if (paid.has(reference)) faults.push(`${reference} was paid twice`);
    else if (!due.has(reference)) faults.push(`${reference} was paid and is not PROCESSED`);
    else if (due.get(reference) !== money(entry))
      faults.push(`${reference} was paid ${money(entry)}, not ${due.get(reference) ?? ''}`);
    paid.set(reference, money(entry));
  }
  return [
    ...faults,
    ...[...due.keys()].filter((reference) => !paid.has(reference)).map((reference) => `${reference} was not paid`),
  ];
}

function paidAfterCancel({ cancellations, ledger, payouts }: Evidence): string[] {
  const paid = new Set(ledger.map(({ reference }) => reference));
  const statuses = new Map(payouts.map(({ reference, status }) => [reference, status]));
  return cancellations
    .filter(
      ({ reference, outcome }) => outcome === 'cancelled' && (paid.has(reference) || statuses.get(reference) !== 'CANCELLED'),
    )
    .map(({ reference }) => `${reference} was answered “cancelled” and is ${statuses.get(reference) ?? 'gone'}`);
}

const early = ({ payouts }: Evidence): string[] =>
  payouts
    .filter(({ intent, scheduled_at }) => intent !== null && (scheduled_at === null || intent.created_at < scheduled_at))
    .map(
      ({ reference, intent, scheduled_at }) =>
        `${reference} started at ${intent?.created_at ?? ''}, due at ${scheduled_at ?? 'no time'}`,
    );

function untold({ feed, received }: Evidence): string[] {
  const happened = new Set(feed.map(({ data }) => data.event_id));
  const told = new Set(received.map(({ data }) => data.event_id));
  return [
    ...feed.filter(({ data }) => !told.has(data.event_id)).map(({ type, data }) => `${type} ${data.event_id} never arrived`),
    ...received
      .filter(({ data }) => !happened.has(data.event_id))
      .map(({ type, data }) => `${type} ${data.event_id} is not in the feed`),
  ];
}

function outOfSequence({ received }: Evidence): string[] {
  const last = new Map<string, number>();
  const faults: string[] = [];
  for (const { type, data } of received) {
    const { payout_id: payoutId, sequence } = data;
    if (payoutId === undefined) continue;
    const expected = (last.get(payoutId) ?? 0) + 1;
    if (sequence !== expected) faults.push(`${type} of ${payoutId} came as number ${sequence}, expected ${expected}`);
    last.set(payoutId, sequence);
  }
  return faults;
}

function wrongCounts({ bulk, payouts }: Evidence): string[] {
  const counted = (values: readonly string[]): string =>
    JSON.stringify([...new Set(values)].sort().map((value) => [value, values.filter((each) => each === value).length]));
  const alive = payouts.filter(({ status }) => status !== 'CANCELLED');
  const statuses = counted(payouts.map(({ status }) => status));
  const currencies = counted(alive.map(({ currency }) => currency ?? ''));
  const faults: string[] = [];
  const compare = (what: string, said: string, found: string): void => {
    if (said !== found) faults.push(`${what}: the bulk says ${said}, its payouts say ${found}`);
  };
  compare('counts', JSON.stringify(Object.entries(bulk.counts).sort(([a], [b]) => (a < b ? -1 : 1))), statuses);
  compare('currencies', JSON.stringify(bulk.totals.map(({ currency, count }) => [currency, count]).sort()), currencies);
  for (const { currency, amount } of bulk.totals)
    compare(currency, amount, sumOf(alive.filter((payout) => payout.currency === currency)));
  return faults;
}

/** Exact: decimal strings in, integers in between, a decimal string out. Amounts of one currency have equally many decimals. */
export function sumOf(amounts: readonly { readonly amount: string | null }[]): string {
  const decimals = amounts[0]?.amount?.split('.')[1]?.length ?? 0;
  const minor = amounts.reduce((sum, { amount }) => sum + BigInt((amount ?? '0').replace('.', '')), 0n).toString();
  if (decimals === 0) return minor;
  const digits = minor.padStart(decimals + 1, '0');
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

import type { ProviderStatus } from '../../src/connectors/index.js';
import type { CallNote, ProviderTemper, Received, Scene } from './scene.js';
import type { LedgerEntry, RefusalNote } from './simulated-provider.js';
import type { Wish } from './wishes.js';
import type { AnswerNote, ClaimNote, SettleNote, World } from './world.js';

export interface PayoutEvidence {
  readonly id: string;
  readonly merchant_id: string;
  readonly bulk_id: string;
  readonly reference: string;
  readonly status: string;
  readonly version: number;
  readonly held: boolean;
  readonly scheduled_ms: number | null;
  readonly last_sequence: number;
  readonly attempt_no: number;
  readonly claim_no: number;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly intent_id: string | null;
  readonly intent_status: string | null;
  readonly holder: string | null;
}

export interface AttemptEvidence {
  readonly payout_id: string;
  readonly merchant_id: string;
  readonly number: number;
  readonly idempotency_key: string;
  readonly live: boolean;
  readonly outcome: string | null;
  readonly started_ms: number;
}

export interface EventEvidence {
  readonly id: string;
  readonly merchant_id: string;
  readonly type: string;
  readonly subject_id: string;
  readonly payout_id: string | null;
  readonly sequence: number;
  readonly at_ms: number;
  /** The body's `data`. */
  readonly told: Readonly<Record<string, unknown>>;
}

export interface BulkEvidence {
  readonly id: string;
  readonly merchant_id: string;
  readonly item_count: number;
  readonly label: string | null;
  readonly status: string;
  readonly progress: Readonly<Record<string, unknown>>;
}

export interface DeliveryEvidence {
  readonly event_id: string;
  readonly url: string;
  readonly state: string;
}

/** What a run's database says after it. */
interface Rows {
  readonly payouts: readonly PayoutEvidence[];
  readonly attempts: readonly AttemptEvidence[];
  readonly events: readonly EventEvidence[];
  readonly bulks: readonly BulkEvidence[];
  readonly deliveries: readonly DeliveryEvidence[];
  /** References of payments that the engine has told of as contradicting its books. */
  readonly strays: ReadonlySet<string>;
}

/** What was seen of a run beside its database: by the simulation of everything, by runs of processes of what shows outside. */
export interface Observed {
  readonly stage: { nameOf(kind: string, id: string): string };
  readonly provider: {
    readonly temper: Pick<ProviderTemper, 'keyRetention_ms' | 'timeout_ms' | 'lists'>;
    readonly calls: readonly CallNote[];
    readonly refusals: readonly Pick<RefusalNote, 'key'>[];
    paymentOf(entry: LedgerEntry): { readonly status: ProviderStatus };
  };
  readonly received: readonly Received[];
  readonly claims: readonly ClaimNote[];
  readonly settles: readonly SettleNote[];
  readonly freed: Scene['freed'];
  readonly answers: readonly AnswerNote[];
  readonly audits: readonly string[];
  readonly unacknowledged: Scene['unacknowledged'];
  /** Keys of attempts that the operator has settled as refused. */
  readonly rejectedByHand: ReadonlySet<string>;
}

/** What can be known of a run after it: the database, the provider's ledger, the receivers, and what was answered. */
export interface Evidence extends Rows {
  readonly ledger: readonly (LedgerEntry & { readonly payoutId: string | null })[];
  readonly wishes: readonly Pick<Wish, 'payoutId' | 'amount' | 'currency' | 'iban' | 'scheduled_ms'>[];
  readonly world: Observed;
}

const ms = (column: string): string => `extract(epoch FROM ${column})::double precision * 1000`;

/** Everything of the simulated run. */
export async function readEvidence(world: World, wishes: Evidence['wishes']): Promise<Evidence> {
  const rows = await readRows((text) => world.engine.read(text, [world.merchantIds]));
  return { ...rows, ledger: ledgerOf(world.provider.ledger, rows), wishes, world };
}

/** Each payment with the payout that its key belongs to. */
export function ledgerOf(entries: readonly LedgerEntry[], { attempts }: Rows): Evidence['ledger'] {
  const payoutOf = new Map(attempts.map(({ idempotency_key, payout_id }) => [idempotency_key, payout_id]));
  return entries.map((entry) => ({ ...entry, payoutId: payoutOf.get(entry.key) ?? null }));
}

/** @param run a statement whose only parameter is the merchants' ids. */
export async function readRows(run: (text: string) => Promise<unknown[]>): Promise<Rows> {
  const read = async <Row>(text: string): Promise<Row[]> => (await run(text)) as Row[];
  const payouts = await read<PayoutEvidence>(
    `SELECT p.id, p.merchant_id, p.bulk_id, p.reference, p.status, p.version, p.held, ${ms('p.scheduled_at')} AS scheduled_ms,
       p.last_sequence, p.attempt_no, p.claim_no, r.amount, r.currency, i.id AS intent_id, i.status AS intent_status, h.payout_id AS holder
     FROM payout p
     JOIN payout_revision r ON r.payout_id = p.id AND r.revision = p.revision
     LEFT JOIN payout_intent i ON i.payout_id = p.id
     LEFT JOIN reference_hold h ON h.merchant_id = p.merchant_id AND h.reference = p.reference
     WHERE p.merchant_id = ANY($1::uuid[]) ORDER BY p.id`,
  );
  const attempts = await read<AttemptEvidence>(
    `SELECT payout_id, merchant_id, number, idempotency_key, live, outcome, ${ms('started_at')} AS started_ms
     FROM attempt WHERE merchant_id = ANY($1::uuid[]) ORDER BY payout_id, number`,
  );
  const events = await read<Omit<EventEvidence, 'told'> & { body: Buffer }>(
    `SELECT id, merchant_id, type, subject_id, payout_id, sequence, ${ms('occurred_at')} AS at_ms, body
     FROM event WHERE merchant_id = ANY($1::uuid[]) ORDER BY subject_id, sequence`,
  );
  const bulks = await read<BulkEvidence>(
    `SELECT b.id, b.merchant_id, b.item_count, b.label, g.status, to_jsonb(g) AS progress
     FROM bulk b JOIN bulk_progress g ON g.bulk_id = b.id WHERE b.merchant_id = ANY($1::uuid[])`,
  );
  const deliveries = await read<DeliveryEvidence>(
    `SELECT d.event_id, e.url, d.state FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
     WHERE d.merchant_id = ANY($1::uuid[])`,
  );
  const strays = await read<{ provider_reference: string }>(
    `SELECT provider_reference FROM stray_payment
     WHERE connector_id IN (SELECT connector_id FROM merchant WHERE id = ANY($1::uuid[]))`,
  );
  return {
    payouts,
    attempts,
    events: events.map(({ body, ...event }) => ({
      ...event,
      told: (JSON.parse(body.toString('utf8')) as { data: Record<string, unknown> }).data,
    })),
    bulks,
    deliveries,
    strays: new Set(strays.map(({ provider_reference }) => provider_reference)),
  };
}

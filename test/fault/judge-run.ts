import { fromTypeId } from '../../src/platform/ids/index.js';
import { type AttemptEvidence, type Evidence, ledgerOf, type Observed, readRows } from '../simulation/evidence.js';
import { judge, type Violation } from '../simulation/invariants.js';
import type { CallNote } from '../simulation/scene.js';
import type { LedgerEntry } from '../simulation/simulated-provider.js';
import type { LedgerEntry as Payment, ReceivedRequest } from '../support/provider-server.js';
import type { FaultKind } from './fault-kind.js';
import type { Scene } from './scene.js';

const HOUR_MS = 3_600_000;

/** The invariants that show outside, by the checks of the simulation; and what every fault of the run has to show. */
export async function judgeRun(scene: Scene, kinds: readonly FaultKind[]): Promise<Violation[]> {
  const evidence = await evidenceOf(scene);
  const alone = kinds.length === 1 ? (kinds[0]?.shows?.({ scene, evidence }) ?? []) : [];
  const strays = kinds.some(({ undoes }) => undoes === true) ? 0 : await scene.count('stray_payment');
  const sentences = [
    ...scene.seenWrong,
    ...alone,
    ...fallsOf(scene),
    ...(strays === 0 ? [] : [`${strays} payments of ours are taken for a stranger's`]),
    ...unverified(scene),
  ];
  return [...judge(evidence), ...sentences.map((detail) => ({ invariant: 0, subject: 'the run', detail }))];
}

/** Processes that ended although nobody ended them. */
export const fallsOf = ({ parts: { members } }: Scene): string[] =>
  members.flatMap(({ falls }) => falls.map((fall) => `a process fell: ${fall}`));

async function evidenceOf(scene: Scene): Promise<Evidence> {
  const merchantIds = [fromTypeId('merchant', scene.merchantId)];
  const rows = await readRows((text) => scene.read(text, [merchantIds]));
  return {
    ...rows,
    ledger: ledgerOf(scene.parts.provider.ledger.map(entryOf), rows),
    wishes: scene.merchant.wishes.map(({ id, ...wish }) => ({ ...wish, payoutId: fromTypeId('payout', id ?? '') })),
    world: observed(scene, rows.attempts, new Map(rows.payouts.map(({ id, reference }) => [id, reference]))),
  };
}

/** Claims and settles are inside of the processes and do not show: their invariants are the simulation's. */
function observed(scene: Scene, attempts: readonly AttemptEvidence[], references: ReadonlyMap<string, string>): Observed {
  const { provider, receiver } = scene.parts;
  const { timeout_ms, key_retention_hours } = scene.connector;
  const byKey = new Map(attempts.map((attempt) => [attempt.idempotency_key, attempt]));
  return {
    stage: { nameOf: (kind, id) => references.get(id) ?? `${kind} ${id}` },
    provider: {
      temper: { timeout_ms, keyRetention_ms: key_retention_hours * HOUR_MS, lists: true },
      calls: provider.requests.slice(scene.requestsFrom).flatMap((request) => callOf(request, byKey) ?? []),
      refusals: [...scene.refused].map((key) => ({ key })),
      paymentOf: ({ course }) => ({ status: course.at(-1)?.status ?? 'succeeded' }),
    },
    received: receiver.received.map(({ id, event: { data } }) => ({
      url: receiver.url,
      eventId: id,
      subject: String(data['payout_id'] ?? data['bulk_id']),
      sequence: Number(data['sequence']),
    })),
    ...{
      claims: [],
      settles: [],
      unacknowledged: [],
      freed: [],
      audits: [],
      rejectedByHand: new Set(),
      answers: scene.merchant.answers,
    },
  };
}

/** A look under a key, or a send: with its attempt where that was written before. */
function callOf(
  { method, path, headers, body, at }: ReceivedRequest,
  attempts: ReadonlyMap<string, AttemptEvidence>,
): CallNote | null {
  const asked = new URL(path, 'http://provider').searchParams.get('idempotency_key');
  const key = method === 'POST' ? headers['idempotency-key'] : asked;
  if (typeof key !== 'string') return null;
  const attempt = attempts.get(key);
  return {
    action: method === 'POST' ? 'send' : 'look_up',
    host: 'a process',
    key,
    intentId: method === 'POST' ? (JSON.parse(body) as { intent_id: string }).intent_id : null,
    at_ms: at,
    claim: null,
    attempt: attempt === undefined || attempt.started_ms > at + 1 ? null : attempt,
  };
}

function entryOf({ id, request, at, status, later }: Payment): LedgerEntry {
  const { idempotency_key, intent_id, reference, amount, currency, payout_method } = request;
  return {
    ...{ key: idempotency_key, intentId: intent_id, reference, amount, currency, receiver: payout_method },
    ...{ at_ms: at, sent_ms: at, providerReference: id },
    course: [{ after_ms: 0, status }, ...(later == null ? [] : [later])],
  };
}

function unverified({ parts: { receiver } }: Scene): string[] {
  const wrong = receiver.received.filter(({ verifiedBy }) => verifiedBy.length !== 1);
  return wrong.length === 0 ? [] : [`${wrong.length} webhooks came with a signature that the official verifier refuses`];
}

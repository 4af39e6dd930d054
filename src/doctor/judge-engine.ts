import type { Tx } from '../platform/database/index.js';
import { JOB_FAILED, JOB_LATE } from '../platform/jobs/index.js';
import { fault, type Finding, warning, where } from './finding.js';

/** More than any poll or wake takes: whatever has been due for longer is not merely being claimed. */
const LATE_S = 60;
const DELIVERY_LATE_S = 300;
/** Six runs of its job. */
const BOOKS_BEHIND_S = 1_800;
/** Workers say that they are there every second or so. */
const WORKER_SEEN_S = 30;

/** How the engine stands, read in one row. */
export interface EngineFacts {
  readonly paused: string | null;
  readonly quarantined: boolean;
  /** "name: reason" of each. */
  readonly connectors_paused: readonly string[];
  readonly connectors_broken: readonly string[];
  readonly sandboxes: readonly string[];
  readonly merchants_paused: number;
  readonly merchants_without_connector: number;
  readonly due: number;
  readonly lateness_s: number;
  readonly workers: number;
  readonly unknown: number;
  readonly needs_review: number;
  readonly stray_payments: number;
  /** Names of connectors. */
  readonly books_behind: readonly string[];
  readonly oldest_delivery_s: number;
  readonly endpoints_disabled: number;
  /** "name: reason" of each whose last run failed. */
  readonly jobs_failed: readonly string[];
  readonly jobs_late: readonly string[];
  /** Ids of keys under which something is sealed. */
  readonly keys_needed: readonly string[];
}

export async function readEngine(tx: Tx): Promise<EngineFacts> {
  const row = await tx.one<EngineFacts & Record<string, unknown>>(
    `SELECT (SELECT pause_reason FROM engine) AS paused, EXISTS (SELECT FROM engine WHERE quarantined_at IS NOT NULL) AS quarantined,
       ARRAY (SELECT name || ': ' || pause_reason FROM connector WHERE paused_at IS NOT NULL ORDER BY id) AS connectors_paused,
       ARRAY (SELECT name FROM connector WHERE breaker_until IS NOT NULL ORDER BY id) AS connectors_broken,
       ARRAY (SELECT DISTINCT c.name FROM connector c JOIN merchant m ON m.connector_id = c.id WHERE c.type = 'sandbox') AS sandboxes,
       (SELECT count(*)::integer FROM merchant WHERE paused_at IS NOT NULL) AS merchants_paused,
       (SELECT count(*)::integer FROM merchant WHERE connector_id IS NULL) AS merchants_without_connector,
       d.due, d.lateness_s, (SELECT count(DISTINCT worker_id)::integer FROM connector_worker
         WHERE seen_at > tranche_now() - ${WORKER_SEEN_S} * interval '1 second') AS workers,
       i.unknown, i.needs_review, (SELECT count(*)::integer FROM stray_payment WHERE acknowledged_at IS NULL) AS stray_payments,
       ARRAY (SELECT name FROM connector c WHERE books_compared_until(c) < tranche_now() - ${BOOKS_BEHIND_S} * interval '1 second' ORDER BY id) AS books_behind,
       (SELECT coalesce(extract(epoch FROM tranche_now() - min(due.oldest)), 0)::double precision
        FROM webhook_endpoint e CROSS JOIN LATERAL (
          SELECT min(d.created_at) AS oldest FROM webhook_delivery d
          WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at <= tranche_now() AND d.queued_at >= coalesce(e.backlog_from, '-infinity')) due
        WHERE e.status <> 'disabled' AND e.deleted_at IS NULL) AS oldest_delivery_s,
       (SELECT count(*)::integer FROM webhook_endpoint WHERE status = 'disabled' AND deleted_at IS NULL) AS endpoints_disabled,
       ARRAY (SELECT name || ': ' || coalesce(fail_reason, '') FROM agenda_jobs
         WHERE ${JOB_FAILED} ORDER BY name) AS jobs_failed,
       ARRAY (SELECT name FROM agenda_jobs WHERE ${JOB_LATE} ORDER BY name) AS jobs_late,
       ARRAY (SELECT id FROM encryption_key WHERE retired_at IS NULL ORDER BY id) AS keys_needed
     FROM (SELECT count(*)::integer AS due, coalesce(extract(epoch FROM tranche_now() - min(scheduled_at)), 0)::double precision AS lateness_s
           FROM payout WHERE status = 'SCHEDULED' AND NOT held AND scheduled_at <= tranche_now()) d,
          (SELECT count(*) FILTER (WHERE status = 'unknown')::integer AS unknown,
             count(*) FILTER (WHERE status = 'needs_review')::integer AS needs_review
           FROM payout_intent WHERE status IN ('unknown', 'needs_review')) i`,
  );
  if (row === null) throw new Error('the engine told nothing of itself');
  return row;
}

export interface EngineScene {
  readonly sandbox: boolean;
  readonly keyIds: readonly string[];
}

export function judgeEngine(facts: EngineFacts, scene: EngineScene): readonly Finding[] {
  return [
    ...judgeKeys(facts, scene),
    ...judgeBrakes(facts),
    ...judgeMoney(facts),
    ...judgeRoutes(facts, scene),
    ...judgeDuties(facts),
  ];
}

function judgeKeys({ keys_needed }: EngineFacts, { keyIds }: EngineScene): readonly Finding[] {
  const missing = keys_needed.filter((id) => !keyIds.includes(id));
  return where(
    missing.length > 0,
    fault(
      `ENCRYPTION_KEYS lacks ${missing.join(', ')}: account data and secrets are sealed under it, and no process starts.`,
      'Put the key back, behind the current one, until its rotation has ended (GET /v1/operator/encryption).',
    ),
  );
}

const judgeBrakes = (facts: EngineFacts): readonly Finding[] => [
  ...where(
    facts.paused !== null,
    warning(`The engine is paused: ${facts.paused ?? ''}.`, 'POST /v1/operator/resume when its reason is gone.'),
  ),
  ...where(
    facts.quarantined,
    warning('In quarantine: nothing is sent.', 'GET /v1/operator/quarantine says what its end waits for.'),
  ),
  ...facts.connectors_paused.map((each) =>
    warning(`A connector is paused: ${each}.`, 'Mend its cause, then resume it (docs/operations.md, Alarm: connector paused).'),
  ),
  ...facts.connectors_broken.map((each) =>
    warning(`The provider of ${each} does not answer.`, 'Look at the network to it (docs/operations.md, Alarm: breaker open).'),
  ),
  ...where(
    facts.merchants_paused > 0,
    warning(`${facts.merchants_paused} merchants are paused.`, 'GET /v1/operator/merchants has the reason of each.'),
  ),
];

const judgeMoney = (facts: EngineFacts): readonly Finding[] => [
  ...where(
    facts.lateness_s > LATE_S,
    fault(
      `${facts.due} payouts are due, the oldest for ${Math.round(facts.lateness_s)} s; ${facts.workers} workers have been seen lately.`,
      'docs/operations.md, Payouts are late.',
    ),
  ),
  ...where(
    facts.unknown > 0,
    warning(
      `The outcome of ${facts.unknown} payouts is unknown.`,
      'They are looked up; never pay one another way (docs/operations.md, Alarm: unknown).',
    ),
  ),
  ...where(
    facts.needs_review > 0,
    fault(`${facts.needs_review} payouts wait for a person.`, 'GET /v1/operator/intents?status=needs_review, then resolve each.'),
  ),
  ...where(
    facts.stray_payments > 0,
    fault(
      `${facts.stray_payments} payments at providers contradict our books.`,
      'GET /v1/operator/stray-payments?acknowledged=false (docs/operations.md, Alarm: stray payment).',
    ),
  ),
  ...facts.books_behind.map((each) =>
    fault(
      `The books of ${each} are not compared with ours: a payment that nobody ordered would not be found.`,
      'docs/operations.md, Alarm: books behind.',
    ),
  ),
];

const judgeRoutes = (facts: EngineFacts, { sandbox }: EngineScene): readonly Finding[] => [
  ...where(
    !sandbox && facts.sandboxes.length > 0,
    warning(
      `Merchants pay through a sandbox (${facts.sandboxes.join(', ')}): they are told of payments that nobody made.`,
      'PATCH /v1/operator/merchants/{id} with a connector of type http.',
    ),
  ),
  ...where(
    !sandbox && facts.merchants_without_connector > 0,
    warning(
      `${facts.merchants_without_connector} merchants have no connector: their payouts fail validation with no_route.`,
      'PATCH /v1/operator/merchants/{id} with a connector_id.',
    ),
  ),
];

const judgeDuties = (facts: EngineFacts): readonly Finding[] => [
  ...where(
    facts.oldest_delivery_s > DELIVERY_LATE_S,
    warning(
      `The oldest webhook has waited for ${Math.round(facts.oldest_delivery_s)} s.`,
      'One dead receiver is enough for that (docs/operations.md, Webhooks do not arrive).',
    ),
  ),
  ...where(
    facts.endpoints_disabled > 0,
    warning(
      `${facts.endpoints_disabled} webhook endpoints are disabled; what they miss is held for WEBHOOK_HELD_DAYS.`,
      'Their merchants enable them.',
    ),
  ),
  ...facts.jobs_failed.map((each) =>
    warning(`The last run of a job failed: ${each}.`, 'The log of the worker that ran it has the stack.'),
  ),
  ...where(
    facts.jobs_late.length > 0,
    fault(`Nobody has run ${facts.jobs_late.join(', ')} for hours.`, 'Is a process of role worker up? Start one.'),
  ),
];

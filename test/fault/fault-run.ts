import type { Violation } from '../simulation/invariants.js';
import type { OwnPostgres } from '../support/own-postgres.js';
import type { RunPlan } from './fault-kind.js';
import { fallsOf, judgeRun } from './judge-run.js';
import { comes } from './patience.js';
import { Scene } from './scene.js';

export interface RunReport {
  readonly seed: number;
  /** The faults of the run, in words. */
  readonly faults: readonly string[];
  readonly payouts: number;
  /** What happened how often. */
  readonly counts: ReadonlyMap<string, number>;
  /** From the end of the last fault until nothing moved any more. */
  readonly rest_s: number;
  readonly violations: readonly Violation[];
}

const FIRST_ORDER = 24;
const SECOND_ORDER = 12;
const EDITS = 3;
const CANCELS = 3;
/** Payouts come due from before the fault strikes until after it. */
const LASTS_S = 4;

/** Pays under faults, heals, comes to rest, and is judged. A run never throws: what goes wrong is a violation of it. */
export async function faultRun(plan: RunPlan, postgres: OwnPostgres): Promise<RunReport> {
  const start = { seed: plan.seed, faults: plan.kinds.map(({ name }) => name) };
  const failed = (details: readonly string[]) => ({
    ...{ ...start, payouts: 0, counts: new Map<string, number>(), rest_s: 0 },
    violations: details.map((detail) => ({ invariant: 2, subject: 'the run', detail })),
  });
  let scene: Scene;
  try {
    scene = await Scene.open(plan, postgres);
  } catch (error) {
    return failed([`it did not begin: ${String(error)}`]);
  }
  try {
    await underFaults(scene, plan);
    const healed = performance.now();
    await rest(scene);
    const rest_s = (performance.now() - healed) / 1000;
    return {
      ...{ ...start, payouts: scene.merchant.wishes.length, counts: scene.counts, rest_s },
      violations: [...tardiness(plan, rest_s), ...(await judgeRun(scene, plan.kinds))],
    };
  } catch (error) {
    const report = failed([`${String(error)}; ${await whatIsLeft(scene)}`, ...fallsOf(scene)]);
    return { ...report, payouts: scene.merchant.wishes.length, counts: scene.counts };
  } finally {
    await scene.close();
  }
}

async function underFaults(scene: Scene, { kinds }: RunPlan): Promise<void> {
  const over_s = Math.max(LASTS_S, ...kinds.map(({ lasts_s }) => lasts_s?.(scene) ?? 0));
  scene.striking = true;
  await scene.merchant.order(FIRST_ORDER, { over_s });
  const acts = kinds.some(({ undoes }) => undoes === true) ? Promise.resolve() : actMeanwhile(scene, over_s);
  await Promise.all([acts, ...kinds.map(({ strike }) => strike?.(scene))]);
  scene.striking = false;
  await resume(scene);
}

/** A merchant who orders, edits and cancels as if nothing were the matter. */
async function actMeanwhile({ merchant }: Scene, over_s: number): Promise<void> {
  const wishes = await merchant.order(SECOND_ORDER, { over_s, after_s: 1 });
  for (const wish of wishes.slice(-EDITS)) await merchant.edit(wish);
  for (const wish of wishes.slice(-EDITS - CANCELS, -EDITS)) await merchant.cancel(wish);
}

/** What a fault of the provider has paused, an operator resumes once it is mended. */
async function resume(scene: Scene): Promise<void> {
  if ((await scene.count('connector WHERE paused_at IS NOT NULL')) === 0) return;
  scene.happened('connectors paused by the engine');
  await scene.asOperator('resume after the faults', (client, headers) =>
    client.post(`/v1/operator/connectors/${scene.connectorId}/resume`, undefined, headers),
  );
}

const OPEN = `payout p LEFT JOIN payout_intent i ON i.payout_id = p.id
  WHERE p.status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS', 'SCHEDULED') OR i.status IN ('pending', 'unclaimed')
    OR (p.status = 'PROCESSING_IN_PROGRESS' AND i.status <> 'needs_review')`;
const UNTOLD = `webhook_delivery WHERE state <> 'delivered'`;

const rest = (scene: Scene): Promise<void> =>
  comes('rest', async () => (await scene.count(OPEN)) === 0 && (await scene.count(UNTOLD)) === 0);

function tardiness({ kinds }: RunPlan, rest_s: number): Violation[] {
  const within_s = kinds.length === 1 ? kinds[0]?.restsWithin_s : undefined;
  if (within_s === undefined || rest_s <= within_s) return [];
  return [{ invariant: 2, subject: 'the run', detail: `rests after ${Math.round(rest_s)} s, and not within ${within_s} s` }];
}

async function whatIsLeft(scene: Scene): Promise<string> {
  try {
    const open = await scene.read<{ left: string }>(
      `SELECT coalesce(string_agg(p.reference || ' ' || p.status || ' ' || coalesce(i.status, '-'), ', '), 'nothing') AS left FROM ${OPEN}`,
    );
    return `left: ${open[0]?.left ?? ''}; not told: ${await scene.count(UNTOLD)}`;
  } catch (error) {
    return `the database can not be asked: ${String(error)}`;
  }
}

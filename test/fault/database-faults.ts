import type { ReadinessDto } from '../../src/platform/observability/health.dto.js';
import type { ClusterMember } from './cluster.js';
import type { FaultKind } from './fault-kind.js';
import { comes, pause } from './patience.js';
import type { Scene } from './scene.js';

/** The issue's own pace; a cut has to find a COMMIT, of which there are many a second. */
const TERMINATE_EVERY_MS = 500;
const CUT_EVERY_MS = 250;

async function repeatedly(every_ms: number, for_ms: number, act: () => Promise<void>): Promise<void> {
  for (const ends = performance.now() + for_ms; performance.now() < ends;) {
    await act();
    await pause(every_ms);
  }
}

async function terminateAll(scene: Scene): Promise<void> {
  const [row] = await scene.read<{ count: string }>(
    `SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
    [scene.parts.database],
  );
  scene.happened('connections terminated', Number(row?.count));
}

/** Less than a lease: nothing that was in a process's hands may wait for the end of one when its database is back. */
const RESTS_WITHIN_S = 30;

async function restartAtOnce(scene: Scene): Promise<void> {
  await scene.parts.postgres.stop('immediate');
  await scene.parts.postgres.start();
  scene.happened('PostgreSQL restarted');
}

const terminated_s = (scene: Scene): number => scene.lasting(4, 30);

export const terminate: FaultKind = {
  name: 'terminated connections',
  proves: 'loses no process, no payout and no time when all its connections are terminated every 500 ms and PostgreSQL restarts',
  restsWithin_s: RESTS_WITHIN_S,
  lasts_s: terminated_s,
  strike: async (scene) => {
    const half_ms = terminated_s(scene) * 500;
    await repeatedly(TERMINATE_EVERY_MS, half_ms, () => terminateAll(scene));
    await restartAtOnce(scene);
    await repeatedly(TERMINATE_EVERY_MS, half_ms, () => terminateAll(scene));
  },
};

export const restart: FaultKind = {
  name: 'restart of PostgreSQL',
  proves: 'loses no process and no payout when PostgreSQL restarts at once',
  restsWithin_s: RESTS_WITHIN_S,
  strike: async (scene) => {
    await pause(scene.random.between(500, 2_000));
    await restartAtOnce(scene);
  },
};

/** A probe's own patience: readiness answers after 2 s at the latest, also where the database says nothing at all. */
const PROBE_MAX_MS = 10_000;
/** Well below a lease, on a machine that does everything else too: connections are made anew with the first question. */
const READY_WITHIN_S = 15;

async function probe(
  member: ClusterMember,
  path: '/readyz' | '/healthz',
): Promise<{ status: number; body: Partial<ReadinessDto> }> {
  const answer = await fetch(`${await member.url}${path}`, { signal: AbortSignal.timeout(PROBE_MAX_MS) });
  return { status: answer.status, body: (await answer.json()) as Partial<ReadinessDto> };
}

/** Not ready, and why; but alive: a supervisor that started it anew would gain nothing. */
async function sayThatItIsAway(scene: Scene): Promise<void> {
  for (const member of scene.parts.members) {
    const [ready, alive] = [await probe(member, '/readyz'), await probe(member, '/healthz')];
    const reason = ready.body.checks?.find(({ name }) => name === 'database');
    if (ready.status !== 503 || reason?.ok !== false || reason.detail === null)
      scene.seenWrong.push(`/readyz is ${ready.status} (${JSON.stringify(reason)}) while the database is away`);
    if (alive.status !== 200) scene.seenWrong.push(`/healthz is ${alive.status} while the database is away`);
  }
  scene.happened('readiness refused');
}

async function sayThatItIsBack(scene: Scene): Promise<void> {
  const since = performance.now();
  for (const member of scene.parts.members) await comes('readiness', async () => (await probe(member, '/readyz')).status === 200);
  const seconds = (performance.now() - since) / 1000;
  if (seconds > READY_WITHIN_S) scene.seenWrong.push(`/readyz is 200 only ${Math.round(seconds)} s after the database is back`);
}

const away_s = (scene: Scene): number => scene.lasting(2, 20);

export const outage: FaultKind = {
  name: 'outage of PostgreSQL',
  proves: 'waits for a database that is away, says that it is not ready meanwhile, and goes on when it is back',
  restsWithin_s: RESTS_WITHIN_S,
  lasts_s: (scene) => away_s(scene) + 2,
  strike: async (scene) => {
    await pause(1_000);
    await scene.parts.postgres.stop(scene.random.chance(0.5) ? 'fast' : 'immediate');
    const back = performance.now() + away_s(scene) * 1000;
    await sayThatItIsAway(scene);
    await pause(Math.max(0, back - performance.now()));
    await scene.parts.postgres.start();
    scene.happened('PostgreSQL away');
    await sayThatItIsBack(scene);
  },
};

/** What was being committed is committed, and nobody is told. */
export const cut: FaultKind = {
  name: 'lost acknowledgements of commits',
  proves: 'reads again what was committed when the line is cut behind a COMMIT',
  restsWithin_s: RESTS_WITHIN_S,
  strike: async (scene) => {
    const { proxy } = scene.parts;
    await repeatedly(CUT_EVERY_MS, 4_000, async () => {
      proxy.cutAfter('COMMIT');
      return Promise.resolve();
    });
    scene.happened('commits cut off', proxy.cuts);
  },
};

export const stall: FaultKind = {
  name: 'stalled connections',
  proves: 'bears connections that stand still and go on',
  strike: async (scene) => {
    await pause(1_000);
    scene.parts.proxy.stall();
    await pause(scene.lasting(3, 20) * 1000);
    scene.parts.proxy.resume();
    scene.happened('connections stalled');
  },
};

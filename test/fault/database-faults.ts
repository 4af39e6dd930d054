import type { FaultKind } from './fault-kind.js';
import { pause } from './patience.js';
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

const away_s = (scene: Scene): number => scene.lasting(2, 20);

export const outage: FaultKind = {
  name: 'outage of PostgreSQL',
  proves: 'waits for a database that is away, and goes on when it is back',
  restsWithin_s: RESTS_WITHIN_S,
  lasts_s: (scene) => away_s(scene) + 2,
  strike: async (scene) => {
    await pause(1_000);
    await scene.parts.postgres.stop(scene.random.chance(0.5) ? 'fast' : 'immediate');
    await pause(away_s(scene) * 1000);
    await scene.parts.postgres.start();
    scene.happened('PostgreSQL away');
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

import type { QuarantineDto } from '../../src/reconciliation/dto/quarantine.dto.js';
import type { FaultKind } from './fault-kind.js';
import { comes, pause } from './patience.js';
import type { Scene } from './scene.js';

/** Ordered after the backup: the restored database has never heard of them. */
const LOST_ORDERS = 2;
/** How long nobody has to have been sent anything in quarantine, beyond its first comparison. */
const QUIET_MS = 3_000;

/** Nobody else may be connected to a database that is copied; its users see an outage of a moment. */
async function backUp({ parts: { postgres, database } }: Scene): Promise<string> {
  await postgres.administer(
    `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
  );
  const backup = await postgres.copy(database);
  await postgres.administer(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
  return backup;
}

async function restoreFrom(backup: string, scene: Scene): Promise<void> {
  const { postgres, database, members, provider } = scene.parts;
  await Promise.all(members.map((member) => member.end()));
  await postgres.administer(`DROP DATABASE ${database} WITH (FORCE)`, `ALTER DATABASE ${backup} RENAME TO ${database}`);
  // Of what was asked before, also in the last moment, the restored database knows nothing.
  scene.requestsFrom = provider.requests.length;
  await Promise.all(members.map((member) => member.killAndRestart({ QUARANTINE: 'true' })));
  await Promise.all(members.map(({ url }) => url));
}

const quarantineOf = async (scene: Scene): Promise<QuarantineDto> =>
  (await scene.asOperator<QuarantineDto>('quarantine', (client) => client.get('/v1/operator/quarantine'))).body;

/** Payments of lost orders can not be told from a stranger's: somebody looks at them and resumes the connector. */
async function untilTheBooksMatch(scene: Scene): Promise<void> {
  const { provider } = scene.parts;
  const sent = (): number => provider.requests.filter(({ method }) => method === 'POST').length;
  const before = sent();
  let looks = 0;
  await pause(QUIET_MS);
  await comes('the end of the quarantine', async () => {
    const { active, detail } = await quarantineOf(scene);
    if (active && sent() > before) scene.seenWrong.push(`${sent() - before} requests were sent in quarantine`);
    if (active && detail?.includes('contradict our books') === true) {
      looks += 1;
      const { connectorId } = scene;
      await scene.asOperator(`looked ${looks}`, (client, headers) =>
        client.post(`/v1/operator/connectors/${connectorId}/resume`, undefined, headers),
      );
    }
    return !active;
  });
}

/** PostgreSQL goes back to a state of some seconds ago, and what was sent since is forgotten. */
export const restore: FaultKind = {
  name: 'restore of an old state',
  proves: 'sends nothing after a restore until the books match, and then nothing a second time',
  undoes: true,
  lasts_s: (scene) => scene.lasting(5, 35),
  strike: async (scene) => {
    const backup = await backUp(scene);
    const before = scene.parts.provider.ledger.length;
    const known = scene.merchant.wishes.length;
    await scene.merchant.order(LOST_ORDERS, { over_s: 0 });
    await pause(scene.lasting(2, 30) * 1000);
    await comes('payments that are lost', () => scene.parts.provider.ledger.length > before + LOST_ORDERS);
    await restoreFrom(backup, scene);
    scene.merchant.wishes.splice(known);
    scene.happened('databases restored');
    await untilTheBooksMatch(scene);
  },
};

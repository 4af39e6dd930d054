import { randomBytes } from 'node:crypto';
import { ConfigurationError } from '../config/index.js';
import { type EncryptionKey, type SealedTable, Sealer } from '../crypto/index.js';

const PROBE = 'tranche';
const FINGERPRINT_PLACE = 'fingerprint_key';

/** The line to the database before there are transactions: TypeORM's data source. */
export interface Line {
  query<Rows>(text: string, values?: unknown[]): Promise<Rows>;
}

export const fingerprintKeyTable: SealedTable = {
  table: 'fingerprint_key',
  key: { one: 'boolean' },
  columns: { sealed: () => FINGERPRINT_PLACE },
};

/**
 * The sealer of this process. Its current key is registered before anything is sealed under it, so from the first sealed
 * value on the database names every key that it needs.
 * @throws ConfigurationError where a key is missing that something is still sealed under, or has other bytes than it had.
 */
export async function openSealer(line: Line, ring: readonly [EncryptionKey, ...EncryptionKey[]]): Promise<Sealer> {
  const sealer = new Sealer(ring, Buffer.alloc(0));
  await refuseMissingKeys(line, sealer);
  await line.query(
    `INSERT INTO encryption_key (id, probe) VALUES ($1, $2)
     ON CONFLICT (id) DO UPDATE SET probe = coalesce(encryption_key.probe, excluded.probe), last_used_at = tranche_now(), retired_at = NULL`,
    [sealer.current, sealer.seal(PROBE, probePlace(sealer.current))],
  );
  const fresh = sealer.seal(randomBytes(32).toString('base64'), FINGERPRINT_PLACE);
  await line.query(`INSERT INTO fingerprint_key (sealed) VALUES ($1) ON CONFLICT DO NOTHING`, [fresh]);
  const [row] = await line.query<{ sealed: Buffer }[]>(`SELECT sealed FROM fingerprint_key`);
  if (row === undefined) throw new Error('the row of table fingerprint_key was written and is gone');
  return new Sealer(ring, Buffer.from(sealer.open(row.sealed, FINGERPRINT_PLACE), 'base64'));
}

async function refuseMissingKeys(line: Line, sealer: Sealer): Promise<void> {
  const needed = await line.query<{ id: string; probe: Buffer | null; retired: boolean }[]>(
    `SELECT id, probe, retired_at IS NOT NULL AS retired FROM encryption_key ORDER BY id`,
  );
  const missing = needed.filter(({ id, retired }) => !retired && !sealer.has(id)).map(({ id }) => id);
  const other = needed
    .filter(({ id, probe }) => probe !== null && sealer.has(id) && !opens(sealer, id, probe))
    .map(({ id }) => id);
  const faults = [
    ...(missing.length === 0 ? [] : [`ENCRYPTION_KEYS lacks ${missing.join(', ')}: the database is still sealed under it`]),
    ...other.map((id) => `ENCRYPTION_KEYS has other bytes under ${id} than those that the database is sealed under`),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults);
}

function opens(sealer: Sealer, id: string, probe: Buffer): boolean {
  try {
    return sealer.open(probe, probePlace(id)) === PROBE;
  } catch {
    return false;
  }
}

const probePlace = (id: string): string => `encryption_key:${id}`;

import { Injectable } from '@nestjs/common';
import { Records, type Tx } from '../platform/database/index.js';
import { GONE_AFTER_MS, type OtherWorker } from './connector-share.js';

/** Rows of workers that ended without leaving are deleted after this long; they have not counted for most of it. */
const FORGOTTEN_AFTER_S = 60;

const PLACES = new Records({ connector_id: 'uuid', places: 'integer' });

interface LiveWorker extends OtherWorker {
  readonly [column: string]: unknown;
  readonly connector_id: string;
}

/** Which worker may have how many calls out at which connector. */
@Injectable()
export class ConnectorWorkerRepository {
  /**
   * The other workers that are alive. Two workers that shared out places at once could both take the last, so they do it one
   * after the other; it is once a second and takes milliseconds.
   */
  async lockOthers(tx: Tx, workerId: string): Promise<LiveWorker[]> {
    await tx.query('LOCK TABLE connector_worker IN SHARE ROW EXCLUSIVE MODE');
    await tx.query(`DELETE FROM connector_worker WHERE seen_at < tranche_now() - $1 * interval '1 second'`, [FORGOTTEN_AFTER_S]);
    return tx.query<LiveWorker>(
      `SELECT connector_id, worker_id, places FROM connector_worker
       WHERE worker_id <> $1 AND seen_at > tranche_now() - $2 * interval '1 millisecond'`,
      [workerId, GONE_AFTER_MS],
    );
  }

  async write(tx: Tx, workerId: string, places: readonly { connector_id: string; places: number }[]): Promise<void> {
    await tx.query(
      `INSERT INTO connector_worker (connector_id, worker_id, places, seen_at)
       SELECT v.connector_id, $1, v.places, tranche_now() FROM ${PLACES.as('v', 2)}
       ON CONFLICT (connector_id, worker_id) DO UPDATE SET places = excluded.places, seen_at = excluded.seen_at`,
      [workerId, ...PLACES.of(places)],
    );
  }

  async leave(tx: Tx, workerId: string): Promise<void> {
    await tx.query('DELETE FROM connector_worker WHERE worker_id = $1', [workerId]);
  }
}

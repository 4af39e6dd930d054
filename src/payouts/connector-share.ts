/** A worker that has not been seen for this long has no places any more, and starts no call: three of its beats. */
export const GONE_AFTER_MS = 3_000;

/** Another live worker of the same connector, and how many calls it may have out. */
export interface OtherWorker {
  readonly worker_id: string;
  readonly places: number;
}

/**
 * How many calls this worker may have out at once, of the connector's `limit` for all workers together: an equal part, what
 * is left over to the first by id, and never more than the others have left. So a newcomer waits until the others have made
 * room, and the sum never exceeds the limit. Where there are more workers than places, the last have none until a place is free.
 * Pure.
 */
export function shareOf(limit: number, workerId: string, others: readonly OtherWorker[]): number {
  const workers = others.length + 1;
  const rank = others.filter((other) => other.worker_id < workerId).length;
  const equal = Math.floor(limit / workers) + (rank < limit % workers ? 1 : 0);
  const free = limit - others.reduce((sum, { places }) => sum + places, 0);
  return Math.max(0, Math.min(equal, free));
}

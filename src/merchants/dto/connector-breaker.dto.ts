/** Whether the provider answers at all. While it is open, payouts wait and one at a time probes. */
export class ConnectorBreakerDto {
  /** @example false */
  open: boolean;

  /**
   * Since when; null where it is closed.
   * @example null
   */
  opened_at: string | null;

  /**
   * From when on one payout may probe; null where it is closed.
   * @example null
   */
  probe_at: string | null;

  /**
   * Sends in a row, of all workers, that ended without an answer; ten open it.
   * @example 0
   */
  faults_in_a_row: number;
}

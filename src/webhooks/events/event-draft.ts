/** One event to be recorded in the caller's transaction. Its subject's row is locked by the caller, who counted `sequence`. */
export interface EventDraft {
  readonly merchantId: string;
  readonly type: string;
  /** The payout, the bulk or the endpoint whose sequence this is. */
  readonly subjectId: string;
  readonly sequence: number;
  /** The subject's place in the order of the feed, as text (bigint): `greatest(feed, feed_now())` of its row. */
  readonly feed: string;
  readonly bulkId: string | null;
  readonly payoutId: string | null;
  /** The lane of the bulk's `webhook_url`, or null. */
  readonly bulkEndpointId: string | null;
  /** Where it is not for everybody: the one endpoint that gets it. */
  readonly onlyEndpointId?: string;
  /** The instant of the transition on the database's clock. */
  readonly at: Date;
  /** The body's `data` without `event_id` and `sequence`, which the recorder puts first. */
  readonly data: Readonly<Record<string, unknown>>;
}

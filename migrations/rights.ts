/** Who may do what with one table. A privilege may name the one column that it is for, as in SQL: `UPDATE (id)`. */
export interface TableRights {
  /** Which rows are those of the merchant of the transaction; null: rows of the engine, which no merchant owns. */
  readonly ofMerchant: string | null;
  /** Which rows may be deleted by who may delete at all; left out: any. */
  readonly deletable?: string;
  /** Whoever works for one merchant at a time. */
  readonly api: readonly string[];
  /** Whoever works for the engine. */
  readonly worker: readonly string[];
}

/**
 * The sub-select is computed once for a statement. `IS TRUE` makes the condition a filter, and never a way to the rows: statements
 * name their merchant, bulk or payout themselves, and a plan for any merchant, which a prepared statement gets, takes an average
 * one's rows for few. For the largest merchant it read all of them for each bulk that he made.
 */
const BY_MERCHANT = '(merchant_id = (SELECT tranche_merchant())) IS TRUE';
/** Which rows of the other table can be seen, is for its own policy to say. */
const byParent = (table: string, column: string): string => `EXISTS (SELECT FROM ${table} parent WHERE parent.id = ${column})`;

const READ = ['SELECT'] as const;
/** Written once, never changed: the rows are evidence. */
const APPEND = ['SELECT', 'INSERT'] as const;
/** What an entry is made of; never its place in a chain. */
const AUDITS = [
  'SELECT',
  ...['id', 'merchant_id', 'actor_kind', 'actor_id', 'request_id', 'action', 'subject', 'changes'].map(
    (column) => `INSERT (${column})`,
  ),
];
const WRITE = ['SELECT', 'INSERT', 'UPDATE'] as const;
const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
const NONE = [] as const;

/**
 * The rights of the two roles, applied after the migrations at every start where they differ. A new table is a line here: what
 * has none is closed to both. Nobody may change an event, nor delete one of today.
 */
export const rights: Readonly<Record<string, TableRights>> = {
  agenda_jobs: { ofMerchant: null, api: NONE, worker: ALL },
  api_key: { ofMerchant: BY_MERCHANT, api: NONE, worker: WRITE },
  attempt: { ofMerchant: BY_MERCHANT, api: READ, worker: WRITE },
  attempt_step: { ofMerchant: BY_MERCHANT, api: READ, worker: APPEND },
  audit_chain: { ofMerchant: BY_MERCHANT, api: NONE, worker: WRITE },
  // To be sealed, by its number and hash, is all that happens to an entry.
  audit_entry: { ofMerchant: BY_MERCHANT, api: AUDITS, worker: ['SELECT', 'INSERT', 'UPDATE (hash)', 'UPDATE (number)'] },
  bulk: { ofMerchant: BY_MERCHANT, api: WRITE, worker: ['SELECT', 'UPDATE'] },
  // Sealed anew under another key; what was sent is never changed.
  bulk_origin: { ofMerchant: BY_MERCHANT, api: APPEND, worker: ['SELECT', 'UPDATE (sent)'] },
  bulk_progress: { ofMerchant: BY_MERCHANT, api: WRITE, worker: ['SELECT', 'UPDATE'] },
  connector: { ofMerchant: null, api: READ, worker: WRITE },
  connector_worker: { ofMerchant: null, api: NONE, worker: ALL },
  dots_user: { ofMerchant: BY_MERCHANT, api: ALL, worker: ['SELECT', 'UPDATE (profile)', 'UPDATE (receivers)', 'DELETE'] },
  encryption_key: { ofMerchant: null, api: NONE, worker: WRITE },
  engine: { ofMerchant: null, api: READ, worker: ['SELECT', 'UPDATE'] },
  // Goes with age alone: EVENTS_RETENTION_DAYS is a day at the least.
  event: {
    ofMerchant: BY_MERCHANT,
    deletable: `occurred_at < tranche_now() - interval '1 day'`,
    api: APPEND,
    worker: ['SELECT', 'INSERT', 'DELETE'],
  },
  event_horizon: { ofMerchant: BY_MERCHANT, api: READ, worker: WRITE },
  feed_offset: { ofMerchant: null, api: READ, worker: ['SELECT', 'UPDATE'] },
  fingerprint_key: { ofMerchant: null, api: NONE, worker: WRITE },
  idempotency_key: { ofMerchant: BY_MERCHANT, api: APPEND, worker: ALL },
  key_rotation: { ofMerchant: null, api: NONE, worker: ALL },
  // A lock of the row needs the right to change a column; changing this one to another merchant's is refused by the policy.
  merchant: { ofMerchant: 'id = (SELECT tranche_merchant())', api: ['SELECT', 'UPDATE (id)'], worker: WRITE },
  payout: { ofMerchant: BY_MERCHANT, api: WRITE, worker: ['SELECT', 'UPDATE'] },
  payout_intent: { ofMerchant: BY_MERCHANT, api: READ, worker: WRITE },
  // The engine finds one by its token, and lets it expire.
  payout_link: { ofMerchant: BY_MERCHANT, api: WRITE, worker: ['SELECT', 'UPDATE'] },
  payout_origin: { ofMerchant: BY_MERCHANT, api: APPEND, worker: ['SELECT', 'UPDATE (sent)'] },
  // Sealed anew under another key, or under that of its receiver; what was ordered is never changed.
  payout_revision: {
    ofMerchant: BY_MERCHANT,
    api: APPEND,
    worker: ['SELECT', 'UPDATE (billing_data)', 'UPDATE (changed)', 'UPDATE (payout_method)', 'UPDATE (receiver_key_id)'],
  },
  provider_notification: { ofMerchant: null, api: NONE, worker: ALL },
  rate_bucket: { ofMerchant: null, api: NONE, worker: ALL },
  // Made with what is sealed under it, sealed anew under another key, and deleted when the receiver is forgotten.
  receiver_key: { ofMerchant: BY_MERCHANT, api: APPEND, worker: ['SELECT', 'INSERT', 'UPDATE (sealed)', 'DELETE'] },
  reference_hold: { ofMerchant: BY_MERCHANT, api: ['SELECT', 'INSERT', 'DELETE'], worker: ALL },
  sandbox_payment: { ofMerchant: null, api: NONE, worker: ['SELECT', 'INSERT', 'UPDATE (cancelled_at)'] },
  sandbox_refusal: { ofMerchant: null, api: NONE, worker: WRITE },
  schema_migration: { ofMerchant: null, api: NONE, worker: READ },
  stray_payment: { ofMerchant: null, api: NONE, worker: WRITE },
  webhook_attempt: { ofMerchant: BY_MERCHANT, api: READ, worker: ['SELECT', 'INSERT', 'DELETE'] },
  webhook_delivery: { ofMerchant: BY_MERCHANT, api: WRITE, worker: ALL },
  webhook_endpoint: { ofMerchant: BY_MERCHANT, api: WRITE, worker: WRITE },
  webhook_lane_wake: { ofMerchant: byParent('webhook_endpoint', 'endpoint_id'), api: ['INSERT'], worker: ALL },
  webhook_resend: { ofMerchant: BY_MERCHANT, api: WRITE, worker: ['SELECT', 'UPDATE', 'DELETE'] },
  webhook_resend_item: {
    ofMerchant: byParent('webhook_resend', 'resend_id'),
    api: ['SELECT', 'DELETE'],
    worker: ['SELECT', 'INSERT', 'DELETE'],
  },
};

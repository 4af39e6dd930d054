/** What the demo reads of the answers: the part of /openapi.json that it needs. */

export interface Item {
  readonly reference: string;
  readonly amount?: unknown;
  readonly currency?: unknown;
  readonly scheduled_date?: string | null;
  readonly timezone?: string | null;
  readonly payout_method: Readonly<Record<string, string>>;
  readonly billing_data: Readonly<Record<string, unknown>> & { readonly first_name: string; readonly last_name: string };
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Payroll {
  readonly label: string;
  readonly scheduled_date: string;
  readonly items: readonly Item[];
}

export interface Issue {
  readonly code: string;
  /** JSON Pointer inside the item. */
  readonly pointer: string;
  readonly detail: string;
}

export interface Outcome {
  readonly succeeded: number;
  readonly failed: number;
  readonly pending: number;
  readonly returned: number;
}

export interface Bulk {
  readonly id: string;
  readonly status: string;
  readonly item_count: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly totals: readonly { readonly currency: string; readonly amount: string; readonly count: number }[];
  readonly outcome: Outcome;
}

export interface Payout {
  readonly id: string;
  readonly reference: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly scheduled_at: string | null;
  readonly status: string;
  readonly final: boolean;
  readonly issues: readonly Issue[];
  readonly payout_method: Readonly<Record<string, string>> | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly intent: null | {
    readonly status: string;
    readonly failure: null | { readonly code: string };
    readonly created_at: string;
  };
}

export interface Cancellation {
  readonly bulk: Bulk;
  readonly results: readonly { readonly reference: string; readonly outcome: 'cancelled' | 'already_cancelled' | 'too_late' }[];
}

export interface NewMerchant {
  readonly id: string;
  readonly api_key: string;
  readonly webhook_signing_secret: string;
}

export interface Connector {
  readonly id: string;
  readonly type: string;
}

/** One payment in the books of the sandbox. */
export interface LedgerEntry {
  readonly id: string;
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
}

/** A webhook's body; read from the feed it has its `id` beside. */
export interface Event {
  readonly type: string;
  readonly data: { readonly event_id: string; readonly sequence: number; readonly bulk_id: string; readonly payout_id?: string };
}

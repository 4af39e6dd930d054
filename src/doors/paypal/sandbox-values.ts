import type { Host } from '../host.js';
import { batchHref } from './batch-response.js';
import type { BatchDto, ItemDto } from './batch.dto.js';
import { linkTo, PaypalRefusal, type RefusalName } from './paypal-refusal.js';
import type { BatchStatus } from './transaction-status.js';

/** PayPal's own simulation values for `items[0].note` of a new batch; any other, POSPYO001 among them, asks for nothing. */
const BY_NOTE: Readonly<Record<string, RefusalName>> = {
  ERRPYO002: 'SENDER_EMAIL_UNCONFIRMED',
  ERRPYO003: 'AUTHORIZATION_ERROR',
  ERRPYO005: 'INSUFFICIENT_FUNDS',
  ERRPYO006: 'INTERNAL_ERROR',
  ERRPYO010: 'VALIDATION_ERROR',
  ERRPYO011: 'REQUIRED_SCOPE_MISSING',
  ERRPYO035: 'RATE_LIMIT_REACHED',
  ERRPYO036: 'REQUEST_TIMED_OUT',
  ERRPYO038: 'NON_HOLDING_CURRENCY',
};

/** And for the id of an item that is to be cancelled. */
const BY_ITEM_ID: Readonly<Record<string, RefusalName>> = {
  ERRPOI001: 'INVALID_RESOURCE_ID',
  ERRPYO004: 'BATCH_NOT_COMPLETED',
  ERRPYO007: 'ITEM_ALREADY_CANCELLED',
  ERRPYO008: 'ITEM_CANCELLATION_FAILED',
  ERRPYO009: 'ITEM_INCORRECT_STATUS',
};
const CANCELLED_ITEM_ID = 'POSPOI002';

const BATCHES: Readonly<Record<string, BatchStatus>> = {
  ERRPYOB001: 'SUCCESS',
  ERRPYOB002: 'PENDING',
  ERRPYOB003: 'PROCESSING',
  ERRPYOB004: 'DENIED',
};

/** @throws the refusal that the first item's note asks the sandbox for. */
export function refuseByNote(body: unknown): void {
  const items = (body as { items?: unknown } | null | undefined)?.items;
  const first: unknown = Array.isArray(items) ? items[0] : undefined;
  const note = (first as { note?: unknown } | null | undefined)?.note;
  refuse(BY_NOTE, note);
}

/**
 * The item that exists in PayPal's examples only, or null.
 * @throws the refusal that the id asks the sandbox for.
 */
export function simulatedCancellation(id: string): ItemDto | null {
  refuse(BY_ITEM_ID, id);
  if (id !== CANCELLED_ITEM_ID) return null;
  const amount = { currency: 'USD', value: '1.00' };
  return {
    payout_item_id: id,
    transaction_status: 'RETURNED',
    payout_item_fee: { ...amount, value: '0.00' },
    payout_batch_id: 'POSPYO001',
    payout_item: { amount, recipient_type: 'EMAIL', receiver: 'receiver@example.com' },
    links: [],
  };
}

/** The batch that exists in PayPal's examples only, or null. */
export function simulatedBatch(id: string, host: Host): BatchDto | null {
  const status = Object.hasOwn(BATCHES, id) ? BATCHES[id] : undefined;
  if (status === undefined) return null;
  const batch_header = { payout_batch_id: id, batch_status: status, sender_batch_header: {} };
  return { batch_header, items: [], links: [linkTo(batchHref(host, id))] };
}

function refuse(table: Readonly<Record<string, RefusalName>>, value: unknown): void {
  const name = typeof value === 'string' && Object.hasOwn(table, value) ? table[value] : undefined;
  if (name !== undefined) throw new PaypalRefusal(name);
}

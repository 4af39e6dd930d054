import { kernelProblem, type ProblemFinding } from '../platform/http/index.js';
import { isTimeZone, toInstant } from '../platform/time/index.js';
import type { UrlRefusal } from '../webhooks/index.js';
import type { CreateBulkCommand } from './create-bulk.js';
import type { BulkHeadDto, CreateBulkDto } from './dto/create-bulk.dto.js';
import type { EditBulkDto } from './dto/edit-bulk.dto.js';
import type { BulkHeadPatch, EditBulkCommand } from './edit-bulk.js';
import { readItemPatches } from './item-patches.js';

const DEFAULT_INVALID_ITEMS = 'hold';

/** The request as a command; the date and zone of the bulk itself are judged here, those of items by validation. */
export function toCreateCommand(merchantId: string, body: CreateBulkDto, refusal: UrlRefusal | null): CreateBulkCommand {
  refuseInvalidHead(body, refusal);
  return {
    merchantId,
    reference: body.reference ?? null,
    label: body.label ?? null,
    webhookUrl: body.webhook_url ?? null,
    invalidItems: body.invalid_items ?? DEFAULT_INVALID_ITEMS,
    controlTotals: body.control_totals ?? null,
    scheduledDate: body.scheduled_date ?? null,
    timezone: body.timezone ?? null,
    metadata: body.metadata ?? {},
    items: body.items,
  };
}

export function toEditCommand(
  {
    merchantId,
    bulkId,
    ifMatch,
    refusal,
  }: { merchantId: string; bulkId: string; ifMatch: number | null; refusal: UrlRefusal | null },
  body: EditBulkDto,
): EditBulkCommand {
  refuseInvalidHead(body, refusal);
  return {
    merchantId,
    bulkId,
    ifMatch,
    immutable: {
      reference: body.reference,
      // Null is what a creation takes it for.
      invalid_items: body.invalid_items === null ? DEFAULT_INVALID_ITEMS : body.invalid_items,
    },
    head: headPatchOf(body),
    controlTotals: body.control_totals ?? null,
    items: readItemPatches(body.items ?? []),
  };
}

/** What was left out is undefined in the DTO and absent in the patch. */
function headPatchOf({ label, webhook_url, metadata, scheduled_date, timezone }: EditBulkDto): BulkHeadPatch {
  const head = { label, webhook_url, metadata, scheduled_date, timezone };
  return Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined));
}

function refuseInvalidHead(head: BulkHeadDto, refusal: UrlRefusal | null): void {
  const errors: ProblemFinding[] = [];
  if (head.timezone != null && !isTimeZone(head.timezone)) {
    errors.push({ pointer: '/timezone', code: 'invalid_field', detail: 'Name an IANA time zone, such as Europe/Berlin.' });
  }
  if (head.scheduled_date != null && 'fault' in toInstant(head.scheduled_date, 'UTC')) {
    const detail = 'Give an RFC 3339 instant with offset, or a local date or date-time, such as 2026-12-01.';
    errors.push({ pointer: '/scheduled_date', code: 'invalid_field', detail });
  }
  if (head.webhook_url != null && refusal !== null) errors.push({ pointer: '/webhook_url', ...refusal });
  if (errors.length > 0) throw kernelProblem('invalid_field', 'Nothing was stored: see errors.', { errors });
}

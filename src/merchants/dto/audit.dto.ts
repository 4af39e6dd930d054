import { ApiProperty } from '@nestjs/swagger';
import type { AuditRow, AuditVerdict } from '../../platform/audit/index.js';
import type { Change } from '../../platform/database/index.js';
import { toTypeId } from '../../platform/ids/index.js';

export class AuditActorDto {
  /**
   * Who did it: a merchant by one of its keys, an operator, or the engine by itself.
   * @example merchant_key
   */
  kind: 'merchant_key' | 'operator' | 'system';

  /**
   * The id of the key, or the name of the duty; null: the operator key of the configuration.
   * @example key_01jd3n4m5p6q7r8s9t0v1w2x3y
   */
  id: string | null;
}

const ANY_JSON = {
  anyOf: ['string', 'number', 'boolean', 'array', 'object', 'null'].map((type) => ({
    type,
    ...(type === 'array' && { items: {} }),
  })),
};

/** One change by a person, a key or the engine. What payouts go through by themselves is told by events. */
export class AuditEntryDto {
  /** @example audit_01jd3n4m5p6q7r8s9t0v1w2x3y */
  id: string;

  /** @example audit_entry */
  object: 'audit_entry';

  /** @example 2026-11-21T12:00:00.000Z */
  occurred_at: string;

  actor: AuditActorDto;

  /**
   * The `Request-Id` of the answer; null: no request.
   * @example req_01jd3n4m5p6q7r8s9t0v1w2x3y
   */
  request_id: string | null;

  /**
   * The operation of this document.
   * @example editBulk
   */
  action: string;

  /** The id of what it was done to, of any kind; null: it made or changed nothing that has one. */
  @ApiProperty({ type: String, nullable: true, example: null })
  subject: string | null;

  /** Field by field; null: there was none, or it is not told. Secrets, account and personal data never are. */
  @ApiProperty({
    type: 'array',
    items: {
      type: 'object',
      required: ['field', 'before', 'after'],
      properties: { field: { type: 'string' }, before: ANY_JSON, after: ANY_JSON },
    },
    example: [{ field: 'label', before: 'October payroll', after: 'November payroll' }],
  })
  changes: readonly Change[];

  /**
   * Its place in the chain, from 1 without a gap; null: not sealed yet, which takes a minute or so.
   * @example 12
   */
  number: number | null;

  /**
   * SHA-256 over the hash of the entry before (32 zero bytes before the first) and the entry as JSON without spaces:
   * `[number, id, occurred_at, actor.kind, actor.id, request_id, action, subject, changes]`.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  hash: string | null;
}

export class AuditListDto {
  /** @example list */
  object: 'list';

  @ApiProperty({ type: [AuditEntryDto] })
  data: readonly AuditEntryDto[];

  /** Whether there are more in the direction of the page. */
  has_more: boolean;
}

export class BrokenLinkDto {
  /**
   * The first number at which the chain is not as it was sealed.
   * @example 7
   */
  number: number;

  /** @example "an entry is gone" */
  detail: string;
}

/** What a walk over the whole chain has found. */
export class AuditVerificationDto {
  /** @example audit_verification */
  object: 'audit_verification';

  /** @example true */
  whole: boolean;

  /**
   * Entries that are as they were sealed, from the first on.
   * @example 12
   */
  entries: number;

  /**
   * The hash of the last of them: kept elsewhere, it proves later that nothing before it was changed.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  hash: string | null;

  /**
   * Entries that are not sealed yet.
   * @example 0
   */
  waiting: number;

  /** Null: the chain is whole. */
  broken: BrokenLinkDto | null;
}

export const toAuditEntryResponse = (entry: AuditRow): AuditEntryDto => ({
  id: toTypeId('audit', entry.id),
  object: 'audit_entry',
  occurred_at: entry.occurred_at.toISOString(),
  actor: { kind: entry.actor_kind, id: entry.actor_id },
  request_id: entry.request_id,
  action: entry.action,
  subject: entry.subject,
  changes: entry.changes.map(({ field, before, after }) => ({ field, before, after })),
  number: entry.number === null ? null : Number(entry.number),
  hash: entry.hash?.toString('hex') ?? null,
});

export const toAuditVerificationResponse = ({ entries, hash, waiting, broken }: AuditVerdict): AuditVerificationDto => ({
  object: 'audit_verification',
  whole: broken === null,
  entries,
  hash: hash?.toString('hex') ?? null,
  waiting,
  broken,
});

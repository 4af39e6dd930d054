import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { StoredLimits } from '../platform/money/index.js';

/** A merchant: whose payouts they are. The meaning of each column stands in the migration. */
@Entity('merchant')
export class Merchant {
  @PrimaryColumn('uuid')
  readonly id: string;

  @Column('text')
  readonly name: string;

  /** IANA name; null: UTC counts where neither the payout nor its bulk names a zone. */
  @Column('text', { nullable: true })
  readonly timezone: string | null;

  /** The connector that pays for this merchant; null: the sandbox in sandbox mode, else none. */
  @Column('uuid', { nullable: true })
  readonly connector_id: string | null;

  @Column('jsonb')
  readonly limits: StoredLimits;

  /** Sealed list of `WebhookSecret`. */
  @Column('bytea')
  readonly webhook_secrets: Buffer;

  @Column('timestamptz', { nullable: true })
  readonly paused_at: Date | null;

  @Column('text', { nullable: true })
  readonly pause_reason: string | null;

  /** Of the last resume, kept through later pauses. */
  @Column('timestamptz', { nullable: true })
  readonly resumed_at: Date | null;

  @Column('text', { nullable: true })
  readonly resume_reason: string | null;

  @Column('timestamptz')
  readonly created_at: Date;

  @Column('timestamptz')
  readonly updated_at: Date;
}

import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { StoredLimits } from '../platform/money/index.js';

/** A configured connector: which provider, under what limits. The meaning of each column stands in the migration. */
@Entity('connector')
export class ConnectorEntity {
  @PrimaryColumn('uuid')
  readonly id: string;

  @Column('text')
  readonly name: string;

  @Column('text')
  readonly type: string;

  /** Sealed JSON, as the operator gave it: see `ConnectorRepository.openConfig`. */
  @Column('bytea')
  readonly config: Buffer;

  @Column('text', { array: true, nullable: true })
  readonly currencies: string[] | null;

  @Column('text', { array: true, nullable: true })
  readonly method_types: string[] | null;

  @Column('integer')
  readonly max_concurrency: number;

  /** Null: no limit. */
  @Column('integer', { nullable: true })
  readonly rate_per_second: number | null;

  /** The most that one payout through it may be, by currency; validation judges by it. */
  @Column('jsonb')
  readonly limits: StoredLimits;

  @Column('timestamptz', { nullable: true })
  readonly paused_at: Date | null;

  @Column('text', { nullable: true })
  readonly paused_by: PausedBy | null;

  @Column('text', { nullable: true })
  readonly pause_reason: string | null;

  @Column('integer')
  readonly unreadable_streak: number;

  @Column('timestamptz')
  readonly created_at: Date;

  @Column('timestamptz')
  readonly updated_at: Date;
}

/** `engine`: the provider refused our credentials, or could not be understood. */
export type PausedBy = 'operator' | 'engine';

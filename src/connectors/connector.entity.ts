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

  /** Of the last resume, kept through later pauses. */
  @Column('timestamptz', { nullable: true })
  readonly resumed_at: Date | null;

  @Column('text', { nullable: true })
  readonly resume_reason: string | null;

  @Column('integer')
  readonly unreadable_streak: number;

  /** The provider asked to be left alone until then; null or past: it did not. */
  @Column('timestamptz', { nullable: true })
  readonly busy_until: Date | null;

  /** Sends in a row, of all processes, that failed as sends. */
  @Column('integer')
  readonly fault_streak: number;

  /** Null: the breaker is closed. */
  @Column('timestamptz', { nullable: true })
  readonly breaker_opened_at: Date | null;

  /** From then on one payout probes; null: the breaker is closed. */
  @Column('timestamptz', { nullable: true })
  readonly breaker_until: Date | null;

  /** Whether its provider gives a list to be compared; null: it was never asked. */
  @Column('boolean', { nullable: true })
  readonly lists_payments: boolean | null;

  /** Both sides were compared up to here. */
  @Column('timestamptz', { nullable: true })
  readonly reconciled_until: Date | null;

  @Column('timestamptz')
  readonly created_at: Date;

  @Column('timestamptz')
  readonly updated_at: Date;
}

/** `engine`: the provider refused our credentials, could not be understood, or has payments that contradict our books. */
export type PausedBy = 'operator' | 'engine';

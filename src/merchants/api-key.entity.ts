import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A merchant's or an operator's key to the API. The key itself is stored nowhere, only its hash. */
@Entity('api_key')
export class ApiKey {
  @PrimaryColumn('uuid')
  readonly id: string;

  /** Null: an operator's. */
  @Column('uuid', { nullable: true })
  readonly merchant_id: string | null;

  @Column('text', { nullable: true })
  readonly name: string | null;

  @Column('bytea')
  readonly secret_hash: Buffer;

  /** Null: all. */
  @Column('text', { array: true, nullable: true })
  readonly scopes: string[] | null;

  @Column('timestamptz', { nullable: true })
  readonly expires_at: Date | null;

  @Column('timestamptz', { nullable: true })
  readonly revoked_at: Date | null;

  /** To the minute: written at most once a minute. */
  @Column('timestamptz', { nullable: true })
  readonly last_used_at: Date | null;

  @Column('timestamptz')
  readonly created_at: Date;
}

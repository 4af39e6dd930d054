import { Inject, Injectable } from '@nestjs/common';
import { ReceiverKeys } from '../../bulks/index.js';
import { type SealedTable, Sealer } from '../../platform/crypto/index.js';
import type { Tx } from '../../platform/database/index.js';
import { KeysetList, type KeysetPage, type PageQuery } from '../../platform/http/index.js';
import { isUuid, newUuid, uuidOfHash } from '../../platform/ids/index.js';
import { toE164 } from '../paypal-account.js';
import { type MethodDetails, type MethodPlatform, nativeMethod } from './platforms.js';
import type { Metadata } from './request-reader.js';

/** A way to pay a user. */
export interface SavedMethod {
  readonly id: string;
  readonly platform: MethodPlatform;
  readonly details: MethodDetails;
}

/** What is known of a user: sealed as one. */
export interface Profile {
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string;
  /** Without the plus sign. */
  readonly country_code: string;
  readonly phone_number: string;
  readonly metadata: Metadata;
  /** The first is the default. */
  readonly methods: readonly SavedMethod[];
}

export type Phone = Pick<Profile, 'country_code' | 'phone_number'>;

/** As one dials it from everywhere. */
export const phoneOf = ({ country_code, phone_number }: Phone): string => toE164(`+${country_code}${phone_number}`);

export interface User {
  readonly id: string;
  readonly profile: Profile;
}

interface StoredUser {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly merchant_id: string;
  readonly profile: Buffer;
}

const COLUMNS = 'id, merchant_id, profile';
/** Some 20 ms of ciphering. */
const NAMED_AT_ONCE_ROWS = 500;

const newestFirst = new KeysetList<StoredUser>({
  kind: 'uuid',
  key: 'id',
  type: 'uuid',
  order: 'descending',
  cursor: `SELECT id AS key FROM dots_user WHERE id = $1 AND merchant_id = $2`,
  values: 1,
  select: (condition) => `SELECT ${COLUMNS} FROM dots_user WHERE merchant_id = $1 AND ${condition}`,
});

/** The people whom clients of Dots pay by an id. */
@Injectable()
export class UserRepository {
  constructor(
    @Inject(Sealer) private readonly sealer: Sealer,
    private readonly receivers: ReceiverKeys,
  ) {}

  /** One user for one phone number, as at Dots: whoever is there already stays as it is. */
  async findOrInsert(tx: Tx, merchantId: string, profile: Profile): Promise<User> {
    const id = newUuid();
    await this.receivers.hold(tx, merchantId);
    const inserted = await tx.query(
      `INSERT INTO dots_user (id, merchant_id, phone, receivers, profile) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT ON CONSTRAINT dots_user_phone_unique DO NOTHING RETURNING id`,
      [id, merchantId, this.fingerprint(profile), this.receiversOf(merchantId, profile), this.seal(merchantId, id, profile)],
    );
    if (inserted.length > 0) return { id, profile };
    const known = await this.findByPhone(tx, merchantId, profile);
    if (known === null) throw new Error('the user who was in the way is gone');
    return known;
  }

  async findByPhone(tx: Tx, merchantId: string, phone: Phone): Promise<User | null> {
    const row = await tx.one<StoredUser>(`SELECT ${COLUMNS} FROM dots_user WHERE merchant_id = $1 AND phone = $2`, [
      merchantId,
      this.fingerprint(phone),
    ]);
    return row === null ? null : this.open(row);
  }

  /** By the id; of what is none there is no user. */
  async find(tx: Tx, merchantId: string, ids: readonly string[]): Promise<Map<string, User>> {
    const rows = await tx.query<StoredUser>(`SELECT ${COLUMNS} FROM dots_user WHERE merchant_id = $1 AND id = ANY ($2::uuid[])`, [
      merchantId,
      ids.filter(isUuid),
    ]);
    return new Map(rows.map((row) => [row.id, this.open(row)]));
  }

  async list(tx: Tx, merchantId: string, page: PageQuery): Promise<KeysetPage<User>> {
    const { rows, hasMore } = await newestFirst.read(tx, page, { values: [merchantId], cursorValues: [merchantId] });
    return { rows: rows.map((row) => this.open(row)), hasMore };
  }

  /** To be read after it, in a statement of its own. Whoever erases him waits for us, or we for him: never with the row in hand. */
  async lock(tx: Tx, merchantId: string, id: string): Promise<void> {
    await this.receivers.hold(tx, merchantId);
    await tx.query(`SELECT FROM dots_user WHERE merchant_id = $1 AND id = $2 FOR NO KEY UPDATE`, [merchantId, id]);
  }

  async write(tx: Tx, merchantId: string, { id, profile }: User): Promise<void> {
    await tx.query(`UPDATE dots_user SET receivers = $3, profile = $4 WHERE merchant_id = $1 AND id = $2`, [
      ...[merchantId, id, this.receiversOf(merchantId, profile)],
      this.seal(merchantId, id, profile),
    ]);
  }

  async delete(tx: Tx, merchantId: string, id: string): Promise<void> {
    await tx.query(`DELETE FROM dots_user WHERE merchant_id = $1 AND id = $2`, [merchantId, id]);
  }

  /** The same for the same account of a user whenever it is added: a batch that names it is the same batch when it is sent again. */
  methodIdOf(userId: string, { platform, details }: Omit<SavedMethod, 'id'>): string {
    return uuidOfHash(this.sealer.fingerprint(`dots payout method|${userId}|${platform}|${JSON.stringify(details)}`));
  }

  /** Those who have one of these phones and accounts, or one of these ids, and what they have. */
  async naming(
    tx: Tx,
    merchantId: string,
    { receivers, ids }: { readonly receivers: readonly string[]; readonly ids: readonly string[] },
  ): Promise<{ readonly id: string; readonly receivers: readonly string[] }[]> {
    return tx.query<{ id: string; receivers: string[] }>(
      `SELECT id, receivers FROM dots_user WHERE merchant_id = $1 AND (receivers && $2::uuid[] OR id = ANY ($3::uuid[])) ORDER BY id`,
      [merchantId, receivers, ids],
    );
  }

  /** Says of a few that were written before it was said, whom they name. @returns how many. */
  async nameOld(tx: Tx, merchantId: string | null): Promise<number> {
    const rows = await tx.query<StoredUser>(
      `SELECT ${COLUMNS} FROM dots_user WHERE receivers IS NULL AND ($1::uuid IS NULL OR merchant_id = $1)
       ORDER BY id LIMIT ${NAMED_AT_ONCE_ROWS} FOR UPDATE`,
      [merchantId],
    );
    const named = rows.map((row) => ({ id: row.id, receivers: this.receiversIn(row) }));
    await tx.query(
      `UPDATE dots_user u SET receivers = v.receivers
       FROM jsonb_to_recordset($1::jsonb) AS v (id uuid, receivers uuid[]) WHERE u.id = v.id`,
      [JSON.stringify(named)],
    );
    return rows.length;
  }

  async forget(tx: Tx, merchantId: string, ids: readonly string[]): Promise<void> {
    await tx.query(`DELETE FROM dots_user WHERE merchant_id = $1 AND id = ANY ($2::uuid[])`, [merchantId, ids]);
  }

  /** The phone, and every account that he can be paid by: keyed hashes, as those of receivers of payouts. */
  private receiversOf(merchantId: string, profile: Profile): string[] {
    const accounts = profile.methods.map(({ platform, details }) =>
      this.receivers.receiverOfAccount(merchantId, nativeMethod(platform, details, '')),
    );
    return [this.receivers.receiverOfPhone(merchantId, phoneOf(profile)), ...accounts.filter((account) => account !== null)];
  }

  /** Nobody, where nobody can read it. */
  private receiversIn(row: StoredUser): string[] {
    try {
      return this.receiversOf(row.merchant_id, this.open(row).profile);
    } catch {
      return [];
    }
  }

  private fingerprint(phone: Phone): Buffer {
    return this.sealer.fingerprint(`dots user|${phoneOf(phone)}`);
  }

  private seal(merchantId: string, id: string, profile: Profile): Buffer {
    return this.sealer.seal(JSON.stringify(profile), placeOf(merchantId, id));
  }

  private open({ id, merchant_id, profile }: StoredUser): User {
    return { id, profile: JSON.parse(this.sealer.open(profile, placeOf(merchant_id, id))) as Profile };
  }
}

const placeOf = (merchantId: string, id: string): string => `${merchantId}|${id}|dots user`;

export const sealedDotsUsers: SealedTable = {
  table: 'dots_user',
  key: { id: 'uuid' },
  placedBy: ['merchant_id'],
  columns: { profile: ({ id = '', merchant_id = '' }) => placeOf(merchant_id, id) },
};

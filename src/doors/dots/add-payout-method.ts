import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { invalidInput, notFound } from './dots-refusal.js';
import { METHOD_PLATFORMS, readDetails } from './platforms.js';
import { RequestReader } from './request-reader.js';
import { type SavedMethod, UserRepository } from './user.repository.js';

/** One call after the other can not fill the row: nobody has so many accounts. */
const METHODS_MAX = 20;

export interface AddPayoutMethodCommand {
  readonly merchantId: string;
  readonly userId: string;
  readonly body: unknown;
}

/**
 * Adds a way to pay a user, in place of the one that there was on the same platform; a user may have several bank accounts.
 * Its id goes with the account: whoever names one by it is never paid by another that came in its place.
 */
@Injectable()
export class AddPayoutMethod {
  constructor(private readonly users: UserRepository) {}

  /** @throws invalid-input, not-found */
  async execute(tx: Tx, { merchantId, userId, body }: AddPayoutMethodCommand): Promise<SavedMethod> {
    const { isDefault, ...read } = readMethod(body);
    await this.users.lock(tx, merchantId, userId);
    const user = (await this.users.find(tx, merchantId, [userId])).get(userId);
    if (user === undefined) throw notFound();
    const { methods } = user.profile;
    const replaced = methods.find((method) => isReplaced(method, read));
    const isTheSame = replaced !== undefined && isSameAccount(replaced, read);
    const method = isTheSame ? replaced : { ...read, id: this.users.methodIdOf(userId, read) };
    const others = methods.filter((each) => each !== replaced);
    const kept = isDefault || methods[0] === replaced ? [method, ...others] : [...others, method];
    if (kept.length > METHODS_MAX) throw invalidInput(`platform: a user has at most ${METHODS_MAX} payout methods.`);
    await this.users.write(tx, merchantId, { id: userId, profile: { ...user.profile, methods: kept } });
    tx.note({ changes: [], subject: userId });
    return method;
  }
}

function readMethod(value: unknown): Omit<SavedMethod, 'id'> & { readonly isDefault: boolean } {
  const reader = new RequestReader();
  const body = reader.object(value, 'body');
  const platform = reader.oneOf(body['platform'], 'platform', METHOD_PLATFORMS);
  const details = platform === null ? {} : readDetails(reader, body, platform);
  const isDefault = reader.optionalBoolean(body['is_default'], 'is_default') ?? false;
  reader.refuse();
  return { platform: platform ?? 'ach', details, isDefault };
}

const isSameAccount = (method: SavedMethod, { details }: Omit<SavedMethod, 'id'>): boolean =>
  JSON.stringify(method.details) === JSON.stringify(details);

const isReplaced = (method: SavedMethod, read: Omit<SavedMethod, 'id'>): boolean =>
  method.platform === read.platform && (read.platform !== 'ach' || isSameAccount(method, read));

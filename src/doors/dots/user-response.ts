import { isUuid } from '../../platform/ids/index.js';
import { notFound } from './dots-refusal.js';
import type { PayoutMethodDto, UserDto } from './user.dto.js';
import type { SavedMethod, User } from './user.repository.js';

export const toUser = ({ id, profile }: User): UserDto => ({
  id,
  first_name: profile.first_name,
  last_name: profile.last_name,
  email: profile.email,
  phone_number: { country_code: profile.country_code, phone_number: profile.phone_number },
  default_payout_method: profile.methods[0]?.platform ?? null,
  wallet: { amount: 0, withdrawable_amount: 0, credit_balance: 0 },
  status: 'verified',
  metadata: profile.metadata,
});

export const toPayoutMethod = ({ id, platform, details }: SavedMethod): PayoutMethodDto => ({
  id,
  platform,
  mask: details.account_number?.slice(-4) ?? null,
  email: details.email ?? null,
  phone_number: details.phone_number ?? null,
  handle: details.handle ?? null,
  cash_tag: details.cash_tag ?? null,
});

/** The id of a path as it lies in our books. @throws not-found */
export function uuidIn(id: string): string {
  const uuid = id.toLowerCase();
  if (!isUuid(uuid)) throw notFound();
  return uuid;
}

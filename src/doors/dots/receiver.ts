import type { JsonObject } from '../../bulks/index.js';
import { isEmail, isPhoneNumber } from '../../validation/index.js';
import { toE164 } from '../paypal-account.js';
import { nativeMethod, type Platform } from './platforms.js';
import type { Profile, User } from './user.repository.js';

/** The receiver as an item of a bulk names him. */
export interface Receiver {
  /** Null, which validation finds missing: nobody has the id, or he has nothing to be paid by as was asked for. */
  readonly payout_method: JsonObject | null;
  readonly billing_data: JsonObject | null;
}

export function receiverOf(
  user: User | undefined,
  { platform, accountId }: { readonly platform: Platform; readonly accountId: string | null },
): Receiver {
  if (user === undefined) return { payout_method: null, billing_data: null };
  const { profile } = user;
  const fits = profile.methods.filter((method) => platform === 'default' || method.platform === platform);
  const method = accountId === null ? fits[0] : fits.find(({ id }) => id === accountId);
  const payout_method =
    method === undefined ? null : nativeMethod(method.platform, method.details, `${profile.first_name} ${profile.last_name}`);
  return { payout_method, billing_data: billingDataOf(profile) };
}

/** Dots takes addresses and numbers that do not exist; who he is, is not what the payout fails by. */
function billingDataOf({ first_name, last_name, email, country_code, phone_number }: Profile): JsonObject {
  const phone = toE164(`+${country_code}${phone_number}`);
  return {
    first_name,
    last_name,
    ...(isEmail(email) ? { email } : {}),
    ...(isPhoneNumber(phone) ? { phone_number: phone } : {}),
  };
}

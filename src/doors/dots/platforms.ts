import type { JsonObject } from '../../bulks/index.js';
import type { JsonMembers } from '../../platform/json/index.js';
import { paypalByEmail, paypalById, paypalByPhone } from '../paypal-account.js';
import type { RequestReader } from './request-reader.js';

/** What a user can be paid by, in Dots' words. */
export const METHOD_PLATFORMS = ['ach', 'paypal', 'venmo', 'cash_app'] as const;
export type MethodPlatform = (typeof METHOD_PLATFORMS)[number];

/** What a payout may ask for; `default`: what the user has chosen. */
export const PLATFORMS = [...METHOD_PLATFORMS, 'bank_transfer', 'default'] as const;
export type Platform = (typeof PLATFORMS)[number];

const DETAIL_LENGTH_MAX = 254;

type Detail = 'routing_number' | 'account_number' | 'account_type' | 'email' | 'phone_number' | 'handle' | 'cash_tag';

/** The members of a method, as they were sent. */
export type MethodDetails = Readonly<Partial<Record<Detail, string>>>;

/** What has to be there of each: one of these sets. Whether it leads to an account is for validation to judge. */
const NEEDED: Readonly<Record<MethodPlatform, readonly Detail[][]>> = {
  ach: [['routing_number', 'account_number', 'account_type']],
  paypal: [['email']],
  venmo: [['phone_number'], ['handle']],
  cash_app: [['cash_tag'], ['routing_number', 'account_number']],
};

export function readDetails(reader: RequestReader, body: JsonMembers, platform: MethodPlatform): MethodDetails {
  const details: Partial<Record<Detail, string>> = {};
  for (const name of new Set(NEEDED[platform].flat())) {
    const text = reader.optionalText(body[name], name, DETAIL_LENGTH_MAX);
    if (text !== null) details[name] = text;
  }
  if (!NEEDED[platform].some((names) => names.every((name) => details[name] !== undefined)))
    reader.fault('platform', `${platform} needs ${NEEDED[platform].map((names) => names.join(', ')).join(', or ')}.`);
  return details;
}

/** As the native contract says it. */
export function nativeMethod(platform: MethodPlatform, details: MethodDetails, holder: string): JsonObject {
  const { routing_number = '', account_number = '', account_type = 'checking', email = '' } = details;
  const account = { type: 'bank_account', routing_number, account_number, account_type, account_holder: holder };
  switch (platform) {
    case 'ach':
      return account;
    case 'paypal':
      return paypalByEmail(email);
    case 'venmo':
      return details.phone_number === undefined ? paypalById(details.handle ?? '') : paypalByPhone(details.phone_number);
    case 'cash_app':
      return details.cash_tag === undefined ? account : { type: 'wallet', account_id: details.cash_tag };
  }
}

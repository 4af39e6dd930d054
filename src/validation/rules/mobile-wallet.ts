import type { Issue } from '../../bulks/index.js';
import { isPhoneNumber, PHONE_NUMBER_DETAIL } from '../contact.js';
import type { Fields } from '../fields.js';

const PROVIDER_LENGTH_MAX = 100;

/** A mobile wallet is a phone number at a provider. */
export const mobileWallet = (method: Fields): Issue[] => [
  ...method.required('provider', 'Name the provider of the wallet, such as mpesa.'),
  ...method.line('provider', PROVIDER_LENGTH_MAX),
  ...method.required('phone_number', 'Give the phone number of the wallet as E.164: +254712345678.'),
  ...method.checked('phone_number', isPhoneNumber, { code: 'invalid_phone_number', detail: PHONE_NUMBER_DETAIL }),
];

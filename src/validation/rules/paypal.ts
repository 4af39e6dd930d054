import type { Issue } from '../../bulks/index.js';
import { EMAIL_DETAIL, isEmail, isPhoneNumber, PHONE_NUMBER_DETAIL } from '../contact.js';
import type { Fields } from '../fields.js';

const RECEIVER = ['email', 'phone_number', 'paypal_id'] as const;
/** PayPal's payer ids have 13 letters and digits; the contract's limit is that of PayPal's `receiver`, 127. */
const PAYPAL_ID = /^[A-Za-z0-9_-]{1,127}$/;

/** A PayPal account is named by exactly one of e-mail, phone number and id. */
export function paypal(method: Fields): Issue[] {
  const given = RECEIVER.filter((name) => method.isGiven(name));
  const checks = [
    ...method.checked('email', isEmail, { code: 'invalid_email', detail: EMAIL_DETAIL }),
    ...method.checked('phone_number', isPhoneNumber, { code: 'invalid_phone_number', detail: PHONE_NUMBER_DETAIL }),
    ...method.checked('paypal_id', (id) => PAYPAL_ID.test(id), {
      code: 'invalid_field',
      detail: 'Write the id as PayPal shows it: up to 127 letters and digits.',
    }),
  ];
  if (given.length === 0)
    return [method.issue('missing_field', 'email', 'Give one of email, phone_number and paypal_id.'), ...checks];
  if (given.length === 1) return checks;
  const detail = `This names ${given.join(' and ')}, and they may belong to different people; give one of them.`;
  return [{ code: 'invalid_field', pointer: '/payout_method', detail }, ...checks];
}

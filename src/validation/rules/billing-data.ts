import { EMAIL_DETAIL, isEmail, isPhoneNumber, PHONE_NUMBER_DETAIL } from '../contact.js';
import { isCountry } from '../countries.js';
import { Fields } from '../fields.js';
import type { Rule } from '../rule.js';

const NAME_LENGTH_MAX = 100;
const ADDRESS_LENGTHS_MAX = { line1: 200, line2: 200, city: 100, state: 100, postal_code: 20 };

/** Billing data is optional in whole and in each part; what is there has to be usable. */
export const billingDataRule: Rule = (payout) => {
  const { billing_data } = payout.content;
  if (billing_data === null) return [];
  const person = new Fields(payout, billing_data, '/billing_data');
  const address = person.inner('address');
  return [
    ...person.line('first_name', NAME_LENGTH_MAX),
    ...person.line('last_name', NAME_LENGTH_MAX),
    ...person.checked('email', isEmail, { code: 'invalid_email', detail: EMAIL_DETAIL }),
    ...person.checked('phone_number', isPhoneNumber, { code: 'invalid_phone_number', detail: PHONE_NUMBER_DETAIL }),
    ...(address === null ? [] : addressIssues(address)),
  ];
};

const addressIssues = (address: Fields): ReturnType<Rule> => [
  ...Object.entries(ADDRESS_LENGTHS_MAX).flatMap(([name, max]) => address.line(name, max)),
  ...address.checked('country', isCountry, {
    code: 'invalid_country',
    detail: 'Write the country as two upper-case letters (ISO 3166-1 alpha-2), such as DE.',
  }),
];

import type { Issue } from '../../bulks/index.js';
import { isCountry } from '../countries.js';
import type { Fields } from '../fields.js';
import { ibanIssues } from './iban.js';

/** ISO 20022 (pain.001.001.09): Max140Text. */
const ACCOUNT_HOLDER_LENGTH_MAX = 140;

/** One way to name a bank account: the member that decides for it, what else it has, what it asks. */
interface Way {
  readonly decides: string;
  /** What to say where that member is missing and the others show that this way is meant. */
  readonly missing: string;
  readonly others: readonly string[];
  /** The country of the account, where the way itself says it. */
  readonly country: (method: Fields) => string | null;
  readonly judge: (method: Fields) => Issue[];
}

const ALL_WAYS =
  'name the account by iban, or by routing_number, account_number and account_type (US), or by sort_code and account_number (GB), or by country, bank_code and account_number';

const BY_IBAN: Way = {
  decides: 'iban',
  missing: `There is no account here: ${ALL_WAYS}.`,
  others: ['bic'],
  country: (method) => method.text('iban')?.slice(0, 2) ?? null,
  judge: ibanIssues,
};
const US: Way = {
  decides: 'routing_number',
  missing: 'Give the ABA routing number of the bank, 9 digits.',
  others: ['account_number', 'account_type'],
  country: () => 'US',
  judge: usAccount,
};
const GB: Way = {
  decides: 'sort_code',
  missing: 'Give the sort code of the bank, 6 digits, or name the account by its iban.',
  others: ['account_number'],
  country: () => 'GB',
  judge: gbAccount,
};
const BY_BANK_CODE: Way = {
  decides: 'bank_code',
  missing: 'Give the code of the bank, or name the account by its iban.',
  others: ['country', 'account_number'],
  country: () => null,
  judge: otherAccount,
};

const WAYS = [BY_IBAN, US, GB, BY_BANK_CODE];
const ALL_MEMBERS = [...new Set(WAYS.flatMap(({ decides, others }) => [decides, ...others]))];

/** A bank account is named in exactly one way, and its holder is named too. */
export function bankAccount(method: Fields): Issue[] {
  const holder = [
    ...method.required('account_holder', 'Give the name of the account holder.'),
    ...method.line('account_holder', ACCOUNT_HOLDER_LENGTH_MAX),
  ];
  const decided = WAYS.filter(({ decides }) => method.isGiven(decides));
  if (decided.length > 1) {
    const named = decided.map(({ decides }) => decides).join(' and ');
    const detail = `This names the account in more than one way, by ${named}, and they may differ: ${ALL_WAYS}.`;
    return [{ code: 'invalid_field', pointer: '/payout_method', detail }, ...holder];
  }
  const way = decided[0] ?? suggestedWay(method);
  const alone = way === BY_IBAN && decided.length === 0;
  return [
    ...method.required(way.decides, way.missing),
    ...way.judge(method),
    ...(alone ? [] : strangers(method, way)),
    ...holder,
  ];
}

/** No member decides: what is there suggests what is meant. */
function suggestedWay(method: Fields): Way {
  const country = method.text('country');
  if (method.isGiven('account_type') || country === 'US') return US;
  if (country === 'GB') return GB;
  return method.isGiven('country') ? BY_BANK_CODE : BY_IBAN;
}

/** Members of another way beside a decided one: somebody meant something by them. A country that agrees is no harm. */
function strangers(method: Fields, way: Way): Issue[] {
  return ALL_MEMBERS.filter((name) => name !== way.decides && !way.others.includes(name) && method.isGiven(name)).flatMap(
    (name) => {
      const country = way.country(method);
      if (name === 'country' && (country === null || method.text(name) === country)) return [];
      return [
        method.issue(
          'invalid_field',
          name,
          `An account named by ${way.decides} has no ${name}, or not this one; leave it out, or ${ALL_WAYS}.`,
        ),
      ];
    },
  );
}

function usAccount(method: Fields): Issue[] {
  return [
    ...method.checked('routing_number', isRoutingNumber, {
      code: 'invalid_routing_number',
      detail:
        'Write the 9 digits of the ABA routing number; the last one is a check digit and does not fit the others, or the first two do not exist.',
    }),
    ...method.required('account_number', 'Give the account number.'),
    ...method.checked('account_number', (number) => /^\d{4,17}$/.test(number), {
      code: 'invalid_account_number',
      detail: 'Write the 4 to 17 digits of the account number, without spaces and dashes.',
    }),
    ...method.required('account_type', 'Say whether the account is checking or savings.'),
    ...method.checked('account_type', (type) => type === 'checking' || type === 'savings', {
      code: 'invalid_field',
      detail: 'Write checking or savings.',
    }),
  ];
}

/** Nine digits, a prefix that the Federal Reserve gives out, and the ABA check digit (weights 3, 7, 1). */
function isRoutingNumber(text: string): boolean {
  if (!/^(?:0\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\d{7}$/.test(text) || text === '000000000') return false;
  const sum = Array.from(text).reduce((total, digit, place) => total + Number(digit) * ([3, 7, 1][place % 3] ?? 0), 0);
  return sum % 10 === 0;
}

function gbAccount(method: Fields): Issue[] {
  return [
    ...method.checked('sort_code', (code) => /^(?:\d{6}|\d\d-\d\d-\d\d)$/.test(code), {
      code: 'invalid_sort_code',
      detail: 'Write the 6 digits of the sort code: 200000 or 20-00-00.',
    }),
    ...method.required('account_number', 'Give the account number, 8 digits.'),
    ...method.checked('account_number', (number) => /^\d{8}$/.test(number), {
      code: 'invalid_account_number',
      detail: 'Write the 8 digits of the account number; fill shorter ones with zeros from the left.',
    }),
  ];
}

function otherAccount(method: Fields): Issue[] {
  return [
    ...method.required('country', 'Give the country of the bank as ISO 3166-1 alpha-2, such as BR.'),
    ...method.checked('country', isCountry, {
      code: 'invalid_country',
      detail: 'Write the country as two upper-case letters (ISO 3166-1 alpha-2), such as BR.',
    }),
    ...method.checked('bank_code', (code) => /^[A-Za-z0-9][A-Za-z0-9 -]{0,34}$/.test(code), {
      code: 'invalid_field',
      detail: 'Write the code of the bank in up to 35 letters, digits and dashes.',
    }),
    ...method.required('account_number', 'Give the account number.'),
    ...method.checked('account_number', (number) => /^[A-Za-z0-9][A-Za-z0-9 ./-]{0,33}$/.test(number), {
      code: 'invalid_account_number',
      detail: 'Write the account number in up to 34 letters, digits, dashes, points and slashes.',
    }),
  ];
}

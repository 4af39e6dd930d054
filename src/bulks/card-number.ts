/**
 * Card numbers (PANs, ISO/IEC 7812) are never stored: a database that holds one is in the scope of PCI DSS. Where to look is
 * the caller's to say, because account numbers, phone numbers and references can have 13 to 19 digits too and one in ten
 * passes the Luhn check by chance.
 */

/** Which numbers the networks issue: first digits, and how many digits in all. */
const NETWORKS = [
  /^4(?:\d{12}|\d{15}|\d{18})$/, // Visa
  /^(?:5[1-5]\d{4}|222[1-9]\d\d|22[3-9]\d{3}|2[3-6]\d{4}|27[01]\d{3}|2720\d\d)\d{10}$/, // Mastercard
  /^3[47]\d{13}$/, // American Express
  /^3(?:0[0-59]|[689]\d)\d{11,16}$/, // Diners Club
  /^6(?:011|4[4-9]\d|5\d\d)\d{12,15}$/, // Discover
  /^35(?:2[89]|[3-8]\d)\d{12,15}$/, // JCB
  /^(?:62|81)\d{14,17}$/, // UnionPay
  /^(?:50|5[6-8]|6[0378])\d{11,17}$/, // Maestro, Dankort, Verve, RuPay
  /^82\d{14}$/, // RuPay
  /^220[0-4]\d{12,15}$/, // Mir
];

/** As people and forms write them: groups of digits with single spaces, dashes or points between. */
const SEPARATOR = /[\s.\u2010-\u2015-]/u;
/**
 * A run of digits and separators that stands alone. Letters, digits, `_` or `+` beside it make it a token, an IBAN or a
 * phone number: `tok_4242424242424242`, `DE89370400440532013000`, `+4915112345678`.
 */
const RUN = /(?<![\p{L}\p{N}_+])\d(?:[\s.\u2010-\u2015-]?\d){12,}(?![\p{L}\p{N}_])/gu;
const DIGITS_MIN = 13;
const DIGITS_MAX = 19;

/** Names of members that say themselves that they hold a card number, in letters only. */
const CARD_NUMBER_NAMES = new Set([
  'number',
  'pan',
  'card',
  'cardno',
  'cardnum',
  'cardnumber',
  'ccnumber',
  'creditcard',
  'creditcardnumber',
  'primaryaccountnumber',
]);

/** Whether a member of this name is looked at wherever it stands. */
export const namesCardNumber = (name: string): boolean =>
  name.length <= 40 && CARD_NUMBER_NAMES.has(name.toLowerCase().replaceAll(/[^a-z]/g, ''));

/** Whether a card number stands somewhere in the text, with what may be written before or after it (`4242 4242 4242 4242 12/28`). */
export function looksLikeCardNumber(text: string): boolean {
  if (text.length < DIGITS_MIN) return false;
  for (const [run] of text.normalize('NFKC').matchAll(RUN)) {
    if (hasCardNumber(run.split(SEPARATOR))) return true;
  }
  return false;
}

/** Tries every sequence of whole groups, so that an expiry date after the number does not hide it. */
function hasCardNumber(groups: readonly string[]): boolean {
  return groups.some((_, start) => {
    let digits = '';
    for (let end = start; end < groups.length && digits.length < DIGITS_MAX; end += 1) {
      digits += groups[end] ?? '';
      if (digits.length >= DIGITS_MIN && NETWORKS.some((network) => network.test(digits)) && passesLuhn(digits)) return true;
    }
    return false;
  });
}

/** ISO/IEC 7812-1 annex B: from the right, every second digit doubled, the digits of all summed up. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    const weighed = place % 2 === 1 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}

import { randomBytes, randomInt } from 'node:crypto';

interface Mark {
  readonly name: string;
  /** The value as it is, and as it looks in an address, in hexadecimal, in base64, and in groups of four. */
  readonly forms: readonly string[];
}

/** Values that can be told from everything else, to be looked for where they must not be. */
export class Marks {
  private readonly marks: Mark[] = [];

  /** @returns the value, which is looked for from now on. */
  keep(name: string, value: string): string {
    const bytes = Buffer.from(value);
    const grouped = (value.match(/.{1,4}/g) ?? []).join(' ');
    const encoded = [encodeURIComponent(value), bytes.toString('hex'), bytes.toString('base64').replace(/=*$/, '')];
    this.marks.push({ name, forms: [...new Set([value, grouped, ...encoded])].map((form) => form.toLowerCase()) });
    return value;
  }

  /** The names of those that the text repeats, in any form and case. */
  foundIn(text: string): string[] {
    const lower = text.toLowerCase();
    return this.marks.filter(({ forms }) => forms.some((form) => lower.includes(form))).map(({ name }) => name);
  }
}

/** A word that is nowhere else. */
export const markedWord = (word: string): string => `${word}${randomBytes(6).toString('hex')}`;

export const markedDigits = (count: number): string => Array.from({ length: count }, () => String(randomInt(1, 10))).join('');

/** A German IBAN of random digits with its check digits (ISO 13616). */
function markedIban(): string {
  const bban = markedDigits(18);
  const check = 98n - (BigInt(`${bban}131400`) % 97n);
  return `DE${String(check).padStart(2, '0')}${bban}`;
}

/** A receiver of each kind whose check digits are random. */
export const markedMethods = (hidden: Marks) => ({
  iban: {
    type: 'bank_account',
    iban: hidden.keep('IBAN', markedIban()),
    account_holder: hidden.keep('holder', markedWord('Holder')),
  },
  other: {
    ...{ type: 'bank_account', country: 'BR', bank_code: '341' },
    account_number: hidden.keep('account number', markedDigits(14)),
    account_holder: hidden.keep('other holder', markedWord('Other')),
  },
  mobile_wallet: {
    type: 'mobile_wallet',
    provider: 'mpesa',
    phone_number: hidden.keep('wallet phone', `+2547${markedDigits(8)}`),
  },
  card: { type: 'card', token: hidden.keep('card token', markedWord('tok_')) },
  paypal: { type: 'paypal', email: hidden.keep('paypal e-mail', `${markedWord('p')}@example.com`) },
  wallet: { type: 'wallet', account_id: hidden.keep('wallet', markedWord('wallet-')) },
});

export const markedBilling = (hidden: Marks) => ({
  first_name: hidden.keep('first name', markedWord('Grace')),
  last_name: hidden.keep('last name', markedWord('Hopper')),
  email: hidden.keep('e-mail', `${markedWord('e')}@example.org`),
  phone_number: hidden.keep('phone', `+4930${markedDigits(8)}`),
  address: { line1: hidden.keep('street', markedWord('Street')), city: hidden.keep('city', markedWord('City')), country: 'DE' },
});

import { randomBytes } from 'node:crypto';

export type Item = Readonly<Record<string, unknown>> & { readonly reference: string };

/** One valid receiver of each kind. */
export const METHODS = {
  iban: { type: 'bank_account', iban: 'DE89370400440532013000', bic: 'COBADEFFXXX', account_holder: 'Ada Lovelace' },
  us: {
    type: 'bank_account',
    routing_number: '021000021',
    account_number: '123456789',
    account_type: 'checking',
    account_holder: 'Ada Lovelace',
  },
  gb: { type: 'bank_account', sort_code: '200000', account_number: '55779911', account_holder: 'Ada Lovelace' },
  other: { type: 'bank_account', country: 'BR', bank_code: '341', account_number: '0123456789', account_holder: 'Ada Lovelace' },
  mobile_wallet: { type: 'mobile_wallet', provider: 'mpesa', phone_number: '+254712345678' },
  card: { type: 'card', token: 'tok_of_a_vault' },
  paypal: { type: 'paypal', email: 'ada@example.com' },
  wallet: { type: 'wallet', account_id: 'wallet-of-ada' },
} as const;

export const BILLING_DATA = {
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: 'ada@example.com',
  phone_number: '+493012345678',
  address: { line1: 'Unter den Linden 1', city: 'Berlin', postal_code: '10117', country: 'DE' },
} as const;

/** No two tests share one. */
export const newReference = (word = 'INV'): string => `${word}-${randomBytes(6).toString('hex')}`;

/** A payout that is valid and succeeds at once; each with a reference of its own. */
export const validItem = (overrides: Readonly<Record<string, unknown>> = {}): Item => ({
  reference: newReference(),
  amount: '120.50',
  currency: 'EUR',
  payout_method: METHODS.iban,
  billing_data: BILLING_DATA,
  metadata: { invoice: '1001' },
  ...overrides,
});

/** This many, through every kind of method and several currencies, all valid and paid at once. */
export function validItems(count: number, overrides: Readonly<Record<string, unknown>> = {}): Item[] {
  const methods = Object.values(METHODS);
  return Array.from({ length: count }, (_, index) =>
    validItem({ ...AMOUNTS[index % AMOUNTS.length], payout_method: methods[index % methods.length], ...overrides }),
  );
}

const AMOUNTS = [
  { amount: '120.50', currency: 'EUR' },
  { amount: '75.00', currency: 'USD' },
  { amount: '12000', currency: 'JPY' },
  { amount: '44.123', currency: 'TND' },
  { amount: '60.1', currency: 'GBP' },
] as const;

/** An item that validation finds one thing wrong about: its currency. */
export const invalidItem = (overrides: Readonly<Record<string, unknown>> = {}): Item =>
  validItem({ currency: 'XXX', ...overrides });

/** The EUR amount that chooses this fate at the sandbox: api.md section 8. */
export const amountOf = (digits: number): string => (digits / 100).toFixed(2);

/** An instant from now on, as a merchant writes it. */
export const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

/** Far enough that no test sees it come. */
export const tomorrow = (): string => inSeconds(86_400);

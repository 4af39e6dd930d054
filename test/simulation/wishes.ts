import type { Random } from './random.js';

/** What the merchant wants of one payout, after every change that was committed. */
export interface Wish {
  readonly merchantId: string;
  readonly bulk: WishedBulk;
  readonly reference: string;
  payoutId: string | null;
  amount: string;
  currency: string;
  iban: string;
  scheduled_ms: number;
  /** Its first date is written as a local time of Berlin. */
  readonly local: boolean;
}

export interface WishedBulk {
  readonly name: string;
  id: string | null;
  readonly wishes: Wish[];
}

export const IBANS = ['DE89370400440532013000', 'GB82WEST12345698765432', 'FR1420041010050500013M02606', 'NL91ABNA0417164300'];
/** What merchants write, and what of it is paid. The last two are invalid and never paid. */
const AMOUNTS = ['120.50', '75', '7.5', '1000.00', '0', 'abc'];
const VALID_AMOUNTS = 4;

/** One of the amounts; with this chance also one of the invalid ones. */
export const drawAmount = (random: Random, invalidChance: number): string =>
  AMOUNTS[random.between(0, random.chance(invalidChance) ? AMOUNTS.length - 1 : VALID_AMOUNTS - 1)]!;

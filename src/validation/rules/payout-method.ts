import type { Issue } from '../../bulks/index.js';
import { Fields } from '../fields.js';
import type { Rule } from '../rule.js';
import { bankAccount } from './bank-account.js';
import { card } from './card.js';
import { mobileWallet } from './mobile-wallet.js';
import { paypal } from './paypal.js';
import { wallet } from './wallet.js';

/** What one type of payout method asks of its members. */
const METHODS: ReadonlyMap<string, (method: Fields) => Issue[]> = new Map([
  ['bank_account', bankAccount],
  ['mobile_wallet', mobileWallet],
  ['card', card],
  ['paypal', paypal],
  ['wallet', wallet],
]);

const TYPES = [...METHODS.keys()].join(', ');

export const isMethodType = (type: string): boolean => METHODS.has(type);

/** There is a payout method, of a type that exists, with what its type needs to find the receiver. */
export const payoutMethodRule: Rule = (payout) => {
  const { payout_method } = payout.content;
  if (payout_method === null) {
    return [
      {
        code: 'missing_field',
        pointer: '/payout_method',
        detail: `Say where the money goes: an object with a type, one of ${TYPES}.`,
      },
    ];
  }
  const method = new Fields(payout, payout_method, '/payout_method');
  const type = method.text('type');
  if (type === null) return method.required('type', `Give the type of the method: one of ${TYPES}.`);
  const judge = METHODS.get(type);
  return judge === undefined ? [method.issue('unknown_method_type', 'type', `Use one of ${TYPES}.`)] : judge(method);
};

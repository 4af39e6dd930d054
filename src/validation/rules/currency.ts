import { isPayableCurrency } from '../../platform/money/index.js';
import { quote, type Rule } from '../rule.js';

/** The currency is an ISO 4217 code in which people have accounts. */
export const currencyRule: Rule = ({ content: { currency } }) => {
  if (currency === null) {
    return [{ code: 'missing_field', pointer: '/currency', detail: 'Give the currency as an ISO 4217 code, such as EUR.' }];
  }
  if (isPayableCurrency(currency)) return [];
  const upper = currency.trim().toUpperCase();
  const mend = isPayableCurrency(upper) ? `write ${upper}` : 'write one such as EUR';
  return [
    {
      code: 'unknown_currency',
      pointer: '/currency',
      detail: `${quote(currency)} is no ISO 4217 currency that can be paid; ${mend}.`,
    },
  ];
};

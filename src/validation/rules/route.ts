import { isPayableCurrency } from '../../platform/money/index.js';
import type { Rule } from '../rule.js';
import { isMethodType } from './payout-method.js';

/** The merchant's connector pays by this method in this currency; what is wrong about either has its own issue. */
export const routeRule: Rule = ({ content }, { routes }) => {
  const { currency } = content;
  const type = content.payout_method?.type;
  if (typeof type !== 'string' || !isMethodType(type) || currency === null || !isPayableCurrency(currency)) return [];
  if (routes(type, currency)) return [];
  const detail = `No connector of yours pays ${currency} by ${type}; choose another method or currency, or ask the operator for a connector.`;
  return [{ code: 'no_route', pointer: '/payout_method/type', detail }];
};

import { type Item, validItem } from '../support/items.js';
import { describeLoop, referenceAt } from './loop.js';

/** By the place of a payout: what the receiver, or the amount at the payee's sandbox, makes of it. */
const REFUSED = 9_002;
const LATE = 9_001;
const LATE_FAILURE = 9_004;
const UNCLAIMED = 'nobody';
const FATES = [REFUSED, LATE, LATE_FAILURE, UNCLAIMED] as const;
const PAYOUTS_OF_EACH_FATE = 10;

const fateOf = (place: number) => (place < FATES.length * PAYOUTS_OF_EACH_FATE ? FATES[place % FATES.length] : undefined);

function itemAt(place: number): Item {
  const fate = fateOf(place);
  const email = fate === UNCLAIMED ? `nobody-${place}@nowhere.test` : `receiver-${place}@example.com`;
  const amount = typeof fate === 'number' ? (fate / 100).toFixed(2) : `${place + 1}.00`;
  return validItem({ reference: referenceAt(place), amount, currency: 'USD', payout_method: { type: 'paypal', email } });
}

function endAt(place: number): string {
  const fate = fateOf(place);
  if (fate === UNCLAIMED) return 'unclaimed';
  return fate === REFUSED || fate === LATE_FAILURE ? 'failed' : 'succeeded';
}

describeLoop('PayPal', {
  payouts: 200,
  itemAt,
  endAt,
  connector: {
    type: 'paypal',
    config: ({ api_key_id, api_key }, base_url) => ({ base_url, client_id: api_key_id, client_secret: api_key }),
  },
  sendsTo: '/v1/payments/payouts',
  bulkIdOf: (reference) => `bulk_${reference}`,
});

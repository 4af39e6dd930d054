import { toTypeId } from '../../src/platform/ids/index.js';
import { BILLING_DATA, type Item, validItem } from '../support/items.js';
import { describeLoop, referenceAt } from './loop.js';

/** By the place of a payout: what its amount makes of it at the payee's sandbox. */
const REFUSED = 9_002;
const LATE = 9_001;
const LATE_FAILURE = 9_004;
const RETURNED = 9_005;
const FATES = [REFUSED, LATE, LATE_FAILURE, RETURNED] as const;
const PAYOUTS_OF_EACH_FATE = 4;
/** Half as many people as payouts: each is found again, and has an account of every kind. */
const PEOPLE = 30;

const fateOf = (place: number) => (place < FATES.length * PAYOUTS_OF_EACH_FATE ? FATES[place % FATES.length] : undefined);

function itemAt(place: number): Item {
  const fate = fateOf(place);
  const [person, digits] = [place % PEOPLE, String(place).padStart(4, '0')];
  const accounts = [
    { type: 'paypal', email: `receiver-${place}@example.com` },
    {
      ...{ type: 'bank_account', account_holder: 'Ada Lovelace', account_type: 'checking' },
      ...{ routing_number: '021000021', account_number: `12345${digits}` },
    },
    { type: 'wallet', account_id: `$receiver${digits}` },
  ];
  return validItem({
    reference: referenceAt(place),
    amount: fate === undefined ? `${place + 1}.00` : (fate / 100).toFixed(2),
    currency: 'USD',
    payout_method: accounts[place % accounts.length],
    billing_data: { ...BILLING_DATA, phone_number: `+1212555${String(1000 + person)}` },
  });
}

function endAt(place: number): string {
  const fate = fateOf(place);
  if (fate === RETURNED) return 'returned';
  return fate === REFUSED || fate === LATE_FAILURE ? 'failed' : 'succeeded';
}

describeLoop('Dots', {
  payouts: 2 * PEOPLE,
  itemAt,
  endAt,
  connector: {
    type: 'dots',
    config: ({ api_key_id, api_key }, url) => ({ base_url: `${url}/api/v2`, client_id: api_key_id, api_key }),
  },
  sendsTo: '/payout-batches',
  bulkIdOf: (reference) => toTypeId('bulk', reference),
});

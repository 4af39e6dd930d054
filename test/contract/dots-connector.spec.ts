import { dotsError, DotsServer, openDots } from '../support/dots-server.js';
import { BILLING_DATA } from '../support/items.js';
import { IMPATIENT } from '../support/open-connector.js';
import type { Fate } from '../support/recording-server.js';
import { describeConnector } from './connector-contract.js';

function fateOf({ amount }: { amount: number }, sends: number): Fate {
  switch (amount % 10_000) {
    case 9001:
      return { status: 'pending', later: { after_ms: 1_000, status: 'completed' } };
    case 9002:
      return { refusal: dotsError(400, 'invalid-input') };
    case 9003:
      return { refusal: dotsError(400, 'transaction-insufficient-funds') };
    case 9004:
      return {
        status: 'pending',
        later: { after_ms: 1_000, status: 'failed', errors: { error_code: 'invalid-transaction', error_message: 'Closed.' } },
      };
    case 9006:
      return { answer: 'never' };
    case 9007:
      return { answer: { status: 500, body: '' } };
    case 9009:
      return sends <= 2 ? { refusal: { ...dotsError(429, 'rate-limited'), headers: { 'retry-after': '1' } } } : {};
    case 9011:
      return { status: 'pending' };
    default:
      return {};
  }
}

describeConnector('dots', async () => {
  const dots = await DotsServer.start({ fate: fateOf });
  const connector = openDots(dots.config);
  const impatient = openDots({ ...dots.config, ...IMPATIENT });
  const gone = await DotsServer.start();
  const cutOff = openDots(gone.config);
  await gone.close();
  return {
    connector,
    impatient,
    cutOff,
    request: { currency: 'USD', payoutMethod: { type: 'paypal', email: 'ada@example.com' }, billingData: BILLING_DATA },
    refusals: { final: 'invalid-input', retryable: 'transaction-insufficient-funds' },
    answersWithReceipt: true,
    takesUuidsAlone: true,
    booked: (key) =>
      Promise.resolve(
        dots.under(key).map(({ item }) => ({ idempotencyKey: key, amount: (item.amount / 100).toFixed(2), currency: 'USD' })),
      ),
    close: async () => {
      await Promise.all([connector.close(), impatient.close(), cutOff.close()]);
      await dots.close();
    },
  };
});

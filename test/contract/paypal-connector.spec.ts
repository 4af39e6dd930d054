import { IMPATIENT } from '../support/open-connector.js';
import { openPaypal, paypalError, PaypalServer } from '../support/paypal-server.js';
import type { Fate } from '../support/recording-server.js';
import { describeConnector } from './connector-contract.js';

function fateOf({ amount }: { amount: { value: string } }, sends: number): Fate {
  switch (amount.value.replace('.', '').slice(-4)) {
    case '9001':
      return { status: 'PENDING', later: { after_ms: 1_000, status: 'SUCCESS' } };
    case '9002':
      return { refusal: { status: 400, body: paypalError('VALIDATION_ERROR') } };
    case '9003':
      return { refusal: { status: 422, body: paypalError('INSUFFICIENT_FUNDS') } };
    case '9004':
      return {
        status: 'PENDING',
        later: { after_ms: 1_000, status: 'FAILED', errors: { name: 'RECEIVER_ACCOUNT_LOCKED', message: 'Locked.' } },
      };
    case '9006':
      return { answer: 'never' };
    case '9007':
      return { answer: { status: 500, body: '' } };
    case '9009':
      return sends <= 2
        ? { refusal: { status: 429, body: paypalError('RATE_LIMIT_REACHED'), headers: { 'retry-after': '1' } } }
        : {};
    case '9011':
      return { status: 'PENDING' };
    case '9012':
      return { status: 'UNCLAIMED', errors: { name: 'RECEIVER_UNREGISTERED', message: 'Receiver is unregistered.' } };
    default:
      return {};
  }
}

describeConnector('paypal', async () => {
  const paypal = await PaypalServer.start({ fate: fateOf });
  const connector = openPaypal(paypal.config);
  const impatient = openPaypal({ ...paypal.config, ...IMPATIENT });
  const gone = await PaypalServer.start();
  const cutOff = openPaypal(gone.config);
  await gone.close();
  return {
    connector,
    impatient,
    cutOff,
    request: { payoutMethod: { type: 'paypal', email: 'ada@example.com' } },
    refusals: { final: 'VALIDATION_ERROR', retryable: 'INSUFFICIENT_FUNDS' },
    answersWithReceipt: true,
    booked: (key) =>
      Promise.resolve(
        paypal
          .under(key)
          .map(({ item: { amount } }) => ({ idempotencyKey: key, amount: amount.value, currency: amount.currency })),
      ),
    close: async () => {
      await Promise.all([connector.close(), impatient.close(), cutOff.close()]);
      await paypal.close();
    },
  };
});

import { httpConnectorType } from '../../src/connectors/http/http.connector.js';
import { IMPATIENT, openConnector } from '../support/open-connector.js';
import { startProvider, type Fate, type WireRequest } from '../support/provider-server.js';
import { describeConnector } from './connector-contract.js';

const refusal = (code: string, retryable: boolean): Fate => ({
  takes: false,
  answer: { status: 422, body: { code, message: 'Refused.', retryable } },
});

function fateByAmount(request: WireRequest, sends: number): Fate {
  switch (request.amount.replace('.', '').slice(-4)) {
    case '9001':
      return { takes: true, status: 'pending', later: { after_ms: 1_000, status: 'succeeded' } };
    case '9002':
      return refusal('account_closed', false);
    case '9003':
      return refusal('limit_exceeded', true);
    case '9004':
      return { takes: true, status: 'pending', later: { after_ms: 1_000, status: 'failed' } };
    case '9006':
      return { takes: true, answer: 'never' };
    case '9007':
      return { takes: true, answer: { status: 500 } };
    case '9009':
      return sends <= 2 ? { takes: false, answer: { status: 429, headers: { 'retry-after': '1' } } } : { takes: true };
    case '9011':
      return { takes: true, status: 'pending' };
    case '9012':
      return { takes: true, status: 'unclaimed' };
    default:
      return { takes: true };
  }
}

describeConnector('http', async () => {
  const provider = await startProvider({ fate: fateByAmount });
  const config = { base_url: provider.url, token: provider.token };
  const connector = openConnector(httpConnectorType, config);
  const impatient = openConnector(httpConnectorType, { ...config, ...IMPATIENT });
  const gone = await startProvider();
  const cutOff = openConnector(httpConnectorType, { base_url: gone.url, token: gone.token });
  await gone.close();
  return {
    connector,
    impatient,
    cutOff,
    booked: (key) =>
      Promise.resolve(
        provider.ledger
          .filter(({ request }) => request.idempotency_key === key)
          .map(({ request: { idempotency_key, amount, currency } }) => ({ idempotencyKey: idempotency_key, amount, currency })),
      ),
    close: async () => {
      await Promise.all([connector.close(), impatient.close(), cutOff.close()]);
      await provider.close();
    },
  };
});

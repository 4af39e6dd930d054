import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Connector,
  type IntentRequest,
  listsPayments,
  readsPayments,
  receivesNotifications,
} from '../../src/connectors/connector.js';
import { itemKeyOf } from '../../src/connectors/dots/dots.order.js';
import { unanswered } from '../../src/connectors/wire/exchange.js';
import { ProviderClient } from '../../src/connectors/wire/provider.client.js';
import { dotsError, DotsServer, openDots } from '../support/dots-server.js';
import { BILLING_DATA, METHODS } from '../support/items.js';
import { IMPATIENT } from '../support/open-connector.js';
import { intentRequest } from './connector-contract.js';

const request = (overrides: Partial<IntentRequest> = {}): IntentRequest =>
  intentRequest({ currency: 'USD', payoutMethod: METHODS.paypal, billingData: BILLING_DATA, ...overrides });

const SEND = ['POST /users', 'PUT /users/*/payout-methods', 'POST /payout-batches'];
const LOOK_FOR_KEY = [...SEND, 'GET /payout-batches'];

describe('the dots connector on the wire', () => {
  let dots: DotsServer;
  let connector: Connector;
  beforeAll(async () => {
    dots = await DotsServer.start();
  });
  beforeEach(() => {
    dots.reset();
    connector = openDots(dots.config);
  });
  afterEach(() => connector.close());
  afterAll(() => dots.close());

  const bodies = () => dots.requests.map(({ body }) => JSON.parse(body) as unknown);

  it('finds or makes the user, adds the account, and sends a batch of one item under our key that names it', async () => {
    const sent = request({ reference: 'INV-7', amount: '12.50' });
    await connector.submit(sent);
    expect(dots.calls).toEqual(SEND);
    expect(dots.requests[0]?.headers['content-type']).toBe('application/json');
    const user = dots.users.at(-1)!;
    const { first_name, last_name, email } = BILLING_DATA;
    expect(bodies()).toEqual([
      { first_name, last_name, email, country_code: '49', phone_number: '3012345678' },
      { platform: 'paypal', email: 'ada@example.com' },
      {
        idempotency_key: sent.idempotencyKey,
        metadata: { tranche: 'connector', reference: 'INV-7', amount: '12.50', currency: 'USD' },
        items: [
          {
            user_id: user.id,
            platform: 'paypal',
            account_id: user.methods[0]?.id,
            amount: 1250,
            idempotency_key: itemKeyOf(sent.idempotencyKey),
            fund: true,
          },
        ],
      },
    ]);
  });

  it.each([
    [METHODS.us, { platform: 'ach', routing_number: '021000021', account_number: '123456789', account_type: 'checking' }],
    [
      { type: 'wallet', account_id: '$ada' },
      { platform: 'cash_app', cash_tag: '$ada' },
    ],
  ])('adds the account %j', async (payoutMethod, method) => {
    expect(await connector.submit(request({ payoutMethod }))).toMatchObject({ kind: 'accepted' });
    expect(bodies()[1]).toEqual(method);
  });

  it('pays a wallet whose account is a user of Dots’ as that user has chosen there, and adds nothing to him', async () => {
    const account_id = '3C90C3CC-0D44-4B50-8888-8DD25736052A';
    await connector.submit(request({ payoutMethod: { type: 'wallet', account_id }, billingData: null }));
    expect(dots.calls).toEqual(['POST /payout-batches']);
    expect(bodies()[0]).toMatchObject({ items: [{ user_id: account_id.toLowerCase(), platform: 'default' }] });
    expect(JSON.stringify(bodies()[0])).not.toContain('account_id');
  });

  it.each([
    ['no-receiver', { payoutMethod: METHODS.iban }],
    ['no-receiver', { payoutMethod: METHODS.gb }],
    ['no-receiver', { payoutMethod: { type: 'paypal', phone_number: '+12125550100' } }],
    ['no-receiver', { payoutMethod: METHODS.wallet }],
    ['no-receiver', { payoutMethod: METHODS.card }],
    ['user-info-missing', { billingData: null }],
    ['user-info-missing', { billingData: { ...BILLING_DATA, phone_number: undefined } }],
    ['user-info-missing', { billingData: { ...BILLING_DATA, email: '' } }],
    ['invalid-amount', { currency: 'EUR' }],
    ['invalid-amount', { amount: '90071992547409.92' }],
    ['invalid-amount', { amount: '0.001' }],
  ] as const)('refuses with %s, without asking Dots: %j', async (code, overrides) => {
    expect(await connector.submit(request(overrides))).toMatchObject({ kind: 'rejected', failure: { code, retryable: false } });
    expect(dots.requests).toEqual([]);
  });

  it('sends the largest amount of cents that a number of JSON holds exactly', async () => {
    await connector.submit(request({ amount: '90071992547409.91' }));
    expect(dots.requests.at(-1)?.body).toContain('"amount":9007199254740991,');
  });

  it('never pays another account of the same person, whichever was added last', async () => {
    const [home, work] = ['home@example.com', 'work@example.com'].map((email) =>
      request({ payoutMethod: { type: 'paypal', email } }),
    );
    await connector.submit(home!);
    const { account_id } = dots.under(home!.idempotencyKey)[0]!.item;
    await connector.submit(work!);
    expect(dots.under(work!.idempotencyKey)[0]!.item.account_id).not.toBe(account_id);
    expect(dots.under(work!.idempotencyKey)[0]!.item.user_id).toBe(dots.under(home!.idempotencyKey)[0]!.item.user_id);
  });

  it.each(SEND.slice(0, 2))('was not taken where %s gives nothing, and sends no batch', async (call) => {
    for (const [reply, outcome] of [
      [dotsError(503, 'service-unavailable'), { kind: 'not_taken', reason: 'busy' }],
      [dotsError(409, 'resource-busy'), { kind: 'not_taken', reason: 'busy' }],
      [
        { status: 404, body: '<html>' },
        { kind: 'not_taken', reason: 'unauthorized' },
      ],
      [
        { status: 200, body: { id: 7 } },
        { kind: 'not_taken', reason: 'unauthorized' },
      ],
      [dotsError(400, 'invalid-phone-number'), { kind: 'rejected', failure: { code: 'invalid-phone-number' } }],
    ] as const) {
      dots.answer(call, reply);
      expect(await connector.submit(request())).toMatchObject(outcome);
    }
    dots.answer(call, 'never');
    const impatient = openDots({ ...dots.config, ...IMPATIENT });
    expect(await impatient.submit(request())).toMatchObject({ kind: 'not_taken', reason: 'unreachable' });
    await impatient.close();
    expect(dots.calls).not.toContain('POST /payout-batches');
  });

  it.each(['answered', 'refused'] as const)('finds the first batch where a used key is %s', async (repeats) => {
    const sent = request({ amount: '12.50' });
    await connector.submit(sent);
    dots.repeats = () => repeats;
    dots.requests.length = 0;
    const [first] = dots.under(sent.idempotencyKey);
    expect(await connector.submit({ ...sent, amount: '13.00' })).toMatchObject({
      kind: 'accepted',
      payment: { providerReference: first?.id, amount: '12.50', currency: 'USD' },
    });
    expect(dots.calls).toEqual(repeats === 'answered' ? SEND : LOOK_FOR_KEY);
    expect(dots.under(sent.idempotencyKey)).toHaveLength(1);
  });

  it('finds it behind a hundred newer ones, and not without end', async () => {
    const sent = request();
    await connector.submit(sent);
    dots.repeats = () => 'refused';
    const [first] = dots.under(sent.idempotencyKey);
    const newer = (count: number) => {
      for (let n = 0; n < count; n += 1)
        dots.batches.push({ ...first!, sent: { ...first!.sent, idempotency_key: `${n}` }, id: `${n}` });
    };
    newer(150);
    expect(await connector.submit(sent)).toMatchObject({ kind: 'accepted', payment: { providerReference: first?.id } });
    newer(250);
    dots.requests.length = 0;
    // To the engine, a refusal of a second send is none.
    expect(await connector.submit(sent)).toMatchObject({ kind: 'rejected' });
    expect(dots.calls.filter((call) => call === 'GET /payout-batches')).toHaveLength(3);
    dots.batches.length = 0;
  });

  it('believes no refusal while the list can not be read', async () => {
    dots.fate = () => ({ refusal: dotsError(400, 'invalid-input') });
    expect(await connector.submit(request())).toMatchObject({ kind: 'rejected', failure: { code: 'invalid-input' } });
    dots.answer('GET /payout-batches', dotsError(500, 'service-unavailable'));
    expect(await connector.submit(request())).toMatchObject({ kind: 'unknown', unreadable: false });
  });

  it('says what the batches of this connector are since an instant, page by page', async () => {
    const lister = connector;
    if (!listsPayments(lister)) throw new Error('it should list payments');
    dots.batches.length = 0;
    const sent = Array.from({ length: 3 }, () => request());
    for (const one of sent) await connector.submit(one);
    const [first] = dots.batches;
    for (let n = 0; n < 120; n += 1)
      dots.batches.push({ ...first!, id: `foreign-${n}`, sent: { ...first!.sent, metadata: 'x' } });
    const page = await lister.list({ createdAfter: new Date(0), cursor: null });
    expect(page).toEqual({ kind: 'page', payments: [], nextCursor: 'foreign-20' });
    const next = await lister.list({ createdAfter: new Date(0), cursor: 'foreign-20' });
    expect(next.kind === 'page' ? next.payments.map(({ idempotencyKey }) => idempotencyKey) : next).toEqual(
      sent.map(({ idempotencyKey }) => idempotencyKey).reverse(),
    );
    expect(await lister.list({ createdAfter: new Date(Date.now() + 60_000), cursor: null })).toMatchObject({
      payments: [],
      nextCursor: null,
    });
    dots.batches.length = 0;
  });

  it('keeps the API key out of all that it says', async () => {
    const { apiKey, clientId } = dots;
    const basic = Buffer.from(`${clientId}:${apiKey}`).toString('base64');
    const echo = dotsError(400, 'invalid-input', `Basic ${basic} ${apiKey} 3012345678`);
    dots.answer('POST /payout-batches', echo);
    const refused = await connector.submit(request());
    expect(refused).toMatchObject({ kind: 'rejected', failure: { message: 'Basic [removed] [removed] [removed]' } });
    const wrong = openDots({ ...dots.config, api_key: `${apiKey}x` });
    const unauthorized = await wrong.submit(request());
    await wrong.close();
    expect(unauthorized).toMatchObject({ kind: 'not_taken', reason: 'unauthorized', httpStatus: 401 });
    expect(JSON.stringify([refused, unauthorized])).not.toMatch(new RegExp(`${apiKey}|${basic.slice(0, 20)}`));
  });

  it('says for certain that nothing was sent where the time was over before', async () => {
    const client = new ProviderClient({ baseUrl: dots.url, timeout_ms: 500, connections: 1 });
    const call = { method: 'POST', path: '/', headers: {}, secrets: [], deadline_ms: performance.now() } as const;
    const late = await client.call(call);
    await client.close();
    expect(late).toEqual({ kind: 'no_answer', code: 'NOT_BEGUN' });
    expect(unanswered('NOT_BEGUN')).toMatchObject({ kind: 'not_taken', reason: 'unreachable' });
    expect(dots.requests).toEqual([]);
  });

  it('says of a batch that Dots does not know that it can not be asked, never that there is none', async () => {
    if (!readsPayments(connector)) throw new Error('it should read payments');
    expect(await connector.read('gone/../x')).toMatchObject({ kind: 'unavailable', systemic: false });
    expect(dots.calls).toEqual(['GET /payout-batches/*/results']);
  });

  it('takes no notifications: those of Dots name a transfer, and nothing else that is known here', () => {
    expect(receivesNotifications(connector)).toBe(false);
  });
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testApp, type TestApp } from '../support/app.js';
import { validItem } from '../support/items.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';
import { until } from '../support/until.js';

interface Told {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string }[];
  readonly links: readonly object[];
}
interface Batch {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Told[] }[] }[];
}

const spans: Told[] = [];
const bodies: string[] = [];
/** The first requests are refused: a collector may come later than we do. */
let refusals = 1;
const collector = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    const known = request.url === '/v1/traces' && request.headers['x-collector-key'] === 'k';
    response.writeHead(known && refusals-- <= 0 ? 200 : 503).end();
    if (!known || refusals >= 0) return;
    bodies.push(text);
    spans.push(...(JSON.parse(text) as Batch).resourceSpans.flatMap((of) => of.scopeSpans.flatMap((scope) => scope.spans)));
  });
});
let app: TestApp;
let receiver: Receiver;

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}/`;
  app = await testApp({ traces: { endpoint, headers: { 'x-collector-key': 'k' }, ratio: 1 } });
  receiver = await startReceiver();
});
afterAll(async () => {
  await app.close();
  await receiver.close();
  collector.close();
});

it('one bulk is one trace, from its creation through validation and provider to the last webhook', async () => {
  const merchant = await app.merchant();
  const item = validItem();
  const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { body: bulk } = await merchant.post<{ id: string }>(
    '/v1/bulks',
    { webhook_url: receiver.url, items: [item] },
    { traceparent: caller },
  );
  await until(
    () =>
      spans.some(({ name }) => name === 'webhook bulk.completed') &&
      spans.some(({ name }) => name === 'webhook payout.intent_succeeded'),
  );
  await until(() => spans.some(({ name }) => name === 'POST /v1/bulks'));
  const root = spans.find(({ name }) => name === 'POST /v1/bulks')!;
  const ours = spans.filter(({ traceId }) => traceId === root.traceId);
  expect(new Set(ours.map(({ name }) => name))).toEqual(
    new Set([
      ...[
        'POST /v1/bulks',
        'validate',
        'provider send',
        'webhook bulk.created',
        'webhook bulk.validated',
        'webhook bulk.completed',
      ],
      ...['created', 'validation_in_progress', 'scheduled', 'processing_in_progress', 'processed', 'intent_succeeded'].map(
        (step) => `webhook payout.${step}`,
      ),
    ]),
  );
  expect(root.parentSpanId).toBeUndefined();
  expect(root.links).toEqual([{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }]);
  for (const span of ours) {
    if (span !== root) expect(span.parentSpanId).toBe(root.spanId);
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
  }
  expect(new Set(ours.map(({ spanId }) => spanId)).size).toBe(ours.length);
  const text = bodies.join('');
  for (const secret of [item.reference, receiver.url, merchant.key!, JSON.stringify(item['payout_method']).slice(1, -1)])
    expect(text).not.toContain(secret);
  expect(text).toContain(bulk.id);
  expect(receiver.received.every(({ headers }) => headers['traceparent'] === undefined)).toBe(true);
});

it.each([
  ['took', 204],
  ['refused for good', 410],
])('shows what an endpoint in the words of PayPal %s', async (_, status) => {
  const merchant = await app.merchant();
  const paypal = await startReceiver({ assert: () => undefined, answer: () => ({ status }) });
  await merchant.registerEndpoint(paypal.url, { format: 'paypal' });
  const bulk = await merchant.createBulk([validItem()]);
  await until(() => spans.some((span) => span.name.startsWith('webhook ') && JSON.stringify(span).includes(bulk.id)));
  await paypal.close();
});

it('a creation that is sent again is a span of the same trace, and no second root', async () => {
  const merchant = await app.merchant();
  const before = spans.length;
  const body = { items: [validItem()] };
  for (const _ of [1, 2]) await merchant.post('/v1/bulks', body, { 'idempotency-key': 'one' });
  const sent = (): Told[] => spans.slice(before).filter(({ name }) => name === 'POST /v1/bulks');
  await until(() => sent().length === 2);
  expect(new Set(sent().map(({ traceId }) => traceId)).size).toBe(1);
  expect(sent().filter(({ parentSpanId }) => parentSpanId === undefined)).toHaveLength(1);
});

it('who only reads is not traced', async () => {
  const before = spans.length;
  const merchant = await app.merchant();
  await merchant.get('/v1/bulks');
  await until(() => spans.slice(before).some(({ name }) => name === 'POST /v1/operator/merchants'));
  expect(spans.filter(({ name }) => name.startsWith('GET'))).toEqual([]);
});

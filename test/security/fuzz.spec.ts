import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { type TestApp, testApp } from '../support/app.js';
import { newReference, tomorrow, validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { assertAnswer } from '../support/openapi-answers.js';
import { type HostileRequest, requestsTo } from './hostile-requests.js';
import { type Operation, operations } from './operations.js';
import type { Meanings } from './schema-values.js';
import { type Tenant, tenantOf } from './tenants.js';
import { Wire } from './wire.js';

/** As many as are worth their time in every run; `FUZZ_REQUESTS=20000` is the large form. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 5_000);
/** The same requests in every run; `FUZZ_SEED=…` for others. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
/** Routes whose bodies are read by code of our own, not by decorators alone, get more than the others. */
const LARGE = new Set(['POST /v1/bulks', 'PATCH /v1/bulks/{id}', 'POST /v1/bulks/validate', 'PATCH /v1/payouts/{id}']);
const LARGE_WEIGHT = 6;
const ONE_ROUTE_MAX_MS = 600_000;
jest.setTimeout(ONE_ROUTE_MAX_MS);

const weightOf = ({ name }: Operation): number => (LARGE.has(name) ? LARGE_WEIGHT : 1);
const WEIGHTS = operations.reduce((sum, operation) => sum + weightOf(operation), 0);

/** What a member of this name has to be like for a request to be more than refused. Addresses are on this machine. */
const MEANINGS: Meanings = {
  url: fc.nat({ max: 9 }).map((number) => `http://127.0.0.1:9/${String(number)}`),
  webhook_url: fc.constant('http://127.0.0.1:9/hooks'),
  config: fc.constant({ base_url: 'http://127.0.0.1:9', token: 'token_of_the_gateway' }),
  amount: fc.constantFrom('120.50', '90.02', '90.09', '90.12', '1', '0.01'),
  reference: fc.integer({ min: 0, max: 1_000_000 }).map((number) => `INV-${String(number)}`),
  control_totals: fc.constant(undefined),
  scheduled_date: fc.constantFrom(tomorrow(), '2027-03-28T02:30', null),
};

let app: TestApp;
let one: Tenant;
let other: Tenant;
let sent = 0;

beforeAll(async () => {
  app = await testApp();
  one = await tenantOf(app);
  other = await tenantOf(app);
});
afterAll(() => app.close());

/** First what reads, then what edits: after a cancel there is less to edit. */
const ORDER = ['GET', 'PATCH', 'POST', 'DELETE'];
const inOrder = [...operations].sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method));

describe(`Requests of seed ${String(SEED)}`, () => {
  it.each(inOrder)('$name: every answer is as the document says, whatever is sent', async (operation) => {
    const wire = new Wire(app.url, keyFor(operation));
    const { valid, invalid } = requestsTo(operation, MEANINGS, (kind) => [one.ids[kind]!, other.ids[kind]!]);
    const numRuns = Math.ceil((REQUESTS * weightOf(operation)) / WEIGHTS / 2);
    for (const requests of [valid, invalid]) {
      await fc.assert(
        fc.asyncProperty(requests, (request) => answersByTheBook(wire, request)),
        { seed: SEED, numRuns, interruptAfterTimeLimit: ONE_ROUTE_MAX_MS },
      );
    }
    wire.close();
  });

  it('and then a bulk is paid as ever', async () => {
    expect(sent).toBeGreaterThanOrEqual(REQUESTS);
    await calmDown();
    const merchant = await app.merchant();
    const bulk = await merchant.createBulk({ reference: newReference(), items: validItems(5) });
    const payouts = await merchant.untilAtRest(bulk.id);
    expect(payouts.map(({ status, intent }) => [status, intent?.status])).toEqual(Array(5).fill(['PROCESSED', 'succeeded']));
    await judgedAll(one.client);
    expect(await app.differences()).toEqual([]);
  });
});

const keyFor = ({ caller }: Operation): string | null =>
  caller === 'operator' ? app.operator.key : caller === 'merchant' ? one.client.key : null;

async function answersByTheBook(wire: Wire, request: HostileRequest): Promise<void> {
  sent += 1;
  const answer = await wire.send(request);
  const { status, headers } = answer;
  if (status >= 500) throw new Error(`answered ${String(status)}: ${answer.text}`);
  expect(headers['request-id']).toMatch(/^req_/);
  if (status >= 400) expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  assertAnswer(request.method, request.path, answer);
}

/** Undoes what fuzzed operators have done to everybody. */
async function calmDown(): Promise<void> {
  await app.operator.post('/v1/operator/resume');
  const connectors = await app.operator.all<{ id: string; paused_at: string | null }>('/v1/operator/connectors');
  for (const { id } of connectors) await app.operator.post(`/v1/operator/connectors/${id}/resume`);
}

/** What was accepted has been judged: nothing that a request could hold stops the workers. */
async function judgedAll(client: MerchantClient): Promise<void> {
  for (const { id } of await client.all<{ id: string }>('/v1/bulks')) await client.untilValidated(id);
}

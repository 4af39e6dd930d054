import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { type TestApp, testApp } from '../support/app.js';
import { newReference, tomorrow, validItems } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';
import { assertAnswer, assertError, dotsDocument, isDocumented, paypalDocument } from '../support/openapi-answers.js';
import {
  atTheDoors,
  authorizationFor,
  type DoorTenant,
  linkOf,
  meaningsAt,
  payThroughEachDoor,
  unknownDoorId,
} from './at-the-doors.js';
import { type HostileRequest, type KnownIds, requestsTo } from './hostile-requests.js';
import { type Contract, doorOperations, type Operation, operations, pageOperations } from './operations.js';
import type { Meanings } from './schema-values.js';
import { type Tenant, tenantOf, unknownId } from './tenants.js';
import { Wire, type WireAnswer } from './wire.js';

/** As many as are worth their time in every run; `FUZZ_REQUESTS=20000` is the large form. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 5_000);
/** The same requests in every run; `FUZZ_SEED=…` for others. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
/** Routes whose bodies are read by code of our own, not by decorators alone, get more than the others. */
const WEIGHT_OF: Readonly<Record<string, number>> = {
  'POST /v1/bulks': 6,
  'PATCH /v1/bulks/{id}': 6,
  'POST /v1/bulks/validate': 6,
  'PATCH /v1/payouts/{id}': 6,
  'POST /v1/payments/payouts': 3,
  'POST /api/v2/payout-batches': 3,
  'POST /api/v2/payouts/send-payout': 3,
  'POST /pay/{token}': 3,
};
/** Each is claimed once, and then as dead as any other. */
const LINKS = 40;
const ONE_ROUTE_MAX_MS = 600_000;
jest.setTimeout(ONE_ROUTE_MAX_MS);

const weightOf = ({ name }: Operation): number => WEIGHT_OF[name] ?? 1;
const everywhere = [...operations, ...doorOperations, ...pageOperations];
const WEIGHTS = everywhere.reduce((sum, operation) => sum + weightOf(operation), 0);

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
let atDoors: { readonly one: DoorTenant; readonly other: DoorTenant };
let linkTokens: readonly string[];
let sent = 0;

beforeAll(async () => {
  app = await testApp();
  one = await tenantOf(app);
  other = await tenantOf(app);
  atDoors = { one: await atTheDoors(app, one), other: await atTheDoors(app, other) };
  const links = await Promise.all(Array.from({ length: LINKS }, () => linkOf(atDoors.one.dots)));
  linkTokens = links.map(({ link }) => link.split('/').at(-1) ?? '');
});
afterAll(() => app.close());

/** First what reads, then what edits: after a cancel there is less to edit. */
const ORDER = ['GET', 'PATCH', 'PUT', 'POST', 'DELETE'];
const inOrder = everywhere.toSorted((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method));

describe(`Requests of seed ${String(SEED)}`, () => {
  it.each(inOrder)('$name: every answer is as the document says, whatever is sent', async (operation) => {
    const wire = new Wire(app.url, keyFor(operation));
    const meanings = operation.contract === 'native' ? MEANINGS : meaningsAt(operation.contract, atDoors.one);
    const { valid, invalid } = requestsTo(operation, meanings, idsFor(operation));
    const numRuns = Math.ceil((REQUESTS * weightOf(operation)) / WEIGHTS / 2);
    for (const requests of [valid, invalid]) {
      await fc.assert(
        fc.asyncProperty(requests, (request) => answersByTheBook(wire, operation, request)),
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
    await payThroughEachDoor(app, merchant);
    await judgedAll(one.client);
    expect(await app.differences()).toEqual([]);
  });
});

const keyFor = ({ contract, caller }: Operation): string | null =>
  contract !== 'native' || caller === 'nobody' ? null : caller === 'operator' ? app.operator.key : one.client.key;

function idsFor({ contract }: Operation): KnownIds {
  if (contract === 'native') return (kind) => ({ own: [one.ids[kind]!], foreign: [other.ids[kind]!, unknownId(kind)] });
  return (kind) =>
    kind === 'pay'
      ? { own: linkTokens, foreign: [unknownDoorId(kind)] }
      : { own: [atDoors.one.ids[kind]!], foreign: [atDoors.other.ids[kind]!, unknownDoorId(kind)] };
}

async function answersByTheBook(wire: Wire, operation: Operation, request: HostileRequest): Promise<void> {
  sent += 1;
  const { contract } = operation;
  const authorization = contract === 'native' ? null : authorizationFor(operation, atDoors.one);
  const headers = authorization === null ? request.headers : { authorization, ...request.headers };
  const answer = await wire.send({ ...request, headers });
  if (answer.status >= 500) throw new Error(`answered ${String(answer.status)}: ${answer.text}`);
  expect(answer.headers['request-id']).toMatch(/^req_/);
  HELD_TO[contract](request, answer);
}

const HELD_TO: Readonly<Record<Contract, (request: HostileRequest, answer: WireAnswer) => void>> = {
  native: ({ method, path }, answer) => {
    if (answer.status >= 400) expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    assertAnswer(method, path, answer);
  },
  paypal: atDoor(paypalDocument),
  dots: atDoor(dotsDocument),
  page: (_, { status, headers, text }) => {
    expect([200, 400, 404, 413, 415, 422]).toContain(status);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(text).toMatch(/^<!doctype html>[^]*<\/html>\s*$/i);
    expect(text).not.toMatch(/<script|undefined|\[object/);
  },
};

/** A refusal that may come of any route is not in the document, but has the form of all. */
function atDoor(document: typeof paypalDocument): (request: HostileRequest, answer: WireAnswer) => void {
  return ({ method, path }, { status, headers, body }) => {
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    if (status < 400 || isDocumented(method, path, { status, document })) assertAnswer(method, path, { status, body, document });
    else assertError(body, document);
  };
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

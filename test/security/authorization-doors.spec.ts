import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { AccessTokens } from '../../src/doors/paypal/access-token.js';
import { SCOPES } from '../../src/merchants/scopes.js';
import { fromTypeId } from '../../src/platform/ids/index.js';
import { assertAnswer, assertError, dotsDocument, isDocumented, paypalDocument } from '../support/openapi-answers.js';
import { atTheDoors, authorizationFor, type DoorTenant, unknownDoorId } from './at-the-doors.js';
import { doorOperations, idKindsOf, type Operation, pathWith } from './operations.js';
import { everyRow, keyOf, type Tenants, twoTenants, uselessKeys } from './tenants.js';

const guarded = doorOperations.filter(({ caller }) => caller === 'merchant');
const withIds = guarded.filter((operation) => idKindsOf(operation).length > 0);

/** What the door calls a refusal. */
const WORDS = {
  paypal: { 401: 'AUTHENTICATION_FAILURE', 403: 'REQUIRED_SCOPE_MISSING', 404: 'INVALID_RESOURCE_ID' },
  dots: { 401: 'unauthorized', 403: 'forbidden', 404: 'not-found' },
} as const;

let tenants: Tenants;
let one: DoorTenant;
let other: DoorTenant;
/** Authorization headers that open nothing, by what is wrong with them. */
let useless: { readonly [Contract in Operation['contract']]?: Readonly<Record<string, string | null>> };
/** By scope: with a key that has all others, and with one that has no other. */
const narrow = new Map<string, { readonly without: DoorTenant; readonly only: DoorTenant }>();
let before: string;

const basicOf = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
/** The id of a key stands in it. */
const idIn = (key: string): string => `key_${key.split('_')[2] ?? ''}`;
const tokenOf = (keyId: string): string => tenants.app.part(AccessTokens).issue(fromTypeId('key', keyId) ?? '');

beforeAll(async () => {
  tenants = await twoTenants();
  const { app } = tenants;
  [one, other] = [await atTheDoors(app, tenants.one), await atTheDoors(app, tenants.other)];
  const { api_key_id: id, api_key: key } = tenants.one.client.created;
  // There a good key may be shown in a wrong way; here each is shown in the right one.
  const keys = Object.entries(await uselessKeys(tenants))
    .map(([wrong, header]) => [wrong, header?.replace('Bearer ', '') ?? ''] as const)
    .filter(([, each]) => each !== key);
  const token = one.bearer.slice('Bearer '.length);
  const common = { 'no credentials': null, 'another scheme': `Digest ${key}`, 'the key alone': `Bearer ${key}` };
  useless = {
    dots: {
      ...common,
      ...Object.fromEntries(keys.map(([wrong, each]) => [wrong, basicOf(idIn(each), each)])),
      'the id of another key': basicOf(tenants.other.client.created.api_key_id, key),
      'the key of another id': basicOf(id, tenants.other.client.created.api_key),
      'the operator’s key': basicOf(id, app.operator.key ?? ''),
      'a token of the other door': one.bearer,
    },
    paypal: {
      ...common,
      'the id and the key': one.basic,
      'a token with another letter': `Bearer ${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.at(-1) ?? ''}`,
      'half a token': `Bearer ${token.slice(0, 40)}`,
      'a token of a revoked key': `Bearer ${tokenOf(idIn(keys.find(([wrong]) => wrong === 'a revoked key')![1]))}`,
      'a token of an expired key': `Bearer ${tokenOf(idIn(keys.find(([wrong]) => wrong === 'an expired key')![1]))}`,
      'a token of no key': `Bearer ${tokenOf('key_01kb4n3w2ze3rbz4jrd9qk6v1x')}`,
    },
  };
  for (const scope of new Set(guarded.flatMap(({ scopes }) => scopes))) {
    const having = async (scopes: readonly string[]): Promise<DoorTenant> => {
      const made = await keyOf(app, tenants.one.client, { scopes });
      return { ...one, basic: basicOf(made.id, made.api_key), bearer: `Bearer ${tokenOf(made.id)}` };
    };
    narrow.set(scope, { only: await having([scope]), without: await having(SCOPES.filter((each) => each !== scope)) });
  }
  before = await everyRow(app);
});
afterAll(() => tenants.close());

/** The rule of every test here: whoever is refused changes nothing. */
afterEach(async () => {
  const [was, is] = [before, await everyRow(tenants.app)];
  before = is;
  expect(is).toBe(was);
});

const idsOf = (operation: Operation, tenant: DoorTenant): string[] => idKindsOf(operation).map((kind) => tenant.ids[kind]!);
const unknownIdsOf = (operation: Operation): string[] => idKindsOf(operation).map(unknownDoorId);

interface Attempt {
  readonly ids: readonly string[];
  readonly authorization: string | null;
  readonly query?: string;
  readonly body?: unknown;
  /** What the request is sent again by, at the door that knows it. */
  readonly requestId?: string;
}

interface Refusal {
  readonly status: number;
  readonly word: unknown;
  /** Everything that a caller sees but the name of the request and the time. */
  readonly seen: string;
}

/** Calls a route with the body that the document gives as its example, and holds the answer to the document. */
async function attempt(
  operation: Operation,
  { ids, authorization, query = '', body = operation.body?.example, requestId }: Attempt,
): Promise<Refusal> {
  const { method, contract } = operation;
  const path = pathWith(operation.path, ids);
  const answer = await fetch(tenants.app.url + path + query, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(requestId === undefined ? {} : { 'paypal-request-id': requestId }),
      ...(authorization === null ? {} : { authorization }),
    },
    ...(method === 'GET' || body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { status } = answer;
  const text = await answer.text();
  const refusal = JSON.parse(text) as { name?: string; error_code?: string };
  const document = contract === 'paypal' ? paypalDocument : dotsDocument;
  if (isDocumented(method, path, { status, document })) assertAnswer(method, path, { status, body: refusal, document });
  else assertError(refusal, document);
  const headers = [...answer.headers].filter(([name]) => name !== 'request-id' && name !== 'date');
  const seen = JSON.stringify([status, headers, text.replaceAll(answer.headers.get('request-id') ?? '', '')]);
  return { status, word: refusal.name ?? refusal.error_code, seen };
}

const refusedAs = ({ contract }: Operation, status: 401 | 403 | 404) => ({
  status,
  word: WORDS[contract === 'paypal' ? 'paypal' : 'dots'][status],
});

describe('At the doors, without credentials that are valid now', () => {
  it.each(guarded)('$name is the same refusal, byte for byte, whatever is wrong with them', async (operation) => {
    const refusals = new Map<string, string>();
    for (const [wrong, authorization] of Object.entries(useless[operation.contract] ?? {})) {
      for (const ids of [idsOf(operation, one), unknownIdsOf(operation)]) {
        // A refusal that was kept under it would be a row.
        const refusal = await attempt(operation, { ids, authorization, requestId: randomUUID() });
        expect({ wrong, ...refusal }).toMatchObject({ wrong, ...refusedAs(operation, 401) });
        refusals.set(refusal.seen, wrong);
      }
    }
    expect([...refusals.values()]).toHaveLength(1);
  });

  it('every route but that of tokens asks for some, and for a scope', () => {
    expect(doorOperations.filter(({ scopes }) => scopes.length === 0).map(({ name }) => name)).toEqual(['POST /v1/oauth2/token']);
  });

  it('no token is given', async () => {
    const token = doorOperations.find(({ caller }) => caller === 'nobody')!;
    const refusals = new Set<string>();
    for (const authorization of Object.values(useless.dots ?? {})) {
      const form = new URLSearchParams({ grant_type: 'client_credentials' });
      const headers: Record<string, string> = authorization === null ? {} : { authorization };
      const answer = await fetch(tenants.app.url + token.path, { method: 'POST', body: form, headers });
      refusals.add(JSON.stringify([answer.status, await answer.json()]));
    }
    expect([...refusals]).toEqual([
      JSON.stringify([401, { error: 'invalid_client', error_description: 'Client Authentication failed' }]),
    ]);
  });
});

describe('At the doors, with a key of narrow scope', () => {
  it.each(guarded)(
    '$name opens to the scope that it asks for, and to no other, of one’s own and of nothing alike',
    async (operation) => {
      const { without, only } = narrow.get(operation.scopes[0]!)!;
      const authorization = authorizationFor(operation, without);
      const own = await attempt(operation, { ids: idsOf(operation, one), authorization, requestId: randomUUID() });
      expect(own).toMatchObject(refusedAs(operation, 403));
      expect((await attempt(operation, { ids: unknownIdsOf(operation), authorization })).seen).toBe(own.seen);
      // What is let through finds nothing, or nothing to do.
      const passed = { ids: unknownIdsOf(operation), authorization: authorizationFor(operation, only), body: {} };
      expect([200, 400, 404]).toContain((await attempt(operation, passed)).status);
    },
  );
});

describe('At the doors, with another’s id', () => {
  it.each(withIds)('$name is the same refusal as of an unknown one, byte for byte', async (operation) => {
    const authorization = authorizationFor(operation, one);
    const foreign = await attempt(operation, { ids: idsOf(operation, other), authorization });
    expect(foreign).toMatchObject(refusedAs(operation, 404));
    for (const ids of [unknownIdsOf(operation), idKindsOf(operation).map(() => 'nonsense')])
      expect((await attempt(operation, { ids, authorization })).seen).toBe(foreign.seen);
  });

  it.each(withIds.filter(({ method }) => method === 'GET'))('$name shows the owner his own', async (operation) => {
    const authorization = authorizationFor(operation, other);
    expect((await attempt(operation, { ids: idsOf(operation, other), authorization })).status).toBe(200);
  });

  it.each(guarded.filter(({ parameters }) => parameters.some(({ name }) => name === 'starting_after')))(
    '$name takes it for no cursor, as it takes none that is unknown',
    async (operation) => {
      const kind = operation.path.split('/').at(-1) ?? '';
      for (const parameter of ['starting_after', 'ending_before']) {
        const ask = (id: string) =>
          attempt(operation, { ids: [], authorization: authorizationFor(operation, one), query: `?${parameter}=${id}` });
        const foreign = await ask(other.ids[kind] ?? '');
        expect(foreign.status).toBe(400);
        expect((await ask(unknownDoorId(kind))).seen).toBe(foreign.seen);
      }
    },
  );
});

describe('At the doors, with a path that can not be read', () => {
  it.each(['/v1/payments/payouts/%', '/v1/payments/payouts-item/%ff/cancel', '/api/v2/users/%'])(
    '%s is refused in the words of the door',
    async (path) => {
      const answer = await fetch(tenants.app.url + path);
      expect(answer.status).toBe(400);
      assertError(await answer.json(), path.startsWith('/api') ? dotsDocument : paypalDocument);
    },
  );
});

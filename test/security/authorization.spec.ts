import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OPERATOR_SCOPES, SCOPES } from '../../src/merchants/scopes.js';
import type { Answer, ProblemBody } from '../support/api-client.js';
import { newReference } from '../support/items.js';
import { assertAnswer } from '../support/openapi-answers.js';
import { idKindsOf, type Operation, operations, pathWith } from './operations.js';
import {
  everyRow,
  idsOf,
  keyOf,
  operatorKeyOf,
  scopesOf,
  type Tenant,
  type Tenants,
  twoTenants,
  unknownId,
  uselessKeys,
} from './tenants.js';

/** Routes that take no key, and what they answer to whoever has a useless one. A route that is not here asks for a key. */
const PUBLIC: Readonly<Record<string, number>> = {
  // It is not told of which endpoint.
  'GET /.well-known/tranche-webhook-keys': 400,
  'GET /docs': 200,
  'GET /dots/openapi.json': 200,
  'GET /healthz': 200,
  'GET /openapi.json': 200,
  'GET /paypal/openapi.json': 200,
  'GET /readyz': 200,
  // Its credential is the signature, and none is sent here.
  'POST /v1/connectors/{id}/notifications': 401,
};
/** Open to a scraper on this machine that sends no key; a key has to be the operator's. */
const METRICS = 'GET /metrics';

const guarded = operations.filter(({ caller }) => caller !== 'nobody');
const ofMerchants = operations.filter(({ caller }) => caller === 'merchant');
const ofOperator = operations.filter(({ caller }) => caller === 'operator');
/** Each scope, with the routes of the kind of caller that has it. */
const narrowings = [
  ...SCOPES.map((scope) => ({ scope, routes: ofMerchants, others: SCOPES.filter((each) => each !== scope) })),
  ...OPERATOR_SCOPES.map((scope) => ({ scope, routes: ofOperator, others: OPERATOR_SCOPES.filter((each) => each !== scope) })),
];
const withIds = (all: readonly Operation[]): Operation[] => all.filter((operation) => idKindsOf(operation).length > 0);

let tenants: Tenants;
let useless: Readonly<Record<string, string | null>>;
/** By scope: a key with this one only, and a key with all others. */
const narrow = new Map<string, { readonly only: string; readonly without: string }>();
let before: string;

beforeAll(async () => {
  tenants = await twoTenants();
  useless = await uselessKeys(tenants);
  for (const { scope, routes, others } of narrowings) {
    const make = (scopes: readonly string[]) =>
      routes === ofOperator ? operatorKeyOf(tenants.app, { scopes }) : keyOf(tenants.app, tenants.one.client, { scopes });
    narrow.set(scope, { only: (await make([scope])).api_key, without: (await make(others)).api_key });
  }
  before = await everyRow(tenants.app);
});
afterAll(() => tenants.close());

/** The rule of every test here: whoever is refused changes nothing. */
afterEach(async () => {
  const [was, is] = [before, await everyRow(tenants.app)];
  before = is;
  expect(is).toBe(was);
});

const unknownIdsOf = (operation: Operation): string[] => idKindsOf(operation).map(unknownId);

interface Attempt {
  readonly ids: readonly string[];
  readonly authorization: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls a route with the body that the document gives as its example, and holds the answer to the document. */
async function attempt(
  { method, path, body }: Operation,
  { ids, authorization, headers = {} }: Attempt,
): Promise<Answer<ProblemBody>> {
  const at = pathWith(path, ids);
  const answer = await tenants.app.client(null).send(method, at, {
    body: body?.example,
    headers: { ...(authorization === null ? {} : { authorization }), ...headers },
  });
  assertAnswer(method, at, answer);
  return answer;
}

/** Everything that a caller sees of a refusal but the name of the request and the time. */
function seen({ status, headers, text, body }: Answer<ProblemBody>): unknown {
  const kept = Object.fromEntries([...headers].filter(([name]) => name !== 'request-id' && name !== 'date'));
  return { status, headers: kept, text: text.replace(body.request_id, '') };
}

const bearer = (key: string): string => `Bearer ${key}`;

/** A refusal that was kept under its key would be a row. */
const withIdempotencyKey = (): Record<string, string> => ({ 'idempotency-key': newReference() });

describe('Without a key that is valid now', () => {
  it.each(guarded)('$name is the same 401, byte for byte, whatever is wrong with the key', async (operation) => {
    const refusals = new Map<string, unknown>();
    for (const [wrong, authorization] of Object.entries(useless)) {
      for (const ids of [idsOf(operation, tenants.one), unknownIdsOf(operation)]) {
        const answer = await attempt(operation, { ids, authorization, headers: withIdempotencyKey() });
        expect([wrong, answer.status, answer.body.code]).toEqual([wrong, 401, 'unauthorized']);
        refusals.set(JSON.stringify(seen(answer)), wrong);
      }
    }
    expect([...refusals.values()]).toHaveLength(1);
  });

  it('every route gives the same one', async () => {
    const refusals = new Set<string>();
    for (const operation of guarded.filter(({ method }) => method === 'GET')) {
      refusals.add(JSON.stringify(seen(await attempt(operation, { ids: unknownIdsOf(operation), authorization: null }))));
    }
    expect(refusals.size).toBe(1);
  });

  it('HEAD tells no more than GET', async () => {
    for (const { path, ...operation } of guarded.filter(({ method }) => method === 'GET')) {
      const at = pathWith(path, idsOf({ path, ...operation }, tenants.one));
      expect([at, (await fetch(tenants.app.url + at, { method: 'HEAD' })).status]).toEqual([at, 401]);
    }
  });

  it('only the routes that are known to be public answer', () => {
    const open = operations.filter(({ caller }) => caller === 'nobody').map(({ name }) => name);
    expect(open.sort()).toEqual([...Object.keys(PUBLIC), METRICS].sort());
  });

  it.each(Object.entries(PUBLIC))('%s answers %i, and no useless key changes that', async (name, status) => {
    const operation = operations.find((each) => each.name === name)!;
    for (const [wrong, authorization] of Object.entries(useless)) {
      const answer = await attempt(operation, { ids: idsOf(operation, tenants.one), authorization });
      expect([wrong, answer.status]).toEqual([wrong, status]);
    }
  });

  it('the figures are open to this machine, and closed to every key but the operator’s', async () => {
    const operation = operations.find(({ name }) => name === METRICS)!;
    const status = async (authorization: string | null, headers = {}): Promise<number> =>
      (await attempt(operation, { ids: [], authorization, headers })).status;
    expect(await status(null)).toBe(200);
    expect(await status(bearer(tenants.app.operator.key!))).toBe(200);
    expect(await status(bearer(narrow.get('read')!.only))).toBe(200);
    expect(await status(bearer(narrow.get('read')!.without))).toBe(401);
    expect(await status(bearer(tenants.one.client.key!))).toBe(401);
    for (const wrong of ['an unknown key', 'a revoked key', 'an expired key']) expect(await status(useless[wrong]!)).toBe(401);
    expect(await status(null, { 'x-forwarded-for': '203.0.113.7' })).toBe(401);
  });
});

describe('With a key of the wrong kind', () => {
  it.each(ofMerchants)('$name refuses the operator, by the root key and by any other', async (operation) => {
    for (const key of [tenants.app.operator.key!, narrow.get('merchants:write')!.only]) {
      const authorization = bearer(key);
      const answer = await attempt(operation, {
        ids: idsOf(operation, tenants.one),
        authorization,
        headers: withIdempotencyKey(),
      });
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
      expect(seen(await attempt(operation, { ids: unknownIdsOf(operation), authorization }))).toEqual(seen(answer));
    }
  });

  it.each(ofOperator)('$name refuses a merchant, of his own things too', async (operation) => {
    const refusals = new Set<string>();
    for (const { client } of [tenants.one, tenants.other]) {
      for (const ids of [idsOf(operation, tenants.one), unknownIdsOf(operation)]) {
        const answer = await attempt(operation, { ids, authorization: bearer(client.key!), headers: withIdempotencyKey() });
        expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
        refusals.add(JSON.stringify(seen(answer)));
      }
    }
    expect(refusals.size).toBe(1);
  });
});

describe('With a key of narrow scope', () => {
  it('every route asks for a scope, and every scope opens a route', () => {
    expect(guarded.filter(({ scopes }) => scopes.length === 0).map(({ name }) => name)).toEqual([]);
    expect(scopesOf(ofMerchants).sort()).toEqual([...SCOPES].sort());
    expect(scopesOf(ofOperator).sort()).toEqual([...OPERATOR_SCOPES].sort());
  });

  describe.each(narrowings)('$scope', ({ scope, routes }) => {
    it.each(routes)('opens $name where that asks for it, and nowhere else', async (operation) => {
      const needed = operation.scopes.includes(scope);
      const { only, without } = narrow.get(scope)!;
      // What is let through is refused for its query, so nothing happens.
      const answerTo = async (key: string): Promise<number> => {
        const at = `${pathWith(operation.path, unknownIdsOf(operation))}?stray=1`;
        return (await tenants.app.client(key).send(operation.method, at)).status;
      };
      expect((await answerTo(only)) === 403).toBe(!needed);
      expect((await answerTo(without)) === 403).toBe(needed);
    });

    it.each(routes.filter(({ scopes }) => scopes.includes(scope)))(
      'is missed at $name, of one’s own and of nothing alike',
      async (operation) => {
        const { without } = narrow.get(scope)!;
        const [own, nothing] = [idsOf(operation, tenants.one), unknownIdsOf(operation)];
        const answer = await attempt(operation, { ids: own, authorization: bearer(without), headers: withIdempotencyKey() });
        expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
        expect(seen(await attempt(operation, { ids: nothing, authorization: bearer(without) }))).toEqual(seen(answer));
      },
    );
  });
});

describe('With another’s id', () => {
  it.each(withIds(ofMerchants))('$name is the same 404 as of an unknown one, byte for byte', async (operation) => {
    const authorization = bearer(tenants.one.client.key!);
    const foreign = await attempt(operation, { ids: idsOf(operation, tenants.other), authorization });
    expect([foreign.status, foreign.body.code]).toEqual([404, 'not_found']);
    for (const ids of [unknownIdsOf(operation), idKindsOf(operation).map(() => 'nonsense')]) {
      expect(seen(await attempt(operation, { ids, authorization }))).toEqual(seen(foreign));
    }
  });

  it.each(withIds(ofMerchants))('$name tells no version of it either', async (operation) => {
    const [authorization, headers] = [bearer(tenants.one.client.key!), { 'if-match': '"77"' }];
    const foreign = await attempt(operation, { ids: idsOf(operation, tenants.other), authorization, headers });
    expect(foreign.status).toBe(404);
    expect(seen(await attempt(operation, { ids: unknownIdsOf(operation), authorization, headers }))).toEqual(seen(foreign));
  });

  it.each(withIds(ofMerchants).filter(({ method }) => method === 'GET'))('$name shows the owner his own', async (operation) => {
    const answer = await attempt(operation, {
      ids: idsOf(operation, tenants.other),
      authorization: bearer(tenants.other.client.key!),
    });
    expect(answer.status).toBe(200);
  });

  it.each(withIds(ofOperator).filter((operation) => idKindsOf(operation).length > 1))(
    '$name does not find it below somebody else',
    async (operation) => {
      const authorization = bearer(tenants.app.operator.key!);
      const [[own = ''], [, ...foreign]] = [idsOf(operation, tenants.one), idsOf(operation, tenants.other)];
      const answer = await attempt(operation, { ids: [own, ...foreign], authorization });
      expect(answer.status).toBe(404);
      expect(seen(await attempt(operation, { ids: [own, ...unknownIdsOf(operation).slice(1)], authorization }))).toEqual(
        seen(answer),
      );
    },
  );

  it.each(withIds(ofOperator))('$name is 404 where nobody has it', async (operation) => {
    const answer = await attempt(operation, { ids: unknownIdsOf(operation), authorization: bearer(tenants.app.operator.key!) });
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});

describe('With another’s id in the query', () => {
  /** What names a row, by the parameter's name: a filter names its kind, a cursor an element of the list itself. */
  const CURSORS = ['starting_after', 'ending_before', 'after'];
  const lists = ofMerchants.filter(({ streams }) => !streams);
  const places = lists.flatMap((operation) =>
    operation.parameters
      .filter(({ in: where, name }) => where === 'query' && (name.endsWith('_id') || CURSORS.includes(name)))
      .map(({ name: parameter }) => ({ name: operation.name, parameter, operation })),
  );

  it('there is something to try', () => {
    expect(places.length).toBeGreaterThan(10);
  });

  it.each(places)('$name?$parameter= is the same answer as to an unknown one', async ({ parameter, operation }) => {
    const { one, other } = tenants;
    const foreign = parameter.endsWith('_id') ? other.ids[parameter.slice(0, -'_id'.length)]! : await elementOf(operation, other);
    const ask = async (id: string): Promise<Answer<ProblemBody>> => {
      const at = `${pathWith(operation.path, idsOf(operation, one))}?${parameter}=${id}`;
      const answer = await one.client.send(operation.method, at);
      assertAnswer(operation.method, at, answer);
      return answer;
    };
    const answer = await ask(foreign);
    if (parameter.endsWith('_id')) expect(answer).toMatchObject({ status: 200, body: { data: [] } });
    else expect([answer.status, answer.body.code]).toEqual([400, 'invalid_cursor']);
    expect(seen(await ask(unknownId(foreign.split('_')[0]!)))).toEqual(seen(answer));
  });

  async function elementOf(operation: Operation, tenant: Tenant): Promise<string> {
    const ids = idsOf(operation, { ...tenant, ids: { ...tenant.ids, payout: tenant.sentPayout } });
    const list = await tenant.client.get<{ data: { id: string }[] }>(pathWith(operation.path, ids));
    const [element] = list.body.data;
    if (element === undefined) throw new Error(`${operation.name}: the tenants have no element of it`);
    return element.id;
  }
});

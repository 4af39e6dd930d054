import fc from 'fast-check';
import { brokenBody, hostileText, spoilt, writeJson } from './hostile-json.js';
import { idKindsOf, type Json, type Operation, type Parameter, pathWith } from './operations.js';
import { type Meanings, valueOf } from './schema-values.js';

/** A request as it goes over the wire, but for its key. */
export interface HostileRequest {
  readonly method: string;
  /** With its query, percent-encoded or not. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** Ids by kind: the caller's own, and those that open nothing to him. */
export type KnownIds = (kind: string) => { readonly own: readonly string[]; readonly foreign: readonly string[] };

/** Requests to this route: as the document says, or with something wrong about path, query, headers or body. */
export function requestsTo(
  operation: Operation,
  meanings: Meanings,
  idsOf: KnownIds,
): { readonly valid: fc.Arbitrary<HostileRequest>; readonly invalid: fc.Arbitrary<HostileRequest> } {
  const { body, method } = operation;
  const goodBody: fc.Arbitrary<Buffer | undefined> =
    body === undefined
      ? fc.constant(undefined)
      : fc
          .oneof({ weight: 2, arbitrary: valueOf(body.schema, meanings) }, { weight: 1, arbitrary: fc.constant(body.example) })
          .map((value) => Buffer.from(writtenAs(body.type, value)));
  const good = {
    method: fc.constant(method),
    path: pathsTo(operation, ownIds(operation, idsOf), validQuery(operation, idsOf)),
    headers: validHeaders(operation),
    body: goodBody,
  };
  const bad = {
    path: pathsTo(operation, foreignIds(operation, idsOf), hostileQuery(operation)),
    headers: hostileHeaders,
    body: badBody(operation, meanings),
  };
  const invalid = [
    { ...good, path: bad.path },
    { ...good, headers: bad.headers },
    { ...good, body: bad.body },
    { ...good, body: bad.body },
    { ...good, ...bad },
  ];
  return { valid: fc.record(good), invalid: fc.oneof(...invalid.map((parts) => fc.record(parts))) };
}

const FORM = 'application/x-www-form-urlencoded';

function writtenAs(type: string, value: unknown): string {
  if (type !== FORM) return writeJson(value);
  return new URLSearchParams(
    Object.entries(value ?? {}).map(([name, field]): [string, string] => [name, String(field)]),
  ).toString();
}

/** A body where none is read has to be harmless too. */
function badBody({ body }: Operation, meanings: Meanings): fc.Arbitrary<Buffer | undefined> {
  const value = fc.oneof(valueOf(body?.schema ?? {}, meanings), fc.constant(body?.example));
  const form = fc.dictionary(
    fc.oneof(fc.constantFrom(...Object.keys((body?.schema['properties'] ?? {}) as Json), ''), hostileText),
    hostileText,
  );
  return fc.oneof(
    { weight: body?.type === FORM ? 6 : 0, arbitrary: form.map((fields) => Buffer.from(writtenAs(FORM, fields))) },
    { weight: 3, arbitrary: spoilt(value).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: brokenBody(value.map(writeJson)) },
  );
}

const pathsTo = ({ path }: Operation, ids: fc.Arbitrary<readonly string[]>, query: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(ids, query).map(([filled, asked]) => pathWith(path, filled) + (asked === '' ? '' : `?${asked}`));

const ownIds = (operation: Operation, idsOf: KnownIds): fc.Arbitrary<readonly string[]> =>
  fc.tuple(
    ...idKindsOf(operation).map((kind) =>
      fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...idsOf(kind).own) },
        { weight: 1, arbitrary: fc.constantFrom(...idsOf(kind).foreign) },
      ),
    ),
  );

const foreignIds = (operation: Operation, idsOf: KnownIds): fc.Arbitrary<readonly string[]> =>
  fc.tuple(
    ...idKindsOf(operation).map((kind) =>
      fc.oneof(
        fc.constantFrom(...idsOf(kind).own, ...idsOf(kind).foreign),
        hostilePart.filter((part) => part !== ''),
      ),
    ),
  );

/** A part of a path or a query: encoded with care, or with bytes that no encoder writes. */
const hostilePart: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: hostileText.map(percentEncoded) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '%',
      '%zz',
      '%ff',
      '%ed%a0%80',
      '%c0%af',
      '%00',
      '%2e%2e%2f',
      '..',
      '.',
      ';a=b',
      '%0d%0a',
      '~',
      '$&',
      '%25',
    ),
  },
);

function percentEncoded(text: string): string {
  return [...Buffer.from(text.slice(0, 500))].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

function validQuery({ parameters }: Operation, idsOf: KnownIds): fc.Arbitrary<string> {
  const asked = parameters.filter((parameter) => parameter.in === 'query');
  const values = asked.map((parameter) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: validParameter(parameter, idsOf) }),
  );
  return fc
    .tuple(...values)
    .map((given) =>
      given.flatMap((value, index) => (value === undefined ? [] : [`${asked[index]!.name}=${percentEncoded(value)}`])).join('&'),
    );
}

const validParameter = ({ name, schema }: Parameter, idsOf: KnownIds): fc.Arbitrary<string> =>
  name.endsWith('_id')
    ? fc.constantFrom(...Object.values(idsOf(name.slice(0, -'_id'.length))).flat())
    : valueOf(schema, {}).map((value) => JSON.stringify(value).replaceAll('"', ''));

function hostileQuery({ parameters }: Operation): fc.Arbitrary<string> {
  const names = [
    ...parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
    'sort',
    'order',
    'constructor',
    '__proto__',
    '',
  ];
  const form = fc.constantFrom(
    'NAME=VALUE',
    'NAME=VALUE&NAME=VALUE',
    'NAME[]=VALUE',
    'NAME[a]=VALUE',
    'NAME[__proto__][a]=VALUE',
    'NAME',
    '&&=VALUE',
    'NAME%00=VALUE',
  );
  const one = fc
    .tuple(form, fc.constantFrom(...names), hostilePart)
    .map(([text, name, value]) => text.replaceAll('NAME', name).replaceAll('VALUE', () => value));
  return fc.array(one, { maxLength: 3 }).map((parts) => parts.join('&'));
}

const validHeaders = ({ parameters, body }: Operation): fc.Arbitrary<Record<string, string>> => {
  const names = new Set(parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name.toLowerCase()));
  const known: Record<string, fc.Arbitrary<string>> = {
    'idempotency-key': fc.uuid(),
    'paypal-request-id': fc.uuid(),
    'if-match': fc.constantFrom('*', '*', '"1"'),
  };
  const asked = Object.fromEntries(Object.entries(known).filter(([name]) => names.has(name)));
  return fc
    .record(asked, { requiredKeys: [] })
    .map((headers) => ({ 'content-type': body?.type ?? 'application/json', ...headers }));
};

/** Characters that may stand in a header at all; whatever has others is no HTTP (raw-requests.spec.ts). */
const headerText = hostileText.map((text) => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 2_000));

const hostileHeaders: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    'content-type': fc.oneof(
      headerText,
      fc.constantFrom(
        'application/json; charset=utf-16',
        'application/json;charset="utf-8"',
        'application/merge-patch+json',
        'multipart/form-data; boundary=x',
        'application/json, text/plain',
        'text/plain',
      ),
    ),
    'content-encoding': fc.constantFrom('gzip', 'deflate', 'br', 'identity', 'zstd', 'gzip, gzip', ''),
    'idempotency-key': fc.oneof(headerText, fc.constant('x'.repeat(256)), fc.constant('')),
    'paypal-request-id': fc.oneof(headerText, fc.constant('x'.repeat(256)), fc.constant('')),
    prefer: headerText,
    host: fc.constantFrom('', 'a b', 'a"><script>', 'evil.example', '[::1]:80'),
    'if-match': fc.oneof(headerText, fc.constantFrom('"1", "2"', 'W/"1"', '"-1"', '"1e3"', `"${'9'.repeat(30)}"`, '""')),
    'if-none-match': headerText,
    accept: headerText,
    'x-http-method-override': fc.constantFrom('DELETE', 'GET'),
    'x-forwarded-for': headerText,
    range: fc.constantFrom('bytes=0-1', 'bytes=9-1'),
    expect: fc.constant('100-continue'),
    'webhook-id': headerText,
    'webhook-timestamp': fc.oneof(headerText, fc.constantFrom('0', '-1', '1e309', String(2 ** 53))),
    'webhook-signature': fc.oneof(headerText, fc.constantFrom('v1,', 'v1,AAAA', 'v1,AAAA v1,AAAA', 'v2,x')),
  },
  { requiredKeys: [] },
);

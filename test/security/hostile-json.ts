import fc from 'fast-check';

/** Text that is written into a body as it stands: numbers that JavaScript can not hold, keys that stand twice. */
export class Raw {
  constructor(readonly text: string) {}
}

/** JSON of a value that may hold `Raw` text, with members named `__proto__` like any other. */
export function writeJson(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeJson).join()}]`;
  if (typeof value !== 'object' || value === null) return value === undefined ? 'null' : JSON.stringify(value);
  return `{${membersOf(value).join()}}`;
}

const membersOf = (value: object): string[] =>
  Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${writeJson(member)}`);

/** Texts that one part or another of such programs stumbles over. */
export const HOSTILE_TEXTS: readonly string[] = [
  ...['', ' ', '\t', '\n', '\u0000', 'a\u0000b', '\u0001', '\u007f', '\u0085', '\u2028', '\ufeff', '\ufffe', '\u202e', '\u200b'],
  ...['\ud800', 'a\udc00', '\udfff\ud800', '😀', '👩‍👩‍👧‍👦', 'é', 'İ', 'ß', 'ﬃ', '１２０.５０', '٣', 'Ω'.repeat(101), '😀'.repeat(100)],
  ...[
    'x'.repeat(300),
    'x'.repeat(5_000),
    '%',
    '%00',
    '%ff',
    '%s%n',
    '${7*7}',
    '{{7*7}}',
    '<script>',
    '\r\nSet-Cookie: a=b',
    '\\',
    '"',
    "'",
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    'length',
    'null',
    'undefined',
    'NaN',
    'true',
  ],
  ...[
    '0',
    '-0',
    '-1',
    '+1',
    '01',
    '1.',
    '.5',
    '1e3',
    '1E400',
    '0x10',
    '1_000',
    '9'.repeat(15),
    '9'.repeat(16),
    `0.${'0'.repeat(400)}1`,
  ],
  ...['Infinity', '9223372036854775807', '9223372036854775808', '-9223372036854775809', '0.001', '120.505', '1,000.00'],
  ...[
    '2026-02-30',
    '0000-00-00',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:60Z',
    '+275760-09-13T00:00:00Z',
    '-271821-04-20T00:00:00Z',
  ],
  ...[
    '+999999-12-31T23:59:59Z',
    '2026-12-01T24:00:00Z',
    '2026-12-01T09:00:00+99:99',
    '2026-12-01T09:00:00.123456789Z',
    '2027-03-28T02:30',
  ],
  ...['infinity', '-infinity', 'now', 'epoch', 'Etc/../UTC', 'UTC\n', 'Etc/GMT+15', '+01:00', 'posixrules', '../../etc/passwd'],
  ...[
    'http://127.0.0.1:0/',
    'http://[::1]:9/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'http://',
    `http://127.0.0.1:9/${'a'.repeat(5_000)}`,
  ],
  ...[
    '4111111111111111',
    'DE89370400440532013001',
    'a@b',
    `${'a'.repeat(300)}@example.com`,
    '+0',
    '(a+)+$',
    '*',
    "' OR 1=1 --",
    '\\x00',
  ],
  ...[
    'bulk_00000000000000000000000000',
    'bulk_7zzzzzzzzzzzzzzzzzzzzzzzzz',
    'bulk_8zzzzzzzzzzzzzzzzzzzzzzzzz',
    'BULK_01KB4N3W2ZE3RBZ4JRD9QK6V1X',
  ],
  ...[
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '{"$gt": ""}',
    '[object Object]',
    'W/"1"',
    '"1"',
    '*',
  ],
];

const HOSTILE_NUMBERS = [
  '-0',
  '0',
  '-1',
  '1e309',
  '-1e309',
  '1e-400',
  '9007199254740993',
  '2147483648',
  '0.1',
  '1'.repeat(1_000),
];

const member = (key: string, value: unknown): object => Object.defineProperty({}, key, { value, enumerable: true });

/** Objects that some libraries take for more than they are. */
const HOSTILE_OBJECTS: readonly object[] = [
  {},
  [],
  [[]],
  [null],
  member('__proto__', { admin: true }),
  member('__proto__', null),
  { constructor: { prototype: { admin: true } } },
  { toString: 1, valueOf: 1, toJSON: 1 },
  { then: 'x' },
  { length: 4_294_967_295 },
  { '': '' },
  { '\u0000': '\ud800' },
  { $ref: '#' },
  Array.from({ length: 1_001 }, () => ({})),
  Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${String(index)}`, 'v'])),
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 120 }) },
);

/** Any value that does not belong where it stands. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_NUMBERS).map((text) => new Raw(text)) },
  { weight: 1, arbitrary: fc.double().map((number) => new Raw(Number.isFinite(number) ? String(number) : '1e309')) },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false) },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_OBJECTS) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 120 }).map(nested) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }) },
);

/** Lists and objects in one another. */
export function nested(depth: number): Raw {
  const half = Math.ceil(depth / 2);
  return new Raw(`${'[{"a":'.repeat(half)}0${'}]'.repeat(half)}`);
}

/** One thing done to one place of a value; the place is counted through, so that shrinking finds simpler ones. */
interface Wrong {
  readonly place: number;
  readonly kind: 'replaced' | 'missing' | 'extra' | 'twice';
  readonly key: string;
  readonly value: unknown;
}

const wrong: fc.Arbitrary<Wrong> = fc.record({
  place: fc.nat({ max: 60 }),
  kind: fc.constantFrom('replaced', 'replaced', 'replaced', 'missing', 'extra', 'twice'),
  key: hostileText,
  value: hostileValue,
});

/** The text of a value with one to three things wrong about it. */
export const spoilt = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc
    .tuple(value, fc.array(wrong, { minLength: 1, maxLength: 3 }))
    .map(([whole, wrongs]) => writeJson(wrongs.reduce(spoil, whole)));

function spoil(whole: unknown, { place, kind, key, value }: Wrong): unknown {
  const places = placesOf(whole);
  const path = places[place % places.length] ?? [];
  return changed(whole, path, (found) => {
    if (kind === 'missing' && path.length > 0) return undefined;
    if (kind === 'replaced' || typeof found !== 'object' || found === null || Array.isArray(found) || found instanceof Raw)
      return value;
    if (kind === 'extra') return { ...found, ...member(key, value) };
    const [[first, again] = [key, value]] = Object.entries(found);
    return new Raw(`{${[...membersOf(found), `${JSON.stringify(first)}:${writeJson(again)}`].join()}}`);
  });
}

type Path = readonly (string | number)[];

function placesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Raw) return [path];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...members.flatMap(([key, inner]) => placesOf(inner, [...path, key]))];
}

/** A copy in which the value at the path is another one; `undefined` takes it away. */
function changed(value: unknown, [key, ...rest]: Path, change: (found: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  const inner = changed((value as Readonly<Record<string | number, unknown>>)[key], rest, change);
  if (Array.isArray(value))
    return inner === undefined ? value.filter((_, index) => index !== key) : value.with(Number(key), inner);
  const others = Object.entries(value as object).filter(([name]) => name !== key);
  return Object.fromEntries(inner === undefined ? others : [...others, [key, inner]]);
}

/** Bodies that are no JSON of ours at all, made of one that is. */
export const brokenBody = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(text, fc.nat({ max: 2_000 })).map(([whole, length]) => Buffer.from(whole).subarray(0, length)),
    fc.tuple(text, fc.nat({ max: 2_000 }), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([whole, at, bytes]) => {
      const body = Buffer.from(whole);
      return Buffer.concat([body.subarray(0, at), bytes, body.subarray(at)]);
    }),
    fc.tuple(text, fc.constantFrom('\ufeff', '//', ")]}'\n", '\u0000')).map(([whole, before]) => Buffer.from(before + whole)),
    fc.tuple(text, fc.constantFrom('{}', ',', '\u0000', 'null', '#')).map(([whole, behind]) => Buffer.from(whole + behind)),
    text.map((whole) => Buffer.from(whole, 'utf16le')),
    fc.constantFrom('[', '{"a":', '[[', '{"a":[').map((open) => Buffer.from(open.repeat(10_000))),
    fc
      .constantFrom(
        'NaN',
        'Infinity',
        "{'a': 1}",
        '{a: 1}',
        '[1,]',
        '0x1',
        '1.',
        '+1',
        '"\u0001"',
        '"\\x"',
        '"\\ud8"',
        ' ',
        'nul',
      )
      .map((odd) => Buffer.from(odd)),
  );

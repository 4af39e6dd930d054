import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Problem } from './problem.js';
import { parseStrictJson } from './strict-json.js';

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text, 'utf8'));

function refusal(body: string | Buffer): { code: string; pointer: string | undefined } {
  try {
    parseStrictJson(Buffer.from(body));
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, pointer: error.options.errors?.[0]?.pointer };
    throw error;
  }
  throw new Error('was not refused');
}

describe('strict JSON', () => {
  it('reads whatever JSON.parse reads, when no key is repeated', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', '/a'],
    ['{"a":1,"\\u0061":1}', '/a'],
    ['{"":1,"":1}', '/'],
    ['{"x":{"a/b~c":[],"a/b~c":{}}}', '/x/a~1b~0c'],
    ['[{"a":[1,"]}",{"b":":,"}]} , [ ] , { "k\\"": -1.5e3 , "k\\u0022" : null }]', '/2/k"'],
    ['{"__proto__":{"a":1},"__proto__":{"a":1}}', '/__proto__'],
    ['{"items":[{"a":1},{"a":{"b":true,"c":null,"b":false}}]}', '/items/1/a/b'],
  ])('refuses the repeated key of %s and points at it', (text, pointer) => {
    expect(refusal(text)).toEqual({ code: 'duplicate_key', pointer });
  });

  it('finds a repeated key wherever it stands', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 }), fc.nat(5), (object, depth) => {
        const members = Object.entries(object).map(([key, value]) => `${JSON.stringify(key)} : ${JSON.stringify(value)}`);
        const text = `${'['.repeat(depth)}{${[...members, members[0]].join(' , ')}}${']'.repeat(depth)}`;
        expect(refusal(text).code).toBe('duplicate_key');
      }),
    );
  });

  it('takes the same key in different objects, and colons and braces inside strings', () => {
    expect(parse('{"a":{"a":[{"a":":{\\\\"},{"a":"\\":{"}]}}')).toEqual({ a: { a: [{ a: ':{\\' }, { a: '":{' }] } });
  });

  it.each(['', '{', '{"a":1,}', "{'a':1}", 'NaN', '{"a":"\n"}', '{"a":01}', '[1] [2]', '"\\"', '\uFEFF{}', '{"a":"x'])(
    'refuses %j as malformed',
    (text) => {
      expect(refusal(text).code).toBe('malformed_json');
    },
  );

  it('refuses bytes that are no UTF-8', () => {
    expect(refusal(Buffer.from([0x22, 0xc3, 0x28, 0x22])).code).toBe('malformed_json');
    expect(refusal(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])).code).toBe('malformed_json');
  });

  it('takes 100 levels and refuses 101, however many there are', () => {
    expect(parse('['.repeat(100) + ']'.repeat(100))).toBeDefined();
    expect(refusal('['.repeat(101) + ']'.repeat(101)).code).toBe('malformed_json');
    expect(refusal('{"a":'.repeat(1_000_000)).code).toBe('malformed_json');
  });

  describe('in one object', () => {
    const object = (members: number, last = '0'): string =>
      `{${Array.from({ length: members }, (_, index) => `"${String(index)}":${index === members - 1 ? last : '0'}`).join()}}`;

    it('takes 1000 members and refuses 1001, also of one key', () => {
      expect(Object.keys(parse(object(1_000)) as object)).toHaveLength(1_000);
      expect(refusal(object(1_001)).code).toBe('malformed_json');
      expect(refusal(`{${'"a":0,'.repeat(1_000)}"a":0}`).code).toBe('malformed_json');
    });

    it('counts the members of that object alone', () => {
      const siblings = `[${object(1_000)},[${object(1_000)}],${object(1_000)}]`;
      expect(parse(siblings)).toHaveLength(3);
      expect(parse(object(1_000, object(1_000, siblings)))).toBeDefined();
    });

    it('goes on counting after what stands in it', () => {
      expect(refusal(`{"a":${object(1)},"b":[${object(1)}],${object(999).slice(1)}`).code).toBe('malformed_json');
      expect(refusal(`[${object(1)},${object(1_001)}]`).code).toBe('malformed_json');
    });
  });

  it('leaves every prototype alone', () => {
    const value = parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

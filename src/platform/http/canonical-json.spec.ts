import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyText, canonicalJson } from './canonical-json.js';

describe('canonical JSON', () => {
  it('is the same whatever the order of keys, white space and the spelling of numbers and strings', () => {
    const first = JSON.parse('{ "b": [1.0, 1e2, "\\u00e9"], "a": {"y": null, "x": -0} }') as unknown;
    const second = JSON.parse('{"a":{"x":0,"y":null},"b":[1,100,"é"]}') as unknown;
    expect(canonicalJson(first)).toBe(canonicalJson(second));
    expect(bodyText(first)).toEqual(bodyText(second));
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const given = JSON.parse(JSON.stringify(value)) as unknown;
        expect(JSON.parse(canonicalJson(given))).toEqual(given);
      }),
    );
  });

  it.each([
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":[1,2]}', '{"a":[2,1]}'],
    ['{"a":null}', '{}'],
    ['{"__proto__":{"a":1}}', '{}'],
    ['"\\ud800"', '"\\ud801"'],
  ])('tells %s from %s', (one, other) => {
    expect(bodyText(JSON.parse(one))).not.toEqual(bodyText(JSON.parse(other)));
  });

  it('tells no body from an empty one', () => {
    expect(bodyText(undefined)).not.toEqual(bodyText({}));
  });
});

import { describe, expect, it } from '@jest/globals';
import { newUuid } from '../platform/ids/index.js';
import { hashApiKey, keyIdOf, newApiKey } from './api-key-format.js';

const keyId = newUuid();

describe('the form of an API key', () => {
  it('names its mode and carries the id of its key', () => {
    const key = newApiKey(keyId, 'test');
    expect(key).toMatch(/^tr_test_[0-9a-z]{26}_[0-9A-Za-z]{49}$/);
    expect(keyIdOf(key, 'test')).toBe(keyId);
    expect(newApiKey(keyId, 'live')).toMatch(/^tr_live_/);
  });

  it('is none of the other mode', () => {
    expect(keyIdOf(newApiKey(keyId, 'test'), 'live')).toBeNull();
    expect(keyIdOf(newApiKey(keyId, 'live'), 'test')).toBeNull();
  });

  it('never repeats a secret', () => {
    const keys = new Set(Array.from({ length: 1000 }, () => newApiKey(keyId, 'live')));
    expect(keys.size).toBe(1000);
  });

  it('recognises a key in which any one character is wrong', () => {
    const key = newApiKey(keyId, 'test');
    for (let at = 0; at < key.length; at += 1) {
      const wrong = key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1);
      expect(keyIdOf(wrong, 'test')).toBeNull();
    }
  });

  it.each([
    ['nothing', ''],
    ['a beginning', 'tr_test_'],
    ['a short secret', 'tr_test_00000000000000000000000000_x'],
    ['a space behind it', `${newApiKey(keyId, 'test')} `],
    ['a line end behind it', `${newApiKey(keyId, 'test')}\n`],
    ['another prefix', newApiKey(keyId, 'test').replace('tr_', 'sk_')],
  ])('does not take %s for a key', (_, text) => {
    expect(keyIdOf(text, 'test')).toBeNull();
  });

  it('hashes the whole key with SHA-256 (the example of FIPS 180-4)', () => {
    expect(hashApiKey('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

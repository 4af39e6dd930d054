import { describe, expect, it } from '@jest/globals';
import { withoutSecrets } from './without-secrets.js';

describe('a foreign answer that is kept', () => {
  it('shows none of the secrets, however often it repeats them', () => {
    expect(withoutSecrets('bad token tok_12345, not tok_12345!', ['tok_12345'])).toBe('bad token [removed], not [removed]!');
  });

  it('shows no rest of a secret that begins with another', () => {
    expect(withoutSecrets('12345678abc', ['12345678', '12345678abc'])).toBe('[removed]');
  });

  it('keeps what is too short to be a secret', () => {
    expect(withoutSecrets('the key is wrong', ['key'])).toBe('the key is wrong');
  });
});

import { describe, expect, it } from '@jest/globals';
import { AccessTokens } from './access-tokens.js';

function granting(lifetime_ms = 3_600_000) {
  const source = { fetches: 0, refuses: false, now_ms: 0 };
  const tokens = new AccessTokens<string>(
    async () => {
      source.fetches += 1;
      await Promise.resolve();
      return source.refuses ? { refusal: 'no' } : { token: `token ${source.fetches}`, lifetime_ms };
    },
    () => source.now_ms,
  );
  return { source, tokens };
}

describe('the access token', () => {
  it('is fetched once for many callers, and kept', async () => {
    const { source, tokens } = granting();
    const given = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
    expect(given.every((one) => 'token' in one && one.token === 'token 1')).toBe(true);
    await tokens.get();
    expect(source.fetches).toBe(1);
  });

  it('is fetched anew a minute before its end', async () => {
    const { source, tokens } = granting();
    await tokens.get();
    source.now_ms = 3_539_999;
    expect(await tokens.get()).toMatchObject({ token: 'token 1' });
    source.now_ms = 3_540_000;
    expect(await tokens.get()).toMatchObject({ token: 'token 2' });
  });

  it('is given once and not kept where it lives for less than that', async () => {
    const { source, tokens } = granting(30_000);
    expect(await tokens.get()).toMatchObject({ token: 'token 1' });
    expect(await tokens.get()).toMatchObject({ token: 'token 2' });
    expect(source.fetches).toBe(2);
  });

  it('is fetched anew once where many callers were refused with the same', async () => {
    const { source, tokens } = granting();
    await tokens.get();
    const again = Array.from({ length: 20 }, () => {
      tokens.discard('token 1');
      return tokens.get();
    });
    await Promise.all(again);
    // Who comes late with an old token does not throw the new one away.
    tokens.discard('token 1');
    expect(await tokens.get()).toMatchObject({ token: 'token 2' });
    expect(source.fetches).toBe(2);
  });

  it('is asked for again by the next caller where it was refused', async () => {
    const { source, tokens } = granting();
    source.refuses = true;
    expect(await tokens.get()).toEqual({ refusal: 'no' });
    source.refuses = false;
    expect(await tokens.get()).toMatchObject({ token: 'token 2' });
  });
});

import { describe, expect, it } from '@jest/globals';
import { Readiness } from './readiness.js';

describe('readiness', () => {
  it('is the sum of its checks, with the reason of each that fails', async () => {
    const readiness = new Readiness();
    readiness.add({ name: 'one', check: () => Promise.resolve(null) });
    expect((await readiness.report()).status).toBe('ready');
    readiness.add({ name: 'two', check: () => Promise.resolve('no disk') });
    readiness.add({ name: 'three', check: () => Promise.reject(new Error('password of user x')) });
    expect(await readiness.report()).toEqual({
      status: 'not_ready',
      checks: [
        { name: 'one', ok: true, detail: null },
        { name: 'two', ok: false, detail: 'no disk' },
        { name: 'three', ok: false, detail: 'failed' },
      ],
    });
  });

  it('is not taken away by a note', async () => {
    const readiness = new Readiness();
    readiness.add({ name: 'one', check: () => Promise.resolve({ note: 'waits' }) });
    expect(await readiness.report()).toEqual({ status: 'ready', checks: [{ name: 'one', ok: true, detail: 'waits' }] });
  });
});
